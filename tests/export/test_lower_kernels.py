"""Convolutions of different size, padding and dilation in a common frame see the same pixels as each by itself."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evsnn_lava.export.lowering.kernels import common_frame, conv_matrix, placed_kernel
from evsnn_lava.network import ConvSynapse

small = st.integers(1, 3)
pairs = st.tuples(small, small)


@st.composite
def convolutions(draw, stride):
    groups, kernel = draw(st.integers(1, 2)), draw(pairs)
    weights = np.arange(1, 1 + 4 * (2 // groups) * np.prod(kernel)).reshape(4, 2 // groups, *kernel)
    padding = draw(st.tuples(st.integers(0, 4), st.integers(0, 4)))
    return ConvSynapse(weights, stride, padding, draw(pairs), groups)


@st.composite
def layers(draw):
    """One to three convolutions from one image to another."""
    stride, image = draw(pairs), draw(st.tuples(st.integers(3, 7), st.integers(3, 7)))
    found = {}
    for _ in range(draw(st.integers(2, 6))):
        synapse = draw(convolutions(stride))
        out = tuple(
            (image[a] + 2 * synapse.padding[a] - synapse.dilation[a] * (synapse.weights.shape[2 + a] - 1) - 1)
            // stride[a]
            + 1
            for a in (0, 1)
        )
        if min(out) > 0:
            found.setdefault(out, []).append(synapse)
    assume(found)
    out = max(found, key=lambda size: len(found[size]))
    return found[out], image, out


@settings(max_examples=150)
@given(case=layers())
def test_kernels_in_a_common_frame_are_the_same_matrices(case):
    synapses, image, out = case
    frame = common_frame(synapses, image, out)
    for synapse in synapses:
        placed = ConvSynapse(placed_kernel(synapse, frame), synapse.stride, frame.padding)
        assert placed.output_shape((2, *image)) == (4, *out)
        assert np.array_equal(conv_matrix(placed, (2, *image)), conv_matrix(synapse, (2, *image)))
