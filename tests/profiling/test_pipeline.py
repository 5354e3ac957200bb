"""Latency and throughput: by hand, against the cost report, and against a stream that really ran."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.placement import LoadMeter, place
from evsnn_lava.hw_profiles import load_profile
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
from evsnn_lava.profiling import even_load, profile_run
from evsnn_lava.profiling.pipeline import earlier_of, pipeline_row, step_gain, stream_load, stream_run
from evsnn_lava.simulation import run
from evsnn_lava.simulation.streaming import sample_steps, stream

STEPS = 8
HARDWARE = load_profile("loihi2")


@pytest.fixture(scope="module")
def case():
    """Three layers, a hidden mask, a cutoff that stops at different frames: (network, frames, full, stopped)."""
    rng = np.random.default_rng(4)

    def odd(*shape):
        return 2 * rng.integers(-10, 20, shape) + 1

    layers = (
        Layer("conv", ConvSynapse(odd(3, 1, 3, 3)), CubaNeuron(60, 1000, 200), (3, 3, 3)),
        Layer("dense", DenseSynapse(odd(9, 27)), CubaNeuron(60, 1000, 200), (9,)),
        Layer("out", DenseSynapse(odd(3, 9)), CubaNeuron(90, 1000, 200), (3,)),
    )
    keep = np.ones((3, STEPS), dtype=bool)
    keep[2, 3] = False
    policy = CutoffPolicy("topk_gap", [0, 0, 0, 0, 0, 0, 0, 0])
    recipe = InputRecipe(5, 5, STEPS, 1000, polarities=1)
    network = NetworkDescription("three", layers, recipe, FrameMasks("mute", tuple(keep)), policy, ("a", "b", "c"))
    frames = rng.random((12, 1, 5, 5, STEPS)) < rng.uniform(0.1, 0.5, (12, 1, 1, 1, 1))
    return network, frames, run(network.with_cutoff(CutoffPolicy.never(STEPS)), frames), run(network, frames)


def test_the_arithmetic_of_the_paper():
    """1.64 and 1.95 times fewer frames of ten become 1.26 and 1.34 at depth 9, 1.39 and 1.53 at depth 4."""
    found = [round(step_gain(10, 10 / gain, depth), 2) for depth in (9, 4) for gain in (1.64, 1.95)]
    assert found == [1.26, 1.34, 1.39, 1.53]


def test_one_at_a_time_is_what_the_cost_report_says(case):
    network, _, full, stopped = case
    row = pipeline_row("as it is", network, full, HARDWARE, stopped.exit_step, accuracy=0.5)
    report = profile_run(network, stopped, HARDWARE)
    assert row.latency_s == report.distributions["time_s"]
    assert row.latency_steps == report.distributions["steps"]
    assert row.interval_s == row.latency_s.mean
    assert row.interval_steps == row.latency_steps.mean.value
    assert (row.exit_step, row.depth, row.accuracy) == (stopped.exit_step.mean(), 3, 0.5)


def test_layout_is_that_of_a_stream_that_ran(case):
    """Step by step, what the layers of the stream sent."""
    network, frames, full, stopped = case
    streamed = stream(network, frames)
    interval = sample_steps(stopped.exit_step, 3, STEPS)
    assert len(set(stopped.exit_step.tolist())) > 2
    steps = int(streamed.first_step[-1] + interval[-1])
    found = stream_run(full, streamed.first_step, interval, steps)
    inputs, messages, synops = found.input_events, found.messages, found.synops
    sent = np.stack([each.reshape(-1, each.shape[-1])[:, :steps].sum(axis=0) for each in streamed.messages])
    assert sent.all(axis=0).any()
    np.testing.assert_array_equal(messages[0], sent)
    spans = zip(frames, streamed.first_step, interval, strict=True)
    expected = np.concatenate([frame[..., :span].sum(axis=(0, 1, 2)) for frame, _, span in spans])
    np.testing.assert_array_equal(inputs[0], expected)
    np.testing.assert_array_equal(synops[0, 1], 9 * sent[0])  # no weight is zero
    np.testing.assert_array_equal(synops[0, 2], 3 * sent[1])


def test_the_load_of_a_stream_lies_where_its_events_do(case):
    """Cores of a chip that are as busy as the whole layer: their load is that of the events."""
    network, frames, full, stopped = case
    streamed = stream(network, frames)
    interval = sample_steps(stopped.exit_step, 3, STEPS)
    where = streamed.first_step, interval, int(streamed.first_step[-1] + interval[-1])
    found = stream_run(full, *where)
    alone = np.ones(3, dtype=np.int64)
    neurons = np.array([layer.neurons for layer in network.layers])
    load = stream_load(even_load(full.input_events, full.messages, full.synops, neurons, alone), *where)
    np.testing.assert_array_equal(load.input_copies, found.input_events)
    np.testing.assert_array_equal(load.copies, found.messages)
    np.testing.assert_array_equal(load.busiest_messages, found.messages)
    np.testing.assert_array_equal(load.busiest_synops, found.synops)


def test_a_measured_load_changes_the_time_but_not_the_steps(case):
    network, frames, full, stopped = case
    load = LoadMeter(network, place(network, HARDWARE)).measure(frames)
    busy = replace(load, busiest_synops=load.busiest_synops * 50)
    for streamed in (False, True):
        one, other = (
            pipeline_row("", network, full, HARDWARE, stopped.exit_step, streamed, load=each) for each in (load, busy)
        )
        assert one.latency_steps == other.latency_steps
        assert one.latency_s.mean.value < other.latency_s.mean.value


def test_streamed_decides_as_late_and_takes_more(case):
    network, _, full, stopped = case
    alone, streamed = (
        pipeline_row("", network, full, HARDWARE, stopped.exit_step, streamed=each) for each in (False, True)
    )
    baseline = pipeline_row("", network, full, HARDWARE)
    assert streamed.latency_steps == alone.latency_steps
    assert streamed.interval_steps == np.minimum(stopped.exit_step + 3, STEPS).mean() < alone.interval_steps
    assert streamed.samples_per_s.value > alone.samples_per_s.value > baseline.samples_per_s.value
    assert streamed.throughput_gain(baseline) > alone.throughput_gain(baseline) == alone.latency_gain(baseline) > 1
    assert streamed.samples_per_s.low < streamed.samples_per_s.value < streamed.samples_per_s.high


def test_times_of_a_stream_by_hand(network, result):
    """One neuron update price, nothing else: a step is as long alone as in a stream, so only their number counts."""
    full = replace(result, steps=np.array([6, 6]), messages=0 * result.messages, synops=0 * result.synops)
    row = pipeline_row("", network, full, HARDWARE, np.array([2, 4]), streamed=True)
    step_s = row.latency_s.max.value / 6
    assert row.latency_s.p50.value == pytest.approx(4 * step_s)
    assert row.interval_s.value == pytest.approx((4 + 4) / 2 * step_s)


def test_a_stopped_run_is_refused(case):
    network, _, _, stopped = case
    with pytest.raises(ConfigError, match="run it without cutoff"):
        pipeline_row("", network, stopped, HARDWARE)


def test_the_earlier_decision_counts(result):
    """The head is sooner in the second sample, at a tie in the first one it is not asked."""
    head = replace(result, steps=np.array([4, 5]), decision=np.array([2, 2]))
    early = earlier_of("head", result, head, np.array([0, 2]))
    assert (early.accuracy, early.latency_steps, early.head_first) == (1.0, 4.5, 0.5)
    assert earlier_of("head", result, head, np.array([2, 1])).accuracy == 0
    assert earlier_of("head", result, head).accuracy is None


def test_an_earlier_decision_of_other_samples_is_refused(result, case):
    with pytest.raises(ConfigError, match="12 samples beside 2"):
        earlier_of("head", result, case[2])
