"""Networks that Lava would not compute exactly are refused, and only those."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from evsnn_lava.errors import CapacityError, ConfigError, UnsupportedError
from evsnn_lava.network import CubaNeuron, DenseSynapse
from evsnn_lava.runtime import LavaSession
from evsnn_lava.runtime.layout import check_lava, process_names


def with_synapse(network, index, synapse):
    layers = list(network.layers)
    layers[index] = dataclasses.replace(layers[index], synapse=synapse)
    return dataclasses.replace(network, layers=tuple(layers))


@pytest.mark.parametrize("seed", range(5))
def test_ordinary_networks_pass(make, seed):
    network = make.random_network(seed)
    check_lava(network)
    assert process_names(network)[1:5] == ("layer0 neurons", "layer1 neurons", "layer2 neurons", "readout")


def test_a_weight_exponent_of_a_convolution_is_refused(make):
    network = make.random_network(0)
    exponent = dataclasses.replace(network.layers[0].synapse, weight_exp=2)
    with pytest.raises(UnsupportedError, match=r"layer0: weight_exp of a convolution is 2.*scale the weights"):
        LavaSession(with_synapse(network, 0, exponent))


@pytest.mark.parametrize(
    ("inputs", "du", "fits"),
    [(1024, -1, True), (1100, -1, False), (1100, 1023, True), (60_000, 4095, False)],
)
def test_sums_that_could_overflow_are_refused(make, inputs, du, fits):
    small = make.small_network()
    recipe = dataclasses.replace(small.recipe, sensor_height=1, sensor_width=inputs)
    dense = DenseSynapse(np.full((2, inputs), -256))
    neuron = CubaNeuron(vth_mant=10, du=du, dv=0)
    layer = dataclasses.replace(small.layers[0], synapse=dense, neuron=neuron)
    network = dataclasses.replace(small, recipe=recipe, layers=(layer,))
    if fits:
        check_lava(network)
    else:
        with pytest.raises(CapacityError, match="layer out: the current can reach"):
            check_lava(network)


def test_a_timeout_must_be_positive(make):
    with pytest.raises(ConfigError, match="timeout_s is 0"):
        LavaSession(make.small_network(), timeout_s=0)
