"""Layers that stock netx would not compute exactly are refused, with the remedy; all others pass."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.netx_limits import check_netx, netx_dense_weights
from evsnn_lava.network import ConvSynapse, CubaNeuron, DenseSynapse, Layer


def dense(weights):
    synapse = DenseSynapse(weights)
    return Layer("fc", synapse, CubaNeuron(80, 1023, 128), (len(synapse.weights),))


def conv(shape, value=2, **options):
    synapse = ConvSynapse(np.full(shape, value), **options)
    return Layer("conv", synapse, CubaNeuron(80, 1023, 128), (shape[0], 1, 1))


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (dense([[0, 0]]), "all 2 dense weights are zero"),
        (dense([[-256, -256]]), "would change 2 of 2"),
        (dense([[-256, -2]]), r"would change 1 of 2 dense weights \(first -256\)"),
        (dense([[-255, 0]]), "would change"),
        (dense([[-2, 255]]), r"would change 1 of 2 dense weights \(first 255\)"),
        (dense([[-201, 100]]), "take 9 bits"),
        (dense([[-255, 4]]), "9 bits"),
        (conv((1, 1, 128, 1)), "kernel is 128"),
        (conv((1, 1, 1, 1), stride=(1, 200)), "stride is 200"),
        (conv((200, 1, 1, 1), groups=200), "groups is 200"),
        (conv((1, 32769, 1, 1), value=-256), "Lava wraps at 8388608"),
        (dense(np.full((1, 2**17 + 600), 255)), "Lava wraps at 33554432"),
    ],
)
def test_refused(layer, words):
    with pytest.raises(UnsupportedError, match=words) as caught:
        check_netx(layer)
    assert f"layer {layer.name}" in str(caught.value)
    assert ";" in str(caught.value)


@given(st.lists(st.integers(-127, 127), min_size=2, max_size=9).filter(lambda values: min(values) < 0 < max(values)))
def test_even_weights_of_both_signs_are_exact(values):
    check_netx(dense([[2 * value for value in values]]))


@given(st.lists(st.integers(0, 255), min_size=1, max_size=9).filter(any))
def test_weights_without_negative_ones_are_exact(values):
    assert netx_dense_weights(np.array([values])).tolist() == [values]
    check_netx(dense([values]))


def test_other_types_have_no_form_in_the_file():
    layer = Layer("x", DenseSynapse([[2]]), object(), (1,))
    with pytest.raises(UnsupportedError, match="object behind DenseSynapse"):
        check_netx(layer)
