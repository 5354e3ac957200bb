from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.profiling import Estimate, Estimates

POSITIVE = st.floats(min_value=0, max_value=1e6)
TRIPLES = st.tuples(POSITIVE, POSITIVE, POSITIVE).map(sorted)


def test_a_value_outside_its_range_is_refused():
    with pytest.raises(ConfigError, match=r"estimate 3 lies outside its range 1\.\.2"):
        Estimate(3.0, 1.0, 2.0)


def test_a_constant_becomes_an_estimate_in_si():
    assert Estimate.of(load_profile("loihi1").energy.synop) == Estimate(23.6e-12, 23.6e-12, 35.5e-12)


@given(st.lists(TRIPLES, min_size=1, max_size=20), st.randoms())
def test_a_sum_does_not_depend_on_the_order(triples, random):
    parts = [Estimate(value, low, high) for low, value, high in triples]
    total = Estimate.sum(parts)
    random.shuffle(parts)
    assert Estimate.sum(parts) == total


@given(st.lists(TRIPLES, min_size=1, max_size=50))
def test_a_distribution_is_ordered_and_bracketed(triples):
    low, value, high = (np.array(column) for column in zip(*triples, strict=True))
    spread = Estimates(value, low, high).distribution()
    assert spread.p50.value <= spread.p95.value <= spread.max.value == value.max()
    assert value.min() * (1 - 1e-12) <= spread.mean.value <= spread.max.value * (1 + 1e-12)
    assert {spread.p50.value, spread.p95.value} <= set(value.tolist())


def test_percentiles_are_nearest_rank():
    spread = Estimates.exact(np.arange(1, 101)).distribution()
    assert [part.value for part in (spread.mean, spread.p50, spread.p95, spread.max)] == [50.5, 50, 95, 100]
