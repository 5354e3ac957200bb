"""Delayed synapses: what arrives up to 62 steps later, forgotten at the end of a sample."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.network import CubaNeuron, DenseSynapse, InputRecipe
from evsnn_lava.simulation import simulate
from evsnn_lava.simulation.engine import Engine, flight

from . import building
from .comparing import differences, stepped_differences

DELAYS = {
    "up to 62": lambda rng, shape: rng.integers(0, 63, shape),
    "62 only": lambda rng, shape: np.full(shape, 62),
    "of inputs": lambda rng, shape: np.broadcast_to(rng.integers(0, 5, shape[1:]), shape),
    "of outputs": lambda rng, shape: np.broadcast_to(rng.integers(0, 5, (shape[0], 1)), shape),
    "none": lambda rng, shape: np.zeros(shape, dtype=int),
}


@pytest.mark.parametrize(
    ("name", "weight_exp"), [*((name, 0) for name in DELAYS), ("up to 62", 3), ("up to 62", -3), ("of inputs", -8)]
)
@pytest.mark.parametrize("bits", [0, 24])
def test_delayed_layers_are_those_of_the_reference(name, weight_exp, bits, rng):
    steps, shape = 70, (66, 2 * 3 * 5)
    recipe = InputRecipe.frames((2, 3, 5), steps, bits) if bits else building.binary(3, 5, steps)
    weights = rng.integers(-256, 256, shape) * (rng.random(shape) < 0.7)
    back = DenseSynapse(rng.integers(-20, 20, (66, 66)), -1, rng.integers(0, 63, (66, 66)))
    synapse = DenseSynapse(weights, weight_exp, DELAYS[name](rng, shape))
    network = building.network(recipe, (synapse, CubaNeuron(60, 1023, 300), back))
    frames = (building.numbers if bits else building.spikes)(rng, network, 2) * (rng.random(steps) < 0.4)
    assert differences(Engine(network, 1, 2), network, frames) == []


def test_messages_of_an_earlier_sample_never_arrive(rng):
    """A slot that is used again has forgotten what was still on its way."""
    delayed = DenseSynapse(np.full((3, 4), 200), 0, np.full((3, 4), 3))
    network = building.network(building.binary(2, 2, 6, 1), (delayed, building.RELAY))
    frames = np.zeros((6, 1, 2, 2, 6), dtype=bool)
    frames[::2, ..., 3:] = True
    engine = Engine(network, 1, 1)
    assert not engine.trace(frames).messages[0][1::2].any()
    assert not engine.run(frames).messages[1::2].any()
    assert differences(engine, network, frames) == []
    assert stepped_differences(network, frames) == []


@pytest.mark.parametrize("window", [1, 2, 3, 5])
def test_delays_longer_than_a_window_are_kept(window, rng, monkeypatch):
    shape = (5, 12)
    synapse = DenseSynapse(rng.integers(-99, 256, shape), 0, rng.integers(0, 9, shape))
    network = building.network(building.binary(3, 4, 20, 1), (synapse, CubaNeuron(60, 1023, 300)))
    monkeypatch.setattr(flight, "LIST_PLACES", window * 64 * 2)
    engine, frames = Engine(network, 1, 2), building.spikes(rng, network, 3)
    assert engine._flight().window == window
    assert simulate(network, frames).messages[0].any()
    assert differences(engine, network, frames) == []


def test_what_is_remembered_counts_as_memory_of_a_sample():
    plain = DenseSynapse(np.ones((2, 600), dtype=int))
    delayed = DenseSynapse(np.ones((2, 600), dtype=int), 0, np.full((2, 600), 62))
    bytes_of = [
        Engine(
            building.network(building.binary(20, 30, 70, 1), (synapse, building.RELAY)), 1, 4
        ).memory_per_sample_bytes
        for synapse in (plain, delayed)
    ]
    assert bytes_of[1] - bytes_of[0] >= 63 * 600 * 4
