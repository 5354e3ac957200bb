"""Networks that can be made of one without training: fewer frames, a shorter stream, weights of fewer bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np

from evsnn_lava.errors import ConfigError, UnsupportedError
from evsnn_lava.export.search.rounding import LEAST_BITS, facts_of, rounded_layer
from evsnn_lava.network import CutoffPolicy, FrameMasks, NetworkDescription, evenly
from evsnn_lava.network.precision import FULL_BITS

SHARES_OF_STREAM: Final = (1.0, 0.75, 0.5)
"""Lengths of the stream that are tried where none are asked for, as shares of the frames that are sent."""


@dataclass(frozen=True)
class Candidate:
    """A network that can be made of the one that is given.

    Parameters
    ----------
    keep : float
        Share of the sent frames that the mask leaves, before the stream is cut.
    frames : tuple of int
        Frames of a recording that are sent, ascending.
    bits : int
        Bits of a weight; 8 leaves the weights as they are.

    Examples
    --------
    >>> str(Candidate(0.5, (1, 3, 5), 6))
    'keep 0.5, 3 frames, 6 bits'
    """

    keep: float
    frames: tuple[int, ...]
    bits: int

    def __str__(self) -> str:
        """How messages call it."""
        sent = len(self.frames)
        return f"keep {self.keep:g}, {sent} frame{'s' * (sent != 1)}, {self.bits} bits"


@dataclass(frozen=True)
class Grid:
    """What is tried.

    Parameters
    ----------
    keep : tuple of float
        Shares of the sent frames, over 0 and up to 1.
    frames : tuple of int
        Frames after which the stream ends at the latest (T); empty for ``SHARES_OF_STREAM``.
    bits : tuple of int
        Bits of a weight, 2..8.

    Raises
    ------
    ConfigError
        If one of them is out of range or there is none.
    """

    keep: tuple[float, ...] = (1.0, 0.75, 0.5)
    frames: tuple[int, ...] = ()
    bits: tuple[int, ...] = (8, 7, 6, 5)

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not self.keep or not all(0 < share <= 1 for share in self.keep):
            raise ConfigError(f"search: keep ratios are {list(self.keep)}; give numbers over 0 and up to 1")
        if not all(number >= 1 for number in self.frames):
            raise ConfigError(f"search: frames are {list(self.frames)}; give whole numbers from 1 on")
        if not self.bits or not all(LEAST_BITS <= number <= FULL_BITS for number in self.bits):
            raise ConfigError(
                f"search: weight bits are {list(self.bits)}; give whole numbers {LEAST_BITS}..{FULL_BITS}"
            )


def candidates(network: NetworkDescription, grid: Grid) -> tuple[Candidate, ...]:
    """Every different network of a grid.

    A keep ratio leaves the middle one of each of so many equal parts of the frames that the network sends: evenly
    spaced, nothing is fitted. The stream is then cut after its first T frames. Deeper masks keep what they kept of
    what is left.

    Parameters
    ----------
    network : NetworkDescription
        The network of the file.
    grid : Grid
        What is tried.

    Returns
    -------
    tuple of Candidate
        From the most frames and bits to the fewest. Of two ways to the same network, the first one; networks whose
        last layer would see no frame are left out.

    Raises
    ------
    UnsupportedError
        If the network's last layers decide, or frames are to go from a network that mutes some.

    Examples
    --------
    >>> from evsnn_lava.network import *
    >>> layer = Layer("out", DenseSynapse([[80, 0], [0, 80]]), CubaNeuron(20, 4095, 4095), (2,))
    >>> network = NetworkDescription("tiny", (layer,), InputRecipe(1, 1, steps=4, dt_us=1000),
    ...     FrameMasks.all_kept(4, 1), CutoffPolicy.never(4), ("off", "on"))
    >>> [found.frames for found in candidates(network, Grid(keep=(1, 0.5), frames=(4, 1), bits=(8,)))]
    [(0, 1, 2, 3), (0,), (1, 3), (1,)]
    """
    _require_searchable(network, grid)
    return tuple(_different(network, grid))


def derive(network: NetworkDescription, candidate: Candidate) -> NetworkDescription:
    """Make a candidate.

    Parameters
    ----------
    network : NetworkDescription
        The network that it was found for.
    candidate : Candidate
        One of :func:`candidates`.

    Returns
    -------
    NetworkDescription
        Without cutoff and without golden vectors.
    """
    layers = tuple(rounded_layer(layer, candidate.bits) for layer in network.layers)
    masks = _tightened(network.masks, candidate.frames)
    pairs = {old.name: (old, new) for old, new in zip(network.layers, layers, strict=True)}
    facts = tuple(facts_of(*pairs[each.layer], each) for each in network.quantisation)
    never = CutoffPolicy.never(masks.stream_steps)
    return replace(network, layers=layers, masks=masks, cutoff=never, quantisation=facts, golden=None)


def as_it_is(network: NetworkDescription) -> Candidate:
    """The candidate that is the network itself."""
    return Candidate(1.0, tuple(network.masks.sent_frames.tolist()), FULL_BITS)


def _require_searchable(network: NetworkDescription, grid: Grid) -> None:
    if network.cutoff.layers:
        raise UnsupportedError(
            f"network {network.name}: its last {network.cutoff.layers} layers decide and nothing else can stop it; "
            "search with the file that has the cutoff of the host"
        )
    if _mutes(network.masks) and (grid.keep != (1.0,) or grid.frames):
        raise UnsupportedError(
            f"network {network.name}: its masks mute frames, which takes a step all the same; search without fewer "
            "frames (--keep 1, no --frames), or train it with masks that skip"
        )


def _mutes(masks: FrameMasks) -> bool:
    return masks.semantics == "mute" and not masks.keep[0].all()


def _different(network: NetworkDescription, grid: Grid) -> Iterator[Candidate]:
    seen = set()
    sent = network.masks.sent_frames
    rounded = {bits: _weights(network, bits) for bits in grid.bits}
    keeps, lengths, widths = (sorted(axis, reverse=True) for axis in _axes(network, grid))
    for keep, longest, bits in product(keeps, map(int, lengths), map(int, widths)):
        left = sent[evenly(max(1, round(keep * len(sent))), len(sent))][:longest]
        candidate = Candidate(float(keep), tuple(left.tolist()), bits)
        same = (candidate.frames, rounded[bits])
        if same not in seen and network.masks.keep[-1][left].any():
            seen.add(same)
            yield candidate


def _axes(network: NetworkDescription, grid: Grid) -> tuple[Sequence[float], Sequence[int], Sequence[int]]:
    sent = network.masks.stream_steps
    shares = (1.0,) if _mutes(network.masks) else SHARES_OF_STREAM
    return grid.keep, grid.frames or sorted({max(1, round(share * sent)) for share in shares}), grid.bits


def _weights(network: NetworkDescription, bits: int) -> tuple[bytes, ...]:
    layers = (rounded_layer(layer, bits) for layer in network.layers)
    return tuple(matrix.tobytes() for layer in layers for synapse in layer.synapses for matrix in synapse.matrices)


def _tightened(masks: FrameMasks, frames: tuple[int, ...]) -> FrameMasks:
    if frames == tuple(masks.sent_frames.tolist()):
        return masks
    chosen = np.zeros(masks.steps, dtype=bool)
    chosen[list(frames)] = True
    return FrameMasks("skip", tuple(mask & chosen for mask in masks.keep))
