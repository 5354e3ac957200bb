"""Dense synapses with delays in the engine: every sample remembers the messages of the last steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import DenseSynapse
from evsnn_lava.simulation.engine.compiled import inner, kernel
from evsnn_lava.simulation.engine.delivery import Delivery
from evsnn_lava.simulation.engine.lists import MessageLists


@inner
def _remember(past, lists, slot, sent, place):
    """Copy the messages of a step to `place` of the memory."""
    index, value, start, count = lists
    neurons, messages, number = past
    begin = start[slot, sent]
    for i in range(count[slot, sent]):
        neurons[slot, place, i] = index[begin + i]
        messages[slot, place, i] = value[begin + i] if len(value) > 1 else 1
    number[slot, place] = count[slot, sent]


@inner
def _add_delayed(fans, delay, past, slot, place, sums):
    """Add what the messages of one step cause after `delay`; every product is a word of 32 bits, their sum is not."""
    begins, targets, weights = fans
    neurons, messages, number = past
    for i in range(number[slot, place]):
        neuron, message = neurons[slot, place, i], np.int64(messages[slot, place, i])
        for at in range(begins[delay, neuron], begins[delay, neuron + 1]):
            sums[targets[at]] += np.int32(weights[at] * message)


@kernel
def deliver_delayed(fans, delays, weight_exp, past, lists, clock, tile, inbox):
    """Add what arrives to the inbox of a tile; `sending` says what the last three are.

    Parameters
    ----------
    fans : (numpy.ndarray, numpy.ndarray, numpy.ndarray)
        Where the connections of every delay and neuron begin, shape (delays, inputs + 1), their targets and weights.
    delays : numpy.ndarray of int64, shape (delays,)
        The delays that occur.
    weight_exp : int
        Shift of the sum of each delay.
    past : (numpy.ndarray, numpy.ndarray, numpy.ndarray)
        Neurons and messages of the last steps, shape (slots, memory, inputs), and how many, shape (slots, memory).
    lists : tuple of numpy.ndarray
        Lists of the source.
    """
    first_step, steps = clock
    slot_begin, slot_end, begin, end = tile
    activation, touched = inbox
    memory, columns = past[2].shape[1], lists[2].shape[1]
    sums = np.zeros(activation.shape[2], dtype=np.int64)
    for slot in range(slot_begin, slot_end):
        for j in range(begin, min(end, steps[slot])):
            step = first_step[slot] + j
            _remember(past, lists, slot, (step - 1) % columns, (step - 1) % memory)
            words = activation[slot - slot_begin, j - begin]
            for at in range(len(delays)):
                sent = step - 1 - delays[at]
                if sent < 0 or past[2][slot, sent % memory] == 0:
                    continue
                sums[:] = 0
                _add_delayed(fans, at, past, slot, sent % memory, sums)
                for i in range(len(words)):
                    total = sums[i] << weight_exp if weight_exp >= 0 else sums[i] >> -weight_exp
                    words[i] = np.int32(words[i] + total)
                touched[slot - slot_begin, j - begin, :] = 1


class DelayedDelivery(Delivery):
    """The kernel of a dense synapse with delays.

    Parameters
    ----------
    synapse : DenseSynapse
        Its weights and delays.
    order : numpy.ndarray of int64, shape (inputs,)
        Order in which the engine numbers the neurons of the source.
    """

    def __init__(self, synapse: DenseSynapse, order: npt.NDArray[np.int64]) -> None:
        weights, delays = synapse.weights[:, order].T, np.asarray(synapse.delays)[:, order].T
        used = np.unique(delays).astype(np.int64)
        chosen = [(weights != 0) & (delays == delay) for delay in used]
        counts = np.array([pick.sum(axis=1) for pick in chosen], dtype=np.int64)
        begins = np.zeros((len(used), len(order) + 1), dtype=np.int64)
        begins[:, 1:] = np.cumsum(counts, axis=None).reshape(counts.shape)
        begins[1:, 0] = begins[:-1, -1]
        targets = np.concatenate([np.nonzero(pick)[1] for pick in chosen]).astype(np.int32)
        values = np.concatenate([weights[pick] for pick in chosen]).astype(np.int64)
        self._fixed = ((begins, targets, values), used, synapse.weight_exp)
        self._memory, self._inputs = synapse.max_delay + 1, len(order)

    def memory(self, slots: int) -> tuple[npt.NDArray[Any], ...]:
        """The messages of the last steps; a sample reads only what it has written itself."""
        size = (slots, self._memory, self._inputs)
        return (np.zeros(size, np.int32), np.zeros(size, np.int32), np.zeros(size[:2], np.int64))

    def deliver(self, lists: MessageLists, clock: Any, tile: Any, inbox: Any, memory: Any) -> None:
        """Call `deliver_delayed`."""
        deliver_delayed(*self._fixed, memory, lists.arrays, clock, tile, inbox)
