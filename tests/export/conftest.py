"""Networks that the tests write and read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.network import (
    NEVER,
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    QuantisationFacts,
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
