"""One suite for all back-ends: each must compute what the reference computes, event for event.

`pytest tests/backends --backend lava` runs it on one of them, `--backend "lava fused"` on the other model of Lava's.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from evsnn_lava.export.lowering.cutoff import lower_cutoff
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
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
    softmax_table,
)
from evsnn_lava.runtime.backends import backend as backend_named
from evsnn_lava.simulation import run

STEPS, SAMPLES = 8, 4
KEEP = [1, 1, 0, 1, 0, 1, 1, 1]
DEEPER = [1, 0, 0, 1, 0, 1, 0, 1]
MASKS = {
    "all": FrameMasks.all_kept(STEPS, 3),
    "skip": FrameMasks("skip", (KEEP, KEEP, DEEPER)),
    "mute": FrameMasks("mute", (KEEP, DEEPER, DEEPER)),
}
CUTOFFS = {
    "never": CutoffPolicy.never,
    "gap": lambda steps: CutoffPolicy("topk_gap", [NEVER, *[1] * (steps - 1)]),
    "fixed": lambda steps: CutoffPolicy.fixed(2, steps),
}


def network(masks: FrameMasks, cutoff, bias: bool) -> NetworkDescription:
    """Conv, strided grouped conv and dense, with or without bias."""
    random = np.random.default_rng(11)

    def weights(*shape: int) -> np.ndarray:
        return 2 * random.integers(-25, 40, shape)

    def neuron(channels: int, vth: int, du: int, dv: int) -> CubaNeuron:
        return CubaNeuron(vth, du, dv, random.integers(-40, 60, channels) if bias else None)

    layers = (
        Layer("conv1", ConvSynapse(weights(4, 2, 3, 3), (2, 2), (1, 1)), neuron(4, 80, 1023, 128), (4, 5, 5)),
        Layer(
            "conv2", ConvSynapse(weights(6, 2, 3, 3), (1, 1), (0, 0), (1, 1), 2), neuron(6, 120, 2047, 300), (6, 3, 3)
        ),
        Layer("out", DenseSynapse(weights(3, 54)), neuron(3, 90, 4095, 0), (3,)),
    )
    recipe = InputRecipe(sensor_height=10, sensor_width=9, steps=STEPS, dt_us=1000)
    return NetworkDescription("small", layers, recipe, masks, cutoff(masks.stream_steps), ("a", "b", "c"))


def assert_conforms(backend: tuple[str, dict], small: NetworkDescription, frames: np.ndarray) -> None:
    name, options = backend
    expected = run(small, frames)
    found = backend_named(name).run(small, frames, **options)
    for field in dataclasses.fields(expected):
        if field.name not in ("backend", "wall_time_s"):
            assert np.array_equal(getattr(found, field.name), getattr(expected, field.name)), field.name
    assert expected.messages[:, -1].sum() > 0, "a silent network proves nothing"
    assert np.array_equal(found.steps, found.exit_step + small.depth)


@pytest.mark.parametrize("bias", [False, True], ids=["no bias", "bias"])
@pytest.mark.parametrize("cutoff", CUTOFFS)
@pytest.mark.parametrize("masks", MASKS)
def test_back_end_computes_the_reference(backend, masks, cutoff, bias):
    small = network(MASKS[masks], CUTOFFS[cutoff], bias)
    frames = np.random.default_rng(5).random((SAMPLES, *small.input_shape, STEPS)) < 0.15
    assert_conforms(backend, small, frames)


def test_a_softmax_stops_every_back_end_in_the_same_step(backend):
    def likely(steps):
        return CutoffPolicy("confidence", [NEVER, *[17000] * (steps - 1)], softmax=softmax_table(1.2))

    small = network(MASKS["skip"], likely, bias=False)
    frames = np.random.default_rng(5).random((SAMPLES, *small.input_shape, STEPS)) < 0.08
    assert len(set(run(small, frames).exit_step.tolist())) > 1
    assert_conforms(backend, small, frames)


@pytest.mark.parametrize("masks", ["skip", "mute"])
def test_the_cutoff_as_neurons_decides_as_the_host_does(backend, masks):
    """On every back-end, also where hidden masks close layers before it."""
    host = network(MASKS[masks], CUTOFFS["gap"], bias=True)
    chip, _ = lower_cutoff(host)
    frames = np.random.default_rng(5).random((SAMPLES, *host.input_shape, STEPS)) < 0.15
    assert_conforms(backend, chip, frames)
    expected, found = run(host, frames), run(chip, frames)
    assert (found.exit_step.tolist(), found.decision.tolist()) == (
        expected.exit_step.tolist(),
        expected.decision.tolist(),
    )


def chain(*layers: tuple, classes: int, bits: int = 0, cutoff: str = "gap", shape: tuple = (2, 6, 5)):
    """A network whose layers follow from their synapses; each is (synapse, neuron) or (synapse, neuron, recurrent)."""
    built, before = [], shape
    for number, (synapse, neuron, *recurrent) in enumerate(layers):
        before = synapse.output_shape(before)
        built.append(Layer(f"layer{number}", synapse, neuron, before, *recurrent))
    masks = FrameMasks("mute" if len(layers) == 2 else "skip", (KEEP, DEEPER, DEEPER)[: len(layers)])
    recipe = InputRecipe.frames(shape, STEPS, bits)
    policy = CUTOFFS[cutoff](masks.stream_steps)
    return NetworkDescription("chain", tuple(built), recipe, masks, policy, tuple("abcdef"[:classes]))


def weights_of(seed: int, *shape: int, low: int = -60, high: int = 90) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high, shape)


def sigma_delta() -> NetworkDescription:
    """Graded frames, an input block, a grouped convolution with an exponent, and a decoder that sums up."""
    return chain(
        (DirectSynapse(64, -5), DeltaNeuron(vth_mant=3, spike_exp=2)),
        (
            ConvSynapse(weights_of(1, 4, 1, 3, 3), (2, 1), (1, 0), groups=2, weight_exp=-3),
            SigmaDeltaNeuron(9, weights_of(2, 4)),
        ),
        (DenseSynapse(weights_of(3, 3, 36, low=-9, high=12), -4), SigmaNeuron()),
        classes=3,
        bits=8,
    )


def recurrent() -> NetworkDescription:
    """Delays before and inside a recurrent layer, parameters per channel and per neuron; one output neuron."""
    decays = {"du": [1023, -1, 4095], "dv": [128, 4096, 0], "bias_mant": weights_of(4, 3, 6, 5)}
    return chain(
        (ConvSynapse(weights_of(5, 3, 2, 1, 1)), CubaNeuron(150, **decays), DenseSynapse(weights_of(6, 90, 90) // 9)),
        (
            DenseSynapse(weights_of(7, 5, 90), -1, delays=np.arange(90)[None] % 5),
            CubaNeuron(90, 1023, 128),
            DenseSynapse(weights_of(8, 5, 5), delays=np.arange(25).reshape(5, 5) % 4),
        ),
        (DenseSynapse(weights_of(9, 1, 5, low=20)), CubaNeuron(40, 4095, 0)),
        classes=1,
        cutoff="never",
    )


def resonators() -> NetworkDescription:
    """Both resonators."""
    turn = {"sin_decay": 3000, "cos_decay": 2500}
    pairs = [
        [DenseSynapse(weights_of(seed + part, *size), -1) for part in (0, 1)]
        for seed, size in ((10, (8, 60)), (12, (3, 8)))
    ]
    return chain(
        (ComplexSynapse(*pairs[0]), RfNeuron(20, **turn)),
        (ComplexSynapse(*pairs[1]), RfIzNeuron(9, **turn)),
        classes=3,
    )


@pytest.mark.parametrize("make", [sigma_delta, recurrent, resonators], ids=lambda make: make.__name__)
def test_back_end_computes_every_kind_of_layer(backend, make):
    small, rng = make(), np.random.default_rng(6)
    frames = rng.random((SAMPLES, *small.input_shape, STEPS)) < 0.3
    if small.recipe.message_bits:
        frames = frames * rng.integers(-128, 128, frames.shape)
    assert_conforms(backend, small, frames)
    assert (run(small, frames).messages.sum(axis=(0, 2)) > 0).all()
