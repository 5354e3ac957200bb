"""The scale of a layer and the threshold on its grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.errors import CapacityError
from evsnn_lava.export.nir.scale import WeightGrid, choose_scale, whole, whole_threshold


@given(st.integers(0, 1000), st.sampled_from([0.0, 0.25, 0.5, 0.75]), st.integers(-1, 2))
def test_a_whole_number_passes_the_whole_threshold_when_it_passes_the_real_one(base, part, more):
    value, number = base + part, base + more
    assert (number > whole_threshold(value, inclusive=False)) == (number > value)
    assert (number > whole_threshold(value, inclusive=True)) == (number >= value) or value == 0


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=20), st.floats(0.01, 100), st.floats(-5, 5), st.integers(2, 8))
def test_the_scale_clips_nothing_and_makes_the_threshold_whole(weights, threshold, bias, bits):
    weights = np.array(weights)
    grid = WeightGrid.of(weights, bits)
    scale = choose_scale(weights, grid, threshold, np.array([bias]), threshold_limit=1000)
    stored = grid.round(weights * scale)
    assert np.array_equal(grid.clip(stored), stored)
    assert not (stored % grid.step).any()
    assert scale * threshold <= 1000 * (1 + 1e-9)
    assert abs(bias * scale) <= 4095 * (1 + 1e-9)
    assert scale * threshold < 1 or scale * threshold == pytest.approx(round(scale * threshold))


def test_what_32_bits_do_not_hold_is_refused():
    for value in (2.0**31, np.nan, -np.inf):
        with pytest.raises(CapacityError, match="node n"):
            whole(np.array([value]), "node n")
