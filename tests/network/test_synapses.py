"""Synapses: what they accept and what shape they deliver."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.errors import CapacityError, ConfigError
from evsnn_lava.network import ComplexSynapse, ConvSynapse, DenseSynapse, DirectSynapse

ONES = np.ones((4, 2, 3, 3), dtype=int)


@pytest.mark.parametrize("make", [lambda w: DenseSynapse([[0, w]]), lambda w: ConvSynapse([[[[0, w]]]])])
def test_weights_keep_to_eight_bits_and_a_sign(make):
    owner = type(make(-256)).__name__
    assert make(255).weights.max() == 255
    for weight in (-257, 256):
        with pytest.raises(
            CapacityError, match=rf"^{owner}: weight spans .*, the limit is -256\.\.255; rescale or clip"
        ):
            make(weight)
    with pytest.raises(
        CapacityError, match=rf"^{owner}: weight must be whole numbers, found float64; quantise it first$"
    ):
        make(np.nan)


@pytest.mark.parametrize("kind", [DenseSynapse, ConvSynapse])
@pytest.mark.parametrize("weight_exp", [-9, 8])
def test_weight_exponent_keeps_to_its_range(kind, weight_exp):
    weights = [[1]] if kind is DenseSynapse else [[[[1]]]]
    words = (
        rf"^{kind.__name__}: weight_exp spans {weight_exp}\.\.{weight_exp}, the limit is -8\.\.7; rescale or clip it$"
    )
    with pytest.raises(CapacityError, match=words):
        kind(weights, weight_exp=weight_exp)
    for inside in (-8, 7):
        assert kind(weights, weight_exp=inside).weight_exp == inside


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: DenseSynapse([1, 2]),
            "DenseSynapse: weights have shape (2,), expected (out, in); reshape them",
        ),
        (
            lambda: DenseSynapse(np.ones((0, 3), int)),
            "DenseSynapse: weights have shape (0, 3), expected (out, in); reshape them",
        ),
        (
            lambda: DenseSynapse(np.ones((2, 6), int)).output_shape((2, 2, 2)),
            "DenseSynapse: input (2, 2, 2) has 8 values, the weights expect 6; check the layer before it",
        ),
        (
            lambda: ConvSynapse(np.ones((2, 3), int)),
            "ConvSynapse: weights have shape (2, 3), expected (C_out, C_in/groups, kH, kW); reshape them",
        ),
        (
            lambda: ConvSynapse(np.ones((2, 3, 0, 1), int)),
            "ConvSynapse: weights have shape (2, 3, 0, 1), expected (C_out, C_in/groups, kH, kW); reshape them",
        ),
        (
            lambda: ConvSynapse(ONES, stride=(0, 1)),
            "ConvSynapse: stride is (0, 1), expected two whole numbers >= 1; correct it",
        ),
        (
            lambda: ConvSynapse(ONES, padding=(0, -1)),
            "ConvSynapse: padding is (0, -1), expected two whole numbers >= 0; correct it",
        ),
        (
            lambda: ConvSynapse(ONES, dilation=(1, 0)),
            "ConvSynapse: dilation is (1, 0), expected two whole numbers >= 1; correct it",
        ),
        (
            lambda: ConvSynapse(ONES, stride=(1, 1, 1)),
            "ConvSynapse: stride is (1, 1, 1), expected two whole numbers >= 1; correct it",
        ),
        (
            lambda: ConvSynapse(ONES, stride=2),
            "ConvSynapse: stride is 2, expected two whole numbers >= 1; correct it",
        ),
        (
            lambda: ConvSynapse(ONES, stride=(1.5, 1)),
            "ConvSynapse: stride is (1.5, 1), expected two whole numbers >= 1; correct it",
        ),
        (
            lambda: ConvSynapse(ONES, groups=3),
            "ConvSynapse: groups is 3, it must divide the 4 output channels",
        ),
        (
            lambda: ConvSynapse(ONES, groups=0),
            "ConvSynapse: groups is 0, it must divide the 4 output channels",
        ),
        (
            lambda: ConvSynapse(ONES, groups=2.0),
            "ConvSynapse: groups is 2.0, it must divide the 4 output channels",
        ),
        (
            lambda: DenseSynapse(ONES[0, 0], delays=[[0, 1]]),
            "DenseSynapse: delays have shape (1, 2), the weights (3, 3); give one per connection, (1, in) or (out, 1)",
        ),
        (
            lambda: DenseSynapse(ONES[0, 0], delays=3),
            "DenseSynapse: delays have shape (), the weights (3, 3); give one per connection, (1, in) or (out, 1)",
        ),
        (
            lambda: DenseSynapse([[1]], weight_exp=[1]),
            "DenseSynapse: weight_exp has shape (1,), a layer has one for all neurons; give one number",
        ),
        (
            lambda: ComplexSynapse(DenseSynapse([[1, 2]]), DenseSynapse([[1]])),
            "ComplexSynapse: real weights (1, 2), imaginary (1, 1), delays up to 0; make both alike, without delays",
        ),
        (
            lambda: ComplexSynapse(DenseSynapse([[1]]), DenseSynapse([[1]], delays=[[3]])),
            "ComplexSynapse: real weights (1, 1), imaginary (1, 1), delays up to 3; make both alike, without delays",
        ),
        (
            lambda: ComplexSynapse(DenseSynapse([[1, 2]]), DenseSynapse([[3, 4]])).output_shape((3,)),
            "DenseSynapse: input (3,) has 3 values, the weights expect 2; check the layer before it",
        ),
        (
            lambda: ConvSynapse(ONES, groups=2).output_shape((2, 5, 5)),
            "ConvSynapse: input (2, 5, 5) is not (4, H, W); check the layer before it",
        ),
        (
            lambda: ConvSynapse(ONES).output_shape((50,)),
            "ConvSynapse: input (50,) is not (2, H, W); check the layer before it",
        ),
        (
            lambda: ConvSynapse(ONES, dilation=(2, 1)).output_shape((2, 4, 9)),
            "ConvSynapse: input (2, 4, 9) is smaller than the kernel; pad it or shrink the kernel",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(make, message):
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value) == message


def test_a_synapse_cannot_be_changed():
    mine = np.ones((2, 2), dtype=int)
    synapse = DenseSynapse(mine)
    mine[:] = 9
    assert synapse.weights.max() == 1
    with pytest.raises(ValueError, match="read-only"):
        synapse.weights[0, 0] = 2
    with pytest.raises(FrozenInstanceError):
        synapse.weight_exp = 1


def places(size, pad, dilation, kernel, stride):
    """Count the places of a kernel by trying them all."""
    tried = range(-pad, size + pad, stride)
    return sum(start + dilation * (kernel - 1) <= size + pad - 1 for start in tried)


@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    dilation=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    groups=st.integers(1, 3),
)
def test_convolution_has_one_row_per_place_of_the_kernel(height, width, kernel, stride, padding, dilation, groups):
    synapse = ConvSynapse(np.ones((2 * groups, 1, *kernel), dtype=int), stride, padding, dilation, groups)
    rows = places(height, padding[0], dilation[0], kernel[0], stride[0])
    columns = places(width, padding[1], dilation[1], kernel[1], stride[1])
    if rows and columns:
        assert synapse.output_shape((groups, height, width)) == (2 * groups, rows, columns)
    else:
        with pytest.raises(ConfigError, match="smaller than the kernel"):
            synapse.output_shape((groups, height, width))


def test_dense_flattens_its_input():
    assert DenseSynapse(np.ones((5, 24), int)).output_shape((2, 3, 4)) == (5,)


@pytest.mark.parametrize(
    ("delays", "expected"),
    [
        ([[0, 1, 62], [3, 4, 5]], [[0, 1, 62], [3, 4, 5]]),
        ([[7, 8, 9]], [[7, 8, 9], [7, 8, 9]]),
        ([[7], [8]], [[7, 7, 7], [8, 8, 8]]),
        ([[5]], [[5, 5, 5], [5, 5, 5]]),
    ],
)
def test_delays_belong_to_connections_inputs_or_outputs(delays, expected):
    synapse = DenseSynapse(np.ones((2, 3), int), delays=delays)
    assert synapse.delays.tolist() == expected
    assert synapse.max_delay == np.max(delays)
    with pytest.raises(ValueError, match="read-only"):
        synapse.delays[0, 0] = 1


@pytest.mark.parametrize("delay", [-1, 63])
def test_a_delay_keeps_to_its_range(delay):
    words = rf"^DenseSynapse: delay spans {min(delay, 0)}\.\.{max(delay, 0)}, the limit is 0\.\.62; rescale or clip it$"
    with pytest.raises(CapacityError, match=words):
        DenseSynapse([[1, 1]], delays=[[0, delay]])


def test_stored_weights_and_longest_delays():
    dense, conv = DenseSynapse([[1, 2]]), ConvSynapse(ONES)
    both = ComplexSynapse(dense, DenseSynapse([[3, 4]]))
    assert [m.tolist() for m in both.matrices] == [[[1, 2]], [[3, 4]]]
    assert (dense.matrices[0] is dense.weights, conv.matrices[0] is conv.weights) == (True, True)
    assert DirectSynapse().matrices == ()
    assert [synapse.max_delay for synapse in (dense, conv, both, DirectSynapse())] == [0] * 4


def test_a_direct_synapse_keeps_the_shape_and_its_ranges():
    assert DirectSynapse(-32768, 32767).output_shape((2, 3, 4)) == (2, 3, 4)
    assert (type(DirectSynapse(np.int8(3)).weight), type(DirectSynapse(bias=np.int64(3)).bias)) == (int, int)
    for change in ({"weight": 32768}, {"bias": -32769}):
        with pytest.raises(CapacityError, match=r"^DirectSynapse: input_weight spans .*; rescale or clip it$"):
            DirectSynapse(**change)


def test_exponents_and_groups_are_plain_integers():
    assert type(DenseSynapse([[1]], np.int8(2)).weight_exp) is int
    conv = ConvSynapse(ONES, groups=np.int64(2), weight_exp=np.int64(1))
    assert (type(conv.groups), type(conv.weight_exp)) == (int, int)
