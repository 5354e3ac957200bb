"""The cutoff: one rule, whatever the table."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError
from evsnn_lava.network import NEVER, CutoffPolicy, confidence, softmax_table, top2_gap
from evsnn_lava.network.softmax import SOFTMAX_LIMIT

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
            "unknown cutoff policy 'gap'; choose one of: confidence, conformal, fixed, never, on_chip, topk_gap",
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


TEMPERATURES = st.floats(0.05, 369)


@given(temperature=TEMPERATURES)
def test_a_table_of_exponentials_holds_all_that_round_to_more_than_nothing(temperature):
    table = softmax_table(temperature).tolist()
    assert table == [round(2**15 * math.exp(-behind / temperature)) for behind in range(len(table))]
    assert round(2**15 * math.exp(-len(table) / temperature)) == 0
    assert len(table) <= SOFTMAX_LIMIT
    assert CutoffPolicy("confidence", [1], softmax=table).softmax.tolist() == table


def test_the_largest_table_there_is():
    table = softmax_table(5909.0)
    assert SOFTMAX_LIMIT - 10 < len(table) <= SOFTMAX_LIMIT
    assert table[-1] == 1
    assert confidence(np.array([40_000, 40_000 - 5909]), table) == 2**30 // (2**15 + round(2**15 / math.e))


@given(case=cases(), temperature=TEMPERATURES)
def test_the_confidence_by_hand_and_near_the_softmax(case, temperature):
    scores = case[1]
    table = softmax_table(temperature)
    for sample, found in zip(scores.reshape(-1, scores.shape[-1]), confidence(scores, table).reshape(-1), strict=True):
        behind = [int(sample.max() - score) for score in sample]
        assert found == 2**30 // sum(int(table[d]) if d < len(table) else 0 for d in behind)
        assert abs(found / 2**15 - 1 / sum(math.exp(-d / temperature) for d in behind)) < 2e-4
        assert sorted(behind)[1] or found <= 2**14


@given(case=cases(), temperature=TEMPERATURES)
def test_a_confidence_stops_whole_runs_where_it_stops_them_step_by_step(case, temperature):
    table, scores = case
    limits = [threshold if threshold in (NEVER, -1) else 2**14 + 2000 * threshold for threshold in table]
    policy = CutoffPolicy("confidence", limits, softmax=softmax_table(temperature))
    expected = [first_stop(policy, sample) for sample in scores]
    assert policy.exit_step(scores).tolist() == expected
    assert policy.exit_step_of(policy.lead(scores)).tolist() == expected


def test_conformal_thresholds_are_gaps():
    scores = np.array([[[4, 0], [4, 1], [4, 2]]])
    policies = [CutoffPolicy(kind, [NEVER, 2, 1]) for kind in ("topk_gap", "conformal")]
    assert [policy.exit_step(scores).tolist() for policy in policies] == [[2], [2]]


WRONG_SOFTMAX = {
    "none": ("confidence", []),
    "of another kind": ("topk_gap", softmax_table(1.0)),
    "does not start with certainty": ("confidence", [32767, 5]),
    "rises": ("confidence", [32768, 5, 6]),
    "ends with nothing": ("confidence", [32768, 5, 0]),
    "negative": ("confidence", [32768, -1]),
    "no whole numbers": ("confidence", [32768.0, 5.0]),
    "matrix": ("confidence", [[32768, 5]]),
    "too long": ("confidence", [32768] * (SOFTMAX_LIMIT + 1)),
}


@pytest.mark.parametrize("name", WRONG_SOFTMAX)
def test_a_table_that_cannot_be_one_is_refused_in_one_line(name):
    kind, table = WRONG_SOFTMAX[name]
    with pytest.raises(ConfigError, match="softmax") as caught:
        CutoffPolicy(kind, [1, 1], softmax=table)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("temperature", [0.0, -1.0, 5910.0, float("nan"), float("inf")])
def test_temperatures_without_a_table_are_refused(temperature):
    with pytest.raises(ConfigError, match=r"softmax temperature is .* use a gap policy"):
        softmax_table(temperature)
