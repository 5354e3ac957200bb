"""Accuracy step by step, the optimal cutoff time, and the summary of an early exit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.policies import Exits, Fixed, accuracy_curve, decide, exit_summary
from evsnn_lava.export.policies.settled import optimal_cutoff_time
from evsnn_lava.network import CutoffPolicy


def test_the_curve_is_what_fixed_stops_reach(draw):
    scores, labels = draw(1, 80)
    curve = accuracy_curve(scores, labels)
    stops = [Fixed(steps=step).fit(scores, labels).decide(scores) for step in range(1, 21)]
    assert curve.accuracy == pytest.approx([np.mean(stop.decision == labels) for stop in stops])
    assert curve.area == pytest.approx(np.mean(curve.accuracy))
    assert curve.settled == curve.accuracy[-1]
    times = optimal_cutoff_time(scores, labels)
    assert (curve.oct_mean, curve.oct_p50) == (times.mean(), np.sort(times)[(len(times) - 1) // 2])
    assert curve.oct_p95 == np.sort(times)[-(-19 * len(times) // 20) - 1]


@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 6))
def test_the_optimal_cutoff_time_by_hand(seed, steps):
    rng = np.random.default_rng(seed)
    scores, labels = np.cumsum(rng.integers(0, 2, (8, steps, 3)), axis=1), rng.integers(0, 3, 8)
    for sample, label, found in zip(scores, labels, optimal_cutoff_time(scores, labels), strict=True):
        right = [row.argmax() == label for row in sample]
        expected = next((t for t in range(1, steps + 1) if all(right[t - 1 :])), steps)
        assert found == expected


def test_the_summary_by_hand():
    full = Exits(np.full(4, 10), np.array([0, 1, 2, 0]))
    found = exit_summary(np.array([2, 2, 4, 8]), np.array([0, 0, 2, 1]), np.array([0, 1, 2, 1]), 3, full)
    assert (found.samples, found.steps, found.accuracy_full, found.accuracy) == (4, 10, 0.75, 0.75)
    assert (found.loss, found.lost) == (0, 0.25)
    assert (found.mean_exit, found.p50_exit, found.p95_exit) == (4, 2, 8)
    assert (found.speed_up, found.hardware_steps, found.hardware_speed_up) == (2.5, 7, pytest.approx(13 / 7))


def test_without_early_exit_nothing_is_gained_or_lost(draw):
    scores, labels = draw(2, 30)
    full = decide(CutoffPolicy.never(20), scores)
    found = exit_summary(full.exit_step, full.decision, labels, 5, full)
    assert (found.loss, found.lost, found.speed_up, found.hardware_speed_up) == (0, 0, 1, 1)


@pytest.mark.parametrize("sizes", [(3, 3, 2), (0, 0, 0)])
def test_arrays_that_do_not_fit_are_refused(sizes):
    exit_step, decision, labels = (np.ones(size, int) for size in sizes)
    with pytest.raises(ConfigError, match="give one per sample"):
        exit_summary(exit_step, decision, labels, 1, Exits(exit_step, decision))
