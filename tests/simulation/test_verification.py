"""A single wrong bit anywhere is found, and the place is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError, MismatchError
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
from evsnn_lava.simulation import record_golden, run, simulate
from evsnn_lava.simulation.verification import Difference, compare_messages

DEPTH, STEPS = 3, 10


@pytest.fixture(scope="module")
def network():
    """A busy network of three layers; every parameter of every layer matters within two samples."""
    rng = np.random.default_rng(3)
    neurons = [CubaNeuron(90, 1023, 300, rng.integers(-20, 40, channels)) for channels in (3, 8, 4)]
    layers = (
        Layer("conv", ConvSynapse(rng.integers(-60, 90, (3, 2, 3, 3)), padding=(1, 1)), neurons[0], (3, 5, 4)),
        Layer("hidden", DenseSynapse(rng.integers(-14, 17, (8, 60))), neurons[1], (8,)),
        Layer("fc", DenseSynapse(rng.integers(-60, 90, (4, 8))), neurons[2], (4,)),
    )
    keep = np.ones((DEPTH, STEPS), dtype=bool)
    keep[0:, 3] = keep[1:, 5] = keep[2:, 6] = False
    network = NetworkDescription(
        "busy",
        layers,
        InputRecipe(5, 4, STEPS, 1000),
        FrameMasks("mute", tuple(keep)),
        CutoffPolicy("topk_gap", [1] * STEPS),
        tuple("abcd"),
    )
    frames = rng.random((2, 2, 5, 4, STEPS)) < 0.3
    return replace(network, golden=record_golden(network, frames))


def flipped_weight(layer):
    weights = layer.synapse.weights.copy()
    place = np.unravel_index(np.abs(weights).argmax(), weights.shape)
    weights[place] = -weights[place]
    return replace(layer, synapse=replace(layer.synapse, weights=weights))


def with_neuron(**changes):
    return lambda layer: replace(layer, neuron=replace(layer.neuron, **{k: f(layer) for k, f in changes.items()}))


CHANGES = {
    "weight": flipped_weight,
    "current decay": with_neuron(du=lambda layer: layer.neuron.du + 256),
    "voltage decay": with_neuron(dv=lambda layer: layer.neuron.dv + 256),
    "threshold": with_neuron(vth_mant=lambda layer: layer.neuron.vth_mant + 16),
    "bias": with_neuron(bias_mant=lambda layer: layer.neuron.bias_mant + np.eye(1, layer.shape[0], dtype=int)[0] * 32),
    "bias exponent": with_neuron(bias_exp=lambda layer: layer.neuron.bias_exp - 1),
    "weight exponent": lambda layer: replace(layer, synapse=replace(layer.synapse, weight_exp=1)),
}


def changed_layer(network, kind, index):
    layers = list(network.layers)
    layers[index] = CHANGES[kind](layers[index])
    return replace(network, layers=tuple(layers))


def changed_mask(network, layer, frame):
    """One bit the other way; nesting allows it."""
    keep = np.array(network.masks.keep)
    keep[layer, frame] ^= True
    return replace(network, masks=FrameMasks("mute", tuple(keep)))


def first_difference(network, found):
    """By trying every place: earliest step, layer nearest to the input, first sample."""
    right = simulate(network, network.golden.frames).messages
    for step in range(network.max_steps):
        for layer in range(network.depth):
            for sample in range(len(network.golden.frames)):
                expected, got = right[layer][sample, ..., step].ravel(), found[layer][sample, ..., step].ravel()
                wrong = [i for i in range(len(expected)) if expected[i] != got[i]]
                if wrong:
                    name = network.layers[layer].name
                    return Difference(name, sample, step, int(expected.sum()), int(got.sum()), tuple(wrong[:8]))
    return None


def assert_found(network, wrong, layer):
    """As a back-end that computes something else, and as a file that says something else."""
    messages = simulate(wrong, network.golden.frames).messages
    expected = first_difference(network, messages)
    assert expected is not None
    assert expected.layer == network.layers[layer].name
    agreement = compare_messages(network, "lava", messages)
    assert not agreement.ok
    assert agreement.difference == expected
    assert expected.neurons
    file = replace(wrong, golden=network.golden)
    assert compare_messages(file, "reference", messages).difference == replace(expected, neurons=())


@pytest.mark.parametrize("layer", range(DEPTH))
@pytest.mark.parametrize("kind", list(CHANGES))
def test_a_single_change_of_a_layer_is_found_there(network, kind, layer):
    assert_found(network, changed_layer(network, kind, layer), layer)


@pytest.mark.parametrize(("mask", "frame"), [(0, 3), (1, 5), (1, 2), (2, 6), (2, 0)])
def test_a_single_mask_bit_is_found_at_the_sender(network, mask, frame):
    if mask == 1 and frame == 2:  # nested: what layer 1 does not see, layer 2 does not see
        keep = np.array(network.masks.keep)
        keep[2, 2] = False
        network = replace(network, masks=FrameMasks("mute", tuple(keep)), golden=None)
        frames = np.random.default_rng(5).random((2, 2, 5, 4, STEPS)) < 0.3
        network = replace(network, golden=record_golden(network, frames))
    assert_found(network, changed_mask(network, mask, frame), max(0, mask - 1))


@settings(max_examples=40, deadline=None)
@given(sample=st.integers(0, 1), layer=st.integers(0, DEPTH - 1), data=st.data())
def test_a_single_wrong_message_is_found(network, sample, layer, data):
    messages = [part.copy() for part in simulate(network, network.golden.frames).messages]
    neuron = data.draw(st.integers(0, network.layers[layer].neurons - 1))
    step = data.draw(st.integers(0, network.max_steps - 1))
    line = messages[layer].reshape(2, -1, network.max_steps)
    line[sample, neuron, step] ^= True
    found = compare_messages(network, "lava", messages).difference
    before = int(network.golden.spike_counts[sample, layer, step])
    after = int(line[sample, :, step].sum())
    assert found == Difference(network.layers[layer].name, sample, step, before, after, (neuron,))


def test_the_first_difference_in_time_is_named(network):
    messages = [part.copy() for part in simulate(network, network.golden.frames).messages]
    messages[2][0, 1, 4] ^= True
    messages[0][1, 0, 0, 1, 6] ^= True
    assert compare_messages(network, "lava", messages).difference.layer == "fc"
    messages[1][1, 7, 4] ^= True
    found = compare_messages(network, "lava", messages).difference
    assert (found.layer, found.sample, found.step, found.neurons) == ("hidden", 1, 4, (7,))


def test_a_difference_reads_as_one_line():
    words = "layer fc, step 4, sample 1: 3 messages expected, 5 found"
    assert str(Difference("fc", 1, 4, 3, 5, (0, 7))) == f"{words}, first differing neurons 0, 7"
    assert str(Difference("fc", 1, 4, 3, 5, ())) == words


def test_at_most_eight_neurons_are_named(network):
    messages = [part.copy() for part in simulate(network, network.golden.frames).messages]
    messages[0][0, ..., 0] = True
    assert compare_messages(network, "lava", messages).difference.neurons == tuple(range(8))


@pytest.mark.parametrize("name", ["exit_step", "decision"])
def test_other_decisions_are_a_disagreement(network, name):
    frames = network.golden.frames
    result, messages = run(network, frames), simulate(network, frames).messages
    assert compare_messages(network, "lava", messages, result).decisions_agree is True
    assert compare_messages(network, "lava", messages).decisions_agree is None
    other = getattr(result, name).copy()
    other[1] += 1
    agreement = compare_messages(network, "lava", messages, replace(result, **{name: other}))
    assert agreement.difference is None
    assert agreement.decisions_agree is False
    assert not agreement.ok


def test_without_golden_vectors_there_is_nothing_to_compare(network):
    with pytest.raises(ConfigError, match=r"^network busy carries no golden vectors; export it again with --golden"):
        compare_messages(replace(network, golden=None), "lava", ())


@pytest.mark.parametrize(
    "cut",
    [
        lambda messages: messages[:-1],
        lambda messages: [part[..., :-1] for part in messages],
        lambda messages: [part[:1] for part in messages],
    ],
)
def test_incomplete_runs_are_refused_in_one_line(network, cut):
    messages = simulate(network, network.golden.frames).messages
    with pytest.raises(
        MismatchError, match=r"^back-end lava: messages have the shapes .*; run the golden samples"
    ) as error:
        compare_messages(network, "lava", cut(messages))
    assert "\n" not in str(error.value)
