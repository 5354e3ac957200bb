"""What counts: fan-out, messages, synaptic operations and decisions, against counting one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.network import (
    ComplexSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    DirectSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    SigmaNeuron,
)
from evsnn_lava.network.fanout import message_costs, recurrent_costs
from evsnn_lava.simulation import cumulative_scores, fanout, result_from_trace, run, simulate

few = settings(max_examples=40)


def reached(by_hand, synapse, shape):
    """Non-zero weights of every input, counted one by one in every matrix of the synapse."""
    counted = np.zeros(int(np.prod(shape)), dtype=int)
    for rows in by_hand.matrices(synapse, shape):
        for row in rows:
            counted += [weight != 0 for weight in row]
    return counted.tolist()


@few
@given(data=st.data())
def test_fanout_counts_the_non_zero_weights_of_every_input(cases, by_hand, data):
    network, _ = data.draw(cases)
    shape, forward, recurrent = network.input_shape, message_costs(network), recurrent_costs(network)
    assert (len(forward), len(recurrent)) == (network.depth + 1, network.depth)
    for index, layer in enumerate(network.layers):
        found = fanout(layer.synapse, shape)
        assert found.shape == forward[index].shape == shape
        assert found.ravel().tolist() == forward[index].ravel().tolist() == reached(by_hand, layer.synapse, shape)
        shape = layer.shape
        if layer.recurrent is None:
            assert recurrent[index] is None
        else:
            assert recurrent[index].shape == shape
            assert recurrent[index].ravel().tolist() == reached(by_hand, layer.recurrent, (layer.neurons,))
    assert forward[-1].tolist() == np.zeros(shape, dtype=int).tolist()


def operations_by_hand(network, sources, by_hand, steps):
    """Synaptic operations of every layer and step: forward, and back into the layer itself."""
    synops = np.zeros((network.depth, network.max_steps), dtype=int)
    shape = network.input_shape
    for index, layer in enumerate(network.layers):
        pairs = [(reached(by_hand, layer.synapse, shape), sources[index])]
        if layer.recurrent is not None:
            pairs.append((reached(by_hand, layer.recurrent, (layer.neurons,)), sources[index + 1]))
        for cost, sent in pairs:
            for step in range(steps):
                synops[index, step] += sum(cost[i] for i in np.flatnonzero(sent[..., step]))
        shape = layer.shape
    return synops.tolist()


def count_by_hand(network, frames, by_hand):
    """Everything that a result says, for one sample."""
    answers = [messages for messages, _ in by_hand.sample(network, frames)]
    output = answers[-1].reshape(-1, network.max_steps)
    sent = network.masks.stream_steps
    scores = [[int(row[network.depth : network.depth + t].sum()) for row in output] for t in range(1, sent + 1)]
    exit_step = next(t for t in range(1, sent + 1) if network.cutoff.stops(t, np.array(scores[t - 1])))
    steps = exit_step + network.depth
    stream = network.masks.stream(frames)
    sources = [np.concatenate([stream, np.zeros((*stream.shape[:-1], network.depth), int)], axis=-1), *answers]
    counts = [[np.count_nonzero(source[..., step]) for step in range(steps)] for source in sources]
    padded = [count + [0] * (network.max_steps - steps) for count in counts]
    final = scores[exit_step - 1]
    return {
        "exit_step": exit_step,
        "decision": final.index(max(final)),
        "scores": final,
        "steps": steps,
        "input_events": padded[0],
        "messages": padded[1:],
        "synops": operations_by_hand(network, sources, by_hand, steps),
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


def test_a_complex_synapse_costs_both_of_its_parts():
    synapse = ComplexSynapse(DenseSynapse([[1, 0], [2, 3]]), DenseSynapse([[0, 0], [5, 0]]))
    assert fanout(synapse, (2,)).tolist() == [3, 1]


def test_the_input_of_a_neuron_is_no_synapse():
    assert fanout(DirectSynapse(64, 3), (2, 1, 2)).tolist() == [[[0, 0]], [[0, 0]]]


def test_what_a_layer_tells_itself_costs_operations_there(relay):
    network = relay(1, 3)
    recurrent = DenseSynapse([[0, -9, 0, 0], [0, 0, 0, 0], [0, -9, 0, 0], [0, 0, 0, -9]])
    network = replace(network, layers=(replace(network.layers[0], recurrent=recurrent),))
    frames = np.zeros((1, 1, 2, 2, 3), dtype=bool)
    frames[0, 0, 0, 1, 0] = True  # fires neuron 1 in step 1, which reaches neurons 0 and 2
    assert [cost.tolist() for cost in recurrent_costs(network)] == [[0, 2, 0, 1]]
    assert run(network, frames).synops.tolist() == [[[1, 2, 0, 0]]]


def one_output(neuron, synapse, bits=0):
    recipe, masks = InputRecipe.frames((1, 1, 1), 4, bits), FrameMasks.all_kept(4, 1)
    return NetworkDescription(
        "one", (Layer("out", synapse, neuron, (1,)),), recipe, masks, CutoffPolicy.never(4), ("a",)
    )


def test_one_output_is_always_the_decision():
    network = one_output(CubaNeuron(1, 4095, 4096), DenseSynapse([[2]]))
    result = run(network, np.array([1, 0, 1, 0]).reshape(1, 1, 1, 1, 4))
    assert (result.scores.tolist(), result.decision.tolist(), result.exit_step.tolist()) == ([[2]], [0], [4])
    early = run(network.with_cutoff(CutoffPolicy.fixed(1, 4)), np.array([1, 0, 1, 0]).reshape(1, 1, 1, 1, 4))
    assert (early.scores.tolist(), early.exit_step.tolist()) == ([[1]], [1])


def test_graded_messages_are_added_up_and_counted_once():
    network = one_output(SigmaNeuron(), DenseSynapse([[-3]]), bits=8)
    result = run(network, np.array([2, 0, -2, 5]).reshape(1, 1, 1, 1, 4))
    assert result.scores.tolist() == [[-6 - 6 + 0 - 15]]
    assert result.input_events.tolist() == [[1, 0, 1, 1, 0]]
    assert result.messages.tolist() == [[[0, 1, 1, 0, 1]]]
    assert result.synops.tolist() == [[[1, 0, 1, 1, 0]]]
