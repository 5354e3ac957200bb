"""Networks that the chip could run, and stand-ins for Intel's packages on the path of a session's child."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evsnn_lava.network import (
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
    SigmaDeltaNeuron,
)

STUB = Path(__file__).with_name("stub")
SHAPE, STEPS, CLASSES = (2, 6, 5), 8, 3


def synapses(rng):
    """A convolution that is nowhere square, and a dense layer; all weights are even."""
    conv = ConvSynapse(2 * rng.integers(-20, 40, (3, 2, 3, 2)), stride=(2, 1), padding=(1, 0))
    shape = conv.output_shape(SHAPE)
    return conv, shape, DenseSynapse(2 * rng.integers(-30, 34, (CLASSES, int(np.prod(shape)))))


def whole(name, layers, recipe, threshold, keep=None):
    masks = FrameMasks("skip", tuple(np.array(keep or [True] * STEPS, dtype=bool) for _ in layers))
    cutoff = CutoffPolicy("topk_gap", [threshold] * masks.stream_steps)
    return NetworkDescription(name, layers, recipe, masks, cutoff, tuple("abc"))


def spiking_network(seed, bias=True, dv=128, keep=None):
    rng = np.random.default_rng(seed)
    conv, shape, dense = synapses(rng)
    biases = (rng.integers(-20, 30, 3), rng.integers(0, 20, CLASSES)) if bias else (None, None)
    layers = (
        Layer("conv", conv, CubaNeuron(60, 1023, dv, biases[0]), shape),
        Layer("out", dense, CubaNeuron(90, 1023, dv, biases[1]), (CLASSES,)),
    )
    return whole("spiking", layers, InputRecipe(*SHAPE[1:], STEPS, 1000), 1, keep)


def recurrent_network(seed):
    rng = np.random.default_rng(seed)
    own = DenseSynapse(2 * rng.integers(-20, 20, (7, 7)))
    layers = (
        Layer("hidden", DenseSynapse(2 * rng.integers(-20, 40, (7, 60))), CubaNeuron(60, 1023, 128), (7,), own),
        Layer("out", DenseSynapse(2 * rng.integers(-30, 40, (CLASSES, 7))), CubaNeuron(40, 1023, 128), (CLASSES,)),
    )
    return whole("recurrent", layers, InputRecipe(*SHAPE[1:], STEPS, 1000), 1)


def sums_network(seed, threshold=200):
    """Spiking, but for a head that sends what comes in."""
    network = spiking_network(seed)
    head = replace(network.layers[-1], neuron=SigmaDeltaNeuron.sums())
    return whole("sums", (network.layers[0], head), network.recipe, threshold)


def sigma_delta_network(seed, threshold=2000):
    rng = np.random.default_rng(seed)
    conv, shape, dense = synapses(rng)
    conv, dense = replace(conv, weights=conv.weights // 8 * 2), replace(dense, weights=dense.weights // 8 * 2)
    layers = (
        Layer("in", DirectSynapse(64, 0), DeltaNeuron(6), SHAPE),
        Layer("conv", conv, SigmaDeltaNeuron(6, rng.integers(-20, 20, 3)), shape),
        Layer("out", dense, SigmaDeltaNeuron(6), (CLASSES,)),
    )
    recipe = InputRecipe(*SHAPE[1:], STEPS, 0, binning="none", message_bits=8)
    return whole("sigma-delta", layers, recipe, threshold)


def events(network, samples, seed=5):
    rng = np.random.default_rng(seed)
    shape = (samples, *SHAPE, STEPS)
    return rng.integers(-3, 4, shape) if network.recipe.message_bits else rng.random(shape) < 0.1


@pytest.fixture(scope="session")
def chip_networks():
    """Makers of networks and of frames for them."""

    class Make:
        spiking = staticmethod(spiking_network)
        recurrent = staticmethod(recurrent_network)
        sigma_delta = staticmethod(sigma_delta_network)
        sums = staticmethod(sums_network)
        frames = staticmethod(events)
        changed = staticmethod(replace)

    return Make


@pytest.fixture
def intel(monkeypatch):
    """Stand-ins for Intel's packages, which a child finds as it finds ours; here they are only looked for."""
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", [str(STUB), *sys.path])
    monkeypatch.setenv("NOSLURM", "1")
    yield
    for name in set(sys.modules) - before:  # looking for a module imports the packages above it
        if name.partition(".")[0] in ("lava", "nxcore"):
            del sys.modules[name]
