"""What synapses deliver: against adding up by hand, scipy and torch."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate2d

from evsnn_lava.errors import CapacityError
from evsnn_lava.network import ComplexSynapse, ConvSynapse, DenseSynapse, DirectSynapse
from evsnn_lava.simulation.synapses import APPLY, apply_conv, apply_dense, deliver

from . import drawing


@given(
    shape=st.sampled_from([(1,), (7,), (2, 3, 1), (3, 1, 5)]),
    outputs=st.integers(1, 4),
    weight_exp=st.integers(-8, 7),
    seed=st.integers(0, 2**32 - 1),
)
def test_dense_sums_the_weights_of_the_inputs_that_fired(shape, outputs, weight_exp, seed):
    rng = np.random.default_rng(seed)
    inputs = int(np.prod(shape))
    weights, spikes = rng.integers(-256, 256, (outputs, inputs)), rng.random((3, *shape)) < 0.5
    found = apply_dense(DenseSynapse(weights, weight_exp), spikes)
    for sample in range(3):
        for out in range(outputs):
            fired = [int(weights[out, i]) for i, spike in enumerate(spikes[sample].flat) if spike]
            assert found[sample, out] == floor(sum(fired) * Fraction(2) ** weight_exp)


@st.composite
def convolutions(draw):
    """A convolution whose kernel fits, and spikes for it; no two sizes need be equal."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    groups, dilation = draw(st.integers(1, 3)), draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 3)))
    padding = draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
    least = [max(1, d * (k - 1) + 1 - 2 * p) for d, k, p in zip(dilation, kernel, padding, strict=True)]
    size = [low + draw(st.integers(0, 6)) for low in least]
    weights = rng.integers(-256, 256, (groups * draw(st.integers(1, 2)), draw(st.integers(1, 2)), *kernel))
    stride, weight_exp = draw(st.tuples(st.integers(1, 3), st.integers(1, 3))), draw(st.integers(-8, 7))
    synapse = ConvSynapse(weights, stride, padding, dilation, groups, weight_exp)
    return synapse, rng.random((2, groups * weights.shape[1], *size)) < 0.5


def spread(kernel, dilation):
    """The kernel with zeros between its weights."""
    rows, columns = ((size - 1) * step + 1 for size, step in zip(kernel.shape, dilation, strict=True))
    wide = np.zeros((rows, columns), dtype=np.int64)
    wide[:: dilation[0], :: dilation[1]] = kernel
    return wide


@settings(max_examples=100)
@given(case=convolutions())
def test_convolution_is_scipys_correlation(case):
    synapse, spikes = case
    outputs, per_group = synapse.weights.shape[:2]
    (down, right), (tall, wide) = synapse.stride, synapse.padding
    padded = np.pad(spikes.astype(np.int64), [(0, 0), (0, 0), (tall, tall), (wide, wide)])
    found = apply_conv(synapse, spikes)
    assert found.shape[1:] == synapse.output_shape(spikes.shape[1:])
    for sample, out in np.ndindex(2, outputs):
        first = out // (outputs // synapse.groups) * per_group
        total = sum(
            correlate2d(padded[sample, first + i], spread(synapse.weights[out, i], synapse.dilation), "valid")
            for i in range(per_group)
        )[::down, ::right]
        assert np.array_equal(found[sample, out], np.floor(total * 2.0**synapse.weight_exp))


@pytest.mark.torch
@settings(max_examples=100)
@given(case=convolutions())
def test_convolution_is_torchs(case):
    from evsnn_lava._torch import F, torch

    synapse, spikes = case
    weights = torch.tensor(synapse.weights, dtype=torch.float64)
    options = (synapse.stride, synapse.padding, synapse.dilation, synapse.groups)
    total = F.conv2d(torch.tensor(spikes, dtype=torch.float64), weights, None, *options).numpy()
    assert np.array_equal(apply_conv(synapse, spikes), np.floor(total * 2.0**synapse.weight_exp))


