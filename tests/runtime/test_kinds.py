"""Random networks of everything that the description can say, in whole Lava graphs, sample after sample."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from evsnn_lava import runtime, simulation
from evsnn_lava.errors import CapacityError, ConfigError, RunError
from evsnn_lava.network import (
    NEVER,
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
    RunResult,
    SigmaDeltaNeuron,
    SigmaNeuron,
)
from evsnn_lava.simulation.neurons import DYNAMICS
from evsnn_lava.simulation.synapses import APPLY

STEPS = 9
ARRAYS = [field.name for field in dataclasses.fields(RunResult) if field.name not in ("backend", "wall_time_s")]
CHAINS = (
    ("cuba", "rf", "sigma_delta", 92),
    ("sigma_delta", "cuba", "rf_iz", 396),
    ("cuba", "sigma_delta", 347),
    ("rf_iz", "delta", "sigma", 268),
    ("cuba", "sigma_delta", 257),
    ("rf_iz", "delta", "sigma_delta", 41),
    ("sigma_delta", "delta", "sigma", 6),
    ("cuba", "sigma_delta", "rf_iz", 22),
    ("delta", "rf", 70),
    ("sigma", "rf_iz", 0),
)
"""Families of the layers and a seed, chosen so that every layer sends something."""


def cuba(rng, shape):
    """Decays for all or per channel; bias per channel, per neuron or none."""
    channels = shape[0]
    du = rng.choice([-1, 500, 1023, 4095], channels) if rng.random() < 0.5 else int(rng.choice([-1, 1023, 4095]))
    dv = rng.choice([0, 128, 2000, 4096], channels) if rng.random() < 0.5 else int(rng.choice([0, 128, 4096]))
    bias_shape = [None, (channels,), shape][rng.integers(3)]
    bias = None if bias_shape is None else rng.integers(-40, 90, bias_shape)
    return CubaNeuron(int(rng.integers(20, 150)), du, dv, bias, int(rng.integers(4, 7)))


def delta(rng, _):
    return DeltaNeuron(int(rng.integers(0, 6)), int(rng.integers(0, 4)), int(rng.integers(0, 4)))


def sigma_delta(rng, shape):
    bias = rng.integers(-30, 60, [(shape[0],), shape][rng.integers(2)]) if rng.random() < 0.7 else None
    exponents = int(rng.integers(0, 4)), int(rng.integers(0, 4))
    return SigmaDeltaNeuron(int(rng.integers(0, 9)), bias, str(rng.choice(["relu", "unit"])), *exponents)


def sigma(_, __):
    return SigmaNeuron()


def resonator(kind):
    def make(rng, _):
        period, kept = rng.uniform(3, 9), rng.uniform(0.8, 1.0)
        turn = [int(4096 * kept * part(2 * np.pi / period)) for part in (np.sin, np.cos)]
        return kind(int(rng.integers(1, 40)), *turn, state_exp=int(rng.integers(2, 7)))

    return make


NEURONS = {
    "cuba": cuba,
    "delta": delta,
    "sigma_delta": sigma_delta,
    "sigma": sigma,
    "rf": resonator(RfNeuron),
    "rf_iz": resonator(RfIzNeuron),
}


def dense(rng, shape, outputs, graded, delayed=None):
    inputs = int(np.prod(shape))
    weights = rng.integers(-12, 16, (outputs, inputs)) if graded else rng.integers(-60, 90, (outputs, inputs))
    weights[rng.random(weights.shape) < 0.2] = 0
    delays = None
    if rng.random() < 0.5 if delayed is None else delayed:
        spread = [(outputs, inputs), (1, inputs), (outputs, 1)][rng.integers(3)]
        delays = rng.integers(0, 6, spread)
    return DenseSynapse(weights, int(rng.integers(-5, 1) if graded else rng.integers(-2, 3)), delays)


def conv(rng, shape, graded):
    groups = 2 if shape[0] % 2 == 0 and rng.random() < 0.5 else 1
    size = (2 * groups, shape[0] // groups, int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    weights = rng.integers(-12, 16, size) if graded else rng.integers(-60, 90, size)
    pairs = {name: tuple(rng.integers(low, 3, 2)) for name, low in (("stride", 1), ("padding", 0), ("dilation", 1))}
    exponent = int(rng.integers(-3, 2)) if rng.random() < 0.5 else 0
    return ConvSynapse(weights, **pairs, groups=groups, weight_exp=exponent)


def synapse_for(rng, shape, family, graded, first, outputs):
    if family.startswith("rf"):
        return ComplexSynapse(*(dense(rng, shape, outputs, graded, False) for _ in range(2)))
    if first and rng.random() < 0.4:
        return DirectSynapse(int(rng.integers(-30, 60)), int(rng.integers(-9, 10)))
    if len(shape) == 3 and rng.random() < 0.6:
        return conv(rng, shape, graded)
    return dense(rng, shape, outputs, graded)


def random_layer(rng, index, shape, family, graded, outputs):
    synapse = synapse_for(rng, shape, family, graded, index == 0, outputs)
    shape = synapse.output_shape(shape)
    neuron, recurrent = NEURONS[family](rng, shape), None
    if rng.random() < 0.4 and not family.startswith("rf"):
        recurrent = dense(rng, shape, int(np.prod(shape)), neuron.graded)
        if family == "sigma":  # what it sends grows without bound otherwise
            recurrent = None
    return Layer(f"{family}{index}", synapse, neuron, shape, recurrent)


def attempt(rng, families):
    bits = int(rng.choice([0, 0, 5, 8]))
    recipe = InputRecipe.frames((2, 4, 3) if rng.random() < 0.7 else (9, 1, 1), STEPS, bits)
    shape, graded, layers = recipe.input_shape, bits > 0, []
    for index, family in enumerate(families):
        layers.append(random_layer(rng, index, shape, family, graded, int(rng.integers(2, 7))))
        shape, graded = layers[-1].shape, layers[-1].neuron.graded
    keep = np.cumprod(rng.random((len(layers), STEPS)) < 0.85, axis=0).astype(bool)
    keep[:, -1] = True
    masks = FrameMasks(str(rng.choice(["skip", "mute"])), tuple(keep))
    thresholds = rng.choice([NEVER, 0, 3, 30], masks.stream_steps, p=[0.7, 0.1, 0.1, 0.1])
    neurons = layers[-1].neurons
    cutoff = CutoffPolicy("topk_gap", thresholds) if neurons > 1 else CutoffPolicy.never(masks.stream_steps)
    names = tuple(map(str, range(neurons)))
    return NetworkDescription("kinds", tuple(layers), recipe, masks, cutoff, names)


def network_of(families, seed):
    """A random chain of layers of these families."""
    rng = np.random.default_rng(seed)
    while True:
        try:
            return attempt(rng, families)
        except ConfigError:  # a kernel larger than its input
            continue


def frames_for(network, samples, seed=0):
    rng = np.random.default_rng(seed)
    shape = (samples, *network.input_shape, network.masks.steps)
    low, high = network.recipe.value_range
    if network.recipe.message_bits:
        return rng.integers(low, high + 1, shape) * (rng.random(shape) < 0.5)
    return rng.random(shape) < 0.4


def networks():
    return [network_of(families, seed) for *families, seed in CHAINS]


def test_the_networks_have_everything():
    layers = [layer for network in networks() for layer in network.layers]
    assert {type(layer.neuron) for layer in layers} == DYNAMICS.keys()
    assert {type(layer.synapse) for layer in layers} == APPLY.keys()
    recurrent = [layer for layer in layers if layer.recurrent is not None]
    assert {(layer.neuron.graded, layer.recurrent.max_delay > 0) for layer in recurrent} == {
        (graded, delayed) for graded in (False, True) for delayed in (False, True)
    }
    assert {len(layer.shape) for layer in recurrent} == {1, 3}
    assert any(layer.synapse.max_delay for layer in layers)
    parameters = {(name, value.ndim) for layer in layers for name, value in layer.neuron.per_channel.items()}
    assert parameters == {("du", 1), ("dv", 1), ("bias_mant", 1), ("bias_mant", 3)}
    assert {network.recipe.message_bits > 0 for network in networks()} == {False, True}
    assert {network.masks.semantics for network in networks()} == {"skip", "mute"}


def assert_same(lava, reference):
    assert [name for name in ARRAYS if not np.array_equal(getattr(lava, name), getattr(reference, name))] == []


def assert_same_trace(lava, reference):
    assert len(lava.messages) == len(reference.messages)
    for found, expected in zip((lava.stream, *lava.messages), (reference.stream, *reference.messages), strict=True):
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected)
    for states, wanted in zip(lava.states, reference.states, strict=True):
        assert states.keys() == wanted.keys()
        assert [name for name in states if not np.array_equal(states[name], wanted[name])] == []


@pytest.mark.lava
@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: "-".join(map(str, chain)))
def test_random_networks_of_all_kinds_equal_the_reference(chain, model):
    *families, seed = chain
    network = network_of(families, seed)
    frames = frames_for(network, 8, seed)
    backwards = frames[::-1]
    expected = simulation.run(network, frames)
    assert expected.messages.any(axis=(0, 2)).all(), "a silent layer proves nothing"
    with runtime.LavaSession(network, model=model) as session:
        assert_same(session.run(frames), expected)
        assert_same_trace(session.trace(frames[:3], states=True), simulation.simulate(network, frames[:3], states=True))
        assert_same(session.run(backwards), simulation.run(network, backwards))
        assert_same_trace(session.trace(frames[3:5]), simulation.simulate(network, frames[3:5]))


def network_with(*blocks, bits=24):
    """Layers without masks or cutoff, from (synapse, neuron) pairs."""
    recipe, layers = InputRecipe.frames((2, 4, 3), STEPS, bits), []
    for index, (synapse, neuron) in enumerate(blocks):
        shape = synapse.output_shape(layers[-1].shape if layers else recipe.input_shape)
        layers.append(Layer(f"layer{index}", synapse, neuron, shape))
    names = tuple(map(str, range(layers[-1].neurons)))
    masks = FrameMasks.all_kept(STEPS, len(layers))
    return NetworkDescription("extreme", tuple(layers), recipe, masks, CutoffPolicy.never(STEPS), names)


@pytest.mark.lava
def test_numbers_that_leave_their_words_do_so_everywhere_alike(model):
    rng = np.random.default_rng(0)
    network = network_with(
        (DirectSynapse(32767, 32767), SigmaDeltaNeuron(0, activation="unit", spike_exp=0, state_exp=0)),
        (DenseSynapse(rng.integers(-256, 256, (5, 24)), -3), SigmaNeuron()),
        (DenseSynapse(rng.integers(-256, 256, (7, 5)), 7, rng.integers(0, 3, (7, 5))), CubaNeuron(131071, -1, 0)),
        (DenseSynapse(rng.integers(-256, 256, (3, 7)), 7), CubaNeuron(0, 0, 0)),
    )
    frames = frames_for(network, 3)
    expected = simulation.simulate(network, frames, states=True)
    with runtime.LavaSession(network, model=model) as session:
        assert_same_trace(session.trace(frames, states=True), expected)
    for layer, state, limit in ((0, "sigma", 31), (1, "sigma", 29), (2, "u", 30), (3, "u", 20)):
        assert np.abs(expected.states[layer][state]).max() > 0.9 * 2**limit


PROCESS = {"layers": "layer0 synapse", "fused": "network"}
"""Who convolves in each model."""
REFUSED = {
    "layers": r"^layer0 synapse: a sum reaches 38503\d+, the limit",
    "fused": r"^layer layer0: ConvSynapse: a sum reaches 38503\d+, the limit",
}


@pytest.mark.lava
def test_what_cannot_be_computed_is_refused(model):
    conv = ConvSynapse(np.full((1, 2, 3, 3), 255))
    network = network_with((conv, SigmaDeltaNeuron(9)), (DenseSynapse([[1, 2], [3, 4]]), SigmaNeuron()))
    frames = np.full((1, *network.input_shape, STEPS), (1 << 23) - 1)
    with pytest.raises(CapacityError, match="ConvSynapse: a sum reaches"):
        simulation.run(network, frames)
    with runtime.LavaSession(network, model=model) as session:
        for wrong in (frames + 1, frames / 2):
            with pytest.raises(ConfigError, match=r"takes whole numbers -8388608..8388607"):
                session.run(wrong)
        assert_same(session.run(frames // 5000), simulation.run(network, frames // 5000))
        with pytest.raises(CapacityError, match=REFUSED[model]) as caught:
            session.run(frames)
        assert f"{PROCESS[model]} failed in step" in str(caught.value.__cause__)
        with pytest.raises(RunError, match="closed"):
            session.run(frames)
