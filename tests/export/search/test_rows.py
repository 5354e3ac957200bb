"""Limits, and the choice between rows."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.export.search.candidates import Candidate
from evsnn_lava.export.search.intervals import Interval
from evsnn_lava.export.search.rows import Figures, Limits, Policy, Row, cheapest, pareto_rows
from evsnn_lava.network import CutoffPolicy, softmax_table


def figures(accuracy=0.9, p95=10.0, energy=1.0, time=1.0):
    numbers = (accuracy, p95, p95, p95, energy, time)
    return Figures(100, *(None if each is None else Interval(each, each, each) for each in numbers))


def row(name, **numbers):
    return Row(Candidate(1.0, (0,), 8), Policy(name, "never", (1,)), figures(**numbers))


SMALL = st.integers(0, 3)


@given(st.lists(st.tuples(SMALL, SMALL, SMALL, SMALL), min_size=1, max_size=8), SMALL, SMALL)
def test_the_choice_is_in_the_pareto_set(drawn, least, most):
    rows = [row(str(index), accuracy=a / 3, p95=p, energy=e, time=t) for index, (a, p, e, t) in enumerate(drawn)]
    limits = Limits(min_accuracy=least / 3, max_p95_steps=most)
    chosen, pareto = cheapest(rows, limits), pareto_rows(rows)
    allowed = [each for each in rows if not limits.broken(each.selection)]
    assert (chosen is None) == (not allowed)
    if chosen is not None:
        assert any(each is chosen for each in pareto)
        assert chosen.selection.energy_j.value == min(each.selection.energy_j.value for each in allowed)
        assert cheapest(pareto, limits) is chosen


def test_limits_hold_at_their_value_and_what_is_not_known_keeps_none():
    limits = Limits(0.9, 10, 1.0, 1.0)
    assert limits.broken(figures()) == ()
    assert limits.broken(figures(accuracy=0.89, p95=11, energy=1.1, time=1.1)) == (
        "min_accuracy",
        "max_p95_steps",
        "max_energy",
        "max_time",
    )
    assert limits.broken(figures(energy=None, time=None)) == ("max_energy", "max_time")
    assert Limits(max_energy=2.0).given == {"max_energy": 2.0}


def test_what_json_holds_comes_back():
    softmax = CutoffPolicy("confidence", [3, 2], 0.1, "ab", 7, softmax=softmax_table(0.5))
    for cutoff in (softmax, CutoffPolicy.fixed(2, 3)):
        policy = Policy.of("x", cutoff)
        back = Policy.of_json({key: list(v) if isinstance(v, tuple) else v for key, v in asdict(policy).items()})
        assert back == policy
        again = back.cutoff
        assert (again.kind, again.epsilon, again.calibration_hash) == (
            cutoff.kind,
            cutoff.epsilon,
            cutoff.calibration_hash,
        )
        assert np.array_equal(again.thresholds, cutoff.thresholds)
        assert np.array_equal(again.softmax, cutoff.softmax)
    for found in (figures(), figures(energy=None, time=None)):
        assert Figures.of_json(asdict(found)) == found
