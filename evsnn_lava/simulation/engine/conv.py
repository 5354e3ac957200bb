"""Convolutions of spikes in the engine: scatter what is sparse, gather what is dense.

Weights stand as rows of output channels, one row per kernel place and input channel. *Scattering* takes every spike
to the places that it reaches and adds its row there: work for each spike, none for silence. *Gathering* takes every
output place and adds the rows of the spikes that it sees: those of a line of the kernel follow each other in the list,
so many rows are summed up in registers. What is quicker depends on how many spikes there are, in every step anew.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import ConvSynapse
from evsnn_lava.network.synapses import Shape
from evsnn_lava.simulation.engine.compiled import inner, kernel
from evsnn_lava.simulation.engine.delivery import Delivery
from evsnn_lava.simulation.engine.lists import BLOCK_BITS, MessageLists
from evsnn_lava.simulation.engine.rows import add_row, add_rows, padded

GATHER_COST: Final = 1.0
"""Cost of looking at a line of the kernel at an output place, in additions of one row when scattering."""


def reached(size: int, kernel: int, stride: int, padding: int, dilation: int, outputs: int) -> npt.NDArray[np.int64]:
    """Which output place a kernel place takes an input place to, -1 for none.

    Parameters
    ----------
    size, outputs : int
        Places of the input and of the output along the axis.
    kernel, stride, padding, dilation : int
        The convolution along the axis.

    Returns
    -------
    numpy.ndarray of int64, shape (size, kernel)
        Output places.

    Examples
    --------
    >>> reached(3, 2, 1, 0, 1, 2).tolist()
    [[0, -1], [1, 0], [-1, 1]]
    """
    shifted = np.arange(size)[:, None] + padding - dilation * np.arange(kernel)[None, :]
    place, off = np.divmod(shifted, stride)
    return np.where((off == 0) & (place >= 0) & (place < outputs), place, -1).astype(np.int64)


def conv_sizes(synapse: ConvSynapse, shape: Shape) -> tuple[int, ...]:
    """Input channels and columns, groups, input and output channels of a group, output columns and lines."""
    channels, _, columns = shape
    outputs, out_lines, out_columns = synapse.output_shape(shape)
    groups = synapse.groups
    return (channels, columns, groups, channels // groups, outputs // groups, out_columns, out_lines)


def seats_of(synapse: ConvSynapse, shape: Shape) -> npt.NDArray[np.int32]:
    """Line, column, group and place in the group of every input neuron, shape (inputs, 4)."""
    channels = shape[0]
    pixels, channel = np.divmod(np.arange(int(np.prod(shape))), channels)
    seats = [*np.divmod(pixels, shape[2]), *np.divmod(channel, channels // synapse.groups)]
    return np.ascontiguousarray(np.stack(seats, axis=1), dtype=np.int32)


def reaches(synapse: ConvSynapse, shape: Shape) -> tuple[npt.NDArray[np.int64], ...]:
    """`reached` along both axes of an input of `shape`."""
    sizes, outputs = shape[1:], synapse.output_shape(shape)[1:]
    kernels = synapse.weights.shape[2:]
    axes = zip(sizes, kernels, synapse.stride, synapse.padding, synapse.dilation, outputs, strict=True)
    return tuple(reached(*axis) for axis in axes)


def kernel_rows(synapse: ConvSynapse) -> npt.NDArray[np.int16]:
    """Rows of output channels for every group, kernel line, kernel column and input channel, in this order."""
    outputs, inputs, tall, wide = synapse.weights.shape
    per_group = synapse.weights.reshape(synapse.groups, outputs // synapse.groups, inputs, tall, wide)
    rows = np.zeros((synapse.groups * tall * wide * inputs, padded(outputs // synapse.groups)), dtype=np.int16)
    rows[:, : per_group.shape[1]] = per_group.transpose(0, 3, 4, 2, 1).reshape(len(rows), -1)
    return rows


@inner
def scatter(rows, sizes, seats, reach_y, reach_x, lists, begin, count, words, touched):
    """Add the row of every message, times the message, to the output places that it reaches."""
    index, value = lists[0], lists[1]
    _, _, groups, group_inputs, group_outputs, out_columns, _ = sizes
    tall, wide, width = reach_y.shape[1], reach_x.shape[1], rows.shape[1]
    base, target_base, outputs = rows.ctypes.data, words.ctypes.data, groups * group_outputs
    for at in range(begin, begin + count):
        message = value[at] if len(value) > 1 else np.int32(1)
        seat = seats[index[at]]
        y, x, group, member = np.int64(seat[0]), np.int64(seat[1]), np.int64(seat[2]), np.int64(seat[3])
        for ky in range(tall):
            line = reach_y[y, ky] * out_columns
            if line < 0:
                continue
            for kx in range(wide):
                if reach_x[x, kx] < 0:
                    continue
                target = (line + reach_x[x, kx]) * outputs + group * group_outputs
                row = ((group * tall + ky) * wide + kx) * group_inputs + member
                add_row(target_base + 4 * target, base + 2 * row * width, message, width)
                for block in range(target >> BLOCK_BITS, ((target + group_outputs - 1) >> BLOCK_BITS) + 1):
                    touched[block] = 1


@inner
def _mark_pixels(index, begin, count, channels, pixel_begin):
    """Where in the list the spikes of every pixel begin."""
    pixel, beyond = 0, 0
    for at in range(begin, begin + count):
        while index[at] >= beyond:  # the first neuron of a pixel; a division for every spike would take longer
            pixel_begin[pixel] = at
            pixel += 1
            beyond += channels
    pixel_begin[pixel:] = begin + count


@inner
def _gather(rows, sizes, line, column, index, pixel_begin, words):
    """Add to every output place what it sees, line by line of the kernel."""
    channels, columns, _, _, outputs, out_columns, out_rows = sizes
    tall, width = line.shape[1], rows.shape[1]
    wide = len(rows) // (tall * channels)
    base, stride = rows.ctypes.data, 2 * width
    for oy in range(out_rows):
        for ky in range(tall):
            if line[oy, ky] < 0:
                continue
            first_pixel = line[oy, ky] * columns
            first_row = base + stride * (ky * wide - first_pixel) * channels
            target = words.ctypes.data + 4 * oy * out_columns * outputs
            for ox in range(out_columns):
                begin, end = pixel_begin[first_pixel + column[ox, 1]], pixel_begin[first_pixel + column[ox, 2]]
                if begin < end:
                    shifted = first_row - stride * column[ox, 0] * channels
                    add_rows(target, shifted, index.ctypes.data + 4 * begin, end - begin, width)
                target += 4 * outputs


@kernel
def deliver_conv(rows, sizes, seats, reach, sight, dense_from, lists, clock, tile, inbox, pixel_begin):
    """Add what arrives to the inbox of a tile; `sending` says what the last but one three are.

    Parameters
    ----------
    rows : numpy.ndarray of int16
        See `kernel_rows`.
    sizes : tuple of int
        See `conv_sizes`.
    seats : numpy.ndarray of int32, shape (inputs, 4)
        See `seats_of`.
    reach : (numpy.ndarray, numpy.ndarray)
        See `reached`, for lines and columns.
    sight : (numpy.ndarray, numpy.ndarray)
        Input line of every output line and kernel line, -1 for none; for every output column the input column of the
        first kernel column, and the first and one beyond the last of the input columns that it sees.
    dense_from : int
        Number of spikes from which it gathers.
    lists : tuple of numpy.ndarray
        Lists of the source.
    pixel_begin : numpy.ndarray of int64
        Room for one number more than there are pixels.
    """
    first_step, steps = clock
    slot_begin, slot_end, begin, end = tile
    activation, touched = inbox
    index, _, start, count = lists
    for slot in range(slot_begin, slot_end):
        for j in range(begin, min(end, steps[slot])):
            sent = (first_step[slot] + j - 1) % start.shape[1]
            number, place = count[slot, sent], start[slot, sent]
            words, own = activation[slot - slot_begin, j - begin], touched[slot - slot_begin, j - begin]
            if number >= dense_from:
                _mark_pixels(index, place, number, sizes[0], pixel_begin)
                _gather(rows, sizes, sight[0], sight[1], index, pixel_begin, words)
                own[:] = 1
            elif number:
                scatter(rows, sizes, seats, reach[0], reach[1], lists, place, number, words, own)


class ConvDelivery(Delivery):
    """The kernel of a convolution of spikes whose sums stay within 24 bits.

    Parameters
    ----------
    synapse : ConvSynapse
        Its weights.
    shape : (int, int, int)
        Shape of the source.
    dense_from : float, optional
        Share of the source's neurons from which it gathers, instead of what the sizes suggest.
    """

    def __init__(self, synapse: ConvSynapse, shape: Shape, dense_from: float | None = None) -> None:
        channels, lines, columns = shape
        reach = reaches(synapse, shape)
        share = _dense_share(synapse, shape, reach) if dense_from is None else dense_from
        most = channels * lines * columns
        self.dense_from = max(1, int(share * most)) if share <= 1 else int(np.iinfo(np.int64).max)
        layout = kernel_rows(synapse), conv_sizes(synapse, shape), seats_of(synapse, shape)
        self._fixed = (*layout, reach, _sight(synapse, shape), self.dense_from)
        self._pixels = lines * columns + 1

    def memory(self, slots: int) -> npt.NDArray[np.int64]:
        """Room that the kernel needs, whatever the number of `slots`."""
        return np.zeros(self._pixels, dtype=np.int64)

    def deliver(self, lists: MessageLists, clock: Any, tile: Any, inbox: Any, memory: Any) -> None:
        """Call `deliver_conv`."""
        deliver_conv(*self._fixed, lists.arrays, clock, tile, inbox, memory)


def _dense_share(synapse: ConvSynapse, shape: Shape, reach: tuple[npt.NDArray[np.int64], ...]) -> float:
    """Share of firing neurons from which gathering is quicker; 2 for never, where its lists do not work."""
    if synapse.groups > 1 or synapse.dilation[1] > 1:
        return 2.0
    _, out_lines, out_columns = synapse.output_shape(shape)
    additions = np.mean((reach[0] >= 0).sum(axis=1)) * np.mean((reach[1] >= 0).sum(axis=1))
    looks = out_lines * out_columns * synapse.weights.shape[2]
    return GATHER_COST * looks / (max(additions, 1e-9) * np.prod(shape))


def _sight(synapse: ConvSynapse, shape: Shape) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """What an output place sees; see `deliver_conv`."""
    _, lines, columns = shape
    _, out_lines, out_columns = synapse.output_shape(shape)
    tall, wide = synapse.weights.shape[2:]
    top = np.arange(out_lines)[:, None] * synapse.stride[0] - synapse.padding[0]
    line = top + synapse.dilation[0] * np.arange(tall)[None, :]
    left = np.arange(out_columns) * synapse.stride[1] - synapse.padding[1]
    column = np.stack([left, np.clip(left, 0, columns), np.clip(left + wide, 0, columns)], axis=1)
    return np.where((line >= 0) & (line < lines), line, -1).astype(np.int64), column.astype(np.int64)
