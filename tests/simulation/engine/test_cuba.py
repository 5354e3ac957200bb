"""CUBA neurons at the ends of their numbers, where 32 bits must do what 64 do in the reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.network import CubaNeuron, DirectSynapse, InputRecipe
from evsnn_lava.simulation.engine import Engine
from evsnn_lava.simulation.engine.cuba import CubaKernel
from evsnn_lava.simulation.engine.lists import BLOCK, MessageLists
from evsnn_lava.simulation.engine.running import NOTHING
from evsnn_lava.simulation.engine.sending import FIRED, ROWS, SENT
from evsnn_lava.simulation.neurons import step_cuba

from . import building
from .comparing import differences

NEAR = [0, 1, 4095, 4096, 4097, 2**23 - 1, 2**23, 2**23 + 1, 2**24 - 1, 2**24, 2**31 - 2**24, 2**31 - 2**24 - 1]
CURRENTS = sorted({sign * number for number in NEAR for sign in (1, -1)})
VOLTAGES = sorted({max(-(2**23) + 1, min(2**23 - 1, number)) for number in CURRENTS})
ACTIVATIONS = [0, 1, -1, 2**17, -(2**17), 2**25 - 1, 2**25, -(2**25), 2**31 - 1, -(2**31)]
DECAYS = [0, 1, 2, 1023, 2048, 4094, 4095, 4096]


def stepped(neuron, channels, u, v, activation):
    """One step of the engine's kernel, for states of shape (N, channels): u, v, spikes."""
    samples, places = len(u), -(-channels // BLOCK) * BLOCK
    laid = np.zeros((3, samples, places), dtype=np.int32)
    for room, numbers in zip(laid, (u, v, activation), strict=True):
        room[:, :channels] = numbers
    lists = MessageLists.empty(samples, 2, places + BLOCK, False)
    touched, awake = np.ones((samples, 1, places // BLOCK), np.uint8), np.ones((samples, places // BLOCK), np.uint8)
    tally = np.zeros((samples, ROWS, 2), dtype=np.int64)
    clock = np.ones(samples, dtype=np.int64), np.ones(samples, dtype=np.int64)
    inbox = laid[2].reshape(samples, 1, places), touched
    CubaKernel(neuron, (channels,)).advance(
        laid[:2], awake, lists.arrays, np.ones(2, np.uint8), (NOTHING, NOTHING), clock,
        (0, samples, 0, 1), inbox, tally,
    )  # fmt: skip
    spikes = np.zeros((samples, places), dtype=bool)
    for slot in range(samples):
        begin = lists.start[slot, 1]
        spikes[slot, lists.index[begin : begin + lists.count[slot, 1]]] = True
    assert not laid[2].any()
    assert not touched.any()
    assert np.array_equal(tally[:, FIRED, 1], spikes.sum(axis=1))
    assert np.array_equal(tally[:, SENT, 1], spikes.sum(axis=1))
    assert not spikes[:, channels:].any()
    return laid[0][:, :channels], laid[1][:, :channels], spikes[:, :channels]


def compare(neuron, channels, u, v, activation):
    ours = stepped(neuron, channels, u, v, activation)
    states = {"u": u.astype(np.int64), "v": v.astype(np.int64)}
    wanted, spikes = step_cuba(neuron, (channels,), states, activation.astype(np.int64))
    for found, other in zip(ours, (wanted["u"], wanted["v"], spikes), strict=True):
        assert np.array_equal(found, other)


@pytest.mark.parametrize("du", [-1, 0, 1, 1023, 4094, 4095])
@pytest.mark.parametrize("dv", [0, 1, 2048, 4095, 4096])
def test_every_end_with_every_end(du, dv):
    """All combinations of states and inputs at which something wraps, clips or rounds."""
    grid = np.array(np.meshgrid(CURRENTS, VOLTAGES, ACTIVATIONS)).reshape(3, -1)
    grid = grid[:, : grid.shape[1] // 80 * 80].reshape(3, -1, 80)
    for vth, bias in ((0, 0), (131071, -4096), (77, 4095)):
        compare(CubaNeuron(vth, du, dv, np.full(80, bias), 7), 80, *grid)


@given(seed=st.integers(0, 2**32 - 1), each=st.booleans(), channels=st.sampled_from([1, 63, 64, 70, 200]))
@settings(max_examples=100)
def test_any_state_with_any_parameter(seed, each, channels):
    rng = np.random.default_rng(seed)
    size = (9, channels)
    u = rng.integers(-(2**31) + 2**24, 2**31 - 2**24, size, endpoint=True) >> rng.integers(0, 28, size)
    v = rng.integers(-(2**23) + 1, 2**23 - 1, size, endpoint=True) >> rng.integers(0, 20, size)
    activation = rng.integers(-(2**31), 2**31 - 1, size, endpoint=True) >> rng.integers(0, 31, size)
    du, dv = rng.integers(-1, 4096, channels), rng.choice(DECAYS, channels)
    bias = rng.integers(-4096, 4096, channels)
    du, dv = (du, dv) if each else (int(du[0]), int(dv[0]))
    compare(
        CubaNeuron(int(rng.choice([0, 1, 900, 131071])), du, dv, bias, int(rng.integers(0, 8))),
        channels,
        u,
        v,
        activation,
    )


@pytest.mark.parametrize("du", [-1, 0, 4095, [-1, 4095], [0, 1]])
@pytest.mark.parametrize("dv", [0, 4096, [0, 4096]])
@pytest.mark.parametrize("vth", [0, 131071])
def test_currents_that_wrap_and_voltages_that_saturate(du, dv, vth, rng):
    """Numbers of 24 bits times 32767, summed up for many steps."""
    neuron = CubaNeuron(vth, du, dv, [4095, -4096], 7)
    network = building.network(InputRecipe.frames((2, 7, 7), 12, 24), (DirectSynapse(32767, -32768), neuron))
    assert differences(Engine(network, 1, 2), network, building.numbers(rng, network, 3)) == []
