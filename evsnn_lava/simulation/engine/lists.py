"""Message lists: who sent what in which step, for the samples in flight of one thread.

A source keeps one list per sample and step, in ascending order of its neurons. Only the steps of a window and the one
before it are kept: step ``k`` stands in column ``k % columns``. The engine numbers neurons with the channel innermost,
``(H, W, C)``, so that the targets of a convolution's input lie side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.simulation.engine.compiled import inner, kernel
from evsnn_lava.simulation.engine.words import flag_1, flag_8, flag_32, lowest_bit

BLOCK_BITS: Final = 6
BLOCK: Final = 1 << BLOCK_BITS
"""Neurons that are updated, or left asleep, together."""


def whole_blocks(neurons: int) -> int:
    """Number of neurons, filled up to whole blocks."""
    return -(-neurons // BLOCK) * BLOCK


def engine_order(shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Which neuron of the description, flattened as ``(C, H, W)``, each neuron of the engine is.

    Examples
    --------
    >>> engine_order((2, 1, 3)).tolist()
    [0, 3, 1, 4, 2, 5]
    """
    numbers = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    return numbers.transpose(*range(1, len(shape)), 0).reshape(-1)


def per_neuron(value: npt.ArrayLike, shape: tuple[int, ...]) -> npt.NDArray[np.int32]:
    """Lay a parameter out for the engine, one number per neuron and zeros up to whole blocks.

    Parameters
    ----------
    value : int or array-like of int, shape (C,) or one that broadcasts to `shape`
        The parameter.
    shape : tuple of int
        Shape of the layer.

    Returns
    -------
    numpy.ndarray of int32, shape (whole_blocks(neurons),)
        In the order of the engine.

    Examples
    --------
    >>> per_neuron([7, 9], (2, 1, 3))[:7].tolist()
    [7, 9, 7, 9, 7, 9, 0]
    """
    given = np.asarray(value)
    placed = given if given.ndim == len(shape) else given.reshape(-1, *(1,) * (len(shape) - 1))
    order = engine_order(shape)
    laid = np.zeros(whole_blocks(len(order)), dtype=np.int32)
    laid[: len(order)] = np.broadcast_to(placed, shape).reshape(-1)[order]
    return laid


@dataclass(frozen=True, eq=False)
class MessageLists:
    """Lists of one source.

    Parameters
    ----------
    index : numpy.ndarray of int32, shape (columns places, one after the other)
        Neurons that sent.
    value : numpy.ndarray of int32, of the same shape; of one element for spikes
        What they sent.
    start : numpy.ndarray of int64, shape (slots, columns)
        Where a list begins in `index`.
    count : numpy.ndarray of int64, shape (slots, columns)
        Messages of a list.
    """

    index: npt.NDArray[np.int32]
    value: npt.NDArray[np.int32]
    start: npt.NDArray[np.int64]
    count: npt.NDArray[np.int64]

    @classmethod
    def empty(cls, slots: int, columns: int, places: int, graded: bool) -> MessageLists:
        """Lists with room for `places` messages each, all empty."""
        size = slots * columns * places
        start = np.arange(0, size, places, dtype=np.int64).reshape(slots, columns)
        value = np.zeros(size if graded else 1, dtype=np.int32)
        return cls(np.zeros(size, dtype=np.int32), value, start, np.zeros((slots, columns), dtype=np.int64))

    @property
    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """What the kernels take."""
        return (self.index, self.value, self.start, self.count)

    @property
    def columns(self) -> int:
        """Number of steps that are kept."""
        return self.start.shape[1]

    @property
    def nbytes(self) -> int:
        """Memory."""
        return sum(array.nbytes for array in self.arrays)


@inner
def _flags(address, count):
    """Which of 1, 8 or 32 bytes are set."""
    if count == 32:
        return flag_32(address)
    return flag_8(address) if count == 8 else flag_1(address)


