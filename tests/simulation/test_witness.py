"""Recording golden vectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.network import CutoffPolicy, spike_hash
from evsnn_lava.simulation import record_golden, run, simulate
from evsnn_lava.simulation.verification import compare_messages


@settings(max_examples=30)
@given(data=st.data())
def test_every_layer_and_step_is_written_down(cases, data):
    network, frames = data.draw(cases)
    golden, trace, result = record_golden(network, frames), simulate(network, frames), run(network, frames)
    assert np.array_equal(golden.frames, frames)
    assert golden.spike_counts.shape == (len(frames), network.depth, network.max_steps)
    for sample, layer, step in np.ndindex(golden.spike_counts.shape):
        messages = trace.messages[layer][sample, ..., step]
        assert golden.spike_counts[sample, layer, step] == np.count_nonzero(messages)
        assert golden.spike_hashes[sample, layer, step] == spike_hash(messages)
    assert np.array_equal(golden.exit_step, result.exit_step)
    assert np.array_equal(golden.decision, result.decision)


@settings(max_examples=30)
@given(data=st.data())
def test_what_is_recorded_agrees_with_itself(cases, data):
    network, frames = data.draw(cases)
    network = replace(network, golden=record_golden(network, frames))
    trace = simulate(network, frames)
    agreement = compare_messages(network, "reference", trace.messages, run(network, frames))
    assert agreement.ok
    assert (agreement.difference, agreement.decisions_agree) == (None, True)
    assert (agreement.samples, agreement.layers, agreement.steps) == (len(frames), network.depth, network.max_steps)
    assert agreement.messages == sum(np.count_nonzero(layer) for layer in trace.messages)


def test_the_cutoff_does_not_shorten_what_is_recorded(relay):
    network = relay(1, 4).with_cutoff(CutoffPolicy.fixed(2, steps=4))
    golden = record_golden(network, np.ones((1, 1, 2, 2, 4), dtype=bool))
    assert golden.spike_counts.tolist() == [[[0, 4, 4, 4, 4]]]
    assert golden.exit_step.tolist() == [2]


def test_the_recorded_frames_are_a_copy(relay):
    frames = np.ones((1, 1, 2, 2, 2), dtype=np.uint8)
    golden = record_golden(relay(1, 2), frames)
    frames[:] = 0
    assert golden.frames.all()
    assert golden.frames.dtype == np.bool_
