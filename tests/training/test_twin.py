"""Stock SLAYER computes what the reference computes, or says why it cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError, UnsupportedError
from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
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


@settings(max_examples=40)
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


def spiking(draw, rng, index, shape, width=5):
    """A dense layer of everything that CUBA layers can have: delays, recurrence, odd weights, exponents, biases."""
    inputs = int(np.prod(shape))
    exponent = draw(st.sampled_from([0, 0, 1]))
    delays = rng.integers(0, 4, (width, inputs)) if draw(st.booleans()) else None
    synapse = DenseSynapse(rng.integers(-60, 80, (width, inputs)), exponent, delays)
    recurrent = None
    if draw(st.booleans()):
        late = rng.integers(0, 3, (1, width)) if draw(st.booleans()) else None
        recurrent = DenseSynapse(rng.integers(-40, 40, (width, width)), delays=late)
    return Layer(f"fc{index}", synapse, cuba(draw, rng, (width,), recurrent is None), (width,), recurrent)


def cuba(draw, rng, shape, biased=True):
    decays = [rng.integers(300, 3000, shape[0]) if draw(st.booleans()) else int(rng.integers(300, 3000)) for _ in "uv"]
    sizes = [None, shape[:1], shape] if biased else [None]
    size = draw(st.sampled_from(sizes))
    bias = None if size is None else rng.integers(-30, 40, size)
    return CubaNeuron(int(rng.integers(30, 200)), *decays, bias, draw(st.integers(3, 7)))


def full_decays(rng, index, shape):
    """Voltages that are multiples of 64, with a threshold at which SLAYER would fire at equality."""
    synapse = DenseSynapse(rng.integers(0, 250, (5, int(np.prod(shape)))))
    return Layer(f"fc{index}", synapse, CubaNeuron(int(rng.integers(4090, 4100)), 4095, 0), (5,))


def graded(draw, rng, shape):
    """Delta, two sigma-delta layers and sigma."""
    bias = [None, rng.integers(-40, 60, 4), rng.integers(-40, 60, (4, 2, 2))]
    neurons = [
        SigmaDeltaNeuron(int(rng.integers(1, 20)), draw(st.sampled_from(bias))),
        SigmaDeltaNeuron(int(rng.integers(1, 20)), activation="unit"),
    ]
    return [
        Layer("delta", DirectSynapse(draw(st.integers(1, 3))), DeltaNeuron(int(rng.integers(1, 9))), shape),
        Layer("conv", ConvSynapse(rng.integers(-20, 25, (4, 2, 2, 2))), neurons[0], (4, 2, 2)),
        Layer("fc", DenseSynapse(rng.integers(-20, 25, (5, 16))), neurons[1], (5,)),
        Layer("sigma", DenseSynapse(rng.integers(-20, 25, (4, 5))), SigmaNeuron(), (4,)),
    ]


def resonating(draw, rng, shape):
    kinds = draw(st.lists(st.sampled_from([RfNeuron, RfIzNeuron]), min_size=1, max_size=3))
    layers, inputs = [], int(np.prod(shape))
    for index, kind in enumerate(kinds):
        parts = (DenseSynapse(rng.integers(-120, 140, (4, inputs))) for _ in "ri")
        neuron = kind(int(rng.integers(5, 60)), int(rng.integers(500, 2500)), int(rng.integers(2500, 3200)))
        layers.append(Layer(f"rf{index}", ComplexSynapse(*parts), neuron, (4,)))
        inputs = 4
    return layers


@st.composite
def wide_networks(draw):
    """Everything that the description can say and SLAYER can compute."""
    rng, shape, bits = np.random.default_rng(draw(st.integers(0, 2**32 - 1))), (2, 3, 3), 0
    kind = draw(st.sampled_from(["spiking", "spiking", "graded", "resonating"]))
    if kind == "graded":
        layers, bits = graded(draw, rng, shape), 7
    elif kind == "resonating":
        layers = resonating(draw, rng, shape)
    else:
        direct = Layer("in", DirectSynapse(60, draw(st.integers(-9, 9))), cuba(draw, rng, shape), shape)
        conv = Layer("conv", ConvSynapse(rng.integers(-60, 90, (4, 2, 2, 2))), cuba(draw, rng, (4, 2, 2)), (4, 2, 2))
        layers = [direct][: draw(st.integers(0, 1))] + [conv][: draw(st.integers(0, 1))]
        for index in range(draw(st.integers(1, 3))):
            before = layers[-1].shape if layers else shape
            make = full_decays(rng, index, before) if draw(st.integers(0, 9)) == 0 else None
            layers.append(make or spiking(draw, rng, index, before))
    recipe = InputRecipe.frames(shape, 20, bits)
    keep = np.logical_and.accumulate(rng.random((len(layers), 20)) < 0.9, axis=0)
    keep[:, 3] = True
    masks = FrameMasks(draw(st.sampled_from(["skip", "mute"])), tuple(keep))
    names = tuple("abcdefgh"[: layers[-1].neurons])
    network = NetworkDescription("wide", tuple(layers), recipe, masks, CutoffPolicy.never(masks.stream_steps), names)
    low, high = recipe.value_range
    return network, rng.integers(low, high + 1, (2, *shape, 20)) * (rng.random((2, *shape, 20)) < 0.5)


@settings(max_examples=50)
@given(case=wide_networks())
def test_everything_that_slayer_can_say_is_what_the_reference_sends(slayer_messages, case):
    network, frames = case
    expected = simulate(network, frames).messages
    for layer, one, other in zip(network.layers, slayer_messages(network, frames), expected, strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other), layer.name


def test_wide_networks_are_worth_comparing(slayer_messages):
    seen = []

    @settings(max_examples=30, deadline=None, database=None, derandomize=True)
    @given(case=wide_networks())
    def collect(case):
        network, frames = case
        sent = slayer_messages(network, frames)
        seen.extend(
            (type(layer.neuron).__name__, (m != 0).mean()) for layer, m in zip(network.layers, sent, strict=True)
        )

    collect()
    for kind in ("CubaNeuron", "DeltaNeuron", "SigmaDeltaNeuron", "SigmaNeuron", "RfNeuron", "RfIzNeuron"):
        rates = [rate for name, rate in seen if name == kind]
        assert np.mean([0.01 < rate < 0.99 for rate in rates]) > 0.4, (kind, rates)


HUGE = DenseSynapse(np.full((2, 2), 254))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"neuron": CubaNeuron(80, 1023, 128, [0, 1]), "recurrent": DenseSynapse([[2, 0], [0, 2]])},
            "is recurrent with a bias or graded messages, which SLAYER has not",
        ),
        (
            {"synapse": DenseSynapse([[2, 4], [6, 8]], -1)},
            "has a negative weight exponent, which SLAYER does not know",
        ),
        (
            {"neuron": CubaNeuron(4096, 1023, 128)},
            "has a threshold of 4096, from 4096 on SLAYER fires at equality",
        ),
        (
            {"neuron": CubaNeuron(5000, 4095, 0, [1, 1], 0)},
            "has a threshold of 5000, from 4096 on SLAYER fires at equality",
        ),
        (
            {"neuron": SigmaDeltaNeuron(0)},
            "has a threshold of 0 or other exponents than 6, which SLAYER has not",
        ),
        (
            {"neuron": SigmaDeltaNeuron(3, spike_exp=5)},
            "has a threshold of 0 or other exponents than 6, which SLAYER has not",
        ),
        (
            {"neuron": RfNeuron(3, 900, 900, 5), "synapse": ComplexSynapse(HUGE, HUGE)},
            "has other exponents than SLAYER's 6 and 12",
        ),
    ],
)
def test_what_slayer_cannot_say_is_refused_in_one_line(slayer_messages, network, change, words):
    frames = np.zeros((1, 2, 1, 1, STEPS), dtype=bool)
    with pytest.raises(UnsupportedError) as caught:
        slayer_messages(replace(network, layers=(replace(network.layers[0], **change),)), frames)
    assert str(caught.value) == f"layer fc {words}; leave SLAYER out of the comparison"


def test_slayer_fires_above_a_high_threshold_not_at_it(slayer_messages, network):
    """20 times 250 is the threshold itself, where SLAYER would fire from 4096 on."""
    steps = 25
    layer = replace(network.layers[0], synapse=DenseSynapse([[250, 0], [0, 250]]), neuron=CubaNeuron(5000, 4095, 0))
    masks, recipe = FrameMasks.all_kept(steps, 1), InputRecipe(1, 1, steps, 1000)
    high = replace(network, layers=(layer,), masks=masks, recipe=recipe, cutoff=CutoffPolicy.never(steps))
    frames = np.ones((1, 2, 1, 1, steps), dtype=bool)
    (found,) = slayer_messages(high, frames)
    assert np.flatnonzero(found[0, 0]).tolist() == [21]
    assert np.array_equal(found, simulate(high, frames).messages[0])


STATES = "leaves the 24 bits of a state, where the chip wraps or stops and SLAYER does not"
ROUNDS = "adds up more than 24 bits, which SLAYER's float32 sums round"


@pytest.mark.parametrize("recurrent", [None, DenseSynapse([[2, 0], [0, 2]])])
def test_states_that_wrap_on_the_chip_are_refused_and_others_are_right(slayer_messages, network, recurrent):
    """SLAYER has no words of 24 bits; large graded messages reach their end."""
    recipe, masks = InputRecipe.frames((2, 1, 1), STEPS, 14), FrameMasks.all_kept(STEPS, 1)
    rng, refused = np.random.default_rng(0), []
    for _ in range(60):
        synapse = DenseSynapse(rng.integers(-40, 41, (2, 2)), int(rng.integers(0, 2)))
        neuron = CubaNeuron(int(rng.integers(1, 4095)), int(rng.integers(-1, 4096)), int(rng.integers(0, 4097)))
        layer = replace(network.layers[0], synapse=synapse, neuron=neuron, recurrent=recurrent)
        graded = replace(network, layers=(layer,), recipe=recipe, masks=masks)
        frames = rng.integers(-(2 ** rng.integers(8, 14)), 2 ** rng.integers(8, 14), (2, 2, 1, 1, STEPS))
        try:
            found = slayer_messages(graded, frames)
        except UnsupportedError as error:
            refused.append(str(error))
        else:
            assert np.array_equal(found[0], simulate(graded, frames).messages[0])
    assert set(refused) == {f"layer fc {STATES}; leave SLAYER out of the comparison"}
    assert 10 < len(refused) < 50


@pytest.mark.parametrize("kind", [RfNeuron, RfIzNeuron])
def test_resonators_that_leave_their_words_are_refused_and_others_are_right(slayer_messages, network, kind):
    recipe, masks = InputRecipe.frames((2, 1, 1), STEPS, 14), FrameMasks.all_kept(STEPS, 1)
    rng, refused = np.random.default_rng(0), 0
    for _ in range(40):
        parts = [DenseSynapse(rng.integers(-120, 121, (2, 2))) for _ in "ri"]
        neuron = kind(int(rng.integers(1, 600)), int(rng.integers(-2900, 2900)), int(rng.integers(-2900, 2900)))
        layer = replace(network.layers[0], synapse=ComplexSynapse(*parts), neuron=neuron)
        graded = replace(network, layers=(layer,), recipe=recipe, masks=masks)
        frames = rng.integers(-(2 ** rng.integers(4, 13)), 2 ** rng.integers(4, 13), (2, 2, 1, 1, STEPS))
        try:
            found = slayer_messages(graded, frames)
        except UnsupportedError as error:
            refused += STATES in str(error)
        else:
            assert np.array_equal(found[0], simulate(graded, frames).messages[0])
    assert 5 < refused < 35


@pytest.mark.parametrize("neuron", [CubaNeuron(200, 4095, 4095), SigmaNeuron(), SigmaDeltaNeuron(1)])
def test_large_messages_that_cancel_are_refused(slayer_messages, network, neuron):
    """Float32 rounds 251 times 2 ** 21 - 1 before 251 times 2 ** 21 is taken away."""
    recipe, masks = InputRecipe.frames((2, 1, 1), STEPS, 24), FrameMasks.all_kept(STEPS, 1)
    layer = replace(network.layers[0], synapse=DenseSynapse([[251, -251], [-251, 251]]), neuron=neuron)
    graded = replace(network, layers=(layer,), recipe=recipe, masks=masks)
    frames = np.full((1, 2, 1, 1, STEPS), 2**21)
    frames[:, 0] -= 1
    with pytest.raises(UnsupportedError, match=ROUNDS):
        slayer_messages(graded, frames)


def test_a_state_is_looked_at_where_its_spikes_are_heard(slayer_messages, network):
    """What the last step computes leaves the network after its end."""
    recipe, masks = InputRecipe.frames((2, 1, 1), STEPS, 20), FrameMasks.all_kept(STEPS, 1)
    layer = replace(network.layers[0], synapse=DenseSynapse([[-2, 0], [0, 2]]), neuron=CubaNeuron(80, -1, 0))
    graded = replace(network, layers=(layer,), recipe=recipe, masks=masks)
    heard = STEPS * (STEPS + 1) // 2  # of what comes in, a voltage without leak holds so much after the last frame
    frames = np.zeros((1, 2, 1, 1, STEPS), dtype=int)
    frames[:, 0] = 1.01 * 2**17 / (heard + STEPS) / 2
    assert np.array_equal(slayer_messages(graded, frames)[0], simulate(graded, frames).messages[0])
    frames[:, 0] = 1.01 * 2**17 / heard / 2
    with pytest.raises(UnsupportedError, match=STATES):
        slayer_messages(graded, frames)


@pytest.mark.parametrize("neuron", [SigmaNeuron(), CubaNeuron(9, 4095, 4095), DeltaNeuron(1)])
def test_a_bias_of_a_direct_synapse_is_in_the_unit_of_its_neuron(slayer_messages, network, neuron):
    recipe, masks = InputRecipe.frames((2, 1, 1), STEPS, 8), FrameMasks.all_kept(STEPS, 1)
    layer = Layer("in", DirectSynapse(64, 5), neuron, (2, 1, 1))
    graded = replace(network, layers=(layer,), recipe=recipe, masks=masks)
    frames = np.random.default_rng(0).integers(-3, 4, (2, 2, 1, 1, STEPS))
    found = slayer_messages(graded, frames)[0]
    assert np.array_equal(found, simulate(graded, frames).messages[0])
    assert found.any()


def test_sums_that_float32_rounds_are_refused(slayer_messages, network):
    recipe = InputRecipe.frames((2, 1, 1), STEPS, 14)
    layers = (
        Layer("in", DirectSynapse(1), DeltaNeuron(1), (2, 1, 1)),
        replace(network.layers[0], synapse=HUGE, neuron=SigmaNeuron()),
    )
    masks = FrameMasks.all_kept(STEPS, 2)
    graded_network = replace(network, layers=layers, recipe=recipe, masks=masks)
    frames = np.full((1, 2, 1, 1, STEPS), 300) * [1, 2, 1, 0, 0, 0, 0]
    with pytest.raises(UnsupportedError, match=r"^layer fc reaches values beyond 64, where SLAYER's float32 sums are"):
        slayer_messages(graded_network, frames)
    found = slayer_messages(graded_network, frames // 2)
    assert np.array_equal(found[1], simulate(graded_network, frames // 2).messages[1])
    assert found[1].any()


def test_a_bias_of_zero_is_none(slayer_messages, network):
    layer = replace(network.layers[0], neuron=CubaNeuron(80, 1023, 128, [0, 0]))
    frames = np.ones((1, 2, 1, 1, STEPS), dtype=bool)
    found = slayer_messages(replace(network, layers=(layer,)), frames)
    assert np.array_equal(found[0], simulate(network, frames).messages[0])
    assert found[0].any()


def test_frames_that_do_not_fit_are_refused(slayer_messages, network):
    with pytest.raises(ConfigError, match="frames have shape"):
        slayer_messages(network, np.zeros((1, 2, 1, 1, STEPS + 1), dtype=bool))
