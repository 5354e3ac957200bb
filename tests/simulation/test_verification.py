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
    SigmaNeuron,
)
from evsnn_lava.simulation import record_golden, run, simulate
from evsnn_lava.simulation.diagnosis.connections import Suspect
from evsnn_lava.simulation.diagnosis.difference import Difference
from evsnn_lava.simulation.diagnosis.replay import history
from evsnn_lava.simulation.diagnosis.suspects import suspects
from evsnn_lava.simulation.verification import compare_messages, compare_trace, require_comparable

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
                    counts = int(expected.sum()), int(got.sum())
                    return Difference(name, sample, step, *counts, neurons=tuple(wrong[:8]))
    return None


def without_detail(difference):
    return replace(difference, neuron=None)


def assert_found(network, wrong, layer):
    """As a back-end that computes something else, and as a file that says something else."""
    messages = simulate(wrong, network.golden.frames).messages
    expected = first_difference(network, messages)
    assert expected is not None
    assert expected.layer == network.layers[layer].name
    agreement = compare_messages(network, "lava", messages)
    assert not agreement.ok
    assert without_detail(agreement.difference) == expected
    assert agreement.difference.neuron.index == expected.neurons[0]
    file = replace(wrong, golden=network.golden)
    changed = replace(expected, neurons=(), reference_agrees=False)
    assert compare_messages(file, "reference", messages).difference == changed


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


@settings(max_examples=40)
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
    place = Difference(network.layers[layer].name, sample, step, before, after, neurons=(neuron,))
    assert without_detail(found) == place
    assert found.neuron.expected["message"][-1] == 1 - found.neuron.found["message"][-1]


def test_the_first_difference_in_time_is_named(network):
    messages = [part.copy() for part in simulate(network, network.golden.frames).messages]
    messages[2][0, 1, 4] ^= True
    messages[0][1, 0, 0, 1, 6] ^= True
    assert compare_messages(network, "lava", messages).difference.layer == "fc"
    messages[1][1, 7, 4] ^= True
    found = compare_messages(network, "lava", messages).difference
    assert (found.layer, found.sample, found.step, found.neurons) == ("hidden", 1, 4, (7,))


def test_a_difference_reads_as_one_line(network):
    messages = [part.copy() for part in simulate(network, network.golden.frames).messages]
    messages[0][1, 2, 0, 3, 4] ^= True
    before, after = (
        int(part[1, ..., 4].sum()) for part in (simulate(network, network.golden.frames).messages[0], messages[0])
    )
    found = compare_messages(network, "lava", messages).difference
    bit = int(messages[0][1, 2, 0, 3, 4])
    assert str(found) == (
        f"layer conv, step 4, sample 1: {before} messages expected, {after} found; "
        f"neuron 43 at (2, 0, 3): message {1 - bit} expected, {bit} found"
    )


def test_a_file_of_another_network_is_not_held_against_the_reference(network):
    """The back-end computes what the file says up to one message, the reference never does."""
    wrong = changed_layer(network, "weight", 0)
    file = replace(network, golden=record_golden(wrong, network.golden.frames))
    messages = [part.copy() for part in simulate(wrong, network.golden.frames).messages]
    right = simulate(network, network.golden.frames).messages
    alike = [k for k in range(network.max_steps) if np.array_equal(right[2][1, :, k], messages[2][1, :, k])]
    step = alike[-1]  # there the reference says what the file says, but long before it did not
    assert any((right[0][1, ..., k] != messages[0][1, ..., k]).any() for k in range(step))
    messages[2][1, 3, step] ^= True
    found = compare_messages(file, "lava", messages).difference
    assert (found.layer, found.sample, found.step) == ("fc", 1, step)
    assert not found.reference_agrees
    assert (found.neurons, found.neuron) == ((), None)


def test_without_states_nobody_is_suspected(network):
    messages = simulate(changed_layer(network, "threshold", 1), network.golden.frames).messages
    neuron = compare_messages(network, "slayer", messages).difference.neuron
    assert neuron.suspects == ()
    assert set(neuron.found) == {"message"}
    assert set(neuron.expected) == {"input", "u", "v", "message"}
    assert neuron.since == neuron.steps[-1]


def test_an_exponent_is_found_where_the_current_wraps():
    """Inputs that differ by what a current of 24 bits cannot tell apart give the same states."""

    def build(weight_exp):
        layer = Layer("fc", DenseSynapse(np.full((2, 5), 255), weight_exp), CubaNeuron(90_000, -1, 4096), (2,))
        recipe, masks = InputRecipe.frames((5, 1, 1), 12), FrameMasks.all_kept(12, 1)
        return NetworkDescription("wraps", (layer,), recipe, masks, CutoffPolicy.never(12), ("a", "b"))

    frames = np.ones((1, 5, 1, 1, 12), dtype=bool)
    right = build(0)
    right = replace(right, golden=record_golden(right, frames))
    trace = simulate(build(7), frames, states=True)
    assert np.abs(np.diff(trace.states[0]["u"][0, 0])).max() > 2**23
    neuron = compare_trace(right, "lava", trace).difference.neuron
    assert neuron.suspects == (Suspect("weight_exp", 0, (7, 7)),)
    assert (neuron.found["input"][-1] - 1275 * 2**7) % 2**18 == 0


