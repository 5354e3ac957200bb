"""Every quantity keeps to the range of the hardware."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.errors import CapacityError
from evsnn_lava.network.ranges import RANGES, frozen_ints, require_range

LIMITS = [
    ("vth_mant", 0, 131071),
    ("du", -1, 4095),
    ("dv", 0, 4096),
    ("bias_mant", -4096, 4095),
    ("bias_exp", 0, 7),
    ("weight", -256, 255),
    ("weight_exp", -8, 7),
]


def test_every_quantity_is_in_this_test():
    assert {name for name, _, _ in LIMITS} == set(RANGES)


@pytest.mark.parametrize(("quantity", "low", "high"), LIMITS)
def test_both_ends_are_inside_and_one_more_is_outside(quantity, low, high):
    require_range(quantity, [low, high], "it")
    for outside in (low - 1, high + 1):
        with pytest.raises(CapacityError) as caught:
            require_range(quantity, [0, outside], "layer fc")
        first, last = min(0, outside), max(0, outside)
        limit = f"the limit is {low}..{high}; rescale or clip it"
        assert str(caught.value) == f"layer fc: {quantity} spans {first}..{last}, {limit}"


@pytest.mark.parametrize("value", [1.0, [0.5], np.nan, True, np.array([np.inf]), 2**70])
def test_only_whole_numbers(value):
    with pytest.raises(CapacityError, match=r"^layer fc: weight must be whole numbers, found \w+; quantise it first$"):
        require_range("weight", value, "layer fc")


def test_nothing_is_inside_every_range():
    require_range("weight", np.array([], dtype=int), "it")


def test_frozen_integers_are_a_copy_of_their_own():
    mine = np.asfortranarray(np.arange(6).reshape(2, 3))
    frozen = frozen_ints(mine, "weight", "it")
    mine[0, 0] = 99
    assert frozen.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert frozen.dtype == np.int32
    assert frozen.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        frozen[0, 0] = 1
