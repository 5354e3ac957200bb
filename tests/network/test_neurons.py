"""The neuron's parameters: ranges, derived values, bias per channel."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from evsnn_lava.errors import CapacityError, ConfigError
from evsnn_lava.network import CubaNeuron


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vth_mant": -1}, "vth_mant spans -1..-1, the limit is 0..131071"),
        ({"vth_mant": 131072}, "vth_mant spans 131072..131072, the limit is 0..131071"),
        ({"du": -2}, "du spans -2..-2, the limit is -1..4095"),
        ({"du": 4096}, "du spans 4096..4096, the limit is -1..4095"),
        ({"dv": -1}, "dv spans -1..-1, the limit is 0..4096"),
        ({"dv": 4097}, "dv spans 4097..4097, the limit is 0..4096"),
        ({"bias_exp": -1}, "bias_exp spans -1..-1, the limit is 0..7"),
        ({"bias_exp": 8}, "bias_exp spans 8..8, the limit is 0..7"),
        ({"bias_mant": [0, -4097]}, "bias_mant spans -4097..0, the limit is -4096..4095"),
        ({"bias_mant": [0, 4096]}, "bias_mant spans 0..4096, the limit is -4096..4095"),
    ],
)
def test_one_more_than_the_limit_is_refused(change, words):
    with pytest.raises(CapacityError) as caught:
        CubaNeuron(**{"vth_mant": 1, "du": 1, "dv": 1, **change})
    assert str(caught.value) == f"CubaNeuron: {words}; rescale or clip it"


@pytest.mark.parametrize("name", ["vth_mant", "du", "dv", "bias_exp", "bias_mant"])
def test_fractions_are_refused(name):
    with pytest.raises(CapacityError, match=f"^CubaNeuron: {name} must be whole numbers, found float64; quantise it"):
        CubaNeuron(**{"vth_mant": 1, "du": 1, "dv": 1, name: [0.5] if name == "bias_mant" else 0.5})


def test_ends_of_all_ranges_can_be_used_together():
    low = CubaNeuron(0, -1, 0, [-4096], 0)
    high = CubaNeuron(131071, 4095, 4096, [4095], 7)
    assert (low.current_decay, low.threshold, low.bias((1,)).tolist()) == (0, 0, [-4096])
    assert (high.current_decay, high.threshold, high.bias((1,)).tolist()) == (4096, 131071 * 64, [4095 * 128])


def test_parameters_are_plain_integers():
    neuron = CubaNeuron(np.int16(80), np.uint8(3), np.int64(7), bias_exp=np.int8(2))
    assert [type(value) for value in (neuron.vth_mant, neuron.du, neuron.dv, neuron.bias_exp)] == [int] * 4


def test_a_neuron_cannot_be_changed():
    mine = np.array([1, 2])
    neuron = CubaNeuron(1, 1, 1, mine)
    mine[0] = 77
    assert neuron.bias_mant.tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        neuron.bias_mant[0] = 3
    with pytest.raises(FrozenInstanceError):
        neuron.dv = 2


def test_bias_belongs_to_channels():
    neuron = CubaNeuron(1, 1, 1, [1, -2], bias_exp=3)
    everywhere = np.broadcast_to(neuron.bias((2, 3, 4)), (2, 3, 4))
    assert (everywhere[0] == 8).all()
    assert (everywhere[1] == -16).all()
    assert neuron.bias((2,)).tolist() == [8, -16]


def test_no_bias_is_zero_everywhere():
    assert np.broadcast_to(CubaNeuron(1, 1, 1).bias((2, 3, 4)), (2, 3, 4)).tolist() == np.zeros((2, 3, 4)).tolist()


def test_decays_may_belong_to_channels():
    neuron = CubaNeuron(1, du=[0, 4095], dv=[1, 2], bias_mant=[3, 4])
    assert neuron.current_decay.tolist() == [1, 4096]
    assert {name: value.tolist() for name, value in neuron.per_channel.items()} == {
        "du": [0, 4095],
        "dv": [1, 2],
        "bias_mant": [3, 4],
    }
    assert CubaNeuron(1, 2, 3).per_channel == {}
    with pytest.raises(ValueError, match="read-only"):
        neuron.du[0] = 1


def test_bias_may_belong_to_neurons():
    neuron = CubaNeuron(1, 1, 1, [[[1, 2]], [[3, 4]]], bias_exp=1)
    assert neuron.bias((2, 1, 2)).tolist() == [[[2, 4]], [[6, 8]]]


@pytest.mark.parametrize("name", ["vth_mant", "bias_exp"])
def test_what_is_one_for_the_layer_is_one_number(name):
    words = f"^CubaNeuron: {name} has shape \\(2,\\), a layer has one for all neurons; give one number$"
    with pytest.raises(ConfigError, match=words):
        CubaNeuron(**{"vth_mant": 1, "du": 1, "dv": 1, name: [1, 2]})


def test_a_spike_is_no_number():
    assert CubaNeuron(1, 1, 1).graded is False