def test_a_sum_of_a_convolution_wraps_by_24_bits_before_it_is_scaled():
    synapse = ConvSynapse([[[[1, 1]]]], weight_exp=-1)
    sums = np.array([2**22, 2**22]), np.array([2**22, 2**22 - 1]), np.array([-(2**22), -(2**22) - 1])
    found = [apply_conv(synapse, row.reshape(1, 1, 1, 2)).item() for row in sums]
    assert found == [-(2**22), (2**23 - 1) // 2, (2**23 - 1) // 2]


def test_a_sum_of_a_convolution_keeps_to_32_bits():
    synapse = ConvSynapse([[[[-256, 255]]]])
    assert apply_conv(synapse, np.array([2**23 - 1, 0]).reshape(1, 1, 1, 2)).item() == 256
    for row, total in (([2**23, 0], 2**31), ([0, 2**24], 255 * 2**24)):
        with pytest.raises(CapacityError) as caught:
            apply_conv(synapse, np.array(row).reshape(1, 1, 1, 2))
        assert str(caught.value) == (
            f"ConvSynapse: a sum reaches {total}, the limit is 2147483647; use smaller messages or weights"
        )


@given(seed=st.integers(0, 2**32 - 1), data=st.data())
def test_every_connection_waits_for_its_delay(seed, data):
    rng = np.random.default_rng(seed)
    graded, outputs, inputs = data.draw(st.booleans()), data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4))
    synapse = data.draw(drawing.denses(rng, inputs, outputs))
    sent = rng.integers(-(2**31), 2**31, (70, 2, inputs)) if graded else rng.random((70, 2, inputs)) < 0.5
    found = deliver(synapse, lambda ago: sent[ago])
    assert found.shape == (2, outputs)
    delays = np.zeros((outputs, inputs), dtype=int) if synapse.delays is None else synapse.delays
    for sample, out in np.ndindex(2, outputs):
        parts = {}
        for i, (weight, delay) in enumerate(zip(synapse.weights[out], delays[out], strict=True)):
            parts.setdefault(int(delay), []).append((int(weight), int(sent[int(delay), sample, i])))
        if synapse.delays is None:
            sums = [word(sum(weight * message for weight, message in parts[0]))]
        else:
            sums = [sum(word(weight * message) for weight, message in pairs) for pairs in parts.values()]
        assert found[sample, out] == word(sum(floor(total * Fraction(2) ** synapse.weight_exp) for total in sums))


def word(number):
    return (number + 2**31) % 2**32 - 2**31


def test_an_exponent_rounds_the_sum_of_every_delay_down():
    assert deliver(DenseSynapse([[1, 1, 1]], -1), lambda ago: np.ones((1, 3), bool)).tolist() == [[1]]
    assert deliver(DenseSynapse([[1, 1, 1]], -1, [[0, 0, 1]]), lambda ago: np.ones((1, 3), bool)).tolist() == [[1]]
    assert deliver(DenseSynapse([[1, 1, 1]], -1, [[0, 2, 1]]), lambda ago: np.ones((1, 3), bool)).tolist() == [[0]]


def test_a_complex_synapse_delivers_both_parts():
    synapse = ComplexSynapse(DenseSynapse([[1, 2]]), DenseSynapse([[3, -4]], 1))
    assert deliver(synapse, lambda ago: np.array([[True, True], [True, False]])).tolist() == [[[3], [1]], [[-2], [6]]]


def test_a_direct_synapse_scales_and_shifts():
    numbers = np.array([[[[0, 1]]], [[[-3, 2**23]]]])
    assert deliver(DirectSynapse(64, -5), lambda ago: numbers).tolist() == [[[[-5, 59]]], [[[-197, 64 * 2**23 - 5]]]]
    assert deliver(DirectSynapse(256), lambda ago: numbers)[1, 0, 0, 1] == word(256 * 2**23)


def test_every_synapse_has_its_function():
    assert set(APPLY) == {ComplexSynapse, ConvSynapse, DenseSynapse, DirectSynapse}
