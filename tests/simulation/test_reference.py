"""The reference simulator: timing, gates, masks, causality; and step for step what one computes by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from evsnn_lava.errors import CapacityError, ConfigError
from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    SigmaNeuron,
)
from evsnn_lava.simulation import run, simulate
from evsnn_lava.simulation.reference import gate_open

few = settings(max_examples=40)


def with_masks(network, masks):
    recipe = replace(network.recipe, steps=masks.steps)
    return replace(network, recipe=recipe, masks=masks, cutoff=CutoffPolicy.never(masks.stream_steps))


def assert_same(trace, other, steps=None):
    """Messages and states are equal, in the first `steps` steps or in all."""
    for one, two in zip(trace.messages, other.messages, strict=True):
        assert np.array_equal(one[..., :steps], two[..., :steps])
    assert len(trace.states) == len(other.states) == len(trace.messages)
    for one, two in zip(trace.states, other.states, strict=True):
        assert set(one) == set(two)
        for name, state in one.items():
            assert np.array_equal(state[..., :steps], two[name][..., :steps]), name


@settings(max_examples=100)
@given(data=st.data())
def test_every_neuron_and_step_is_what_plain_integers_give(cases, by_hand, data):
    network, frames = data.draw(cases)
    trace = simulate(network, frames, states=True)
    for sample, recording in enumerate(frames):
        for layer, (messages, states) in enumerate(by_hand.sample(network, recording)):
            assert np.array_equal(trace.messages[layer][sample], messages)
            assert set(trace.states[layer]) == set(states)
            for name, state in states.items():
                assert np.array_equal(trace.states[layer][name][sample], state), name


def test_random_networks_are_worth_comparing(cases):
    rates, depths = [], set()

    @settings(max_examples=200, deadline=None, database=None, derandomize=True)
    @given(case=cases)
    def collect(case):
        depths.add(case[0].depth)
        rates.append((simulate(*case).messages[-1] != 0).mean())

    collect()
    assert np.mean(np.array(rates) > 0) > 0.4
    assert 0.1 < np.mean(rates) < 0.8
    assert depths == {1, 2, 3, 4}


@given(depth=st.integers(1, 4), steps=st.integers(1, 6), data=st.data())
def test_layer_l_answers_frame_t_in_step_t_plus_1_plus_l(relay, depth, steps, data):
    network = relay(depth, steps)
    t, pixel = data.draw(st.integers(0, steps - 1)), data.draw(st.integers(0, 3))
    frames = np.zeros((1, 1, 2, 2, steps), dtype=bool)
    frames.reshape(4, steps)[pixel, t] = True
    for layer, messages in enumerate(simulate(network, frames).messages):
        assert messages.shape == (1, 4, steps + depth)
        assert np.argwhere(messages[0]).tolist() == [[pixel, t + 1 + layer]]


@pytest.mark.parametrize("semantics", ["skip", "mute"])
def test_a_gate_silences_the_sender_and_nobody_else(relay, semantics):
    keep = ([1, 1, 0, 1, 1], [1, 1, 0, 0, 1], [0, 1, 0, 0, 1])
    network = relay(3, 5, semantics, keep)
    trace = simulate(network, np.ones((1, 1, 2, 2, 5), dtype=bool))
    position = {0: 0, 1: 1, 3: 2, 4: 3} if semantics == "skip" else {t: t for t in range(5)}
    received_by = {0: keep[1], 1: keep[2], 2: keep[2]}  # the last layer sends whatever reaches it
    for layer, messages in enumerate(trace.messages):
        expected = {position[t] + 1 + layer for t, kept in enumerate(received_by[layer]) if kept}
        assert set(np.flatnonzero(messages[0, 0])) == expected


def test_a_gated_neuron_still_fires_and_resets(relay):
    network = relay(2, 2, "mute", ([1, 1], [0, 1]))
    slow = replace(network.layers[0], neuron=CubaNeuron(vth_mant=3, du=4095, dv=0))
    trace = simulate(replace(network, layers=(slow, network.layers[1])), np.ones((1, 1, 2, 2, 2), bool), states=True)
    assert trace.states[0]["v"][0, 0].tolist() == [0, 128, 0, 0]  # 256 > 192 in step 2: fired, although in vain or not
    assert trace.messages[0][0, 0].tolist() == [False, False, True, False]
    closed = replace(network, layers=(slow, network.layers[1]), masks=FrameMasks("mute", ([1, 1], [1, 0])))
    trace = simulate(closed, np.ones((1, 1, 2, 2, 2), bool), states=True)
    assert trace.states[0]["v"][0, 0].tolist() == [0, 128, 0, 0]
    assert not trace.messages[0].any()


def test_gates_are_open_outside_the_frames_and_for_the_last_layer(relay):
    network = relay(2, 2, "mute", ([1, 1], [1, 0]))
    assert [gate_open(network, 0, step) for step in range(4)] == [True, True, False, True]
    assert [gate_open(network, 1, step) for step in range(4)] == [True] * 4


def test_bias_of_every_layer_starts_in_step_1(relay):
    network = relay(3, 4)
    biased = CubaNeuron(131071, 0, 0, [1, 2, 3, -4], bias_exp=2)
    network = replace(network, layers=tuple(replace(layer, neuron=biased) for layer in network.layers))
    trace = simulate(network, np.zeros((2, 1, 2, 2, 4), dtype=bool), states=True)
    for v in (part["v"] for part in trace.states):
        for neuron, mantissa in enumerate([1, 2, 3, -4]):
            assert v[1, neuron].tolist() == [4 * mantissa * step for step in range(7)]


@few
@given(data=st.data())
def test_the_future_does_not_change_the_past(cases, data):
    network, frames = data.draw(cases)
    position = data.draw(st.integers(0, network.masks.stream_steps - 1))
    changed = frames.copy()
    changed[..., network.masks.sent_frames[position] :] ^= True
    try:
        one, other = simulate(network, frames, states=True), simulate(network, changed, states=True)
    except CapacityError:
        reject()
    for layer in range(network.depth):
        end = position + 1 + layer
        assert np.array_equal(one.messages[layer][..., :end], other.messages[layer][..., :end])
        for name, state in one.states[layer].items():
            assert np.array_equal(state[..., :end], other.states[layer][name][..., :end]), name


@few
@given(data=st.data())
def test_skip_is_the_shortened_recording(cases, data):
    network, frames = data.draw(cases)
    skipping = with_masks(network, FrameMasks("skip", network.masks.keep))
    kept = np.flatnonzero(network.masks.keep[0])
    short = with_masks(network, FrameMasks("skip", tuple(mask[kept] for mask in network.masks.keep)))
    assert short.masks.keep[0].all()
    assert_same(simulate(skipping, frames, states=True), simulate(short, frames[..., kept], states=True))


@few
@given(data=st.data())
def test_mute_is_the_recording_with_empty_frames(cases, data):
    network, frames = data.draw(cases)
    keep = network.masks.keep
    muting = with_masks(network, FrameMasks("mute", keep))
    everything = with_masks(network, FrameMasks("mute", (np.ones(len(keep[0])), *keep[1:])))
    assert_same(simulate(muting, frames, states=True), simulate(everything, frames * keep[0], states=True))


@few
@given(data=st.data())
def test_samples_do_not_know_of_each_other(cases, data):
    network, frames = data.draw(cases)
    together = simulate(network, frames, states=True)
    for sample in range(len(frames)):
        alone = simulate(network, frames[sample : sample + 1], states=True)
        for layer in range(network.depth):
            assert np.array_equal(together.messages[layer][sample], alone.messages[layer][0])
            for name, state in together.states[layer].items():
                assert np.array_equal(state[sample], alone.states[layer][name][0]), name


def test_states_are_kept_when_asked_for(relay):
    frames = np.zeros((1, 1, 2, 2, 3), dtype=bool)
    assert simulate(relay(2, 3), frames).states == ()
    trace = simulate(relay(2, 3), frames, states=True)
    kept = [part for states in trace.states for part in states.values()]
    assert [part.shape for part in (*kept, *trace.messages)] == [(1, 4, 5)] * 6


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_frames_of_any_type_hold_zeros_and_ones(relay, dtype):
    frames = np.random.default_rng(2).integers(0, 2, (2, 1, 2, 2, 3))
    found = run(relay(1, 3), frames.astype(dtype))
    assert found.scores.tolist() == frames.sum(-1).reshape(2, 4).tolist()
    assert found.backend == "reference"
    assert found.wall_time_s > 0


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (np.zeros((1, 1, 2, 2, 4), bool), "frames have shape (1, 1, 2, 2, 4), network relay expects (N, 1, 2, 2, 3)"),
        (np.zeros((1, 2, 2, 3), bool), "frames have shape (1, 2, 2, 3), network relay expects (N, 1, 2, 2, 3)"),
        (np.zeros((1, 2, 2, 2, 3), bool), "frames have shape (1, 2, 2, 2, 3), network relay expects (N, 1, 2, 2, 3)"),
        (np.full((1, 1, 2, 2, 3), 2), "frames for network relay hold values other than 0 and 1"),
        (np.full((1, 1, 2, 2, 3), 0.5), "frames for network relay hold values other than 0 and 1"),
        (np.full((1, 1, 2, 2, 3), np.nan), "frames for network relay hold values other than 0 and 1"),
    ],
)
def test_frames_that_do_not_fit_are_refused_in_one_line(relay, frames, words):
    with pytest.raises(ConfigError) as caught:
        simulate(relay(1, 3), frames)
    assert str(caught.value).startswith(f"{words}; bin ")
    assert "\n" not in str(caught.value)


def graded(relay, bits):
    network = relay(1, 3)
    return replace(network, recipe=InputRecipe.frames((1, 2, 2), 3, bits))


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (np.full((1, 1, 2, 2, 3), 128), "int64 128..128"),
        (np.full((1, 1, 2, 2, 3), -129), "int64 -129..-129"),
        (np.full((1, 1, 2, 2, 3), 1.0), "float64 1.0..1.0"),
        (np.zeros((0, 1, 2, 2, 3)), "float64"),
    ],
)
def test_numbers_that_do_not_fit_are_refused_in_one_line(relay, frames, words):
    with pytest.raises(ConfigError) as caught:
        simulate(graded(relay, 8), frames)
    words = f"frames for network relay are {words}, its input takes whole numbers -128..127; scale them"
    assert str(caught.value) == words


@pytest.mark.parametrize("dtype", [bool, np.int8, np.int64])
def test_numbers_of_any_integer_type_are_sent(relay, dtype):
    frames = np.array([1, 0, 1], dtype=dtype) * np.ones((1, 1, 2, 2, 3), dtype=dtype)
    trace = simulate(graded(relay, 8), frames)
    assert trace.stream.dtype == np.int32
    assert trace.messages[0][0, 0].tolist() == [False, True, False, True]


def test_a_message_is_worth_its_number(relay):
    network = graded(relay, 8)
    layer = Layer("sum", DenseSynapse(3 * np.eye(4, dtype=int)), SigmaNeuron(), (4,))
    frames = np.zeros((1, 1, 2, 2, 3), dtype=int)
    frames[0, 0, 0, 0] = [5, -7, 0]
    trace = simulate(replace(network, layers=(layer,)), frames, states=True)
    assert trace.messages[0].dtype == np.int32
    assert trace.messages[0][0, 0].tolist() == trace.states[0]["sigma"][0, 0].tolist() == [0, 15, -6, -6]


@pytest.mark.parametrize(("delay", "heard"), [(None, [2, 3]), (0, [2, 3]), (1, [3, 4]), (2, [4, 5])])
def test_a_layer_hears_itself_one_step_later_and_its_delay(relay, delay, heard):
    """Neuron 0 fires in steps 1 and 2; what it tells neuron 3 arrives there after a step and the delay."""
    weights = np.zeros((4, 4), dtype=int)
    weights[3, 0] = 9
    recurrent = DenseSynapse(weights, delays=None if delay is None else np.full((4, 4), delay))
    network = relay(1, 6)
    network = replace(network, layers=(replace(network.layers[0], recurrent=recurrent),))
    frames = np.zeros((1, 1, 2, 2, 6), dtype=bool)
    frames[0, 0, 0, 0, :2] = True
    assert np.flatnonzero(simulate(network, frames).messages[0][0, 3]).tolist() == heard


def test_a_layer_does_not_hear_what_its_gate_held_back(relay):
    recurrent = DenseSynapse(9 * np.eye(4, dtype=int))
    network = relay(2, 4, "mute", ([1, 1, 1, 1], [0, 1, 1, 1]))
    network = replace(network, layers=(replace(network.layers[0], recurrent=recurrent), network.layers[1]))
    frames = np.zeros((1, 1, 2, 2, 4), dtype=bool)
    frames[..., 0] = True  # would go round for ever, if the gate of the first frame were open
    assert not simulate(network, frames).messages[0].any()
    frames[..., 1] = True
    assert np.flatnonzero(simulate(network, frames).messages[0][0, 0]).tolist() == [2, 3, 4, 5]


@pytest.mark.parametrize("delay", [0, 3])
def test_a_delay_waits_in_the_synapse(relay, delay):
    network = relay(1, 6)
    late = replace(network.layers[0], synapse=DenseSynapse(2 * np.eye(4, dtype=int), delays=np.full((4, 4), delay)))
    frames = np.zeros((1, 1, 2, 2, 6), dtype=bool)
    frames[0, 0, 0, 1, 1] = True
    messages = simulate(replace(network, layers=(late,)), frames).messages[0]
    assert np.argwhere(messages[0]).tolist() == [[1, 2 + delay]]


def test_a_convolution_that_leaves_32_bits_is_refused_with_its_layer(relay):
    layer = Layer("edges", ConvSynapse([[[[255, 255]]]]), SigmaNeuron(), (1, 2, 1))
    network = replace(graded(relay, 24), layers=(layer,), class_names=("a", "b"))
    frames = np.full((1, 1, 2, 2, 3), 2**23 - 1)
    with pytest.raises(
        CapacityError, match=r"^layer edges: ConvSynapse: a sum reaches \d+, the limit is 2147483647; use"
    ):
        simulate(network, frames)
    assert simulate(network, frames // 2).messages[0].any()


def test_no_samples_give_no_results(relay):
    """As from the engine."""
    small = relay(2, 3)
    shape = (0, *small.input_shape, small.masks.steps)
    result = run(small, np.zeros(shape, dtype=bool))
    assert (result.samples, result.messages.shape) == (0, (0, small.depth, small.max_steps))
