"""Every quantity keeps to the range of the hardware."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.errors import CapacityError, ConfigError
from evsnn_lava.network.ranges import RANGES, frozen_ints, frozen_parameter, require_range, spread, whole_number

LIMITS = [
    ("vth_mant", 0, 131071),
    ("du", -1, 4095),
    ("dv", 0, 4096),
    ("bias_mant", -4096, 4095),
    ("bias_exp", 0, 7),
    ("weight", -256, 255),
    ("weight_exp", -8, 7),
    ("delay", 0, 62),
    ("input_weight", -32768, 32767),
    ("spike_exp", 0, 7),
    ("state_exp", 0, 7),
    ("sin_decay", -4096, 4096),
    ("cos_decay", -4096, 4096),
    ("decay_bits", 1, 12),
]


def test_every_quantity_is_in_this_test():
    assert {name for name, _, _ in LIMITS} == set(RANGES)


@pytest.mark.parametrize(("quantity", "low", "high"), LIMITS)
def test_both_ends_are_inside_and_one_more_is_outside(quantity, low, high):
    require_range(quantity, [low, high], "it")
    for outside in (low - 1, high + 1):
        with pytest.raises(CapacityError) as caught:
            require_range(quantity, [high, outside], "layer fc")
        first, last = min(high, outside), max(high, outside)
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


def test_one_number_is_a_plain_integer():
    assert whole_number(np.array(5, dtype=np.uint8), "vth_mant", "it") == 5
    assert type(whole_number(np.int16(5), "vth_mant", "it")) is int
    with pytest.raises(CapacityError, match=r"^it: vth_mant spans -1\.\.-1"):
        whole_number(-1, "vth_mant", "it")
    for several in ([5], [5, 6]):
        with pytest.raises(ConfigError) as caught:
            whole_number(several, "vth_mant", "it")
        words = f"it: vth_mant has shape ({len(several)},), a layer has one for all neurons; give one number"
        assert str(caught.value) == words


def test_a_parameter_is_one_number_or_one_per_channel():
    assert type(frozen_parameter(np.int64(7), "dv", "it")) is int
    many = frozen_parameter([7, 7], "dv", "it")
    assert (many.tolist(), many.dtype, many.flags.writeable) == ([7, 7], np.int32, False)
    with pytest.raises(CapacityError, match=r"^it: dv spans 0\.\.4097"):
        frozen_parameter([0, 4097], "dv", "it")


@pytest.mark.parametrize(
    ("value", "shape", "expected"),
    [
        (3, (2,), [3, 3]),
        (3, (2, 1, 2), [[[3, 3]], [[3, 3]]]),
        (np.array([1, 2]), (2,), [1, 2]),
        (np.array([1, 2]), (2, 1, 2), [[[1, 1]], [[2, 2]]]),
        (np.array([[[1, 2]], [[3, 4]]]), (2, 1, 2), [[[1, 2]], [[3, 4]]]),
    ],
)
def test_a_parameter_is_laid_over_the_neurons(value, shape, expected):
    found = spread(value, shape)
    assert (found.dtype, found.ndim) == (np.int64, len(shape))
    assert np.broadcast_to(found, shape).tolist() == expected
