"""Dense, complex and direct synapses: layers of many widths, into all neurons."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    DenseSynapse,
    DirectSynapse,
    InputRecipe,
    RfIzNeuron,
    RfNeuron,
)
from evsnn_lava.simulation.engine import Engine
from evsnn_lava.simulation.engine.dense import DenseDelivery, laid_out
from evsnn_lava.simulation.engine.lists import engine_order
from evsnn_lava.simulation.engine.rows import MOST_ROWS
from evsnn_lava.simulation.synapses import apply_dense

from . import building
from .comparing import differences

WIDTHS = (1, 15, 16, 17, 31, 33, 48, 63, 64, 65, 80, 112, 127, 128, 129, 191, 193, 240, 256, 300)
KINDS = [name for name in building.NEURONS if not name.startswith("rf")]


@pytest.mark.parametrize("outputs", WIDTHS)
@pytest.mark.parametrize("weight_exp", [0, 7, -8])
@pytest.mark.parametrize("factor", [1, 2, 4])
def test_sums_of_spikes_are_those_of_the_reference(outputs, weight_exp, factor, rng):
    """Of weights that are bytes once their common factor is taken out, and of others."""
    synapse = DenseSynapse(factor * rng.integers(-256 // factor, 256 // factor, (outputs, 3 * 7 * 9)), weight_exp)
    delivery = DenseDelivery(synapse, engine_order((3, 7, 9)), graded=False)
    messages = rng.random((4, 3, 7, 9)) < np.array([0.01, 0.3, 0.9, 1.0]).reshape(4, 1, 1, 1)
    assert np.array_equal(building.deliver_once(delivery, synapse, messages), apply_dense(synapse, messages))


@pytest.mark.parametrize("outputs", [1, 17, 65])
@pytest.mark.parametrize("weight_exp", [0, 7, -8])
@pytest.mark.parametrize("factor", [1, 2])
def test_sums_of_numbers_are_those_of_the_reference(outputs, weight_exp, factor, rng):
    """Numbers of 32 bits, so that the sums wrap."""
    synapse = DenseSynapse(factor * rng.integers(-256 // factor, 256 // factor, (outputs, 3 * 7 * 9)), weight_exp)
    delivery = DenseDelivery(synapse, engine_order((3, 7, 9)), graded=True)
    for most in (9, 2**31 - 1):
        messages = rng.integers(-most - 1, most, (3, 3, 7, 9), endpoint=True) * (rng.random((3, 3, 7, 9)) < 0.5)
        wanted = apply_dense(synapse, messages)
        assert np.array_equal(building.deliver_once(delivery, synapse, messages.astype(np.int32)), wanted)


@pytest.mark.parametrize("weight", [-256, 255])
@pytest.mark.parametrize("inputs", [MOST_ROWS - 1, MOST_ROWS, MOST_ROWS + 1, 128, 129, 5 * MOST_ROWS + 7])
@pytest.mark.parametrize("outputs", [16, 32, 64, 128])
def test_very_many_spikes_do_not_leave_their_words(weight, inputs, outputs):
    """A sum of 16 bits takes 120 of the largest weights."""
    synapse, messages = DenseSynapse(np.full((outputs, inputs), weight)), np.ones((1, inputs, 1, 1), dtype=bool)
    delivery = DenseDelivery(synapse, engine_order((inputs, 1, 1)), graded=False)
    assert (building.deliver_once(delivery, synapse, messages) == inputs * weight).all()


@pytest.mark.parametrize(
    ("weights", "kind", "common_exp"),
    [([-256, 254], "int8", 1), ([-255, 254], "int16", 0), ([-128, 127], "int8", 0), ([0, 0], "int8", 0)],
)
def test_long_rows_become_bytes_where_nothing_is_lost(weights, kind, common_exp):
    rows, exponent = laid_out(np.tile(weights, (3, 50)))
    assert (rows.dtype.name, exponent) == (kind, common_exp)
    assert np.array_equal(rows[:, :100].astype(int) << exponent, np.tile(weights, (3, 50)))
    assert laid_out(np.tile(weights, (3, 20)))[0].dtype == np.int16, "short rows would only be filled up with zeros"


@pytest.mark.parametrize("kind", building.NEURONS)
@pytest.mark.parametrize("width", [17, 64, 130])
@pytest.mark.parametrize("bits", [0, 8])
def test_layers_of_all_neurons_are_those_of_the_reference(kind, width, bits, rng):
    recipe = InputRecipe.frames((2, 6, 7), 6, bits) if bits else building.binary(6, 7, 6)
    parts = [DenseSynapse(rng.integers(-100, 120, (width, 84)), exp) for exp in (1, -2)]
    synapse = ComplexSynapse(*parts) if kind.startswith("rf") else parts[0]
    back = [] if kind.startswith("rf") else [DenseSynapse(rng.integers(-9, 9, (width, width)), -1)]
    head = DenseSynapse(rng.integers(-100, 120, (3, width)), -2), CubaNeuron(100, 1023, 300)
    network = building.network(recipe, (synapse, building.NEURONS[kind](rng, width), *back), head)
    frames = building.numbers(rng, network, 5) if bits else building.spikes(rng, network, 5)
    assert differences(Engine(network, 1, 3), network, frames) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("delayed", [False, True])
def test_recurrence_in_the_shape_of_an_image_is_that_of_the_reference(kind, delayed, rng):
    """The neurons stand in another order in the engine: both sides of the recurrent weights must follow."""
    conv = ConvSynapse(rng.integers(-60, 100, (5, 2, 3, 3)), (1, 2))
    shape = conv.output_shape((2, 6, 9))
    neurons = int(np.prod(shape))
    delays = rng.integers(0, 4, (neurons, neurons)) if delayed else None
    back = DenseSynapse(rng.integers(-40, 40, (neurons, neurons)), -2, delays)
    network = building.network(building.binary(6, 9, 7), (conv, building.NEURONS[kind](rng, 5), back))
    assert differences(Engine(network, 1, 2), network, building.spikes(rng, network, 3)) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [0, 8])
@pytest.mark.parametrize(("weight", "bias"), [(64, 0), (-3, 500), (0, -7), (32767, -32768)])
def test_direct_inputs_are_those_of_the_reference(kind, bits, weight, bias, rng):
    """The bias of the input reaches every neuron in every step, also where nothing is sent."""
    recipe = InputRecipe.frames((2, 6, 7), 5, bits) if bits else building.binary(6, 7, 5)
    network = building.network(recipe, (DirectSynapse(weight, bias), building.NEURONS[kind](rng, 2)))
    frames = (building.numbers if bits else building.spikes)(rng, network, 3)
    assert differences(Engine(network, 1, 2), network, frames * (rng.random(frames.shape) < 0.3)) == []


@pytest.mark.parametrize("kind", [RfNeuron, RfIzNeuron])
@pytest.mark.parametrize("width", [1, 63, 64, 65, 100, 129])
@pytest.mark.parametrize("threshold", [0, 1])
def test_resonators_without_neurons_in_the_rest_of_a_block(kind, width, threshold, rng):
    """At a threshold of 0 a resonator fires at rest: places without a neuron must not."""
    parts = [DenseSynapse(rng.integers(-60, 60, (width, 4))) for _ in range(2)]
    neuron = kind(threshold, 2400, 2800, 3, 12)
    network = building.network(building.binary(2, 2, 6, 1), (ComplexSynapse(*parts), neuron))
    frames = building.spikes(rng, network, 3)
    assert differences(Engine(network, 1, 2), network, frames) == []
    if kind is RfIzNeuron and threshold == 0:
        assert (Engine(network).run(frames * False).messages[:, 0, 1] == width).all()
