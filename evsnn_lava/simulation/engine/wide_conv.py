"""Convolutions in the engine whose sums may leave 24 bits: of numbers, of very many spikes, or shifted."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import ConvSynapse
from evsnn_lava.network.synapses import Shape
from evsnn_lava.simulation.arithmetic import STATE_LIMIT
from evsnn_lava.simulation.engine.compiled import inner, kernel
from evsnn_lava.simulation.engine.conv import kernel_rows, reaches
from evsnn_lava.simulation.engine.delivery import Delivery
from evsnn_lava.simulation.engine.lists import MessageLists
from evsnn_lava.simulation.synapses import WORD_LIMIT, word_overflow


@inner
def _scatter(rows, sizes, reach_y, reach_x, lists, begin, count, sums):
    channels, columns, groups, group_inputs, group_outputs, out_columns = sizes
    index, value = lists[0], lists[1]
    tall, wide, outputs = reach_y.shape[1], reach_x.shape[1], groups * group_outputs
    for at in range(begin, begin + count):
        message = np.int64(value[at]) if len(value) > 1 else np.int64(1)
        pixel, channel = divmod(index[at], channels)
        y, x = divmod(pixel, columns)
        group, member = divmod(channel, group_inputs)
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


@kernel
def deliver_wide_conv(rows, weight_exp, sizes, reach, lists, clock, tile, inbox, sums):
    """As `deliver_conv`, with a room of 64-bit sums for all neurons; gives the largest absolute sum."""
    first_step, steps = clock
    slot_begin, slot_end, begin, end = tile
    activation, touched = inbox
    start, count = lists[2], lists[3]
    largest = np.int64(0)
    for slot in range(slot_begin, slot_end):
        for j in range(begin, min(end, steps[slot])):
            sent = (first_step[slot] + j - 1) % start.shape[1]
            if count[slot, sent] == 0:
                continue
            _scatter(rows, sizes, reach[0], reach[1], lists, start[slot, sent], count[slot, sent], sums)
            largest = max(largest, _cut(sums, weight_exp, activation[slot - slot_begin, j - begin]))
            touched[slot - slot_begin, j - begin, :] = 1
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

    def __init__(self, synapse: ConvSynapse, shape: Shape) -> None:
        outputs, *out_shape = synapse.output_shape(shape)
        groups = synapse.groups
        sizes = (shape[0], shape[2], groups, shape[0] // groups, outputs // groups, out_shape[1])
        self._fixed = (kernel_rows(synapse), synapse.weight_exp, sizes, reaches(synapse, shape))
        self._neurons = int(np.prod((outputs, *out_shape)))

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
    bound = int(np.abs(synapse.weights.astype(np.int64)).sum(axis=(1, 2, 3)).max())
    return not graded and synapse.weight_exp == 0 and bound < STATE_LIMIT
