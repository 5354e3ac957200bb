"""What cores and the network between them really do, step by step: messages counted where they go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.placement.plan import Placement
from evsnn_lava.export.placement.reach import Reach, Table, homes, image_of, reaches_of
from evsnn_lava.network import NetworkDescription
from evsnn_lava.simulation.counting import sources
from evsnn_lava.simulation.engine import Engine

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CoreLoad:
    """Work of the busiest core of every layer, and the traffic, for N samples, L layers and K steps.

    Steps that a sample would have taken after its exit are in it; whoever counts leaves them out.

    Parameters
    ----------
    busiest_synops, busiest_messages : numpy.ndarray of int64, shape (N, L, K)
        Of the core of the layer that has most of them.
    busiest_neurons : numpy.ndarray of int64, shape (L,)
        Neurons of the largest core of each layer; 0 for a layer that the host computes.
    input_copies : numpy.ndarray of int64, shape (N, K)
        Messages of the input to cores.
    copies, hops_x, hops_y : numpy.ndarray of int64, shape (N, L, K)
        Messages of a layer to cores, and steps from router to router of all of them.
    cores : numpy.ndarray of int64, shape (L,)
        Cores of every layer.
    """

    busiest_synops: IntArray
    busiest_messages: IntArray
    busiest_neurons: IntArray
    input_copies: IntArray
    copies: IntArray
    hops_x: IntArray
    hops_y: IntArray
    cores: IntArray


PER_SAMPLE: Final = tuple(field.name for field in fields(CoreLoad) if field.name not in ("busiest_neurons", "cores"))
"""Fields whose first axis counts samples."""


class LoadMeter:
    """Counts what cores do; made once for a network and where it lies, fed with blocks of samples.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    placement : Placement
        Where it lies.
    block : int
        Samples that are traced at once; the memory grows with it.

    Examples
    --------
    >>> from evsnn_lava.export.placement import place
    >>> from evsnn_lava.hw_profiles import load_hardware
    >>> from evsnn_lava.network import *
    >>> layer = Layer("out", DenseSynapse([[80, 0], [0, 80]]), CubaNeuron(20, 4095, 4095), (2,))
    >>> masks = FrameMasks.all_kept(2, 1)
    >>> network = NetworkDescription(
    ...     "tiny", (layer,), InputRecipe(1, 1, 2, 1000), masks, CutoffPolicy.never(2), ("off", "on"))
    >>> meter = LoadMeter(network, place(network, load_hardware("loihi2")))
    >>> load = meter.measure(np.ones((1, 2, 1, 1, 2), dtype=bool))
    >>> load.busiest_synops.tolist(), load.input_copies.tolist(), load.copies.tolist()
    ([[[2, 2, 0]]], [[2, 2, 0]], [[[0, 2, 2]]])
    """

    def __init__(self, network: NetworkDescription, placement: Placement, block: int = 4) -> None:
        self._network, self._placement, self._block = network, placement, block
        self._engine = Engine(network)
        self._reaches = reaches_of(network, placement)
        self._homes = [_home(placement, index, layer.shape) for index, layer in enumerate(network.layers)]

    def measure(self, frames: npt.NDArray[np.generic]) -> CoreLoad:
        """Run samples to their last step and count.

        Parameters
        ----------
        frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
            Input frames before masking.

        Returns
        -------
        CoreLoad
            Of these samples.

        Raises
        ------
        ConfigError
            If the frames do not fit the network.
        """
        blocks = (frames[start : start + self._block] for start in range(0, len(frames), self._block))
        return joined([self.count(sources(self._network, self._engine.trace(block))) for block in blocks])

    def count(self, messages: Sequence[npt.NDArray[np.generic]]) -> CoreLoad:
        """Count what a run did whose messages are known.

        Parameters
        ----------
        messages : sequence of numpy.ndarray, each of shape (N, *shape, K)
            Of the input and of every layer, after the masks.

        Returns
        -------
        CoreLoad
            Of these samples and steps.
        """
        samples, sent = len(messages[0]), [_flat(each) for each in messages]
        synops = [np.zeros((len(plan.cores), sent[0].shape[1])) for plan in self._placement.layers]
        for reaches, each in self._senders(sent):
            for reach in reaches:
                synops[reach.layer] += reach.synops.T @ each
        copies = [sum_of("copies", reaches)[:, None] * each for reaches, each in self._senders(sent)]
        made = [home @ each for home, each in zip(self._homes, copies[1:], strict=True)]

        def folded(rows: list[FloatArray]) -> IntArray:
            return np.stack([row.reshape(samples, -1) for row in rows], axis=1).astype(np.int64)

        hops = [[sum_of(axis, reaches) @ each for reaches, each in self._senders(sent)[1:]] for axis in HOPS]
        return CoreLoad(
            busiest_synops=folded([each.max(axis=0, initial=0) for each in synops]),
            busiest_messages=folded([each.max(axis=0, initial=0) for each in made]),
            busiest_neurons=largest_parts(self._placement),
            input_copies=folded([copies[0].sum(axis=0)])[:, 0],
            copies=folded([each.sum(axis=0) for each in copies[1:]]),
            hops_x=folded(hops[0]),
            hops_y=folded(hops[1]),
            cores=core_counts(self._placement),
        )

    def _senders(self, sent: list[FloatArray]) -> list[tuple[tuple[Reach, ...], FloatArray]]:
        return list(zip(self._reaches, sent, strict=True))


def _flat(messages: npt.NDArray[np.generic]) -> FloatArray:
    """Whether each neuron sends in each step, shape (neurons, samples x steps)."""
    sent = (messages != 0).reshape(len(messages), -1, messages.shape[-1])
    return sent.transpose(1, 0, 2).reshape(sent.shape[1], -1).astype(np.float64)


HOPS: Final = ("hops_x", "hops_y")


def sum_of(name: str, reaches: tuple[Reach, ...]) -> FloatArray:
    """Copies or hops of one message of every neuron, over all layers that it goes to; see `Reach`."""
    total: FloatArray = np.sum([getattr(reach, name) for reach in reaches], axis=0)
    return total


def core_counts(placement: Placement) -> IntArray:
    """Cores of every layer, shape (L,)."""
    return np.array([len(plan.cores) for plan in placement.layers], dtype=np.int64)


def largest_parts(placement: Placement) -> IntArray:
    """Neurons of the largest core of every layer, shape (L,); 0 for a layer without cores."""
    sizes = (max((core.tile.neurons for core in plan.cores), default=0) for plan in placement.layers)
    return np.array(list(sizes), dtype=np.int64)


def _home(placement: Placement, index: int, shape: tuple[int, ...]) -> Table:
    """Which core every neuron of a layer lies on, as a matrix of (cores, neurons)."""
    cores = placement.layers[index].cores
    home, neurons = homes([core.tile for core in cores], image_of(shape)), int(np.prod(shape))
    ones = np.ones(neurons if cores else 0)
    return sparse.csr_array((ones, (home[: len(ones)], np.arange(len(ones)))), shape=(len(cores), neurons))


def joined(parts: Sequence[CoreLoad]) -> CoreLoad:
    """Put the loads of blocks of samples together.

    Parameters
    ----------
    parts : sequence of CoreLoad
        At least one, of one placement.

    Returns
    -------
    CoreLoad
        Of all samples.

    Raises
    ------
    ConfigError
        If there is none.
    """
    if not parts:
        raise ConfigError("load of cores: there is no sample; give at least one")
    return replace(parts[0], **{name: np.concatenate([getattr(part, name) for part in parts]) for name in PER_SAMPLE})
