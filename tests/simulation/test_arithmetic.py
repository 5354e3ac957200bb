"""Neuron and synapse arithmetic: against plain integers, Lava's own model, scipy and torch."""

from __future__ import annotations

import importlib
from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.signal import correlate2d

from evsnn_lava.network import ConvSynapse, CubaNeuron, DenseSynapse
from evsnn_lava.simulation.arithmetic import apply_conv, apply_dense, clip_state, decay, step_cuba, wrap_state

LIMIT = 2**23
EDGE = st.sampled_from([0, 1, -1, LIMIT, LIMIT - 1, 1 - LIMIT, 4095, -4095, 64, -64])
STATE = st.integers(1 - LIMIT, LIMIT) | EDGE
VOLTAGE = st.integers(1 - LIMIT, LIMIT - 1) | EDGE.filter(lambda state: state < LIMIT)
ACTIVATION = st.integers(-1000, 1000) | st.integers(-(2**18), 2**18) | st.sampled_from([2**17, -(2**17)])
NEURONS = st.builds(
    CubaNeuron,
    vth_mant=st.integers(0, 131071) | st.sampled_from([0, 1, 131071]),
    du=st.integers(-1, 4095) | st.sampled_from([-1, 0, 4095]),
    dv=st.integers(0, 4096) | st.sampled_from([0, 4096]),
    bias_mant=st.integers(-4096, 4095).map(lambda bias: [bias]) | st.none(),
    bias_exp=st.integers(0, 7),
)
STEPS = st.lists(st.tuples(STATE, VOLTAGE, ACTIVATION), min_size=1, max_size=20)


def bias_of(neuron):
    return 0 if neuron.bias_mant is None else int(neuron.bias_mant[0])


def column(values):
    return np.array(values, dtype=np.int64)[:, None]


@settings(max_examples=300, deadline=None)
@given(neuron=NEURONS, steps=STEPS)
@example(neuron=CubaNeuron(131071, -1, 0), steps=[(LIMIT, 0, 0), (LIMIT, 0, 1), (LIMIT - 64, 0, 1), (LIMIT - 63, 0, 1)])
@example(neuron=CubaNeuron(131071, -1, 0), steps=[(1 - LIMIT, 0, 0), (64 - LIMIT, 0, -1), (65 - LIMIT, 0, -1)])
@example(neuron=CubaNeuron(131071, -1, 0), steps=[(LIMIT - 1, LIMIT - 1, 0), (1 - LIMIT, 1 - LIMIT, 0)])
@example(neuron=CubaNeuron(0, 4095, 4095), steps=[(0, -1, 0), (0, -4095, 0), (0, 4095, 0), (0, 4096, 0)])
@example(neuron=CubaNeuron(3, 4095, 4096), steps=[(0, 0, 2), (0, 0, 3), (0, 0, 4)])
@example(neuron=CubaNeuron(131071, 4095, 0, [4095], 7), steps=[(0, LIMIT - 1, 0), (0, 131071 * 64 - 4095 * 128, 0)])
def test_step_is_the_equations_of_the_neuron_in_plain_integers(by_hand, neuron, steps):
    u, v, fired = step_cuba(neuron, (1,), *(column(part) for part in zip(*steps, strict=True)))
    expected = [by_hand.neuron_step(neuron, bias_of(neuron), *step) for step in steps]
    assert list(zip(u[:, 0].tolist(), v[:, 0].tolist(), fired[:, 0].tolist(), strict=True)) == expected


def test_wraps_and_clips_where_24_bits_end():
    at_the_edge = [LIMIT, LIMIT + 1, -LIMIT, 1 - LIMIT, LIMIT - 1]
    assert wrap_state(np.array(at_the_edge)).tolist() == [LIMIT, 1 - LIMIT, LIMIT, 1 - LIMIT, LIMIT - 1]
    assert clip_state(np.array(at_the_edge)).tolist() == [LIMIT - 1, LIMIT - 1, 1 - LIMIT, 1 - LIMIT, LIMIT - 1]


@given(state=STATE, amount=st.integers(0, 4096))
def test_decay_rounds_toward_zero(state, amount):
    exact = Fraction(state * (4096 - amount), 4096)
    (found,) = decay(np.array([state]), amount).tolist()
    assert found == int(exact)  # int() of a fraction drops what is behind the point
    assert decay(np.array([-state]), amount).tolist() == [-found]


@pytest.fixture(scope="module")
def lava_lif():
    """Lava's LIF model, made without a graph: `lava_lif(neuron, u, v)`."""
    from evsnn_lava import _lava  # noqa: F401 - repairs Lava for the import below

    models = importlib.import_module("lava.proc.lif.models")

    def make(neuron, u, v):
        model = models.PyLifModelBitAcc(proc_params={})
        model.u, model.v = np.array(u, dtype=np.int32), np.array(v, dtype=np.int32)
        model.vth, model.du, model.dv = neuron.vth_mant, neuron.du, neuron.dv
        model.bias_mant = np.full(model.u.shape, bias_of(neuron), dtype=np.int16)
        model.bias_exp = np.full(model.u.shape, neuron.bias_exp, dtype=np.int16)
        model.scale_bias()
        model.scale_threshold()
        return model

    return make


@pytest.mark.lava
@settings(max_examples=300, deadline=None)
@given(neuron=NEURONS, start=st.lists(st.tuples(STATE, VOLTAGE), min_size=3, max_size=3), data=st.data())
def test_runs_are_those_of_lavas_own_model(lava_lif, neuron, start, data):
    u, v = (column(part) for part in zip(*start, strict=True))
    model = lava_lif(neuron, u[:, 0], v[:, 0])
    for activation in data.draw(st.lists(st.lists(ACTIVATION, min_size=3, max_size=3), min_size=1, max_size=6)):
        model.subthr_dynamics(activation_in=np.array(activation, dtype=np.int32))
        fired = model.spiking_activation()
        model.reset_voltage(spike_vector=fired)
        u, v, spikes = step_cuba(neuron, (1,), u, v, column(activation))
        assert spikes[:, 0].tolist() == fired.tolist()
        assert u[:, 0].tolist() == model.u.tolist()
        assert v[:, 0].tolist() == model.v.tolist()


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


@settings(max_examples=100, deadline=None)
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
@settings(max_examples=100, deadline=None)
@given(case=convolutions())
def test_convolution_is_torchs(case):
    from evsnn_lava._torch import F, torch

    synapse, spikes = case
    weights = torch.tensor(synapse.weights, dtype=torch.float64)
    options = (synapse.stride, synapse.padding, synapse.dilation, synapse.groups)
    total = F.conv2d(torch.tensor(spikes, dtype=torch.float64), weights, None, *options).numpy()
    assert np.array_equal(apply_conv(synapse, spikes), np.floor(total * 2.0**synapse.weight_exp))
