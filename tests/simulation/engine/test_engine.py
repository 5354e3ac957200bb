"""The engine against the reference: every field, message and state of random networks, however it is used."""

from __future__ import annotations

import os
import threading
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError
from evsnn_lava.network import (
    ConvSynapse,
    CutoffPolicy,
    DenseSynapse,
    InputRecipe,
)
from evsnn_lava.simulation import cumulative_scores, run, simulate
from evsnn_lava.simulation.engine import Engine, flight, intake, running

from .. import drawing
from . import building
from .comparing import (
    COUNTERS,
    differences,
    expected,
    policies,
    result_differences,
    trace_differences,
    unlike,
)

MANY = settings(max_examples=200, suppress_health_check=list(HealthCheck))
SOME = settings(max_examples=40, suppress_health_check=list(HealthCheck))
SLOTS, THREADS = st.integers(1, 7), st.integers(1, 3)


@given(case=drawing.networks(samples=9), slots=SLOTS, threads=THREADS)
@MANY
def test_random_networks_give_the_same_result_messages_and_states(case, slots, threads):
    network, frames = case
    engine = Engine(network, threads, slots)
    assert differences(engine, network, frames) == []
    assert differences(engine, network, frames[::-1]) == [], "on used buffers"


@given(case=drawing.networks(samples=9), slots=SLOTS, threads=THREADS, seed=st.integers(0, 999))
@SOME
def test_any_policy_gives_the_result_of_the_reference(case, slots, threads, seed):
    network, frames = case
    engine = Engine(network, threads, slots)
    for policy in policies(np.random.default_rng(seed), network):
        assert result_differences(engine.run(frames, policy=policy), expected(network, frames, policy)) == []
        assert (
            result_differences(
                Engine(replace(network, cutoff=policy), threads, slots).run(frames), expected(network, frames, policy)
            )
            == []
        )
    assert result_differences(engine.run(frames), run(network, frames)) == []


@given(
    case=drawing.networks(samples=9),
    slots=SLOTS,
    places=st.tuples(st.sampled_from([1, 200, 700]), st.sampled_from([1, 300]), st.sampled_from([1, 64, 200, 400])),
)
@MANY
def test_windows_and_tiles_of_every_size_give_the_same(case, slots, places):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flight, "LIST_PLACES", places[0])
        patch.setattr(flight, "IDLE_PLACES", places[1])
        patch.setattr(running, "TILE_PLACES", places[2])
        patch.setattr(intake, "FIRST_PLACES", 2)
        network, frames = case
        assert differences(Engine(network, 1, slots), network, frames) == []


@pytest.mark.parametrize("name", drawing.EDGES)
def test_numbers_end_where_those_of_the_reference_end(name):
    for network, frames in drawing.edge_cases(name):
        assert differences(Engine(network, 1, 2), network, frames) == []


@pytest.mark.parametrize("bits", [0, 8])
def test_no_samples_are_a_result_too(bits):
    recipe = InputRecipe.frames((2, 2, 2), 3, bits) if bits else building.binary(2, 2, 3)
    network = building.network(recipe, (DenseSynapse(np.ones((2, 8), dtype=int)), building.RELAY))
    frames, engine = np.zeros((4, 2, 2, 2, 3), dtype=bool), Engine(network, 2)
    wanted, trace = run(network, frames), engine.trace(frames[:0], states=True)
    for found in (engine.run(frames[:0]), engine.profile(frames[:0])[0], *engine.evaluate([frames[:0]])):
        assert all(not unlike(getattr(found, name), getattr(wanted, name)[:0]) for name in ("scores", *COUNTERS))
    assert [len(messages) for messages in (trace.stream, *trace.messages, trace.states[0]["u"])] == [0, 0, 0]


@pytest.mark.parametrize(("threads", "slots"), [(1, 1), (1, 7), (2, 3), (3, 32)])
def test_batches_of_every_size_give_the_same(wide, threads, slots):
    network, frames = wide
    exits = set(run(network, frames).exit_step.tolist())
    assert len(exits) >= 3, "the samples must not all stop together"
    engine = Engine(network, threads, slots)
    for samples in (1, 2, slots, slots + 1, 23):
        assert result_differences(engine.run(frames[:samples]), run(network, frames[:samples])) == []


def test_counters_can_be_left_out(wide):
    network, frames = wide
    found, wanted = Engine(network, 2).run(frames, counters=False), run(network, frames)
    assert result_differences(found, wanted, without=COUNTERS) == []
    assert not any(getattr(found, name).any() for name in COUNTERS)
    assert all(getattr(found, name).shape == getattr(wanted, name).shape for name in COUNTERS)


def test_the_order_of_samples_is_that_of_their_results(wide, rng):
    network, frames = wide
    order, engine = rng.permutation(len(frames)), Engine(network, 1, 1)
    one, other = engine.run(frames), engine.run(frames[order])
    for name in ("exit_step", "decision", "scores", "steps", *COUNTERS):
        assert np.array_equal(getattr(one, name)[order], getattr(other, name)), name


