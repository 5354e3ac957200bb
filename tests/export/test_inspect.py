"""The summary says what is in the network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.export.inspect import neuron_parameters, summarise, weight_bits
from evsnn_lava.export.netfile.writer import content_hash
from evsnn_lava.network import CubaNeuron, RfIzNeuron, SigmaDeltaNeuron, SigmaNeuron


def test_layers(demo):
    summary = summarise(demo)
    conv1, conv2, dense = summary.layers
    assert (conv1.type, conv1.detail, conv1.input_shape, conv1.output_shape) == (
        "conv",
        "3x3 s2,1 p1,0",
        (2, 12, 10),
        (4, 6, 8),
    )
    assert (conv2.detail, conv2.weights, conv2.neurons) == ("3x2 p0,1 d1,2 g2", 72, 192)
    assert dict(conv2.parameters)["du"] == -1
    assert (dense.type, dense.detail, dense.input_shape, dense.neuron) == ("dense", "", (6, 4, 8), "CUBA")
    assert [layer.mask for layer in summary.layers] == ["11011101", "11011101", "11010101"]
    assert dense.nonzero_share == np.count_nonzero(demo.layers[2].synapse.weights) / 960
    bias = demo.layers[2].neuron.bias_mant
    assert dict(dense.parameters) == {"vth_mant": 120, "du": 2000, "dv": 100, "bias_mant": (bias.min(), bias.max())}
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


def test_layers_of_every_kind(zoo):
    layers = {name: summarise(network).layers for name, network in zoo.items()}
    assert [layer.neuron for layer in layers["sigma-delta"]] == ["delta", *["sigma-delta"] * 3, "sigma"]
    assert [layer.neuron for layer in layers["resonators"]] == ["RF", "RF-Iz", "CUBA"]
    entry = layers["input block"][0]
    assert (entry.type, entry.detail, entry.weights, entry.nonzero_share) == ("input", "5 x -3", 0, 0.0)
    assert layers["delays"][0].detail == "delays 0..3"
    assert (layers["recurrence"][0].detail, layers["recurrence"][1].detail) == (
        "recurrent",
        "delays 0..62 recurrent delays 0..62",
    )


def test_weights_of_every_matrix_count(zoo):
    for network in zoo.values():
        for layer, found in zip(network.layers, summarise(network).layers, strict=True):
            matrices = [matrix for synapse in layer.synapses for matrix in synapse.matrices]
            assert found.weights == sum(matrix.size for matrix in matrices)
            assert round(found.nonzero_share * found.weights) == sum(map(np.count_nonzero, matrices))
    complex_layer, recurrent = summarise(zoo["resonators"]).layers[0], summarise(zoo["recurrence"]).layers[0]
    assert (complex_layer.weights, recurrent.weights) == (2 * 9 * 24, 5 * 24 + 25)


def test_parameters_say_ranges_of_arrays_and_what_is_unusual(zoo):
    neuron = zoo["delays"].layers[0].neuron
    assert dict(summarise(zoo["delays"]).layers[0].parameters)["du"] == (-1, neuron.du.max())
    assert neuron_parameters(SigmaDeltaNeuron(4, state_exp=5)) == (
        ("vth_mant", 4),
        ("activation", "relu"),
        ("state_exp", 5),
    )
    assert neuron_parameters(SigmaNeuron()) == ()
    assert neuron_parameters(RfIzNeuron(6, 12, 6, decay_bits=11)) == (
        ("vth_mant", 6),
        ("sin_decay", 12),
        ("cos_decay", 6),
        ("decay_bits", 11),
    )


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
