"""Candidates take turns; a short call is made longer; worked examples hold."""

import doctest
import importlib

import pytest

from benchmarks.measure import Effort, Timing, stopwatch, take_turns


def test_candidates_take_turns():
    order = []

    def candidate(name, seconds):
        def call():
            order.append(name)
            return seconds

        return call

    calls = {"slow": candidate("slow", 3.0), "quick": candidate("quick", 1.0)}
    timings = take_turns(calls, Effort(budget_s=4.0, least=2, most=4))
    assert order[:2] == ["slow", "quick"]  # the warm-up
    assert order[2:] == ["slow", "quick", "slow", "quick", "quick", "quick"]
    assert [len(timing.seconds) for timing in timings.values()] == [2, 4]


def test_timing_gives_median_and_range():
    found = Timing((3.0, 1.0, 8.0)).per(2)
    assert found == {"median": 1.5, "min": 0.5, "max": 4.0, "repetitions": 3}


def test_short_work_is_repeated():
    done = []
    call = stopwatch(lambda: done.append(1), shortest_s=0.001)
    call()
    before = len(done)
    assert call() < 0.001
    assert len(done) - before > 10


@pytest.mark.parametrize("name", ["measure", "tables", "growth", "__main__"])
def test_examples(name):
    assert doctest.testmod(importlib.import_module(f"benchmarks.{name}")).failed == 0
