"""One neuron, moment by moment: what arrived at it, by whatever way it is counted, and what its states imply."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.network import (
    ComplexSynapse,
    CubaNeuron,
    CutoffPolicy,
    DeltaNeuron,
    DenseSynapse,
    DirectSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
)
from evsnn_lava.simulation import simulate
from evsnn_lava.simulation.diagnosis.replay import BLOCK, history, layer_input

STEPS = 9


def dense(rng, outputs, inputs, delayed=False):
    delays = rng.integers(0, 5, (outputs, inputs)) if delayed else None
    return DenseSynapse(rng.integers(-30, 40, (outputs, inputs)), int(rng.integers(-2, 3)), delays)


def network_of_every_kind(seed):
    """Every neuron and synapse type but convolutions, which the random networks of the other test have."""
    rng = np.random.default_rng(seed)
    layers = (
        Layer("delta", DirectSynapse(3, -2), DeltaNeuron(5, 1, 2), (2, 2, 1)),
        Layer("sigma_delta", dense(rng, 5, 4), SigmaDeltaNeuron(9, rng.integers(-9, 9, 5), "relu", 1, 1), (5,)),
        Layer("cuba", dense(rng, 4, 5), CubaNeuron(70, [900, 800, 700, 4095], 300, [1, 2, 3, 4]), (4,)),
        Layer("recurrent", dense(rng, 6, 4, True), CubaNeuron(30, 900, 300), (6,), dense(rng, 6, 6, True)),
        Layer("rf", ComplexSynapse(dense(rng, 5, 6), dense(rng, 5, 6)), RfNeuron(9, 1200, 3800), (5,)),
        Layer("rf_iz", ComplexSynapse(dense(rng, 4, 5), dense(rng, 4, 5)), RfIzNeuron(9, 1200, 3800), (4,)),
        Layer("sum", dense(rng, 3, 4), SigmaNeuron(), (3,)),
    )
    masks = np.ones((len(layers), STEPS), dtype=bool)
    masks[2:, 4] = masks[:, 6] = False
    recipe = InputRecipe.frames((2, 2, 1), STEPS, message_bits=6)
    names = tuple("abc")
    network = NetworkDescription(
        "kinds", layers, recipe, FrameMasks("mute", tuple(masks)), CutoffPolicy.never(STEPS), names
    )
    return network, rng.integers(-32, 32, (3, 2, 2, 1, STEPS))


def assert_lived_as_it_must(network, frames, layer, index):
    trace = simulate(network, frames, states=True)
    lived = history(network, trace, layer, index)
    assert lived.fits(lived.neuron).all()
    assert np.array_equal(lived.implied_input, lived.activation)
    arrived = layer_input(network, trace, layer)
    parts = np.zeros_like(lived.activation).reshape(len(arrived), -1)
    for fan in lived.fans:
        parts[fan.part] += fan.delivered
    line = arrived.reshape(len(arrived), len(frames), -1, network.max_steps)[:, :, index, 1:]
    assert np.array_equal(lived.activation.reshape(parts.shape), line.reshape(parts.shape))
    assert np.array_equal(lived.activation.reshape(parts.shape), parts)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("layer", range(7))
def test_every_neuron_of_the_reference_lives_by_the_law(seed, layer):
    network, frames = network_of_every_kind(seed)
    for index in range(network.layers[layer].neurons):
        assert_lived_as_it_must(network, frames, layer, index)


@pytest.mark.parametrize("exponent", [-4, 0, 5])
@pytest.mark.parametrize("delayed", [False, True])
def test_sums_that_leave_their_words_are_cut_as_the_synapse_cuts_them(exponent, delayed):
    rng = np.random.default_rng(exponent + 9)
    delays = rng.integers(0, 2, (3, 6)) if delayed else None
    layer = Layer("fc", DenseSynapse(rng.integers(200, 256, (3, 6)), exponent, delays), CubaNeuron(70, 900, 300), (3,))
    recipe, masks = InputRecipe.frames((6, 1, 1), STEPS, message_bits=24), FrameMasks.all_kept(STEPS, 1)
    network = NetworkDescription("large", (layer,), recipe, masks, CutoffPolicy.never(STEPS), tuple("abc"))
    frames = rng.integers(2**22, 2**23, (2, 6, 1, 1, STEPS))
    for index in range(3):
        assert_lived_as_it_must(network, frames, 0, index)


@settings(max_examples=40)
@given(data=st.data())
def test_random_networks_do_so_too(cases, data):
    network, frames = data.draw(cases)
    layer = data.draw(st.integers(0, network.depth - 1))
    index = data.draw(st.integers(0, network.layers[layer].neurons - 1))
    assert_lived_as_it_must(network, frames, layer, index)


def test_a_neuron_that_lives_by_another_law_is_seen():
    network, frames = network_of_every_kind(1)
    trace = simulate(network, frames, states=True)
    for layer, state in ((0, "act"), (1, "residue"), (2, "u"), (3, "v"), (4, "imag"), (5, "real"), (6, "sigma")):
        before = trace.states[layer][state][1, ..., 5].copy()
        trace.states[layer][state][1, ..., 5] += 1
        lived = history(network, trace, layer, 2)
        assert not lived.fits(lived.neuron).all()
        moments = np.flatnonzero(~lived.fits(lived.neuron)[:, 0])
        assert moments[0] == (network.max_steps - 1) + 4
        trace.states[layer][state][1, ..., 5] = before


def test_candidates_are_tried_in_every_moment():
    network, frames = network_of_every_kind(2)
    trace = simulate(network, frames, states=True)
    trace.states[2]["v"][1, 2, 5] += 1
    lived, seen = history(network, trace, 2, 2), []

    def explain(values, moments):
        seen.append(moments.tolist())
        return values >= 0

    values = np.arange(BLOCK // 3)
    assert np.array_equal(lived.sift(values, explain), values)
    assert seen[0] == lived.wrong.tolist()
    assert max(map(len, seen[1:])) == 3
    assert [moment for block in seen[1:] for moment in block] == list(range(len(lived.gate)))
    assert not lived.sift(values, lambda some, moments: some < 0).size


def test_moments_can_be_picked():
    network, frames = network_of_every_kind(2)
    lived = history(network, simulate(network, frames, states=True), 4, 1)
    few = lived.take(np.array([3, 8]))
    assert few.activation.shape == (2, 2, 1)
    assert np.array_equal(few.after["real"], lived.after["real"][[3, 8]])
    assert few.fits(few.neuron).shape == (2, 1)
