"""Stock SLAYER computes what the reference computes, or says why it cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError, UnsupportedError
from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.simulation import simulate

pytestmark = pytest.mark.torch

STEPS = 7


@pytest.fixture(scope="module")
def slayer_messages():
    from evsnn_lava.training.twin import slayer_messages

    return slayer_messages


def even(rng, *shape):
    return 2 * rng.integers(-50, 90, shape)


@st.composite
def networks(draw):
    """Convolutions with odd sizes and a dense layer, masked; even weights, no bias."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pair, pad = st.tuples(st.integers(1, 2), st.integers(1, 2)), st.tuples(st.integers(0, 2), st.integers(0, 2))
    synapses = [ConvSynapse(even(rng, 4, 2, 3, 2), draw(pair), draw(pad), draw(pair))][: draw(st.integers(0, 1))]
    if synapses and draw(st.booleans()):
        synapses.append(ConvSynapse(even(rng, 6, 2, 1, 2), draw(pair), (1, 1), (1, 1), groups=2))
    recipe, layers = InputRecipe(7, 5, STEPS, 1000), []
    shape = recipe.input_shape
    for index in range(len(synapses) + 2):
        if index >= len(synapses):
            synapses.append(DenseSynapse(even(rng, 4, int(np.prod(shape)))))
        shape = synapses[index].output_shape(shape)
        decays = draw(st.integers(-1, 4095)), draw(st.integers(0, 4096))
        layers.append(Layer(f"layer{index}", synapses[index], CubaNeuron(draw(st.integers(1, 600)), *decays), shape))
    keep = np.logical_and.accumulate(rng.random((len(layers), STEPS)) < 0.8, axis=0)
    keep[:, draw(st.integers(0, STEPS - 1))] = True
    masks = FrameMasks(draw(st.sampled_from(["skip", "mute"])), tuple(keep))
    cutoff = CutoffPolicy.never(masks.stream_steps)
    network = NetworkDescription("random", tuple(layers), recipe, masks, cutoff, tuple("abcd"))
    return network, rng.random((2, *recipe.input_shape, STEPS)) < draw(st.sampled_from([0.3, 0.1]))


@settings(max_examples=40, deadline=None)
@given(case=networks())
def test_stock_slayer_sends_what_the_reference_sends(slayer_messages, case):
    network, frames = case
    expected = simulate(network, frames).messages
    found = slayer_messages(network, frames)
    assert len(found) == network.depth
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == np.bool_
        assert np.array_equal(one, other)


@pytest.fixture
def network():
    layer = Layer("fc", DenseSynapse([[20, 40], [60, -80]]), CubaNeuron(80, 1023, 128), (2,))
    masks = FrameMasks.all_kept(STEPS, 1)
    return NetworkDescription(
        "small", (layer,), InputRecipe(1, 1, STEPS, 1000), masks, CutoffPolicy.never(STEPS), ("a", "b")
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"neuron": CubaNeuron(80, 1023, 128, [0, 1])}, "has a bias, which SLAYER keeps in its norm"),
        ({"synapse": DenseSynapse([[2, 4], [6, 8]], 1)}, "has a weight exponent, which SLAYER does not know"),
        ({"synapse": DenseSynapse([[2, 4], [6, 7]])}, "has odd weights, which SLAYER rounds"),
    ],
)
def test_what_slayer_cannot_say_is_refused_in_one_line(slayer_messages, network, change, words):
    frames = np.zeros((1, 2, 1, 1, STEPS), dtype=bool)
    with pytest.raises(UnsupportedError) as caught:
        slayer_messages(replace(network, layers=(replace(network.layers[0], **change),)), frames)
    assert str(caught.value) == f"layer fc {words}; leave SLAYER out of the comparison"


def test_a_bias_of_zero_is_none(slayer_messages, network):
    layer = replace(network.layers[0], neuron=CubaNeuron(80, 1023, 128, [0, 0]))
    frames = np.ones((1, 2, 1, 1, STEPS), dtype=bool)
    found = slayer_messages(replace(network, layers=(layer,)), frames)
    assert np.array_equal(found[0], simulate(network, frames).messages[0])
    assert found[0].any()


def test_frames_that_do_not_fit_are_refused(slayer_messages, network):
    with pytest.raises(ConfigError, match="frames have shape"):
        slayer_messages(network, np.zeros((1, 2, 1, 1, STEPS + 1), dtype=bool))
