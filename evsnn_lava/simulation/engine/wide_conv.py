"""Convolutions in the engine whose sums may leave 24 bits: of numbers, of very many spikes, or shifted."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import ConvSynapse
from evsnn_lava.network.synapses import Shape
from evsnn_lava.simulation.arithmetic import STATE_LIMIT
from evsnn_lava.simulation.engine.compiled import inner, kernel
from evsnn_lava.simulation.engine.conv import conv_sizes, kernel_rows, reaches, scatter, seats_of
from evsnn_lava.simulation.engine.delivery import Delivery
from evsnn_lava.simulation.engine.lists import MessageLists
from evsnn_lava.simulation.synapses import WORD_LIMIT, word_overflow


@inner
def _scatter_wide(rows, sizes, seats, reach_y, reach_x, lists, begin, count, sums):
    _, _, groups, group_inputs, group_outputs, out_columns, _ = sizes
    index, value = lists[0], lists[1]
    tall, wide, outputs = reach_y.shape[1], reach_x.shape[1], groups * group_outputs
    for at in range(begin, begin + count):
        message = np.int64(value[at]) if len(value) > 1 else np.int64(1)
        seat = seats[index[at]]
        y, x, group, member = seat[0], seat[1], seat[2], seat[3]
        for ky in range(tall):
            for kx in range(wide):
                if reach_y[y, ky] < 0 or reach_x[x, kx] < 0:
                    continue
                target = (reach_y[y, ky] * out_columns + reach_x[x, kx]) * outputs + group * group_outputs
                row = rows[((group * tall + ky) * wide + kx) * group_inputs + member]
                for i in range(group_outputs):
                    sums[target + i] += row[i] * message


@inner
def _cut(sums, weight_exp, words):
    """Keep 24 bits of the sums, shift them, empty them; gives the largest absolute sum."""
    largest = np.int64(0)
    for i in range(len(sums)):
        largest = max(largest, abs(sums[i]))
        kept = (sums[i] + STATE_LIMIT) % (2 * STATE_LIMIT) - STATE_LIMIT
        words[i] = np.int32(kept << weight_exp if weight_exp >= 0 else kept >> -weight_exp)
        sums[i] = 0
    return largest


@inner
def _bound(value, begin, count, weights):
    """What no absolute sum exceeds: of all messages, or of the largest message at every weight of an output."""
    heaviest, heaviest_sum = weights
    total, largest = np.int64(count), np.int64(1)
    if len(value) > 1:
        total, largest = np.int64(0), np.int64(0)
        for at in range(begin, begin + count):
            size = abs(np.int64(value[at]))
            total, largest = total + size, max(largest, size)
    return min(heaviest * total, heaviest_sum * largest)


@kernel
def deliver_wide_conv(rows, weights, weight_exp, sizes, seats, reach, lists, clock, tile, inbox, sums):
    """As `deliver_conv`, with the largest absolute weight, the largest sum of those of an output, and 64-bit sums.

    Small messages take a short cut: where no sum can leave 24 bits and nothing is shifted, 32 bits do. Gives the
    largest absolute sum of the others.
    """
    first_step, steps = clock
    slot_begin, slot_end, begin, end = tile
    activation, touched = inbox
    start, count = lists[2], lists[3]
    largest = np.int64(0)
    for slot in range(slot_begin, slot_end):
        for j in range(begin, min(end, steps[slot])):
            sent = (first_step[slot] + j - 1) % start.shape[1]
            place, number = start[slot, sent], count[slot, sent]
            words, own = activation[slot - slot_begin, j - begin], touched[slot - slot_begin, j - begin]
            if number == 0:
                continue
            if weight_exp == 0 and _bound(lists[1], place, number, weights) < STATE_LIMIT:
                scatter(rows, sizes, seats, reach[0], reach[1], lists, place, number, words, own)
                continue
            _scatter_wide(rows, sizes, seats, reach[0], reach[1], lists, place, number, sums)
            largest = max(largest, _cut(sums, weight_exp, words))
            own[:] = 1
    return largest


class WideConvDelivery(Delivery):
    """The kernel of any convolution.

    Parameters
    ----------
    synapse : ConvSynapse
        Its weights.
    shape : (int, int, int)
        Shape of the source.
    """

    may_fail: ClassVar[bool] = True

    def __init__(self, synapse: ConvSynapse, shape: Shape) -> None:
        weights = int(np.abs(synapse.weights.astype(np.int64)).max()), heaviest_sum(synapse)
        tables = conv_sizes(synapse, shape), seats_of(synapse, shape), reaches(synapse, shape)
        self._fixed = (kernel_rows(synapse), weights, synapse.weight_exp, *tables)
        self._neurons = int(np.prod(synapse.output_shape(shape)))

    def memory(self, slots: int) -> npt.NDArray[np.int64]:
        """Room that the kernel needs, whatever the number of `slots`."""
        return np.zeros(self._neurons, dtype=np.int64)

    def deliver(self, lists: MessageLists, clock: Any, tile: Any, inbox: Any, memory: Any) -> None:
        """Call `deliver_wide_conv`.

        Raises
        ------
        CapacityError
            If a sum leaves the 32 bits in which Lava computes it.
        """
        largest = deliver_wide_conv(*self._fixed, lists.arrays, clock, tile, inbox, memory)
        if largest >= WORD_LIMIT:
            raise word_overflow(largest)


def stays_narrow(synapse: ConvSynapse, graded: bool) -> bool:
    """Whether no sum of spikes can leave 24 bits, and no shift follows."""
    return not graded and synapse.weight_exp == 0 and heaviest_sum(synapse) < STATE_LIMIT


def heaviest_sum(synapse: ConvSynapse) -> int:
    """Largest sum of the absolute weights of an output."""
    return int(np.abs(synapse.weights.astype(np.int64)).sum(axis=(1, 2, 3)).max())
