"""What counts: fan-out, messages, synaptic operations and decisions, against counting one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.network import CutoffPolicy, DenseSynapse
from evsnn_lava.simulation import cumulative_scores, fanout, result_from_trace, run, simulate

few = settings(max_examples=40, deadline=None)


@few
@given(data=st.data())
def test_fanout_counts_the_non_zero_weights_of_every_input(cases, by_hand, data):
    network, _ = data.draw(cases)
    shape = network.input_shape
    for layer in network.layers:
        weights = np.array(by_hand.matrix(layer.synapse, shape))
        counted = [sum(weight != 0 for weight in weights[:, i]) for i in range(weights.shape[1])]
        found = fanout(layer.synapse, shape)
        assert found.shape == shape
        assert found.ravel().tolist() == counted
        shape = layer.shape


def count_by_hand(network, frames, by_hand):
    """Everything that a result says, for one sample."""
    answers = [messages for _, _, messages in by_hand.sample(network, frames)]
    output = answers[-1].reshape(-1, network.max_steps)
    sent = network.masks.stream_steps
    scores = [[int(row[network.depth : network.depth + t].sum()) for row in output] for t in range(1, sent + 1)]
    exit_step = next(t for t in range(1, sent + 1) if network.cutoff.stops(t, np.array(scores[t - 1])))
    steps = exit_step + network.depth
    stream = network.masks.stream(frames)
    sources = [np.concatenate([stream, np.zeros((*stream.shape[:-1], network.depth), bool)], axis=-1), *answers[:-1]]
    synops = np.zeros((network.depth, network.max_steps), dtype=int)
    shape = network.input_shape
    for index, layer in enumerate(network.layers):
        reached = (np.array(by_hand.matrix(layer.synapse, shape)) != 0).sum(axis=0)
        for step in range(steps):
            fired = np.flatnonzero(sources[index][..., step])
            synops[index, step] = sum(int(reached[i]) for i in fired)
        shape = layer.shape
    messages = np.zeros_like(synops)
    messages[:, :steps] = [[int(answer[..., step].sum()) for step in range(steps)] for answer in answers]
    events = [int(sources[0][..., step].sum()) if step < steps else 0 for step in range(network.max_steps)]
    final = scores[exit_step - 1]
    return {
        "exit_step": exit_step,
        "decision": final.index(max(final)),
        "scores": final,
        "steps": steps,
        "input_events": events,
        "messages": messages.tolist(),
        "synops": synops.tolist(),
    }


@few
@given(data=st.data())
def test_every_count_is_what_one_counts_by_hand(cases, by_hand, data):
    network, frames = data.draw(cases)
    result = run(network, frames)
    for sample, recording in enumerate(frames):
        for name, expected in count_by_hand(network, recording, by_hand).items():
            assert getattr(result, name)[sample].tolist() == expected, name


@few
@given(data=st.data())
def test_nothing_is_counted_after_the_exit(cases, data):
    network, frames = data.draw(cases)
    trace = simulate(network, frames)
    full = result_from_trace(network.with_cutoff(CutoffPolicy.never(network.cutoff.steps)), trace, "full", 1.5)
    cut = result_from_trace(network, trace, "cut", 0.5)
    assert (full.backend, full.wall_time_s) == ("full", 1.5)
    assert full.steps.tolist() == [network.max_steps] * len(frames)
    assert np.array_equal(cut.steps, cut.exit_step + network.depth)
    for name in ("input_events", "messages", "synops"):
        for sample, steps in enumerate(cut.steps):
            counted, all_of_it = getattr(cut, name)[sample], getattr(full, name)[sample]
            assert np.array_equal(counted[..., :steps], all_of_it[..., :steps])
            assert not counted[..., steps:].any()


def test_scores_leave_out_the_steps_before_the_first_frame_arrives(relay):
    frames = np.zeros((1, 1, 2, 2, 3), dtype=bool)
    frames[0, 0, 0, 1, 0] = frames[0, 0, 1, 1, 2] = True
    network = relay(2, 3)
    scores = cumulative_scores(network, simulate(network, frames))
    assert scores.tolist() == [[[0, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 1]]]


def test_the_first_class_wins_a_tie(relay):
    frames = np.zeros((1, 1, 2, 2, 2), dtype=bool)
    frames[0, 0, 0, 1], frames[0, 0, 1, 0] = True, True
    result = run(relay(1, 2), frames)
    assert (result.scores.tolist(), result.decision.tolist()) == ([[0, 2, 2, 0]], [1])


def test_zero_weights_cost_nothing(relay):
    network = relay(1, 1)
    frames = np.ones((1, 1, 2, 2, 1), dtype=bool)
    assert run(network, frames).synops.tolist() == [[[4, 0]]]
    full = replace(network.layers[0], synapse=DenseSynapse(np.ones((4, 4), int)))
    assert run(replace(network, layers=(full,)), frames).synops.tolist() == [[[16, 0]]]
