"""The fan-out of parts of a convolution: together that of the whole, and each counted one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.network import ConvSynapse
from evsnn_lava.network.fanout import conv_fanout, fanout, kernel_reach


@st.composite
def convolutions(draw):
    """With groups, stride, padding and dilation, on an image of 7 x 8."""
    rng, groups = np.random.default_rng(draw(st.integers(0, 2**32 - 1))), draw(st.sampled_from([1, 2]))
    inputs, outputs = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 3))
    kernel = rng.integers(-1, 2, (outputs, inputs // groups, draw(st.integers(1, 3)), draw(st.integers(1, 3))))
    pairs = {name: (draw(st.integers(low, 2)), draw(st.integers(low, 2))) for name, low in PAIRS.items()}
    return ConvSynapse(2 * kernel, groups=groups, **pairs), (inputs, 7, 8)


PAIRS = {"stride": 1, "padding": 0, "dilation": 1}


@settings(max_examples=40)
@given(convolutions(), st.data())
def test_parts_reach_together_what_the_whole_reaches(drawn, data):
    synapse, shape = drawn
    cuts = []
    for length in synapse.output_shape(shape):
        cut = data.draw(st.integers(0, length))
        cuts.append([(low, high) for low, high in ((0, cut), (cut, length)) if low < high])
    parts = [conv_fanout(synapse, shape, *part) for part in product(*cuts)]
    assert np.array_equal(np.sum(parts, axis=0), fanout(synapse, shape))


def test_a_part_by_hand():
    """Two outputs of a kernel of three at stride two: the middle input is seen by both."""
    synapse = ConvSynapse(np.array([[[[2, 4, 6]]], [[[2, 0, 0]]]]), stride=(1, 2))
    assert kernel_reach(synapse, (0, 2)).ravel().tolist() == [2, 1, 1]
    assert conv_fanout(synapse, (1, 1, 5), (0, 1), (0, 1), (0, 2)).ravel().tolist() == [1, 1, 2, 1, 1]
    assert conv_fanout(synapse, (1, 1, 5), (1, 2), (0, 1), (1, 2)).ravel().tolist() == [0, 0, 1, 0, 0]
