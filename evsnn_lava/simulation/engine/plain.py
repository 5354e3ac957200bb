"""The kernel of all neurons that the engine computes one by one: those that send numbers, and resonators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import DeltaNeuron, Neuron, RfIzNeuron, RfNeuron, SigmaDeltaNeuron, SigmaNeuron
from evsnn_lava.simulation.engine.compiled import inner, kernel
from evsnn_lava.simulation.engine.graded import advance_graded_block, graded_numbers
from evsnn_lava.simulation.engine.lists import BLOCK, per_neuron
from evsnn_lava.simulation.engine.resonators import advance_resonator_block, resonator_numbers
from evsnn_lava.simulation.engine.sending import finish_step, note_values

RESONATOR: Final = 3
NUMBERS: Final = 7
"""Parameters of the kind that has most."""

KINDS: Final[dict[type, tuple[int, Callable[[Any, tuple[int, ...]], tuple[int, ...]]]]] = {
    SigmaNeuron: (0, graded_numbers),
    DeltaNeuron: (1, graded_numbers),
    SigmaDeltaNeuron: (2, graded_numbers),
    RfNeuron: (RESONATOR, resonator_numbers),
    RfIzNeuron: (RESONATOR, resonator_numbers),
}
"""Number of every neuron type in `advance_plain`, and where its parameters come from."""


@inner
def _advance_block(kind, numbers, bias, states, slot, first, activation, messages):
    if kind == RESONATOR:
        return advance_resonator_block(numbers, states, slot, first, activation, messages)
    inputs = activation[first : first + BLOCK]
    return advance_graded_block(kind, numbers, bias, states, slot, first, inputs, messages)


@kernel
def advance_plain(kind, numbers, bias, states, awake, lists, gates, costs, clock, tile, inbox, tally):
    """Update the neurons of a tile and list what they send; `sending` says what the last eight are.

    Parameters
    ----------
    kind : int
        See `KINDS`.
    numbers : tuple of int
        Parameters of the kind, in its order; zeros up to `NUMBERS`.
    bias : numpy.ndarray of int32, shape (neurons,)
        Bias of the activation.
    states : numpy.ndarray of int32, shape (states, slots, neurons)
        In the order of the kind.
    awake : numpy.ndarray of uint8, shape (slots, blocks)
        Which blocks are awake.
    """
    first_step, steps = clock
    slot_begin, slot_end, begin, end = tile
    activation, touched = inbox
    index, value, start, _ = lists
    messages = np.empty(BLOCK, dtype=np.int32)
    for slot in range(slot_begin, slot_end):
        row, own_awake = slot - slot_begin, awake[slot]
        for j in range(begin, min(end, steps[slot])):
            step, column = first_step[slot] + j, j - begin
            place, updated = start[slot, step % start.shape[1]], 0
            caused, returned = np.int64(0), np.int64(0)
            words, own_touched = activation[row, column], touched[row, column]
            for block in range(len(own_awake)):
                if not (own_touched[block] or own_awake[block]):
                    continue
                before = place
                changed = _advance_block(kind, numbers, bias, states, slot, block * BLOCK, words, messages)
                place, forth, back = note_values(index, value, place, messages, block * BLOCK, costs)
                caused, returned = caused + forth, returned + back
                own_awake[block] = own_touched[block] or changed or place > before
                own_touched[block] = 0
                updated += BLOCK
            finish_step(lists, gates, tally, slot, step, place, caused, returned, updated)


class PlainKernel:
    """The kernel of a layer of such neurons.

    Parameters
    ----------
    neuron : Neuron
        One of `KINDS`.
    shape : tuple of int
        Shape of the layer.
    """

    def __init__(self, neuron: Neuron, shape: tuple[int, ...]) -> None:
        kind, numbers_of = KINDS[type(neuron)]
        numbers = (*numbers_of(neuron, shape), *[0] * NUMBERS)[:NUMBERS]
        bias = neuron.bias(shape) if isinstance(neuron, SigmaDeltaNeuron) else np.zeros((), dtype=np.int64)
        self._fixed = (kind, numbers, per_neuron(bias, shape))

    def advance(self, states: npt.NDArray[np.int32], *rest: Any) -> None:
        """Call `advance_plain`."""
        advance_plain(*self._fixed, states, *rest)
