"""Resonate-and-fire neurons in the engine."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import RfIzNeuron, RfNeuron
from evsnn_lava.simulation.arithmetic import STATE_LIMIT
from evsnn_lava.simulation.engine.compiled import inner, kernel
from evsnn_lava.simulation.engine.lists import BLOCK
from evsnn_lava.simulation.engine.sending import finish_step, note_bits


@inner
def _turned(factor, state, bits):
    product = np.int64(factor) * np.int64(state)
    return -(-product >> bits) if product < 0 else product >> bits


@inner
def _cut(value):
    return np.int32(min(max(value, 1 - STATE_LIMIT), STATE_LIMIT - 1))


@inner
def _advance_block(numbers, real, imag, a, b, neurons):
    """Turn a block of neurons; gives who fired, as bits, and whether a state changed."""
    threshold, sin, cos, state_exp, bits, resets, _ = numbers
    changed, fired = False, np.uint64(0)
    for i in range(min(BLOCK, neurons)):
        in_real, in_imag = np.int32(np.int64(a[i]) << state_exp), np.int32(np.int64(b[i]) << state_exp)
        new_real = _cut(_turned(cos, real[i], bits) - _turned(sin, imag[i], bits) + in_real)
        new_imag = _cut(_turned(sin, real[i], bits) + _turned(cos, imag[i], bits) + in_imag)
        if resets:
            spike = new_imag >= threshold
            if spike:
                new_real, new_imag = np.int32(0), np.int32(threshold - 1)
        else:
            spike = new_real >= threshold and new_imag >= 0 and imag[i] < 0
        changed |= new_real != real[i] or new_imag != imag[i]
        real[i], imag[i], a[i], b[i] = new_real, new_imag, 0, 0
        fired |= np.uint64(spike) << np.uint64(i)
    return fired, changed


@kernel
def advance_resonators(numbers, states, awake, lists, gates, cost, clock, tile, inbox, tally):
    """Update the neurons of a tile and list who fired; `sending` says what the last eight are.

    Parameters
    ----------
    numbers : tuple of int
        Threshold, ``sin_decay``, ``cos_decay``, ``state_exp``, ``decay_bits``, whether a spike resets the neuron, and
        the number of neurons.
    states : (numpy.ndarray, numpy.ndarray) of int32, shape (slots, neurons)
        Real and imaginary part. The second half of the inbox's places is the imaginary input.
    awake : numpy.ndarray of uint8, shape (slots, blocks)
        Which blocks are awake.
    """
    real, imag = states
    first_step, steps = clock
    slot_begin, slot_end, begin, end = tile
    activation, touched = inbox
    index, _, start, _ = lists
    half = real.shape[1]
    for slot in range(slot_begin, slot_end):
        row = slot - slot_begin
        for j in range(begin, min(end, steps[slot])):
            step, column = first_step[slot] + j, j - begin
            place, caused, updated = start[slot, step % start.shape[1]], np.int64(0), 0
            for block in range(awake.shape[1]):
                arrived = touched[row, column, block] != 0
                if not (arrived or awake[slot, block]):
                    continue
                a, b = block * BLOCK, (block + 1) * BLOCK
                parts = activation[row, column, a:b], activation[row, column, half + a : half + b]
                own = real[slot, a:b], imag[slot, a:b], parts[0], parts[1]
                fired, changed = _advance_block(numbers, own[0], own[1], own[2], own[3], numbers[6] - a)
                place, operations = note_bits(index, place, fired, a, cost)
                caused += operations
                awake[slot, block] = arrived or changed or fired != 0
                touched[row, column, block] = 0
                updated += BLOCK
            finish_step(lists, gates, tally, slot, step, place, caused, updated)


class ResonatorKernel:
    """The kernel of a layer of resonators.

    Parameters
    ----------
    neuron : RfNeuron or RfIzNeuron
        Its parameters.
    shape : tuple of int
        Shape of the layer.
    """

    def __init__(self, neuron: RfNeuron, shape: tuple[int, ...]) -> None:
        turn = neuron.sin_decay, neuron.cos_decay
        resets = int(isinstance(neuron, RfIzNeuron))
        rest = neuron.state_exp, neuron.decay_bits, resets, math.prod(shape)
        self._numbers = (neuron.threshold, *turn, *rest)

    def advance(self, states: tuple[npt.NDArray[np.int32], ...], *rest: Any) -> None:
        """Call `advance_resonators`."""
        advance_resonators(self._numbers, states, *rest)