def test_two_faults_at_once_have_no_single_explanation(network):
    wrong = changed_layer(changed_layer(network, "threshold", 1), "current decay", 1)
    trace = simulate(wrong, network.golden.frames, states=True)
    assert compare_trace(network, "lava", trace).difference.neuron.suspects == ()


def test_a_neuron_that_does_what_it_must_is_not_suspected(network):
    trace = simulate(network, network.golden.frames, states=True)
    assert suspects(history(network, trace, 1, 3)) == ()


def test_a_suspect_says_which_values_fit():
    assert str(Suspect("synaptic input")) == "synaptic input"
    assert str(Suspect("du", 7, (9, 9))) == "du (the file says 7, 9 fits)"
    assert str(Suspect("vth_mant", 7, (9, 12))) == "vth_mant (the file says 7, values within 9..12 fit)"


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
    assert agreement.decision.sample == 1
    assert agreement.decision.expected != agreement.decision.found
    assert str(agreement.decision).startswith("sample 1: class ")
    assert not agreement.ok


def test_without_golden_vectors_there_is_nothing_to_compare(network):
    with pytest.raises(
        ConfigError,
        match=r"^network busy carries no golden vectors; record them with `evsnn convert FILE FILE2 --golden",
    ):
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


def test_silent_layers_are_named(network):
    """The threshold of the last layer is out of reach."""
    deaf = replace(network.layers[2], neuron=replace(network.layers[2].neuron, vth_mant=131071))
    network = replace(network, layers=(*network.layers[:2], deaf), golden=None)
    network = replace(network, golden=record_golden(network, random_frames()))
    messages = simulate(network, network.golden.frames).messages
    assert compare_messages(network, "lava", messages).silent_layers == ("fc",)


def test_a_layer_that_sends_in_one_sample_is_not_silent(network):
    messages = simulate(network, network.golden.frames).messages
    assert compare_messages(network, "lava", messages).silent_layers == ()
    counts = network.golden.spike_counts.copy()
    counts[0, 1:], counts[1, 2:] = 0, 0
    almost = replace(network, golden=replace(network.golden, spike_counts=counts))
    assert compare_messages(almost, "lava", messages).silent_layers == ("fc",)


def random_frames():
    return np.random.default_rng(3).random((2, 2, 5, 4, STEPS)) < 0.3


OTHER = {
    "the shape of the input differs": lambda network: replace(
        network,
        recipe=InputRecipe(4, 5, STEPS, 1000),
        layers=(replace(network.layers[0], shape=(3, 4, 5)), *network.layers[1:]),
    ),
    "the list of layers differs": lambda network: replace(network, layers=(*network.layers[:2], sigma_delta(network))),
    "the number of steps of a sample differs": lambda network: replace(
        network, masks=FrameMasks("skip", network.masks.keep), cutoff=CutoffPolicy.never(STEPS - 1)
    ),
}


def sigma_delta(network):
    return replace(network.layers[2], neuron=SigmaNeuron())


@pytest.mark.parametrize("what", list(OTHER))
def test_networks_that_differ_in_more_than_numbers_are_not_compared(network, what):
    require_comparable(network, changed_layer(network, "weight", 1))
    with pytest.raises(ConfigError, match=f"busy cannot be held against busy: {what}, .*; give files"):
        require_comparable(network, OTHER[what](replace(network, golden=None)))


def test_input_values_of_other_bits_are_not_compared():
    layer = Layer("fc", DenseSynapse(np.ones((2, 3), dtype=int)), CubaNeuron(9, 0, 0), (2,))
    binary, graded = (
        NetworkDescription(
            "bits",
            (layer,),
            InputRecipe.frames((3, 1, 1), 4, bits),
            FrameMasks.all_kept(4, 1),
            CutoffPolicy.never(4),
            ("a", "b"),
        )
        for bits in (0, 8)
    )
    with pytest.raises(ConfigError, match="the number of bits of an input value differs, 8 and 0; give files"):
        require_comparable(binary, graded)


def test_a_wrong_count_in_the_file_is_found(network):
    counts = network.golden.spike_counts.copy()
    counts[1, 2, 7] += 1
    edited = replace(network, golden=replace(network.golden, spike_counts=counts))
    found = compare_trace(edited, "reference", simulate(edited, edited.golden.frames))
    assert not found.ok
    place = found.difference
    assert (place.layer, place.sample, place.step, place.expected - place.found) == ("fc", 1, 7, 1)
    assert not place.reference_agrees
