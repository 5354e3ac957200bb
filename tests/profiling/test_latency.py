from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.network import FrameMasks
from evsnn_lava.profiling import EventCounts, even_load, step_times
from evsnn_lava.profiling.latency import time_per_sample

PATIENT = settings(max_examples=60)
LOIHI1 = load_profile("loihi1")
TIMES = LOIHI1.time
EVENTS = ("input_events", "messages", "synops")
BARRIER_S = TIMES.barrier.si


def counts_of(
    neurons: list[int], synops: np.ndarray, messages: np.ndarray, steps: list[int], cores: list[int] | None = None
) -> EventCounts:
    inputs = np.zeros((len(steps), synops.shape[-1]), dtype=np.int64)
    none = np.zeros(len(steps), dtype=np.int64)
    zeros = np.zeros_like(synops)
    return EventCounts(
        layers=tuple(f"layer{index}" for index in range(len(neurons))),
        neurons=np.array(neurons),
        exit_step=np.array(steps),
        steps=np.array(steps),
        input_events=inputs,
        messages=messages,
        synops=synops,
        active_updates=zeros,
        readout_additions=none,
        cutoff_comparisons=none,
        mask_gates=none,
        load=even_load(inputs, messages, synops, np.array(neurons), np.array(cores or [1] * len(neurons))),
    )


def test_a_silent_step_lasts_as_long_as_the_barrier():
    nothing = np.zeros((1, 1, 3), dtype=np.int64)
    steps = step_times(counts_of([1], nothing, nothing, [2]), LOIHI1)
    assert steps.value.tolist() == [[BARRIER_S, BARRIER_S, 0.0]]
    assert steps.low.tolist() == [[TIMES.barrier.low_si, TIMES.barrier.low_si, 0.0]]


def test_the_busiest_core_decides():
    synops = np.array([[[9_000], [4_000]]])
    counts = counts_of([10, 10], synops, np.zeros_like(synops), [1], [3, 1])
    # 9000 operations on 3 cores are 3000 a core: fewer than the 4000 of the other layer's only core.
    steps = step_times(counts, LOIHI1)
    assert steps.value[0, 0] == pytest.approx(4_000 * 3.5e-9)
    assert steps.low[0, 0] == pytest.approx(4_000 * 3.1e-9)
    assert steps.high[0, 0] == pytest.approx(4_000 * 4.7e-9 + 10 * 9.7e-9 + 1.8e-6)


def test_many_neurons_or_messages_take_time_too():
    synops, messages = np.zeros((1, 1, 1), dtype=np.int64), np.zeros((1, 1, 1), dtype=np.int64)
    neurons = step_times(counts_of([1_000], synops, messages, [1]), LOIHI1)
    assert neurons.value[0, 0] == pytest.approx(1_000 * 8.4e-9)
    spikes = step_times(counts_of([10], synops, messages + 5_000, [1]), LOIHI1)
    assert spikes.value[0, 0] == pytest.approx(5_000 * 2.1e-9)


def test_a_sample_lasts_as_long_as_its_executed_steps(network, result, counted):
    steps = step_times(counted(network, result, (2, 1)), LOIHI1)
    samples = time_per_sample(steps)
    assert np.array_equal(samples.value, steps.value.sum(axis=1))
    assert np.count_nonzero(steps.value, axis=1).tolist() == result.steps.tolist()


@PATIENT
@given(
    st.lists(st.integers(0, 10**6), min_size=6, max_size=6),
    st.lists(st.integers(0, 10**5), min_size=6, max_size=6),
    st.integers(1, 20),
    st.sampled_from(["loihi1", "loihi2"]),
)
def test_the_range_brackets_the_time_and_more_cores_are_not_slower(synops, messages, cores, profile):
    hardware = load_profile(profile)
    events = np.reshape(synops, (1, 2, 3)), np.reshape(messages, (1, 2, 3))
    one, more = (step_times(counts_of([50, 500], *events, [3], [number, number]), hardware) for number in (1, cores))
    assert np.all((one.low <= one.value) & (one.value <= one.high))
    assert np.all(more.value <= one.value)
    assert np.all(one.value >= hardware.time.barrier.si)


def test_a_chip_at_the_pace_of_the_recording_waits_for_its_frames(network_of, result, counted):
    """Frames of 1 ms; the second of four is skipped, but its time passes. Two layers, so two steps more."""
    network = network_of(FrameMasks("skip", ([1, 0, 1, 1],) * 2))
    steps = step_times(
        counted(
            network,
            replace(result, **{name: getattr(result, name)[..., :5] for name in EVENTS}, steps=np.array([4, 5])),
        ),
        load_profile("xylo"),
    )
    assert steps.value == pytest.approx(np.array([[1, 2, 1, 1, 0], [1, 2, 1, 1, 1]]) * 1e-3)
    assert np.array_equal(steps.low, steps.high)


def test_without_slices_of_time_there_is_no_such_pace():
    nothing = np.zeros((1, 1, 3), dtype=np.int64)
    with pytest.raises(ConfigError, match="no slices of time"):
        step_times(counts_of([1], nothing, nothing, [2]), load_profile("xylo"))
