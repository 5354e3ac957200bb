"""Maps without neurons between them are composed exactly."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.lowering.pooling import (
    MATRIX_LIMIT,
    Convolution,
    as_matrix,
    compose,
    cropping,
    pooling,
    scaled,
    surplus,
)

pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
small = st.tuples(st.integers(0, 2), st.integers(0, 2))


@st.composite
def convolutions(draw, channels):
    groups = draw(st.sampled_from([g for g in (1, 2, channels) if channels % g == 0]))
    outputs = groups * draw(st.integers(1, 2))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    kernel = rng.integers(-5, 6, (outputs, channels // groups, *draw(pair))).astype(float)
    return Convolution(kernel, draw(pair), draw(small), draw(pair), groups)


@st.composite
def pools(draw, channels):
    kernel = draw(pair)
    padding = tuple(draw(st.integers(0, size // 2)) for size in kernel)
    return pooling(channels, kernel, draw(pair), padding)


def frames(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 3, (2, *shape)).astype(float)


@settings(max_examples=300)
@given(st.data(), st.integers(1, 4), st.tuples(st.integers(3, 11), st.integers(3, 11)))
def test_pool_then_convolution_is_one_convolution(data, channels, size):
    pool, conv, shape = data.draw(pools(channels)), data.draw(convolutions(channels)), (channels, *size)
    try:
        middle = pool.output_shape(shape)
        conv.output_shape(middle)
        rows, columns = surplus(pool, conv, shape)
    except UnsupportedError:
        assume(False)
    values = frames(shape)
    cut = values[:, :, : size[0] - rows, : size[1] - columns]
    assert np.array_equal(compose(pool, conv).apply(cut), conv.apply(pool.apply(values)))


@settings(max_examples=150)
@given(st.data(), st.integers(1, 4), st.tuples(st.integers(5, 11), st.integers(5, 11)))
def test_convolution_then_unpadded_pool_is_one_convolution(data, channels, size):
    conv, shape = data.draw(convolutions(channels)), (channels, *size)
    pool = pooling(len(conv.weights), data.draw(pair), data.draw(pair))
    try:
        pool.output_shape(conv.output_shape(shape))
    except UnsupportedError:
        assume(False)
    assert surplus(conv, pool, shape) == (0, 0)
    values = frames(shape)
    assert np.array_equal(compose(conv, pool).apply(values), pool.apply(conv.apply(values)))


def test_convolutions_agree_with_torch():
    torch = pytest.importorskip("torch")
    conv = Convolution(np.arange(48.0).reshape(4, 2, 2, 3), (2, 1), (1, 2), (1, 2), groups=2)
    values = frames((4, 7, 8))
    expected = torch.nn.functional.conv2d(
        torch.tensor(values), torch.tensor(conv.weights), None, conv.stride, conv.padding, conv.dilation, 2
    )
    assert np.array_equal(conv.apply(values), expected.numpy())
    pool = pooling(4, (3, 2), (2, 2), (1, 1), average=True)
    assert np.allclose(
        pool.apply(values), torch.nn.functional.avg_pool2d(torch.tensor(values), (3, 2), (2, 2), (1, 1)).numpy()
    )


def test_an_odd_row_behind_a_pool_must_be_cut_off_where_a_padded_convolution_would_see_it():
    pool, padded = pooling(1, (2, 2), (2, 2)), Convolution(np.ones((1, 1, 3, 3)), padding=(1, 1))
    assert surplus(pool, padded, (1, 5, 4)) == (1, 0)
    values = frames((1, 5, 4))
    assert not np.array_equal(compose(pool, padded).apply(values), padded.apply(pool.apply(values)))
    assert np.array_equal(
        compose(pool, padded).apply(cropping(1, 1, 0).apply(values)), padded.apply(pool.apply(values))
    )


def test_overlapping_windows_before_padding_are_refused():
    with pytest.raises(UnsupportedError, match="overlap"):
        surplus(pooling(1, (3, 3), (1, 1)), Convolution(np.ones((1, 1, 3, 3)), padding=(1, 1)), (1, 8, 8))


def test_depthwise_maps_keep_the_groups():
    conv = Convolution(np.ones((6, 2, 3, 3)), groups=3)
    assert compose(pooling(6, (2, 2), (2, 2)), conv).groups == 3
    assert compose(conv, pooling(6, (2, 2), (2, 2))).groups == 3
    assert compose(conv, Convolution(np.ones((2, 3, 1, 1)), groups=2)).groups == 1


def test_a_matrix_does_what_the_maps_do():
    pool, shape = pooling(2, (2, 2), (2, 2)), (2, 20, 21)
    matrix = as_matrix(lambda values: pool.apply(values).reshape(len(values), -1), shape)
    values = frames(shape)
    assert np.array_equal(values.reshape(2, -1) @ matrix.T, pool.apply(values).reshape(2, -1))


def test_a_gigantic_matrix_is_refused():
    with pytest.raises(UnsupportedError, match=str(MATRIX_LIMIT)):
        as_matrix(lambda values: values, (1, 10_000))


def test_scaling_acts_on_output_channels():
    assert scaled(Convolution(np.ones((2, 1, 1, 1))), np.array([2.0, 3.0])).weights.ravel().tolist() == [2, 3]


def test_shapes_that_do_not_fit_are_refused():
    conv = Convolution(np.ones((1, 2, 3, 3)))
    for shape in ((1, 5, 5), (2, 2, 2), (8,)):
        with pytest.raises(UnsupportedError):
            conv.output_shape(shape)


@pytest.mark.parametrize("channels", [20_000, 500_000])
def test_many_channels_are_refused_before_memory_is_taken(channels):
    tracemalloc.start()
    with pytest.raises(UnsupportedError, match="the composed kernel"):
        compose(pooling(channels, (1, 1), (1, 1)), pooling(channels, (2, 2), (2, 2)))
    assert tracemalloc.get_traced_memory()[1] < 1 << 26
    tracemalloc.stop()
