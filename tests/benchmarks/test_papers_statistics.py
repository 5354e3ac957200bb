"""Comparisons over seeds: the p-values are those of scipy and of counting by hand, the intervals cover."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmarks.papers.statistics import compare, holm, sign_flip_p, t_interval
from evsnn_lava.errors import ConfigError

values = st.lists(st.integers(-20, 20).map(lambda n: n / 100), min_size=2, max_size=8)
sides = st.sampled_from(["two-sided", "greater"])


@given(values, sides)
def test_sign_flips_are_counted(differences, side):
    def extreme(signs):
        total = sum(s * d for s, d in zip(signs, differences, strict=True))
        observed = sum(differences)
        return abs(total) >= abs(observed) - 1e-9 if side == "two-sided" else total >= observed - 1e-9

    patterns = list(itertools.product((1, -1), repeat=len(differences)))
    assert sign_flip_p(differences, side) == sum(map(extreme, patterns)) / len(patterns)


@given(values, sides)
def test_p_values_are_probabilities_and_no_permutation_gives_less_than_the_smallest(differences, side):
    found = compare(differences, [0.0] * len(differences), side)
    for p in (found.wilcoxon_p, found.t_p, found.sign_flip_p):
        assert 0 <= p <= 1
    assert found.sign_flip_p >= found.smallest_p


@pytest.mark.parametrize("side", ["two-sided", "greater"])
def test_tests_are_scipys(side):
    random = np.random.default_rng(3)
    first, second = random.normal(0.5, 1, 9), random.normal(0, 1, 9)
    found = compare(first.tolist(), second.tolist(), side)
    assert found.t_p == pytest.approx(stats.ttest_rel(first, second, alternative=side).pvalue)
    assert found.wilcoxon_p == pytest.approx(stats.wilcoxon(first, second, alternative=side).pvalue)
    reference = stats.ttest_rel(first, second).confidence_interval()
    assert (found.difference.low, found.difference.high) == pytest.approx((reference.low, reference.high))


@pytest.mark.parametrize(("seeds", "side", "smallest"), [(5, "two-sided", 0.0625), (5, "greater", 0.03125)])
def test_five_seeds_cannot_show_a_two_sided_difference(seeds, side, smallest):
    found = compare([0.9, 0.91, 0.95, 0.97, 0.99][:seeds], [0.8] * seeds, side)
    assert found.smallest_p == found.sign_flip_p == found.wilcoxon_p == smallest


def test_equal_differences():
    same = compare([0.5, 0.6], [0.5, 0.6])
    assert (same.t_p, same.wilcoxon_p, same.sign_flip_p) == (1.0, 1.0, 1.0)
    assert compare([0.7, 0.8], [0.5, 0.6]).t_p == compare([0.7, 0.8], [0.5, 0.6], "greater").t_p == 1


@given(p_values=st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_and_never_lowers_a_p_value(p_values):
    found = holm(p_values)
    assert all(p <= corrected <= 1 for p, corrected in zip(p_values, found, strict=True))
    assert [p for _, p in sorted(zip(p_values, found, strict=True))] == sorted(found)


def test_holm_multiplies_the_least_by_their_number():
    assert holm([0.04, 0.01]) == [0.04, 0.02]
    assert holm([0.03, 0.02]) == [0.04, 0.04]


def test_the_t_interval_covers_as_often_as_it_says():
    random = np.random.default_rng(1)
    found = [t_interval(random.normal(2, 1, 5).tolist(), 0.9) for _ in range(1000)]
    assert 0.87 <= np.mean([i.low <= 2 <= i.high for i in found]) <= 0.93


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ConfigError, match="are no pairs"):
        compare([1.0, 2.0], [1.0])
    with pytest.raises(ConfigError, match="have no spread"):
        t_interval([1.0])
    with pytest.raises(ConfigError, match="the limit is 16"):
        sign_flip_p([1.0] * 17)
