"""Intervals cover what they should."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.search.intervals import bootstrap, wilson


@given(st.integers(1, 500), st.data())
def test_a_share_lies_inside_its_interval_and_the_other_share_mirrors_it(samples, data):
    right = data.draw(st.integers(0, samples))
    found, other = wilson(right, samples), wilson(samples - right, samples)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low == pytest.approx(1 - other.high)


def test_known_shares():
    """Of the tables in Newcombe, Statistics in Medicine 17 (1998), table I."""
    for right, samples, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        found = wilson(right, samples)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    with pytest.raises(ConfigError):
        wilson(3, 2)
    with pytest.raises(ConfigError):
        wilson(0, 0)


def test_a_mean_is_covered_about_as_often_as_said():
    random = np.random.default_rng(0)
    found = [bootstrap(random.exponential(1.0, 80), "mean", 300, seed) for seed in range(300)]
    covered = np.mean([each.low <= 1 <= each.high for each in found])
    assert 0.89 <= covered <= 0.98


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_the_percentile_is_that_of_the_cost_reports(values):
    found = bootstrap(values, "p95", 20, 1)
    assert found.value == np.percentile(values, 95, method="inverted_cdf")
    assert found.low <= found.value <= found.high
    assert {found.low, found.high} <= set(values)


def test_seeds_and_blocks(monkeypatch):
    values = np.random.default_rng(1).random(50)
    whole = bootstrap(values, "mean", 100, 3)
    assert whole == bootstrap(values, "mean", 100, 3)
    assert whole != bootstrap(values, "mean", 100, 4)
    none = bootstrap(values, "mean", 0, 3)
    assert none.low == none.value == none.high == whole.value
    monkeypatch.setattr("evsnn_lava.export.search.intervals.BLOCK", 7 * 50)
    assert bootstrap(values, "mean", 100, 3) == whole
