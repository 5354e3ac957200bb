"""Networks that the tests write and read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.network import (
    NEVER,
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DeltaNeuron,
    DenseSynapse,
    DirectSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    QuantisationFacts,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
    softmax_table,
)
from evsnn_lava.simulation import record_golden

KEEP = np.array([1, 1, 0, 1, 1, 1, 0, 1], dtype=bool)


def _even(rng, *shape):
    return 2 * rng.integers(-60, 60, shape)


def _network(bias):
    """Two strided, padded, dilated, grouped convolutions and a dense layer, with all that a file can hold."""
    rng = np.random.default_rng(5)

    def neuron(vth, du, dv, channels):
        mantissas = rng.integers(-10, 30, channels)
        return CubaNeuron(vth, du, dv, mantissas if bias else None)

    first = ConvSynapse(_even(rng, 4, 2, 3, 3), stride=(2, 1), padding=(1, 0))
    second = ConvSynapse(_even(rng, 6, 2, 3, 2), groups=2, padding=(0, 1), dilation=(1, 2))
    layers = (
        Layer("conv1", first, neuron(90, 1023, 128, 4), (4, 6, 8)),
        Layer("conv2", second, neuron(100, -1, 300, 6), (6, 4, 8)),
        Layer("fc", DenseSynapse(_even(rng, 5, 192)), neuron(120, 2000, 100, 5), (5,)),
    )
    deepest = KEEP.copy()
    deepest[4] = False
    network = NetworkDescription(
        name="demo",
        layers=layers,
        recipe=InputRecipe(14, 10, steps=8, dt_us=1000, crop=(1, 0, 12, 10), dataset="digits"),
        masks=FrameMasks("skip", (KEEP, KEEP, deepest)),
        cutoff=CutoffPolicy("topk_gap", [NEVER, NEVER, 3, 3, 2, 0], 0.02, "a" * 64, 300),
        class_names=("zéro", "one", "two", "three", "four"),
        quantisation=tuple(QuantisationFacts(layer.name, 64.0, 1 / 128, 3, 7) for layer in layers),
        provenance={"seed": "7", "config": '[train]\nname = "é"\n', "": ""},
    )
    return replace(network, golden=record_golden(network, rng.random((2, 2, 12, 10, 8)) < 0.2))


@pytest.fixture(scope="session")
def demo():
    """A network with bias and everything else."""
    return _network(bias=True)


@pytest.fixture(scope="session")
def plain():
    """The same without bias."""
    return _network(bias=False)


@pytest.fixture(scope="session")
def tiny():
    """The smallest file: one dense layer, nothing optional."""
    layer = Layer("fc", DenseSynapse([[2, -4], [-2, 6]]), CubaNeuron(80, 1023, 128), (2,))
    recipe = InputRecipe(1, 1, steps=4, dt_us=1000)
    masks, cutoff = FrameMasks.all_kept(4, layers=1), CutoffPolicy.fixed(3, steps=4)
    return NetworkDescription("tiny", (layer,), recipe, masks, cutoff, ("off", "on"))


STEPS = 12


def _chain(recipe, *layers, cutoff=None):
    """A network of unnamed layers `(synapse, neuron[, recurrent])` that keeps every frame, with golden vectors."""
    shape, named = recipe.input_shape, []
    for index, (synapse, neuron, *recurrent) in enumerate(layers):
        shape = synapse.output_shape(shape)
        named.append(Layer(f"layer{index}", synapse, neuron, shape, *recurrent))
    masks, cutoff = FrameMasks.all_kept(recipe.steps, len(named)), cutoff or CutoffPolicy.never(recipe.steps)
    classes = tuple(f"class{index}" for index in range(named[-1].neurons))
    network = NetworkDescription("chain", tuple(named), recipe, masks, cutoff, classes)
    return replace(network, golden=record_golden(network, _random_frames(network, samples=2)))


def _random_frames(network, samples=1):
    """Frames of the values that the recipe allows, a third of them not zero."""
    rng = np.random.default_rng(3)
    shape = (samples, *network.input_shape, network.recipe.steps)
    low, high = network.recipe.value_range
    chosen = rng.random(shape) < 0.35
    return chosen if network.recipe.message_bits == 0 else rng.integers(low, high + 1, shape, np.int32) * chosen


def _cubas(rng, channels, vth, bias=None):
    """CUBA neurons whose decays differ from channel to channel, the ends of the range among them."""
    du, dv = rng.integers(-1, 3000, channels), rng.integers(0, 2000, channels)
    du[0], dv[0] = -1, 0
    return CubaNeuron(vth, du, dv, bias)


@pytest.fixture(scope="session")
def zoo():
    """Networks by name that hold, all together, every neuron, synapse and form of parameter that a file can hold."""
    rng = np.random.default_rng(11)
    binary, graded = InputRecipe.frames((2, 4, 3), STEPS), InputRecipe.frames((2, 4, 3), STEPS, 8, "numbers")
    vector = InputRecipe.frames((6, 1, 1), STEPS, 5)
    conv = ConvSynapse(_even(rng, 4, 2, 3, 2), padding=(1, 0), stride=(1, 2))
    loud = rng.integers(-20, 90, (4, 4, 1))
    wide = _even(rng, 5, 5)
    wide.flat[:2] = (254, -256)
    delays = rng.integers(0, 5, (5, 5))
    delays[0, 0] = 62

    def complex_dense(outputs, inputs):
        return ComplexSynapse(DenseSynapse(_even(rng, outputs, inputs)), DenseSynapse(_even(rng, outputs, inputs)))

    likely = CutoffPolicy("confidence", [NEVER, 30000, *[17000] * (STEPS - 2)], softmax=softmax_table(1.5))
    return {
        "delays": _chain(
            binary,
            (DenseSynapse(_even(rng, 5, 24), delays=rng.integers(0, 4, (5, 24))), _cubas(rng, 5, 90)),
            (DenseSynapse(_even(rng, 4, 5)), _cubas(rng, 4, 60)),
            cutoff=likely,
        ),
        "recurrence": _chain(
            binary,
            (DenseSynapse(_even(rng, 5, 24)), _cubas(rng, 5, 90), DenseSynapse(rng.integers(0, 4, (5, 5)) * 8)),
            (DenseSynapse(wide, delays=delays), _cubas(rng, 5, 60), DenseSynapse(_even(rng, 5, 5), delays=delays)),
            (DenseSynapse(_even(rng, 3, 5)), CubaNeuron(40, 500, 100)),
        ),
        "bias": _chain(
            binary,
            (conv, _cubas(rng, 4, 70, loud)),
            (DenseSynapse(_even(rng, 5, 16)), _cubas(rng, 5, 60, np.array([70, -5, 0, 9, 2]))),
        ),
        "input block": _chain(
            graded,
            (DirectSynapse(weight=5, bias=-3), _cubas(rng, 2, 150)),
            (conv, _cubas(rng, 4, 70, loud)),
            (DenseSynapse(abs(_even(rng, 5, 16))), _cubas(rng, 5, 20)),
        ),
        "sigma-delta": _chain(
            graded,
            (DirectSynapse(weight=64), DeltaNeuron(900)),
            (conv, SigmaDeltaNeuron(700, loud * 40)),
            (DenseSynapse(_even(rng, 5, 16)), SigmaDeltaNeuron(90, [5, -300, 0, 90, 4000])),
            (DenseSynapse(_even(rng, 5, 5)), SigmaDeltaNeuron(90), DenseSynapse(2 * rng.integers(-2, 3, (5, 5)))),
            (DenseSynapse(_even(rng, 3, 5)), SigmaNeuron()),
        ),
        "resonators": _chain(
            binary,
            (complex_dense(9, 24), RfNeuron(20, sin_decay=3200, cos_decay=-1500)),
            (complex_dense(6, 9), RfIzNeuron(30, sin_decay=-900, cos_decay=3700)),
            (DenseSynapse(_even(rng, 4, 6)), CubaNeuron(4, 500, 100)),
        ),
        "graded input": _chain(
            vector,
            (complex_dense(7, 6), RfIzNeuron(60, sin_decay=1999, cos_decay=3000)),
            (DenseSynapse(_even(rng, 4, 7)), CubaNeuron(4, 500, 100)),
        ),
    }


@pytest.fixture(scope="session")
def random_frames():
    """Makes frames for a network."""
    return _random_frames


@pytest.fixture(scope="session")
def chain():
    """Makes a network of synapses and neurons."""
    return _chain
