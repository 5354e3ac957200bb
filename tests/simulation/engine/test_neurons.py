"""Neurons of all kinds at the ends of their numbers; `test_cuba.py` does more for the usual kind."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.network import (
    ComplexSynapse,
    DeltaNeuron,
    DenseSynapse,
    DirectSynapse,
    InputRecipe,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
)
from evsnn_lava.simulation import simulate
from evsnn_lava.simulation.engine import Engine

from . import building
from .comparing import differences

SENDERS = {
    "sigma": SigmaNeuron(),
    "delta": DeltaNeuron(0, 0, 0),
    "delta at its ends": DeltaNeuron(131071, 7, 7),
    "sigma delta": SigmaDeltaNeuron(0, [4095, -4096], "unit", 0, 0),
    "sigma delta at its ends": SigmaDeltaNeuron(131071, [4095, -4096], "unit", 7, 7),
    "rectified": SigmaDeltaNeuron(1, [4095, -4096], "relu", 7, 0),
}
TURNS = [(-4096, 4096), (4096, 4096), (0, 4096), (0, -4096), (2896, -2896), (1, -1)]
"""Sine and cosine in 1/4096."""


def spread_numbers(rng, network, samples):
    """Numbers of every size, both signs, and their ends."""
    found = building.numbers(rng, network, samples) >> rng.integers(
        0, 24, (samples, *network.input_shape, network.masks.steps)
    )
    low, high = network.recipe.value_range
    ends = rng.choice([low, high, 0], found.shape)
    return np.where(rng.random(found.shape) < 0.3, ends, found)


@pytest.mark.parametrize("name", SENDERS)
@pytest.mark.parametrize("weight", [1, 255, 256, 32767, -32768])
def test_words_of_senders_wrap_as_in_the_reference(name, weight, rng):
    network = building.network(InputRecipe.frames((2, 5, 7), 15, 24), (DirectSynapse(weight, -3), SENDERS[name]))
    assert differences(Engine(network, 1, 2), network, spread_numbers(rng, network, 3)) == []


@pytest.mark.parametrize("name", ["delta", "sigma delta"])
def test_the_lowest_word_is_never_sent(name):
    """-2**31 is its own absolute value, and so below every threshold."""
    network = building.network(InputRecipe.frames((2, 1, 1), 3, 24), (DirectSynapse(256), SENDERS[name]))
    frames = np.zeros((1, 2, 1, 1, 3), dtype=np.int64)
    frames[..., 0] = -(2**23)
    if name == "delta":
        assert simulate(network, frames, states=True).states[0]["residue"].min() == -(2**31)
    assert differences(Engine(network), network, frames) == []


@pytest.mark.parametrize("kind", [RfNeuron, RfIzNeuron])
@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize(("threshold", "state_exp", "decay_bits"), [(0, 0, 12), (131071, 7, 12), (40, 3, 1), (1, 7, 8)])
def test_resonators_clip_and_round_as_in_the_reference(kind, turn, threshold, state_exp, decay_bits, rng):
    parts = [DenseSynapse(rng.integers(-256, 256, (70, 6)), exp) for exp in (7, -8)]
    neuron = kind(threshold, *turn, state_exp, decay_bits)
    network = building.network(InputRecipe.frames((2, 1, 3), 12, 24), (ComplexSynapse(*parts), neuron))
    assert differences(Engine(network, 1, 2), network, spread_numbers(rng, network, 3)) == []
