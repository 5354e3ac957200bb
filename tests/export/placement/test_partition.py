from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.export.placement import place
from evsnn_lava.export.placement.partition import compiler_size, part, tiles
from evsnn_lava.export.placement.store import LayerStore
from evsnn_lava.export.placement.words import WEIGHT_BITS, weight_bits
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.network import ConvSynapse, CubaNeuron, DenseSynapse, DirectSynapse, Layer

PATIENT = settings(max_examples=60)
NEURON = CubaNeuron(vth_mant=25, du=4095, dv=1024)


def cores_of_layer(layer, limits):
    return len(tiles(layer, compiler_size(LayerStore.of(layer), limits)))


def weights_of(bits: int, *shape: int) -> np.ndarray:
    weights = np.zeros(shape, dtype=int)
    weights.flat[0], weights.flat[1] = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return weights


def conv(outputs: int, inputs: int, bits: int, height: int, width: int) -> Layer:
    return Layer("conv", ConvSynapse(weights_of(bits, outputs, inputs, 3, 3)), NEURON, (outputs, height, width))


def dense(outputs: int, inputs: int, bits: int) -> Layer:
    return Layer("dense", DenseSynapse(weights_of(bits, outputs, inputs)), NEURON, (outputs,))


PILOTNET_LIF = [
    (Layer("input", DirectSynapse(), NEURON, (3, 66, 200)), 13),
    (conv(24, 3, 5, 32, 99), 25),
    (conv(36, 24, 4, 15, 49), 13),
    (conv(48, 36, 4, 7, 24), 3),
    (conv(64, 48, 4, 4, 22), 3),
    (conv(64, 64, 4, 2, 20), 2),
    (dense(100, 2560, 3), 12),
    (dense(50, 100, 4), 1),
    (dense(10, 50, 5), 1),
    (dense(1, 10, 6), 1),
]


@pytest.mark.parametrize(("layer", "cores"), PILOTNET_LIF)
def test_the_published_partition_of_pilotnet_on_loihi_2(layer, cores):
    assert cores_of_layer(layer, load_profile("loihi2").limits) == cores


def test_the_whole_of_pilotnet_takes_74_cores():
    limits = load_profile("loihi2").limits
    assert sum(cores_of_layer(layer, limits) for layer, _ in PILOTNET_LIF) == 74


def test_recurrent_weights_take_memory_like_others():
    limits = load_profile("loihi2").limits
    plain = dense(100, 2560, 3)
    recurrent = replace(plain, recurrent=DenseSynapse(weights_of(8, 100, 100)))
    wide = replace(dense(100, 2660, 8), synapse=DenseSynapse(weights_of(8, 100, 2660)))
    assert cores_of_layer(plain, limits) <= cores_of_layer(recurrent, limits) <= cores_of_layer(wide, limits)
    heavy = replace(
        plain, recurrent=DenseSynapse(weights_of(8, 100, 100)), synapse=DenseSynapse(np.ones((100, 1), int))
    )
    assert cores_of_layer(heavy, limits) == cores_of_layer(dense(100, 101, 8), limits) == 1


@PATIENT
@given(st.integers(1, 32), st.integers(1, 40), st.integers(1, 40))
def test_no_core_holds_too_many_neurons(channels, height, width):
    limits = load_profile("loihi1").limits
    cores = cores_of_layer(conv(channels, 2, 4, height, width), limits)
    assert cores >= 1
    assert channels * height * width <= cores * limits.neurons_per_core.value


@PATIENT
@given(st.integers(1, 5000))
def test_no_core_holds_too_many_dense_neurons(outputs):
    limits = load_profile("loihi1").limits
    layer = Layer("dense", DenseSynapse(np.ones((outputs, 2), int)), NEURON, (outputs,))
    assert outputs <= cores_of_layer(layer, limits) * limits.neurons_per_core.value


@pytest.mark.parametrize(
    ("weights", "bits"),
    [
        ([0, 0], 1),
        ([-1, 0], 1),
        ([1], 2),
        ([-8, 4], 2),
        ([-4, 3], 3),
        ([6, -2], 3),
        ([3, -5], 4),
        ([127, 1], 8),
        ([64, 63], 8),
        ([-256, 255], 8),
    ],
)
def test_weight_bits_drop_shared_powers_of_two(weights, bits):
    assert weight_bits(np.array(weights)) == bits


@PATIENT
@given(st.lists(st.integers(-128, 127), min_size=1), st.integers(0, 4))
def test_weight_bits_do_not_depend_on_the_scale(weights, shift):
    bits = weight_bits(np.array(weights))
    assert bits in WEIGHT_BITS
    assert weight_bits(np.array(weights) << shift) == bits


def test_every_layer_takes_a_core_of_its_own(small_network):
    placement = place(small_network, load_profile("loihi2"))
    assert [len(layer.cores) for layer in placement.layers] == [2, 1]
    assert (len(placement.cores), placement.chips) == (3, 1)


def test_fewer_channels_may_take_more_words():
    """Four channels are a block of 12 words, three are two of 24 together: a core of 3 neurons takes two of them."""
    synapse = ConvSynapse(weights_of(4, 4, 2, 2, 3))
    store = LayerStore.of(Layer("conv", synapse, NEURON, (4, 7, 7)))
    limits = load_profile("loihi2").limits
    small = {"neurons_per_core": 3, "synapse_words_per_core": 20}
    changed = {
        name: getattr(limits, name).model_copy(update={"value": value, "low": None, "high": None})
        for name, value in small.items()
    }
    size = compiler_size(store, limits.model_copy(update=changed))
    assert [store.synapse_words(part((channels, 1, 1))) for channels in (4, 3, 2)] == [12, 24, 12]
    assert size == (2, 1, 1)
