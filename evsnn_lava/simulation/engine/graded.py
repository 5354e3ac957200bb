"""Delta, sigma-delta and sigma neurons in the engine: one kernel, of which each of them uses a part."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import DeltaNeuron, SigmaDeltaNeuron, SigmaNeuron
from evsnn_lava.simulation.engine.compiled import inner, kernel
from evsnn_lava.simulation.engine.lists import BLOCK, per_neuron
from evsnn_lava.simulation.engine.sending import finish_step, note_values

LOWEST: Final = np.int64(-(1 << 31))
"""The word that is its own absolute value in Lava's arithmetic, and so below every threshold."""


@inner
def _sum_up(sigma, activation, messages):
    """A block of sigma neurons; says whether a state changed."""
    changed = False
    for i in range(BLOCK):
        changed |= activation[i] != 0
        sigma[i] = np.int32(sigma[i] + activation[i])
        activation[i], messages[i] = 0, sigma[i]
    return changed


@inner
def _send_change(act, residue, target, threshold, state_exp):
    """New residue and message of a neuron whose activation becomes `target`."""
    delta = np.int32(np.int64(target) - act + residue)
    large = delta != LOWEST and abs(np.int64(delta)) >= threshold
    return (np.int32(0), np.int32(delta >> state_exp)) if large else (delta, np.int32(0))


@inner
def _delta(act, residue, activation, shift, threshold, state_exp, messages):
    changed = False
    for i in range(BLOCK):
        target = np.int32(np.int64(activation[i]) << shift)
        left, messages[i] = _send_change(act[i], residue[i], target, threshold, state_exp)
        changed |= left != residue[i] or target != act[i]
        act[i], residue[i], activation[i] = target, left, 0
    return changed


@inner
def _sigma_delta(sigma, act, residue, activation, bias, rectified, threshold, state_exp, messages):
    changed = False
    for i in range(BLOCK):
        total = np.int32(sigma[i] + activation[i])
        target = np.int32(np.int64(total) + bias[i])
        if rectified and target < 0:
            target = np.int32(0)
        left, messages[i] = _send_change(act[i], residue[i], target, threshold, state_exp)
        changed |= left != residue[i] or target != act[i] or total != sigma[i]
        sigma[i], act[i], residue[i], activation[i] = total, target, left, 0
    return changed


@inner
def _advance_block(kind, numbers, bias, states, slot, first, activation, messages):
    threshold, state_exp, shift, rectified = numbers
    last = first + BLOCK
    sigma = states[0][slot, first:last]
    if kind == 0:
        return _sum_up(sigma, activation, messages)
    act, residue = states[1][slot, first:last], states[2][slot, first:last]
    if kind == 1:
        return _delta(act, residue, activation, shift, threshold, state_exp, messages)
    own = bias[first:last]
    return _sigma_delta(sigma, act, residue, activation, own, rectified != 0, threshold, state_exp, messages)


@kernel
def advance_graded(kind, numbers, bias, states, awake, lists, gates, cost, clock, tile, inbox, tally):
    """Update the neurons of a tile and list what they send; `sending` says what the last eight are.

    Parameters
    ----------
    kind : int
        0 for sigma, 1 for delta, 2 for sigma-delta neurons.
    numbers : (int, int, int, int)
        Threshold, ``state_exp``, shift of a delta neuron's input, and whether the activation is rectified.
    bias : numpy.ndarray of int32, shape (neurons,)
        Bias of the activation.
    states : (numpy.ndarray, numpy.ndarray, numpy.ndarray) of int32, shape (slots, neurons)
        ``sigma``, ``act`` and ``residue``.
    awake : numpy.ndarray of uint8, shape (slots, blocks)
        Which blocks are awake.
    """
    first_step, steps = clock
    slot_begin, slot_end, begin, end = tile
    activation, touched = inbox
    index, value, start, _ = lists
    messages = np.empty(BLOCK, dtype=np.int32)
    for slot in range(slot_begin, slot_end):
        row = slot - slot_begin
        for j in range(begin, min(end, steps[slot])):
            step, column = first_step[slot] + j, j - begin
            place, caused, updated = start[slot, step % start.shape[1]], np.int64(0), 0
            for block in range(awake.shape[1]):
                arrived = touched[row, column, block] != 0
                if not (arrived or awake[slot, block]):
                    continue
                a = block * BLOCK
                inputs = activation[row, column, a : a + BLOCK]
                changed = _advance_block(kind, numbers, bias, states, slot, a, inputs, messages)
                before = place
                place, operations = note_values(index, value, place, messages, a, cost)
                caused += operations
                awake[slot, block] = arrived or changed or place > before
                touched[row, column, block] = 0
                updated += BLOCK
            finish_step(lists, gates, tally, slot, step, place, caused, updated)


KINDS: Final[dict[type, int]] = {SigmaNeuron: 0, DeltaNeuron: 1, SigmaDeltaNeuron: 2}
"""Number of every neuron type in `advance_graded`."""


class GradedKernel:
    """The kernel of a layer of neurons that send numbers.

    Parameters
    ----------
    neuron : DeltaNeuron, SigmaDeltaNeuron or SigmaNeuron
        Its parameters.
    shape : tuple of int
        Shape of the layer.
    """

    def __init__(self, neuron: DeltaNeuron | SigmaDeltaNeuron | SigmaNeuron, shape: tuple[int, ...]) -> None:
        self._kind = KINDS[type(neuron)]
        self._numbers, bias = (0, 0, 0, 0), np.zeros((), dtype=np.int64)
        if not isinstance(neuron, SigmaNeuron):
            rectified = int(isinstance(neuron, SigmaDeltaNeuron) and neuron.activation == "relu")
            shift = neuron.spike_exp + neuron.state_exp
            self._numbers = (neuron.threshold, neuron.state_exp, shift, rectified)
        if isinstance(neuron, SigmaDeltaNeuron):
            bias = neuron.bias(shape)
        self._bias = per_neuron(bias, shape)

    def advance(self, states: tuple[npt.NDArray[np.int32], ...], *rest: Any) -> None:
        """Call `advance_graded`."""
        advance_graded(self._kind, self._numbers, self._bias, states, *rest)
