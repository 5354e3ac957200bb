"""What delta, sigma-delta and sigma neurons compute in the engine."""

from __future__ import annotations

from typing import Final

import numpy as np

from evsnn_lava.network import DeltaNeuron, SigmaDeltaNeuron, SigmaNeuron
from evsnn_lava.simulation.engine.compiled import inner
from evsnn_lava.simulation.engine.lists import BLOCK

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
def advance_graded_block(kind, numbers, bias, states, slot, first, activation, messages):
    """Advance a block of sigma (kind 0), delta (1) or sigma-delta neurons (2); says whether a state changed."""
    threshold, state_exp, shift, rectified = numbers[0], numbers[1], numbers[2], numbers[3]
    last = first + BLOCK
    sigma = states[0, slot, first:last]
    if kind == 0:
        return _sum_up(sigma, activation, messages)
    act, residue = states[1, slot, first:last], states[2, slot, first:last]
    if kind == 1:
        return _delta(act, residue, activation, shift, threshold, state_exp, messages)
    own = bias[first:last]
    return _sigma_delta(sigma, act, residue, activation, own, rectified != 0, threshold, state_exp, messages)


def graded_numbers(neuron: DeltaNeuron | SigmaDeltaNeuron | SigmaNeuron, _: tuple[int, ...]) -> tuple[int, ...]:
    """Threshold, ``state_exp``, shift of a delta neuron's input, and whether the activation is rectified."""
    if isinstance(neuron, SigmaNeuron):
        return (0, 0, 0, 0)
    rectified = int(isinstance(neuron, SigmaDeltaNeuron) and neuron.activation == "relu")
    return (neuron.threshold, neuron.state_exp, neuron.spike_exp + neuron.state_exp, rectified)