def test_two_threads_of_a_user_can_share_an_engine(wide):
    network, frames = wide
    engine, parts, found = Engine(network, 2, 2), (frames, frames[::-1], frames[5:], frames[:9]), {}

    def work(part):
        found[part] = [engine.run(parts[part]) for _ in range(6)]

    users = [threading.Thread(target=work, args=(part,)) for part in range(len(parts))]
    for user in users:
        user.start()
    for user in users:
        user.join(60)
    for part, results in found.items():
        wanted = run(network, parts[part])
        assert [result_differences(result, wanted) for result in results] == [[]] * 6
    assert len(found) == len(parts)


def test_a_trace_has_the_types_of_the_reference_and_states_only_if_asked(wide):
    network, frames = wide
    plain = Engine(network, 1).trace(frames[:2])
    assert plain.states == ()
    assert trace_differences(plain, simulate(network, frames[:2])) == []


@given(case=drawing.networks(samples=9), slots=SLOTS, threads=THREADS)
@SOME
def test_scores_after_every_frame_are_those_of_the_trace(case, slots, threads):
    network, frames = case
    engine = Engine(network, threads, slots)
    wanted = cumulative_scores(network, simulate(network, frames))
    assert not unlike(engine.scores(frames), wanted)
    assert result_differences(engine.run(frames), run(network, frames)) == [], "on the same buffers"
    assert not unlike(engine.scores(frames), wanted)


def test_a_result_says_who_computed_it_and_how_long_it_took(wide):
    network, frames = wide
    start = time.perf_counter()
    result = Engine(network).run(frames)
    assert result.backend == "engine"
    assert 0 < result.wall_time_s < time.perf_counter() - start


def test_threads_and_slots_follow_from_the_machine_and_the_network(wide):
    network, _ = wide
    engine = Engine(network)
    assert engine.threads == 1, "threads are not worth their while"
    assert engine.slots == 32
    image = ConvSynapse(np.ones((20, 2, 1, 1), dtype=int)), building.RELAY
    head = DenseSynapse(np.ones((2, 20 * 70 * 70), dtype=int)), building.RELAY
    large = Engine(building.network(building.binary(70, 70, 2), image, head))
    assert (large.threads, large.slots) == (len(os.sched_getaffinity(0)), 1)


# blocks ---------------------------------------------------------------------------------------------------------------


def test_blocks_are_taken_one_by_one_and_only_when_needed(wide):
    network, frames = wide
    parts, taken = (frames[:4], frames[4:5], frames[5:]), []

    def blocks():
        for block in parts:
            taken.append(len(block))
            yield block

    results = Engine(network, 2, 2).evaluate(blocks())
    assert taken == []
    found = [next(results)]
    assert taken == [4]
    found += results
    wanted = [run(network, block) for block in parts]
    assert [result_differences(ours, other) for ours, other in zip(found, wanted, strict=True)] == [[]] * 3


def test_blocks_take_another_policy_and_report_their_progress(wide):
    network, frames = wide
    policy, reported = CutoffPolicy.fixed(2, 12), []
    found = list(Engine(network, 2, 2).evaluate([frames, frames[:3]], lambda *row: reported.append(row), policy))
    assert [
        result_differences(ours, expected(network, block, policy))
        for ours, block in zip(found, (frames, frames[:3]), strict=True)
    ] == [[], []]
    assert (23, 23, 23 * (2 + 3)) in reported
    assert reported[-1] == (3, 3, 3 * (2 + 3))


def test_memory_stays_flat_however_many_blocks_there_are(wide):
    """The hundredth block uses the buffers of the first, and nothing of those before it is kept."""
    network, frames = wide
    engine, sizes = Engine(network, 2, 2), []
    tracemalloc.start()
    try:
        for _ in engine.evaluate(frames[:6].copy() for _ in range(100)):
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert len(sizes) == 100
    assert sizes[-1] - sizes[9] < 10 * frames[:6].nbytes
    assert len(engine._idle) == 2


# what is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["threads", "slots"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_numbers_that_count_nothing_are_refused(wide, name, value):
    with pytest.raises(ConfigError, match=f"^{name} of the engine is {value}, it must be a whole number from 1 on;"):
        Engine(wide[0], **{name: value})


def test_a_policy_of_another_length_is_refused(wide):
    network, frames = wide
    words = "^network built: the cutoff has 5 thresholds, frames sent are 12; make them equal"
    with pytest.raises(ConfigError, match=words):
        Engine(network).run(frames, policy=CutoffPolicy.never(5))
    with pytest.raises(ConfigError, match=words):
        next(Engine(network).evaluate([frames], policy=CutoffPolicy.never(5)))


def test_a_gap_needs_two_outputs():
    network = building.network(building.binary(2, 2, 3), (DenseSynapse([[1] * 8]), building.RELAY))
    with pytest.raises(ConfigError, match="a gap needs at least 2"):
        Engine(network).run(np.zeros((1, 2, 2, 2, 3), bool), policy=CutoffPolicy("topk_gap", [0, 0, 0]))


def test_the_buffers_of_a_sample_are_counted(wide):
    network, _ = wide
    one, many = Engine(network, 1, 1).memory_per_sample_bytes, Engine(network, 1, 8).memory_per_sample_bytes
    assert many <= one
    assert many > sum(2 * 4 * layer.neurons for layer in network.layers)