@kernel
def list_spikes(frames, order, column, cost, places, steps, counts):
    """Note the spikes of a sample in the order of the engine's neurons.

    Parameters
    ----------
    frames : numpy.ndarray of uint8, shape (C * H * W, T)
        0 for none.
    order : numpy.ndarray of int64, shape (C * H * W,)
        Row of `frames` of every neuron of the engine.
    column : numpy.ndarray of int64, shape (T,)
        Frame of the stream that a recorded frame becomes, -1 for one that is not sent.
    cost : numpy.ndarray of int32, shape (C * H * W,) or (0,)
        Operations that a message causes; empty for none.
    places, steps : numpy.ndarray of int32
        Filled with neurons and frames, as many as fit.
    counts : numpy.ndarray of int64, shape (2, K)
        Messages and operations of every frame, added up.

    Returns
    -------
    int
        Number of spikes; larger than `places` when they did not fit.
    """
    length, found = frames.shape[1], 0
    stretch = 32 if length >= 32 else 8 if length >= 8 else 1
    for neuron in range(len(order)):
        address = frames.ctypes.data + order[neuron] * length
        for begin in range(0, length, stretch):
            at = min(begin, length - stretch)  # the last stretch overlaps the one before
            flags = _flags(address + at, stretch) >> np.uint64(begin - at)
            while flags:
                step = column[begin + lowest_bit(flags)]  # type: ignore[call-arg]  # numba adds the first one
                flags &= flags - np.uint64(1)
                if step < 0:
                    continue
                if found < len(places):
                    places[found] = neuron
                    steps[found] = step
                counts[0, step] += 1
                if len(cost):
                    counts[1, step] += cost[neuron]
                found += 1
    return found


@kernel
def count_values(frames, limits, counts):
    """Count the messages of every frame, int32 of shape (C * H * W, T); says whether all are within the limits."""
    lowest, highest = np.int32(0), np.int32(0)
    for row in range(frames.shape[0]):
        line = frames[row]
        for t in range(len(line)):
            counts[t] += line[t] != 0
            lowest, highest = min(lowest, line[t]), max(highest, line[t])
    return lowest >= limits[0] and highest <= limits[1]


@kernel
def list_values(frames, order, column, cost, index, value, limit, start, count, operations):
    """Write the messages of frames of int32 to the lists of one slot, up to a limit; the last three are its rows."""
    graded, counting = len(value) > 1, len(cost) > 0
    for step in range(len(count)):
        count[step], operations[step] = start[step], 0  # until the end, the place of the next message
    for neuron in range(len(order)):
        line = frames[order[neuron]]
        for t in range(len(line)):
            step = column[t]
            if line[t] == 0 or step < 0:
                continue
            place = count[step]
            if place >= limit:  # the frames have changed since they were counted
                continue
            index[place] = neuron
            if graded:
                value[place] = line[t]
            count[step] = place + 1
            if counting:
                operations[step] += cost[neuron]
    for step in range(len(count)):
        count[step] -= start[step]


@kernel
def list_frame(frame, flat, cost, begin, index, value):
    """Write the messages of one frame to a list; gives their number and their cost.

    `frame` has the axes (W, H, C) of Lava and is read in this order, in which it comes; `flat` is room for it.
    """
    columns, lines, channels = frame.shape
    for x in range(columns):
        for y in range(lines):
            for channel in range(channels):
                flat[(y * columns + x) * channels + channel] = frame[x, y, channel]
    place, caused = begin, np.int64(0)
    for neuron in range(len(flat)):
        message = flat[neuron]
        index[place] = neuron  # without a branch, which a frame with many messages would mislead
        if len(value) > 1:
            value[place] = message
        if len(cost):
            caused += cost[neuron] * (message != 0)
        place += message != 0
    return place - begin, caused


@kernel
def sort_by_step(places, steps, found, index, limit, start, count):
    """Deal the noted spikes out to the lists of one slot, in their order, up to a limit; the last two are its rows."""
    for step in range(len(count)):
        count[step] = 0
    for i in range(found):
        step = steps[i]
        place = start[step] + count[step]
        if place >= limit:
            return
        index[place] = places[i]
        count[step] += 1


@kernel
def paint(index, value, begin, count, order, picture):
    """Write one list into an array with a place for every neuron of the description, which must be zero."""
    graded = len(value) > 1
    for place in range(begin, begin + count):
        picture[order[index[place]]] = value[place] if graded else 1
