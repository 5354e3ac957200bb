"""Sigma-delta neurons: ranges, thresholds, bias."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from evsnn_lava.errors import CapacityError, ConfigError
from evsnn_lava.network import DeltaNeuron, SigmaDeltaNeuron, SigmaNeuron
from evsnn_lava.network.sigma_delta import ACTIVATIONS

BOTH = pytest.mark.parametrize("kind", [DeltaNeuron, SigmaDeltaNeuron])


@BOTH
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vth_mant": -1}, "vth_mant spans -1..-1, the limit is 0..131071; rescale or clip it"),
        ({"vth_mant": 131072}, "vth_mant spans 131072..131072, the limit is 0..131071; rescale or clip it"),
        ({"spike_exp": 8}, "spike_exp spans 8..8, the limit is 0..7; rescale or clip it"),
        ({"state_exp": -1}, "state_exp spans -1..-1, the limit is 0..7; rescale or clip it"),
        ({"vth_mant": 0.1}, "vth_mant must be whole numbers, found float64; quantise it first"),
    ],
)
def test_one_more_than_the_limit_is_refused(kind, change, words):
    with pytest.raises(CapacityError) as caught:
        kind(**{"vth_mant": 1, **change})
    assert str(caught.value) == f"{kind.__name__}: {words}"


@BOTH
@pytest.mark.parametrize("name", ["vth_mant", "spike_exp", "state_exp"])
def test_what_is_one_for_the_layer_is_one_number(kind, name):
    with pytest.raises(ConfigError) as caught:
        kind(**{"vth_mant": 1, name: [1, 2]})
    words = f"{kind.__name__}: {name} has shape (2,), a layer has one for all neurons; give one number"
    assert str(caught.value) == words


@BOTH
def test_parameters_are_plain_integers(kind):
    neuron = kind(np.int16(80), spike_exp=np.int8(2), state_exp=np.uint8(3))
    assert [type(value) for value in (neuron.vth_mant, neuron.spike_exp, neuron.state_exp)] == [int] * 3
    assert neuron.threshold == 80 * 2**5


@BOTH
def test_the_largest_threshold_fits_into_a_word(kind):
    assert kind(131071, spike_exp=7, state_exp=7).threshold == 131071 * 2**14 < 2**31


def test_bias_belongs_to_channels_or_neurons():
    neuron = SigmaDeltaNeuron(1, [1, -2], spike_exp=1, state_exp=2)
    assert np.broadcast_to(neuron.bias((2, 1, 2)), (2, 1, 2)).tolist() == [[[8, 8]], [[-16, -16]]]
    assert SigmaDeltaNeuron(1, [[[1, 2]]], spike_exp=0, state_exp=1).bias((1, 1, 2)).tolist() == [[[2, 4]]]
    assert SigmaDeltaNeuron(1).bias((2,)).tolist() == [0]
    assert {name: value.tolist() for name, value in neuron.per_channel.items()} == {"bias_mant": [1, -2]}
    for without in (SigmaDeltaNeuron(1), DeltaNeuron(1), SigmaNeuron()):
        assert without.per_channel == {}
    with pytest.raises(CapacityError, match=r"^SigmaDeltaNeuron: bias_mant spans 0\.\.4096"):
        SigmaDeltaNeuron(1, [0, 4096])


def test_an_unknown_activation_is_refused():
    assert [SigmaDeltaNeuron(1, activation=name).activation for name in ACTIVATIONS] == ["relu", "unit"]
    with pytest.raises(ConfigError) as caught:
        SigmaDeltaNeuron(1, activation="tanh")
    assert str(caught.value) == "unknown activation 'tanh'; choose one of: relu, unit"


def test_messages_are_numbers():
    assert [kind.graded for kind in (DeltaNeuron, SigmaDeltaNeuron, SigmaNeuron)] == [True] * 3


def test_a_neuron_cannot_be_changed():
    mine = np.array([1, 2])
    neuron = SigmaDeltaNeuron(1, mine)
    mine[0] = 77
    assert neuron.bias_mant.tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        neuron.bias_mant[0] = 3
    with pytest.raises(FrozenInstanceError):
        neuron.vth_mant = 2
