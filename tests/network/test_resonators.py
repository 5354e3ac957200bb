"""Resonators: ranges and thresholds."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from evsnn_lava.errors import CapacityError, ConfigError
from evsnn_lava.network import RfIzNeuron, RfNeuron

GOOD = {"vth_mant": 1, "sin_decay": 100, "cos_decay": -100}
LIMITS = {
    "vth_mant": (0, 131071),
    "sin_decay": (-4096, 4096),
    "cos_decay": (-4096, 4096),
    "state_exp": (0, 7),
    "decay_bits": (1, 12),
}

BOTH = pytest.mark.parametrize("kind", [RfNeuron, RfIzNeuron])


@BOTH
@pytest.mark.parametrize("name", LIMITS)
def test_both_ends_are_inside_and_one_more_is_refused(kind, name):
    low, high = LIMITS[name]
    for inside in (low, high):
        assert getattr(kind(**{**GOOD, name: inside}), name) == inside
    for outside in (low - 1, high + 1):
        with pytest.raises(CapacityError) as caught:
            kind(**{**GOOD, name: outside})
        words = f"{name} spans {outside}..{outside}, the limit is {low}..{high}; rescale or clip it"
        assert str(caught.value) == f"{kind.__name__}: {words}"
    with pytest.raises(
        ConfigError, match=rf"^{kind.__name__}: {name} has shape \(2,\), a layer has one for all neurons"
    ):
        kind(**{**GOOD, name: [1, 1]})


@BOTH
def test_parameters_are_plain_integers(kind):
    neuron = kind(np.int64(3), np.int16(5), np.int32(-7), np.uint8(2), np.int8(9))
    given = (neuron.vth_mant, neuron.sin_decay, neuron.cos_decay, neuron.state_exp, neuron.decay_bits)
    assert given == (3, 5, -7, 2, 9)
    assert [type(value) for value in given] == [int] * 5
    assert neuron.threshold == 12


@BOTH
def test_a_resonator_spikes_and_has_no_arrays(kind):
    assert (kind.graded, kind(**GOOD).per_channel) == (False, {})
    with pytest.raises(FrozenInstanceError):
        kind(**GOOD).vth_mant = 2
