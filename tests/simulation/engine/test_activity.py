"""What the engine really does: blocks that sleep, samples that stop, masks that save work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evsnn_lava.network import ConvSynapse, CubaNeuron, CutoffPolicy, DenseSynapse, FrameMasks
from evsnn_lava.network.fanout import connections
from evsnn_lava.simulation import run
from evsnn_lava.simulation.engine import Engine, flight

from .. import drawing
from . import building
from .comparing import differences, fired, result_differences

SOME = settings(max_examples=40, suppress_health_check=list(HealthCheck))
SLOTS = st.integers(1, 7)


@given(case=drawing.networks(samples=3), slots=SLOTS)
@SOME
def test_activity_counts_what_a_plain_count_counts(case, slots):
    network, frames = case
    result, activity = Engine(network, 1, slots).profile(frames)
    assert result_differences(result, run(network, frames)) == []
    step = np.arange(network.max_steps)
    executed = (step < result.steps[:, None])[:, None]
    neurons = np.array([layer.neurons for layer in network.layers])[None, :, None]
    assert np.array_equal(activity.fired, fired(network, frames) * executed)
    assert np.array_equal(activity.updates, neurons * (executed & (step > 0)))
    dense = np.array(connections(network))[None, :, None]
    assert np.array_equal(activity.dense_operations, dense * (executed & (step > 0)))
    blocks = -(-neurons // 64) * 64
    assert (activity.computed_updates <= blocks * (executed & (step > 0))).all()
    assert (activity.fired <= activity.computed_updates).all()


def test_dense_operations_are_counted_by_hand():
    """Zero weights count, places beyond the border do not."""
    blocks = (
        (ConvSynapse([[[[0, 2, 4]]]], padding=(0, 1)), building.RELAY),
        (DenseSynapse([[0, 2, 0, 4]] * 2), building.RELAY),
    )
    network = building.network(building.binary(1, 4, 3, 1), *blocks)
    activity = Engine(network).profile(np.zeros((1, 1, 1, 4, 3), dtype=bool))[1]
    assert activity.dense_operations[0].tolist() == [[0, 10, 10, 10, 10], [0, 8, 8, 8, 8]]
    assert activity.updates[0].tolist() == [[0, 4, 4, 4, 4], [0, 2, 2, 2, 2]]


@pytest.fixture(scope="module")
def sparse():
    """A large layer of which a few spikes reach a few blocks."""
    rng = np.random.default_rng(3)
    network = building.network(
        building.binary(32, 32, 24, 1),
        (ConvSynapse(rng.integers(40, 90, (3, 1, 3, 3)), padding=(1, 1)), CubaNeuron(40, 3000, 2500)),
        (DenseSynapse(rng.integers(-20, 30, (130, 3 * 32 * 32))), CubaNeuron(60, 3000, 3000)),
        (DenseSynapse(rng.integers(-40, 60, (4, 130))), CubaNeuron(60, 3000, 3000)),
    )
    frames = np.zeros((6, 1, 32, 32, 24), dtype=bool)
    for sample in range(6):
        frames[sample, 0, rng.integers(0, 32, 4), rng.integers(0, 32, 4), rng.integers(0, 9, 4)] = True
    return network, frames


def test_blocks_sleep_and_nothing_changes(sparse):
    network, frames = sparse
    result, activity = Engine(network, 1, 3).profile(frames)
    assert result.messages.sum() > 50
    assert 0 < activity.computed_updates[:, 0].sum() < 0.2 * activity.updates[:, 0].sum()
    assert differences(Engine(network, 1, 3), network, frames) == []


def test_a_silent_sample_costs_nothing_but_its_first_step(sparse):
    network, frames = sparse
    activity = Engine(network, 1, 1).profile(np.zeros_like(frames[:1]))[1]
    assert activity.computed_updates[0, :, 1].tolist() == [3 * 32 * 32, 192, 64]
    assert not activity.computed_updates[0, :, 2:].any()


def test_a_layer_with_a_bias_falls_asleep_when_it_has_settled():
    bias = CubaNeuron(131071, 4095, 4096, [100] * 70)
    network = building.network(building.binary(1, 1, 9, 1), (DenseSynapse([[2]] * 70), bias))
    frames = np.zeros((1, 1, 1, 1, 9), dtype=bool)
    frames[..., 4] = True
    activity = Engine(network).profile(frames)[1]
    assert (activity.computed_updates[0, 0] > 0).tolist() == [False, True, True] + [False] * 2 + [True] * 3 + [
        False
    ] * 2
    assert differences(Engine(network), network, frames) == []


# the cutoff -----------------------------------------------------------------------------------------------------------


def executed_steps(engine):
    """Step that every slot of an engine's buffers has reached."""
    return [(flight.first + flight.steps).tolist() for flight in engine._idle]


@pytest.mark.parametrize("slots", [1, 4])
def test_a_sample_that_is_decided_is_not_run_to_its_end(wide, slots, monkeypatch):
    """Nothing is computed beyond the window in which the samples stop."""
    network, frames = wide
    monkeypatch.setattr(flight, "IDLE_PLACES", 1)
    engine = Engine(network, 1, slots)
    result = engine.run(frames[:slots], policy=CutoffPolicy.fixed(1, 12))
    assert result.steps.tolist() == [1 + 3] * slots
    assert executed_steps(engine) == [[1 + 3] * slots]
    for layer in engine._idle[0].layers:
        assert layer.tally[:, :, 1:4].any()
        assert not layer.tally[:, :, 4:].any()


def test_every_sample_stops_on_its_own(wide, monkeypatch):
    network, frames = wide
    monkeypatch.setattr(flight, "IDLE_PLACES", 1)
    engine = Engine(network, 1, 23)
    exits = run(network, frames).exit_step
    engine.run(frames)
    reached = np.array(executed_steps(engine)[0])
    assert len(set(reached.tolist())) >= 3
    assert np.array_equal(reached, exits + 3)


def test_masks_skip_work(wide):
    network, frames = wide
    keep = np.ones((3, 12), dtype=bool)
    keep[:, 1::2] = False
    never = CutoffPolicy.never
    plain = replace(network, cutoff=never(12))
    skipped = replace(network, masks=FrameMasks("skip", tuple(keep)), cutoff=never(6))
    gated = replace(network, masks=FrameMasks("mute", (np.ones(12, bool), *keep[1:])), cutoff=never(12))
    totals = {}
    for name, chosen in (("plain", plain), ("skipped", skipped), ("gated", gated)):
        result, activity = Engine(chosen).profile(frames)
        assert result_differences(result, run(chosen, frames)) == []
        totals[name] = result.synops.sum(axis=(0, 2)), activity.computed_updates.sum(axis=(0, 2))
    assert (totals["skipped"][0] < 0.7 * totals["plain"][0]).all()
    assert (totals["skipped"][1] < 0.7 * totals["plain"][1]).all()
    assert totals["gated"][0][0] == totals["plain"][0][0]
    assert (totals["gated"][0][1:] < 0.7 * totals["plain"][0][1:]).all()
