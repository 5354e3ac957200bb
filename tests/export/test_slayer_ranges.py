"""Bounds of currents and voltages: nothing gets beyond them, and where they leave 24 bits SLAYER really differs."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.slayer.ranges import STATE_TOP, may_overflow, reach, swing
from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    DenseSynapse,
    DirectSynapse,
    InputRecipe,
    Layer,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
)
from evsnn_lava.simulation import simulate

truth = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("slayer_truth.py"))))

STEPS = 25


@st.composite
def layers(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shift = draw(st.integers(0, 60))
    synapse = draw(
        st.sampled_from(
            [
                DenseSynapse(rng.integers(-100 - shift, 161 - shift, (4, 18))),
                ConvSynapse(rng.integers(-90 - shift, 90, (4, 2, 2, 2)), padding=(1, 1)),
                ConvSynapse(rng.integers(-90, 90, (4, 2, 2, 2)), weight_exp=int(rng.integers(-8, 4))),
                DirectSynapse(int(rng.integers(-900, 900)), int(rng.integers(-90, 90))),
            ]
        )
    )
    shape = synapse.output_shape((2, 3, 3))
    ranges = ((-1, 4096), (0, 4097))
    decays = [rng.integers(low, high, shape[0]) if draw(st.booleans()) else low for low, high in ranges]
    neuron = CubaNeuron(int(rng.integers(0, 2000)), *decays, rng.integers(-90, 90, shape[0]))
    back = DenseSynapse(rng.integers(-50, 40, (4, 4))) if len(shape) == 1 and draw(st.booleans()) else None
    bits = draw(st.sampled_from([0, 0, 3, 6]))
    low, high = InputRecipe.frames((2, 3, 3), STEPS, bits).value_range
    frames = (rng.random((2, 2, 3, 3, STEPS)) < draw(st.sampled_from([0.2, 1.0]))) * rng.integers(low, high + 1)
    return Layer("it", synapse, neuron, shape, back), frames, bits


@settings(max_examples=80)
@given(case=layers())
def test_no_state_gets_beyond_its_bound(case):
    layer, frames, bits = case
    network = truth.described([layer], (2, 3, 3), STEPS, bits)
    states = simulate(network, frames, states=True).states[0]
    bound = reach(layer, network.max_steps, network.recipe.value_range)
    assume(max(bound.summed, bound.current) <= STATE_TOP)  # beyond, the current wraps
    assert np.abs(states["u"]).max() <= bound.current
    assert -states["v"].min() <= bound.below


def test_the_bound_is_reached_where_nothing_is_rounded():
    layer = Layer("it", DenseSynapse([[-10, -20, 5]]), CubaNeuron(10, -1, 0, [-3]), (1,))
    network = truth.described([layer], (3,), 4)
    frames = np.zeros((1, 3, 1, 1, 4), dtype=int)
    frames[:, :2] = 1
    states = simulate(network, frames, states=True).states[0]
    bound = reach(layer, 4)
    assert np.abs(states["u"]).max() == bound.current == 64 * 30 * 4
    assert bound.below >= -states["v"].min()


@pytest.mark.parametrize(("synapse", "values"), [(DenseSynapse([[-5, 7]]), (-8, 7)), (DirectSynapse(64, 9), (-4, 3))])
def test_graded_frames_reach_further_than_spikes(synapse, values):
    """Down to the last unit, where nothing is rounded: all frames at the end that makes the sum the smallest."""
    neuron = CubaNeuron(10, -1, 0)
    shape = synapse.output_shape((2, 1, 1))
    layer = Layer("it", synapse, neuron, shape)
    lowest = values[1 if isinstance(synapse, DenseSynapse) else 0]
    frames = np.full((1, 2, 1, 1, 4), lowest)
    frames[:, 1] = values[0]
    bits = 1 + values[1].bit_length()
    states = simulate(truth.described([layer], (2, 1, 1), 4, bits), frames, states=True).states[0]
    assert -states["u"].min() == reach(layer, 4, values).current == 64 * 4 * {(-8, 7): 91, (-4, 3): 247}[values]


@st.composite
def resonators(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parts = [DenseSynapse(rng.integers(-200, 200, (3, 6)), int(rng.integers(-2, 3))) for _ in range(2)]
    turn, keep = draw(st.floats(0, 6.28)), draw(st.sampled_from([0.5, 0.9, 1.0]))
    sizes = int(4096 * keep * np.sin(turn)), int(4096 * keep * np.cos(turn))
    kind = draw(st.sampled_from([RfNeuron, RfIzNeuron]))
    return Layer("it", ComplexSynapse(*parts), kind(draw(st.sampled_from([0, 30, 9000])), *sizes), (3,)), rng


@settings(max_examples=40)
@given(case=resonators())
def test_no_resonator_gets_beyond_its_bound(case):
    layer, rng = case
    network = truth.described([layer], (6,), STEPS, 4)
    frames = rng.integers(-8, 8, (4, 6, 1, 1, STEPS))
    states = simulate(network, frames, states=True).states[0]
    bound = swing(layer.neuron, layer.synapse, network.max_steps, (-8, 7))
    assert np.hypot(*(states[part].astype(float) for part in ("real", "imag"))).max() <= bound


@pytest.mark.torch
def test_a_network_that_may_overflow_is_named_and_differs():
    """A voltage that saturates at -2**23 on the chip sinks on in SLAYER, so it takes longer to come back."""
    from evsnn_lava._torch import slayer

    block = slayer.block.cuba.Dense({"threshold": 8, "current_decay": 0.5, "voltage_decay": 0.001}, 200, 1)
    block.synapse.weight.data[:, :100], block.synapse.weight.data[:, 100:] = -4.0, 3.9
    frames = np.zeros((1, 200, 160), dtype=int)
    frames[:, :100, :60], frames[:, 100:, 60:] = 1, 1
    compiled, found, expected = truth.compared([block], frames)
    assert may_overflow(compiled, 161, (0, 1)) == {"may_overflow": "dense1"}
    assert found[0].any()
    assert expected[0].any()
    assert not np.array_equal(found[0], expected[0])
    calm = truth.compared([block], frames * np.isin(np.arange(160), (0, 90, 91, 92)))
    assert calm[2][0].any()
    assert np.array_equal(calm[1][0], calm[2][0])


def test_only_cuba_layers_have_a_bound():
    layer = Layer("it", DenseSynapse([[2]]), SigmaNeuron(), (1,))
    with pytest.raises(UnsupportedError, match="layer it: SigmaNeuron has no bound here"):
        reach(layer, 9)


def layer_of(name, neuron, synapse=None):
    return Layer(name, synapse or DenseSynapse([[2]]), neuron, (1,))


def test_what_is_not_proven_safe_is_named():
    """Sigma-delta layers, and all that their messages reach; spikes are bounded again."""
    cuba, turning = CubaNeuron(9, 1000, 100), ComplexSynapse(*[DenseSynapse([[2]])] * 2)
    layers = [
        layer_of("a", cuba),
        layer_of("b", SigmaDeltaNeuron(4)),
        layer_of("c", cuba),
        layer_of("d", RfNeuron(9, 300, 300), turning),
        layer_of("e", RfNeuron(9, 2900, 2900), turning),
        layer_of("f", RfIzNeuron(9, 4096, 4096), turning),
        layer_of("g", SigmaNeuron()),
    ]
    assert may_overflow(layers, 30, (0, 1)) == {"may_overflow": "b, c, f, g"}
    assert may_overflow(layers[:1], 30, (-(1 << 20), 1 << 20)) == {"may_overflow": "a"}
    assert may_overflow(layers[:1] + layers[3:5], 30, (-8, 7)) == {}


@pytest.mark.torch
def test_graded_frames_of_a_network_that_may_overflow_are_not_compared_with_slayer():
    """Spikes of the same network stay in the range, its frames of 24 bits do not."""
    from evsnn_lava.training.twin import slayer_messages

    layer = layer_of("it", CubaNeuron(80, 1023, 128), DenseSynapse([[-200]]))
    frames = np.full((1, 1, 1, 1, 30), 1 << 17)
    frames[..., 15:] *= -1
    network = truth.described([layer], (1,), 30, 24)
    assert may_overflow([layer], network.max_steps, (0, 1)) == {}
    assert may_overflow([layer], network.max_steps, network.recipe.value_range) == {"may_overflow": "it"}
    small = frames >> 15
    assert np.array_equal(slayer_messages(network, small)[0], simulate(network, small).messages[0])
    with pytest.raises(UnsupportedError, match="layer it adds up more than 24 bits"):
        slayer_messages(network, frames)
    with pytest.raises(UnsupportedError, match="layer it leaves the 24 bits of a state"):
        slayer_messages(network, frames >> 3)


def test_sums_that_wrap_before_a_negative_weight_exponent_are_named():
    layer = Layer("it", ConvSynapse(np.full((1, 1, 1, 1), 255), weight_exp=-8), CubaNeuron(9, 4095, 4096), (1, 1, 1))
    fitting = reach(layer, 9, (0, 1 << 12))
    assert fitting.fits
    assert not reach(layer, 9, (0, 1 << 16)).fits
    assert reach(layer, 9, (0, 1 << 16)).current <= STATE_TOP
