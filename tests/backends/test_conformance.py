"""One suite for all back-ends: each must compute what the reference computes, event for event.

`pytest tests/backends --backend lava` runs it on one of them.
"""

from __future__ import annotations

import dataclasses

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


@pytest.mark.parametrize("bias", [False, True], ids=["no bias", "bias"])
@pytest.mark.parametrize("cutoff", CUTOFFS)
@pytest.mark.parametrize("masks", MASKS)
def test_back_end_computes_the_reference(backend, masks, cutoff, bias):
    small = network(MASKS[masks], CUTOFFS[cutoff], bias)
    frames = np.random.default_rng(5).random((SAMPLES, *small.input_shape, STEPS)) < 0.15
    expected = run(small, frames)
    found = backend_named(backend).run(small, frames)
    for field in dataclasses.fields(expected):
        if field.name not in ("backend", "wall_time_s"):
            assert np.array_equal(getattr(found, field.name), getattr(expected, field.name)), field.name
    assert expected.messages[:, -1].sum() > 0, "a silent network proves nothing"
    assert np.array_equal(found.steps, found.exit_step + small.depth)
