"""The summary says what is in the network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.export.inspect import summarise, weight_bits
from evsnn_lava.export.netfile_writer import content_hash
from evsnn_lava.network import CubaNeuron


def test_layers(demo):
    summary = summarise(demo)
    conv1, conv2, dense = summary.layers
    assert (conv1.type, conv1.detail, conv1.input_shape, conv1.output_shape) == (
        "conv",
        "3x3 s2,1 p1,0",
        (2, 12, 10),
        (4, 6, 8),
    )
    assert (conv2.detail, conv2.weights, conv2.neurons, conv2.du) == ("3x2 p0,1 d1,2 g2", 72, 192, -1)
    assert (dense.type, dense.detail, dense.input_shape, dense.vth) == ("dense", "", (6, 4, 8), 120)
    assert [layer.mask for layer in summary.layers] == ["11011101", "11011101", "11010101"]
    assert dense.nonzero_share == np.count_nonzero(demo.layers[2].synapse.weights) / 960
    assert dense.bias == (demo.layers[2].neuron.bias_mant.min(), demo.layers[2].neuron.bias_mant.max())
    assert (summary.neurons, summary.weights) == (389, 1104)


def test_the_rest(demo):
    summary = summarise(demo)
    assert summary.cutoff.thresholds == (None, None, 3, 3, 2, 0)
    assert (summary.frames_sent, summary.depth, summary.max_steps) == (6, 3, 9)
    assert summary.golden.exit_steps == tuple(demo.golden.exit_step)
    assert summary.golden.spikes == demo.golden.spike_counts.sum()
    assert summary.provenance[0] == ("", "")
    assert summary.content_hash == content_hash(demo)
    hash((summary.recipe, summary.layers, summary.cutoff))


def test_a_network_that_no_file_can_hold_has_no_hash(tiny):
    layer = replace(tiny.layers[0], neuron=CubaNeuron(80, 1, 1, [1, 2], bias_exp=0))
    summary = summarise(replace(tiny, layers=(layer,)))
    assert summary.content_hash == ""
    assert summary.golden is None


@given(st.lists(st.integers(-256, 255), min_size=1), st.integers(0, 3))
def test_weight_bits_suffice_and_are_needed(values, shift):
    bits = weight_bits(np.array(values) << shift)
    signed = min(values) < 0 < max(values)
    size = max(max(values), -min(values) - 1 if signed else -min(values))
    assert bits <= size.bit_length() + signed
    assert (bits == 0) == (not any(values))
    if any(value % 2 for value in values):
        assert bits == size.bit_length() + signed
