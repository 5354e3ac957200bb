"""Weights of fewer bits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from evsnn_lava.export.placement.words import weight_bits
from evsnn_lava.export.search.rounding import facts_of, rounded_layer, rounded_weights
from evsnn_lava.network import (
    ComplexSynapse,
    CubaNeuron,
    DenseSynapse,
    DirectSynapse,
    Layer,
    QuantisationFacts,
    RfNeuron,
)
from evsnn_lava.network.precision import sign_mode_of

WEIGHTS = arrays(np.int32, st.integers(1, 20), elements=st.integers(-256, 255))


@given(WEIGHTS, st.integers(2, 7))
def test_what_is_left_is_the_nearest_that_the_bits_hold(weights, bits):
    rounded = rounded_weights(weights, bits)
    step = 2 ** (8 - bits) * (2 if sign_mode_of(weights) == "mixed" else 1)
    assert not (rounded % step).any()
    inside = np.abs(weights) <= 256 - step
    assert (2 * np.abs(rounded - weights)[inside] <= step).all()
    assert (np.abs(rounded)[~inside] == 256 - step).all()
    assert (np.sign(rounded) * np.sign(weights) >= 0).all()
    assert np.array_equal(rounded_weights(-weights, bits), -rounded)


@given(WEIGHTS, st.integers(2, 7))
def test_the_chip_needs_no_more_bits(weights, bits):
    mixed = sign_mode_of(weights) == "mixed"
    assert weight_bits(rounded_weights(weights, bits)) <= max(bits + (not mixed), 1) + (bits + (not mixed) == 7)


def test_eight_bits_are_the_weights_themselves():
    weights = np.array([-255, 3])
    assert rounded_weights(weights, 8) is weights


def test_every_synapse_of_a_layer_is_rounded():
    dense = DenseSynapse([[100, -3], [7, 9]])
    layer = Layer("a", dense, CubaNeuron(1, 0, 0), (2,), DenseSynapse([[5, -5], [90, 0]]))
    found = rounded_layer(layer, 5)
    assert found.synapse.weights.tolist() == [[96, 0], [0, 16]]
    assert found.recurrent.weights.tolist() == [[0, 0], [96, 0]]
    assert rounded_layer(layer, 8) is layer
    resonator = Layer("r", ComplexSynapse(dense, dense), RfNeuron(5, 100, 4000), (2,))
    assert rounded_layer(resonator, 5).synapse.imag.weights.tolist() == [[96, 0], [0, 16]]
    block = Layer("b", DirectSynapse(), CubaNeuron(1, 0, 0), (2, 1, 1))
    assert rounded_layer(block, 2) is block
    even = replace(layer, synapse=DenseSynapse([[16, -16], [32, 0]]), recurrent=None)
    assert rounded_layer(even, 5) is even


def test_facts_bound_both_errors():
    layer = Layer("a", DenseSynapse([[100, -3], [7, 9]]), CubaNeuron(1, 0, 0), (2,))
    found = facts_of(layer, rounded_layer(layer, 5), QuantisationFacts("a", 64.0, 0.01, 0, 2))
    assert found.max_error == pytest.approx(0.01 + 7 / 64)
    assert found.zeros == 4
    assert facts_of(layer, layer, found) is found
