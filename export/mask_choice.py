"""Hidden masks that a chip cannot hold: which input mask comes closest.

A hidden mask gates a sender in some frames. Stock neurons have no frame counter and no gate that leaves the membrane
alone, so a chip only takes one mask for all layers, skipped: a stream of fewer frames. A mask that mutes is hidden in
any case: neurons that remember fire in a muted frame, too, and would have to be held back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError, UnsupportedError
from evsnn_lava.network import CutoffPolicy, FrameMasks, NetworkDescription
from evsnn_lava.network.policy import GUARANTEE
from evsnn_lava.simulation.engine import Engine

Refit = Callable[[NetworkDescription], CutoffPolicy]


@dataclass(frozen=True, eq=False)
class MaskCandidate:
    """A network with other masks, and how it did; means over the recordings.

    Parameters
    ----------
    name : str
        Which masks.
    network : NetworkDescription
        With these masks, and a cutoff for the frames that are still sent.
    accuracy : float
        Share of right decisions, 0..1.
    exit_step, steps : float
        Frames seen by the decision, and hardware steps.
    frames_sent : int
        Frames of a recording that are sent when nothing stops it (T').
    synops : float
        Synaptic operations up to the decision.
    """

    name: str
    network: NetworkDescription
    accuracy: float
    exit_step: float
    steps: float
    frames_sent: int
    synops: float


@dataclass(frozen=True, eq=False)
class MaskChoice:
    """The network as it is, and what a chip could run instead.

    Parameters
    ----------
    reference : MaskCandidate
        The network with its hidden masks.
    candidates : tuple of MaskCandidate
        One mask for all layers each, from the most frames to the fewest.
    """

    reference: MaskCandidate
    candidates: tuple[MaskCandidate, ...]

    @property
    def best(self) -> MaskCandidate:
        """The most accurate one; among equals the one with fewest synaptic operations."""
        return max(self.candidates, key=lambda candidate: (candidate.accuracy, -candidate.synops))


def has_hidden_masks(masks: FrameMasks) -> bool:
    """Whether a sender behind the input has to be held back in some frame.

    Parameters
    ----------
    masks : FrameMasks
        The masks.

    Returns
    -------
    bool
        False when every layer takes every frame that is sent.

    Examples
    --------
    >>> has_hidden_masks(FrameMasks("skip", ([1, 0, 1, 1], [1, 0, 0, 1])))
    True
    >>> [has_hidden_masks(FrameMasks(semantics, ([1, 0, 1], [1, 0, 1]))) for semantics in ("skip", "mute")]
    [False, True]
    """
    return any(not masks.gate(layer).all() for layer in range(1, len(masks.keep)))


def with_input_mask(network: NetworkDescription, keep: npt.NDArray[np.bool_]) -> NetworkDescription:
    """The network with one mask for all layers, as a shorter stream.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    keep : numpy.ndarray of bool, shape (T,)
        The mask; it keeps no frame that the network does not send.

    Returns
    -------
    NetworkDescription
        The thresholds of frames that are sent no more are gone; without golden vectors.

    Raises
    ------
    UnsupportedError
        If the network's last layers decide: their thresholds are those of the old masks.
    """
    if network.cutoff.layers:
        raise UnsupportedError(f"masks of network {network.name}: its last layers decide; use the file without them")
    masks = FrameMasks("skip", (keep,) * network.depth)
    still = np.isin(network.masks.sent_frames, masks.sent_frames)
    cutoff = replace(network.cutoff, thresholds=network.cutoff.thresholds[still])
    provenance = {key: value for key, value in network.provenance.items() if key != GUARANTEE}
    return replace(network, masks=masks, cutoff=cutoff, golden=None, provenance=provenance)


def closest_input_mask(
    network: NetworkDescription,
    frames: npt.NDArray[np.generic],
    labels: npt.NDArray[np.integer],
    refit: Refit | None = None,
) -> MaskChoice:
    """Measure every input mask that the hidden masks suggest.

    Masks are nested, so "the frames that at least so many layers keep" is the mask of one of the layers: the
    candidates are the different masks of the layers, each for all layers.

    Parameters
    ----------
    network : NetworkDescription
        A network with hidden masks.
    frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
        Recordings before masking.
    labels : numpy.ndarray of int, shape (N,)
        Their classes.
    refit : callable, optional
        Gives the cutoff of a candidate, fitted on recordings that are held out, for example with
        :func:`evsnn_lava.export.calibrate.calibrate_cutoff`. Without, the frames that are still sent keep their
        thresholds, which other masks make too bold or too shy.

    Returns
    -------
    MaskChoice
        All candidates with their accuracy, steps and operations, on the integer engine.

    Raises
    ------
    ConfigError
        If the network has no hidden masks, or there is not one label per recording.
    """
    if not has_hidden_masks(network.masks):
        raise ConfigError(
            f"network {network.name}: every layer takes every frame that is sent; nothing has to be chosen"
        )
    if not len(frames) or len(labels) != len(frames):
        raise ConfigError(f"masks: {len(frames)} recordings and {len(labels)} labels; give one label per recording")
    reference = _measured("hidden masks", network, frames, labels)
    named = [(name, with_input_mask(network, keep)) for name, keep in _different_masks(network)]
    if refit is not None:
        named = [(name, candidate.with_cutoff(refit(candidate))) for name, candidate in named]
    return MaskChoice(reference, tuple(_measured(*each, frames, labels) for each in named))


def _different_masks(network: NetworkDescription) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    masks = network.masks
    if masks.semantics == "mute" and not masks.keep[0].all():
        yield "every frame for all", np.ones(masks.steps, dtype=bool)
    yield "mask of the input for all", masks.keep[0]
    for layer, outer, inner in zip(network.layers[1:], masks.keep, masks.keep[1:], strict=False):
        if not np.array_equal(outer, inner):
            yield f"mask of {layer.name} for all", inner


def _measured(
    name: str, network: NetworkDescription, frames: npt.NDArray[np.generic], labels: npt.NDArray[np.integer]
) -> MaskCandidate:
    result = Engine(network).run(frames)
    return MaskCandidate(
        name=name,
        network=network,
        accuracy=result.accuracy(labels),
        exit_step=float(result.exit_step.mean()),
        steps=float(result.steps.mean()),
        frames_sent=network.masks.stream_steps,
        synops=float(result.synops.sum(axis=(1, 2)).mean()),
    )
