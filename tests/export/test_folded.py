"""From the integers of pictures to layers: parity, forgetting, what fits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.export.folded import FORGETS, REMEMBERS, IntegerWeights, compile_integers
from evsnn_lava.export.slayer.ranges import may_overflow
from evsnn_lava.network import CutoffPolicy, FrameMasks, InputRecipe, NetworkDescription
from evsnn_lava.simulation import simulate
from evsnn_lava.simulation.engine import Engine

BRIGHTEST = 15


def weights_of(rng, *shape):
    return (2 * rng.integers(-127, 128, shape)).astype(np.int32)


def hidden(rng, scale, at_the_end, *shape, moves=None):
    """A layer whose biases are as large as training lets them be, or anything below."""
    highest = min(4094, scale - 2)
    ends = np.array([-4094, 0, highest])
    bias = rng.choice(ends, shape[0]) if at_the_end else 2 * rng.integers(-600, highest // 2 + 1, shape[0])
    return IntegerWeights(weights_of(rng, *shape), bias.astype(np.int32), scale, moves, 0.1)


def network_of(rng, steps, scales, at_the_end=False):
    """Two convolutions, a dense layer and a head on pictures of 6 x 5 pixels."""
    parts = [
        hidden(rng, scales[0], at_the_end, 3, 1, 3, 3, moves=(2, 1)),
        hidden(rng, scales[1], at_the_end, 4, 3, 2, 2, moves=(1, 0)),
        hidden(rng, scales[2], at_the_end, 6, 4 * 2 * 2),
        IntegerWeights(weights_of(rng, 3, 6), None, 1.0, None, 0.1),
    ]
    recipe = InputRecipe.frames((1, 6, 5), steps, 5)
    layers, facts = compile_integers(parts, recipe)
    masks = FrameMasks.all_kept(steps, len(layers))
    return NetworkDescription("once", layers, recipe, masks, CutoffPolicy.never(steps), ("a", "b", "c"), facts)


def pictures(rng, number, steps):
    return np.repeat(rng.integers(0, BRIGHTEST + 1, (number, 1, 6, 5, 1)), steps, axis=-1).astype(np.int16)


def with_decay(network, dv):
    changed = [replace(layer, neuron=replace(layer.neuron, dv=dv)) for layer in network.layers[:-1]]
    return replace(network, layers=(*changed, network.layers[-1]))


SCALES = st.tuples(*[st.sampled_from([2, 4, 60, 800, 4094, 4096, 4098, 4100, 20_000, 131_070])] * 3)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), scales=SCALES, at_the_end=st.booleans())
def test_what_a_voltage_keeps_changes_no_message(seed, scales, at_the_end):
    """4095 is what a chip has; 4096 would keep nothing at all."""
    rng = np.random.default_rng(seed)
    network = network_of(rng, 1, scales, at_the_end)
    frames = pictures(rng, 6, 1)
    frames[0] = 0
    kept, nothing = (simulate(net, frames) for net in (network, with_decay(network, 4096)))
    for one, other in zip(kept.messages, nothing.messages, strict=True):
        assert np.array_equal(one, other)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), scales=SCALES)
def test_a_layer_fires_in_the_step_of_its_picture_alone(seed, scales):
    rng = np.random.default_rng(seed)
    network = network_of(rng, 1, scales, at_the_end=True)
    trace = simulate(network, pictures(rng, 6, 1))
    for index, messages in enumerate(trace.messages[:-1]):
        messages = np.array(messages)
        messages[..., index + 1] = 0
        assert not messages.any()


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32 - 1), scales=SCALES, steps=st.integers(1, 4), at_the_end=st.booleans())
def test_engine_and_reference_agree(seed, scales, steps, at_the_end):
    rng = np.random.default_rng(seed)
    network, frames = network_of(rng, steps, scales, at_the_end), pictures(rng, 5, steps)
    counted = Engine(network).run(frames).messages
    for index, messages in enumerate(simulate(network, frames).messages):
        seen = np.count_nonzero(np.asarray(messages).reshape(len(frames), -1, messages.shape[-1]), axis=1)
        assert np.array_equal(counted[:, index], seen)


def test_integers_are_even_and_thresholds_odd():
    rng = np.random.default_rng(1)
    for steps, decays in ((1, FORGETS), (3, REMEMBERS)):
        network = network_of(rng, steps, (800, 60, 4094), at_the_end=True)
        assert [layer.name for layer in network.layers] == ["conv1", "conv2", "dense3", "logits4"]
        for layer in network.layers[:-1]:
            neuron = layer.neuron
            assert (neuron.du, neuron.dv) == decays
            assert neuron.vth_mant % 2 == 1
            assert not (layer.synapse.weights % 2).any()
            assert not (neuron.bias_mant % 2).any()
            assert neuron.bias_mant.max() < neuron.vth_mant
        assert [fact.weight_scale for fact in network.quantisation] == [800, 60, 4094, 1]
        assert network.layers[-1].neuron.graded


def dense_network(inputs, weight, steps):
    """One neuron that hears every pixel with the same weight; pixels are 0 or 1, messages have 2 bits."""
    parts = [
        IntegerWeights(np.full((1, inputs), weight, np.int32), np.zeros(1, np.int32), 131_060, None, 0.0),
        IntegerWeights(np.full((2, 1), 2, np.int32), None, 1.0, None, 0.0),
    ]
    recipe = InputRecipe.frames((1, 1, inputs), steps, 2)
    layers, facts = compile_integers(parts, recipe)
    masks = FrameMasks.all_kept(steps, 2)
    return NetworkDescription("wide", layers, recipe, masks, CutoffPolicy.never(steps), ("a", "b"), facts)


@pytest.mark.parametrize(("inputs", "named"), [(516, False), (517, True)])
def test_sums_of_more_than_24_bits_are_named(inputs, named):
    """Of 517 weights of 254, pixels of 1 make 131,318 and 64 times that is more than 2**23: the current wraps."""
    network = dense_network(inputs, 254, 1)
    assert bool(may_overflow(network.layers[:-1], 3, (0, 1))) == named
    assert inputs * 254 >= network.layers[0].neuron.vth_mant  # it should fire, and does if nothing wraps
    fired = Engine(network).run(np.ones((1, 1, 1, inputs, 1), np.int16)).messages[0, 0].sum()
    assert bool(fired) != named


def test_voltages_that_add_up_below_24_bits_are_named():
    network = dense_network(200, -254, 4)
    assert may_overflow(network.layers[:-1], 6, (0, 1)) == {"may_overflow": "dense1"}
    assert may_overflow(dense_network(80, -254, 4).layers[:-1], 6, (0, 1)) == {}
