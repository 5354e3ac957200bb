"""Parts of a set keep the shares of the classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.data import stratified_split
from evsnn_lava.errors import ConfigError


@settings(max_examples=200)
@given(st.data())
def test_parts_are_disjoint_complete_and_proportional(data: st.DataObject) -> None:
    labels = np.array(data.draw(st.lists(st.integers(-1, 4), min_size=2, max_size=60)))
    held = data.draw(st.integers(1, len(labels) - 1))
    seed = data.draw(st.integers(0, 5))
    rest, drawn = stratified_split(labels, held, seed)
    assert len(drawn) == held
    np.testing.assert_array_equal(np.sort(np.concatenate([rest, drawn])), np.arange(len(labels)))
    for number in np.unique(labels):
        share = held * np.sum(labels == number) / len(labels)
        assert abs(np.sum(labels[drawn] == number) - share) < 1
    np.testing.assert_array_equal(stratified_split(labels, held, seed)[1], drawn)


def test_the_seed_matters() -> None:
    labels = np.zeros(100, int)
    assert set(stratified_split(labels, 20, 0)[1]) != set(stratified_split(labels, 20, 1)[1])


@pytest.mark.parametrize("held", [0, 4, 5, -1])
def test_no_part_may_be_empty(held: int) -> None:
    with pytest.raises(ConfigError, match=f"split: {held} of 4 samples"):
        stratified_split(np.zeros(4, int), held, 0)
