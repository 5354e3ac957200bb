"""What resonate-and-fire neurons compute in the engine."""

from __future__ import annotations

import math

import numpy as np

from evsnn_lava.network import RfIzNeuron, RfNeuron
from evsnn_lava.simulation.arithmetic import STATE_LIMIT
from evsnn_lava.simulation.engine.compiled import inner
from evsnn_lava.simulation.engine.lists import BLOCK


@inner
def _turned(factor, state, bits):
    product = np.int64(factor) * np.int64(state)
    return -(-product >> bits) if product < 0 else product >> bits


@inner
def _cut(value):
    return np.int32(min(max(value, 1 - STATE_LIMIT), STATE_LIMIT - 1))


@inner
def advance_resonator_block(numbers, states, slot, first, activation, messages):
    """Turn a block of resonators, those of a layer and no more; says whether a state changed.

    The second half of the places of the `activation` is the imaginary input.
    """
    threshold, sin, cos, state_exp, bits, resets, neurons = numbers
    real, imag, half = states[0, slot], states[1, slot], states.shape[2]
    changed = False
    messages[:] = 0
    for i in range(first, min(first + BLOCK, neurons)):
        in_real, in_imag = np.int32(np.int64(activation[i]) << state_exp), np.int64(activation[half + i]) << state_exp
        new_real = _cut(_turned(cos, real[i], bits) - _turned(sin, imag[i], bits) + in_real)
        new_imag = _cut(_turned(sin, real[i], bits) + _turned(cos, imag[i], bits) + np.int32(in_imag))
        if resets:
            spike = new_imag >= threshold
            if spike:
                new_real, new_imag = np.int32(0), np.int32(threshold - 1)
        else:
            spike = new_real >= threshold and new_imag >= 0 and imag[i] < 0
        changed |= new_real != real[i] or new_imag != imag[i]
        real[i], imag[i], activation[i], activation[half + i] = new_real, new_imag, 0, 0
        messages[i - first] = spike
    return changed


def resonator_numbers(neuron: RfNeuron, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Threshold, decays, exponent and bits of the state, whether a spike resets it, and the number of neurons."""
    turn = neuron.sin_decay, neuron.cos_decay, neuron.state_exp, neuron.decay_bits
    return (neuron.threshold, *turn, int(isinstance(neuron, RfIzNeuron)), math.prod(shape))
