"""What a synapse keeps of its weights: exactly what Lava's own functions keep."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evsnn_lava.errors import CapacityError, ConfigError
from evsnn_lava.network.precision import SIGN_MODES, sign_mode_of, stored_weights

WEIGHTS = st.lists(st.integers(-256, 255) | st.integers(-(2**20), 2**20) | st.sampled_from([-257, -256, -255, 0, 255]))
WEIGHTS = WEIGHTS.filter(bool)


@pytest.fixture(scope="module")
def lava_weights():
    from evsnn_lava import _lava  # noqa: F401 - repairs Lava for the import below

    return importlib.import_module("lava.utils.weightutils")


@pytest.mark.lava
@given(weights=WEIGHTS, bits=st.integers(0, 9), mode=st.sampled_from([None, *SIGN_MODES]))
@example(weights=[-256, -3], bits=8, mode=None)
@example(weights=[-256, 255], bits=9, mode="mixed")
def test_what_is_kept_is_what_lava_keeps(lava_weights, weights, bits, mode):
    given_weights = np.array(weights)
    theirs = lava_weights.determine_sign_mode(given_weights) if mode is None else lava_weights.SignMode[mode.upper()]
    assert sign_mode_of(weights) == lava_weights.determine_sign_mode(given_weights).name.lower()
    bits = min(bits, 8 + (theirs.name == "MIXED"))
    clipped = lava_weights.clip_weights(given_weights, theirs, num_bits=8)
    kept = stored_weights(weights, bits, mode)
    assert kept.dtype == np.int32
    assert kept.tolist() == lava_weights.truncate_weights(clipped, theirs, bits).tolist()


@given(weights=st.lists(st.integers(-256, 255), min_size=1))
def test_nine_bits_and_mixed_signs_keep_everything(weights):
    assert stored_weights(weights, 9, "mixed").tolist() == weights


@given(weights=WEIGHTS, bits=st.integers(0, 8), mode=st.sampled_from(list(SIGN_MODES)))
def test_what_is_kept_is_kept_again(weights, bits, mode):
    once = stored_weights(weights, bits, mode)
    assert stored_weights(once, bits, mode).tolist() == once.tolist()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: stored_weights([1], 8, "odd"),
            ConfigError,
            "unknown sign mode 'odd'; choose one of: excitatory, inhibitory, mixed, null",
        ),
        (
            lambda: stored_weights([1, 2], 9),
            CapacityError,
            "stored weights: weight_bits is 9, the limit with excitatory weights is 0..8; choose one inside",
        ),
        (
            lambda: stored_weights([-1, 2], 10),
            CapacityError,
            "stored weights: weight_bits is 10, the limit with mixed weights is 0..9; choose one inside",
        ),
        (
            lambda: stored_weights([-1], -1),
            CapacityError,
            "stored weights: weight_bits is -1, the limit with inhibitory weights is 0..8; choose one inside",
        ),
        (
            lambda: stored_weights([0.5], 8),
            CapacityError,
            "stored weights: weights must be whole numbers, found float64; quantise them first",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == message


def test_shape_stays():
    assert stored_weights(np.zeros((2, 3, 1), int), 8).shape == (2, 3, 1)
