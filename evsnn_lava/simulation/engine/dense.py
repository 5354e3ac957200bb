"""Dense, complex and direct synapses in the engine: add up the rows of the inputs that sent something."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import ComplexSynapse, DenseSynapse, DirectSynapse
from evsnn_lava.simulation.engine.compiled import inner, kernel
from evsnn_lava.simulation.engine.delivery import Delivery
from evsnn_lava.simulation.engine.lists import MessageLists
from evsnn_lava.simulation.engine.rows import BYTE_LANES, add_byte_rows, add_rows, padded


@inner
def shift_words(words, weight_exp):
    """Scale sums of 32 bits by ``2 ** weight_exp`` in place, rounding down."""
    if weight_exp > 0:
        for i in range(len(words)):
            words[i] = np.int32(np.int64(words[i]) << weight_exp)
    elif weight_exp < 0:
        for i in range(len(words)):
            words[i] >>= -weight_exp


@inner
def _add_values(sums, weights, index, value, begin, count):
    """Add rows, each times its message, in words of 32 bits."""
    for place in range(begin, begin + count):
        row, message = weights[index[place]], value[place]
        for i in range(len(sums)):
            sums[i] = np.int32(sums[i] + np.int64(row[i]) * message)


@kernel
def deliver_dense(weights, common_exp, weight_exp, offset, graded, lists, clock, tile, inbox):
    """Add what arrives to the inbox of a tile; `sending` says what the last three are.

    Parameters
    ----------
    weights : numpy.ndarray of int8 or int16, shape (inputs, width)
        A row per neuron of the source, in the order of the engine.
    common_exp, weight_exp, offset : int
        Shift of the sums that all weights share, the one that follows, and the place of the first sum.
    graded : bool
        Whether the messages are numbers.
    lists : tuple of numpy.ndarray
        Lists of the source.
    """
    first_step, steps = clock
    slot_begin, slot_end, begin, end = tile
    activation, touched = inbox
    index, value, start, count = lists
    width = weights.shape[1]
    for slot in range(slot_begin, slot_end):
        for j in range(begin, min(end, steps[slot])):
            sent = (first_step[slot] + j - 1) % start.shape[1]
            number, place = count[slot, sent], start[slot, sent]
            if number == 0:
                continue
            sums = activation[slot - slot_begin, j - begin, offset : offset + width]
            if graded:
                _add_values(sums, weights, index, value, place, number)
            elif weights.itemsize == 1:
                add_byte_rows(sums.ctypes.data, weights.ctypes.data, index.ctypes.data + 4 * place, number, width)
            else:
                add_rows(sums.ctypes.data, weights.ctypes.data, index.ctypes.data + 4 * place, number, width)
            shift_words(sums, common_exp)
            shift_words(sums, weight_exp)
            touched[slot - slot_begin, j - begin, :] = 1


@kernel
def deliver_direct(weight, bias, neurons, graded, lists, clock, tile, inbox):
    """Hand the scaled input to the neurons of the same place, and the bias to all `neurons`."""
    first_step, steps = clock
    slot_begin, slot_end, begin, end = tile
    activation, touched = inbox
    index, value, start, count = lists
    for slot in range(slot_begin, slot_end):
        for j in range(begin, min(end, steps[slot])):
            sent = (first_step[slot] + j - 1) % start.shape[1]
            number, place = count[slot, sent], start[slot, sent]
            if number or bias:
                touched[slot - slot_begin, j - begin, :] = 1
            sums = activation[slot - slot_begin, j - begin]
            sums[:neurons] = bias
            for at in range(place, place + number):
                message = np.int64(value[at]) if graded else np.int64(1)
                sums[index[at]] = np.int32(bias + weight * message)


def laid_out(weights: npt.NDArray[np.int32]) -> tuple[npt.NDArray[Any], int]:
    """Lay rows of weights out for the kernel.

    Long rows that fit into bytes, once a power of two that all weights share is taken out, become bytes: SLAYER's
    weights are even numbers up to 254. They are read from memory in half the time.

    Parameters
    ----------
    weights : numpy.ndarray of int32, shape (inputs, outputs)
        One row per input.

    Returns
    -------
    numpy.ndarray of int8 or int16, shape (inputs, width)
        Filled up with zeros.
    int
        Exponent of the power that was taken out.

    Examples
    --------
    >>> rows, common_exp = laid_out(np.full((1, 70), 254))
    >>> rows.dtype.name, rows.shape, int(rows[0, 0]), common_exp
    ('int8', (1, 128), 127, 1)
    """
    inputs, outputs = weights.shape
    bits = int(np.bitwise_or.reduce(weights, axis=None))
    common_exp = (bits & -bits).bit_length() - 1 if bits else 0
    small = weights >> common_exp
    as_bytes = outputs >= BYTE_LANES and small.min() >= -128 and small.max() <= 127
    width = padded(outputs, BYTE_LANES) if as_bytes else padded(outputs)
    rows = np.zeros((inputs, width), dtype=np.int8 if as_bytes else np.int16)
    rows[:, :outputs] = small if as_bytes else weights
    return rows, common_exp if as_bytes else 0


class DenseDelivery(Delivery):
    """The kernel of a dense synapse without delays.

    Parameters
    ----------
    synapse : DenseSynapse
        Its weights.
    order : numpy.ndarray of int64, shape (inputs,)
        Order in which the engine numbers the neurons of the source.
    graded : bool
        Whether the source sends numbers.
    offset : int
        Place of the first sum in the inbox.
    """

    def __init__(self, synapse: DenseSynapse, order: npt.NDArray[np.int64], graded: bool, offset: int = 0) -> None:
        self._fixed = (*laid_out(synapse.weights[:, order].T), synapse.weight_exp, offset, graded)

    def deliver(self, lists: MessageLists, clock: Any, tile: Any, inbox: Any, memory: Any) -> None:
        """Call `deliver_dense`."""
        deliver_dense(*self._fixed, lists.arrays, clock, tile, inbox)


class ComplexDelivery(Delivery):
    """The kernels of the two parts of a complex synapse.

    Parameters
    ----------
    synapse : ComplexSynapse
        Its parts.
    order, graded
        As for `DenseDelivery`.
    places : int
        Places of the real part in the inbox; those of the imaginary part follow.
    """

    def __init__(self, synapse: ComplexSynapse, order: npt.NDArray[np.int64], graded: bool, places: int) -> None:
        parts = (synapse.real, 0), (synapse.imag, places)
        self._parts = [DenseDelivery(part, order, graded, offset) for part, offset in parts]

    def deliver(self, lists: MessageLists, clock: Any, tile: Any, inbox: Any, memory: Any) -> None:
        """Call `deliver_dense` for both."""
        for part in self._parts:
            part.deliver(lists, clock, tile, inbox, memory)


class DirectDelivery(Delivery):
    """The kernel of a direct synapse.

    Parameters
    ----------
    synapse : DirectSynapse
        Its factor and bias.
    neurons : int
        Neurons of the layer.
    graded : bool
        Whether the source sends numbers.
    """

    def __init__(self, synapse: DirectSynapse, neurons: int, graded: bool) -> None:
        self._fixed = (synapse.weight, synapse.bias, neurons, graded)

    def deliver(self, lists: MessageLists, clock: Any, tile: Any, inbox: Any, memory: Any) -> None:
        """Call `deliver_direct`."""
        deliver_direct(*self._fixed, lists.arrays, clock, tile, inbox)
