"""What all neuron kernels share: who is awake, who fired, what is sent.

A neuron kernel is called with

``lists``
    The layer's own message lists (see :class:`MessageLists`), which it fills.
``gates``
    uint8 of shape (K,): whether what is fired in a step is sent, by the mask of the next layer.
``clock``
    ``(first, steps)``, int64 of shape (slots,): the first step of the window of each sample in flight, and how many.
``tile``
    ``(slot_begin, slot_end, begin, end)``: the slots and the steps of the window that are to be done.
``inbox``
    ``(activation, touched)``: int32 of shape (slots, steps, places), zero where nothing arrived, and uint8 of shape
    (slots, steps, blocks). The kernel leaves both zero.
``costs``
    ``(next, own)``, int32 of shape (neurons,), or (0,) when nobody counts or nothing comes back: operations that a
    message causes in the next layer, and in the layer itself.
``tally``
    int64 of shape (slots, ROWS, K): counts of every step, see `FIRED` and what follows it.

A block of neurons falls asleep when a step in which nothing arrived has changed no state and sent no message: until
something arrives, every further step would do the same. That holds for all neurons and all parameters, bias included.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from evsnn_lava.simulation.engine.compiled import inner
from evsnn_lava.simulation.engine.lists import BLOCK
from evsnn_lava.simulation.engine.words import lowest_bit

FIRED: Final = 0
"""Row of the tally: messages before the gate."""
SENT: Final = 1
"""Row of the tally: messages after the gate."""
UPDATED: Final = 2
"""Row of the tally: neurons that were updated, in whole blocks."""
CAUSED: Final = 3
"""Row of the tally: operations in the next layer."""
RETURNED: Final = 4
"""Row of the tally: operations in the layer itself."""
ROWS: Final = 5


@inner
def note_bits(index, place, fired, base, costs):
    """Append the neurons of a block that fired, given as bits, to a list; gives its new end and what that costs."""
    caused, returned = np.int64(0), np.int64(0)
    while fired:
        neuron = base + lowest_bit(fired)  # type: ignore[call-arg]  # numba passes the first one
        index[place] = neuron
        place += 1
        fired &= fired - np.uint64(1)
        if len(costs[0]):
            caused += costs[0][neuron]
        if len(costs[1]):
            returned += costs[1][neuron]
    return place, caused, returned


@inner
def note_values(index, value, place, messages, base, costs):
    """As `note_bits`, for a message of every neuron, 0 for none."""
    caused, returned = np.int64(0), np.int64(0)
    for i in range(BLOCK):
        if messages[i] != 0:
            index[place] = base + i
            if len(value) > 1:
                value[place] = messages[i]
            place += 1
            if len(costs[0]):
                caused += costs[0][base + i]
            if len(costs[1]):
                returned += costs[1][base + i]
    return place, caused, returned


@inner
def finish_step(lists, gates, tally, slot, step, end, caused, returned, updated):
    """Close the list of a step, whose messages end at `end`; behind a closed gate it is empty."""
    start, count = lists[2], lists[3]
    column = step % start.shape[1]
    fired, passed = end - start[slot, column], np.int64(gates[step])
    count[slot, column] = fired * passed
    tally[slot, FIRED, step] = fired
    tally[slot, SENT, step] = fired * passed
    tally[slot, UPDATED, step] = updated
    tally[slot, CAUSED, step] = caused * passed
    tally[slot, RETURNED, step] = returned * passed
