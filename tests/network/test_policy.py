"""The cutoff: one rule, whatever the table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError
from evsnn_lava.network import NEVER, CutoffPolicy, top2_gap

THRESHOLD = st.integers(-2, 6) | st.just(NEVER)


@st.composite
def cases(draw):
    """A table and the spikes of some samples; close enough for ties and gaps on both sides of a threshold."""
    table = draw(st.lists(THRESHOLD, min_size=1, max_size=7))
    classes = draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spikes = rng.integers(0, draw(st.integers(1, 4)), (5, len(table), classes))
    return table, np.cumsum(spikes, axis=1)


def first_stop(policy, scores):
    return next(step for step in range(1, policy.steps + 1) if policy.stops(step, scores[step - 1]))


@given(case=cases())
def test_whole_runs_stop_where_a_run_step_by_step_stops(case):
    table, scores = case
    policy = CutoffPolicy("topk_gap", table)
    assert policy.exit_step(scores).tolist() == [first_stop(policy, sample) for sample in scores]


@given(case=cases())
def test_the_rule_by_hand(case):
    table, scores = case
    policy = CutoffPolicy("topk_gap", table)
    for sample, exit_step in zip(scores, policy.exit_step(scores), strict=True):
        for step, threshold in enumerate(table, start=1):
            best, second = sorted((int(score) for score in sample[step - 1]), reverse=True)[:2]
            exceeds = best - second > threshold
            assert policy.stops(step, sample[step - 1]) == (exceeds or step == len(table))
            assert step >= exit_step or not exceeds
        assert exit_step <= len(table)


@given(case=cases(), step=st.integers(1, 7))
def test_a_fixed_policy_stops_there_whatever_the_scores(case, step):
    table, scores = case
    if step <= len(table):
        policy = CutoffPolicy.fixed(step, len(table))
        assert policy.kind == "fixed"
        assert policy.exit_step(scores).tolist() == [step] * len(scores)
        assert first_stop(policy, scores[0]) == step


@given(case=cases())
def test_never_runs_all_steps(case):
    table, scores = case
    policy = CutoffPolicy.never(len(table))
    assert policy.kind == "never"
    for scale in (1000, 2**40):  # sums of graded messages are no small numbers
        assert policy.exit_step(scale * scores).tolist() == [len(table)] * len(scores)
        assert first_stop(policy, scale * scores[0]) == len(table)


def test_a_gap_equal_to_the_threshold_does_not_stop():
    policy = CutoffPolicy("topk_gap", [2, 2, 2])
    assert not policy.stops(1, np.array([5, 3]))
    assert policy.stops(1, np.array([6, 3]))
    assert policy.exit_step(np.array([[[5, 3], [6, 3], [9, 3]]])).tolist() == [2]


@pytest.mark.parametrize("score", [-5, 0, 5])
def test_one_output_has_no_gap_but_a_fixed_policy_stops_it(score):
    scores = np.full((1, 4, 1), score)
    assert top2_gap(scores).tolist() == [[0, 0, 0, 0]]
    assert CutoffPolicy.fixed(2, steps=4).exit_step(scores).tolist() == [2]
    assert CutoffPolicy.never(4).exit_step(scores).tolist() == [4]


@given(st.lists(st.integers(-(2**40), 2**40), min_size=2, max_size=6))
def test_gap_is_between_the_two_best(scores):
    best = max(scores)
    rest = list(scores)
    rest.remove(best)
    assert top2_gap(np.array(scores)) == best - max(rest)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: CutoffPolicy("gap", [1]),
            "unknown cutoff policy 'gap'; choose one of: fixed, never, on_chip, topk_gap",
        ),
        (lambda: CutoffPolicy("topk_gap", []), None),
        (lambda: CutoffPolicy("topk_gap", [[1, 2]]), None),
        (lambda: CutoffPolicy("topk_gap", 3), None),
        (lambda: CutoffPolicy("topk_gap", [1.5]), None),
        (lambda: CutoffPolicy("topk_gap", [1, np.nan]), None),
        (lambda: CutoffPolicy.never(0), None),
        (lambda: CutoffPolicy.fixed(0, 4), "fixed cutoff: stop step is 0, the limit is 1..4; choose one inside"),
        (lambda: CutoffPolicy.fixed(5, 4), "fixed cutoff: stop step is 5, the limit is 1..4; choose one inside"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(make, message):
    with pytest.raises(ConfigError) as caught:
        make()
    if message is None:
        assert str(caught.value).startswith("CutoffPolicy: expected one whole threshold per step, found ")
        assert str(caught.value).endswith("; calibrate the policy")
    else:
        assert str(caught.value) == message


def test_a_policy_cannot_be_changed():
    mine = np.array([1, 2])
    policy = CutoffPolicy("topk_gap", mine)
    mine[0] = 50
    assert policy.thresholds.tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        policy.thresholds[0] = 7
