"""A deployed network, and made-up answers, for tests of the papers' study."""

from pathlib import Path

import numpy as np

from benchmarks.papers.deployed import Part, deploy
from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.training.config import read_config

ROOT = Path(__file__).resolve().parents[2]


def part(samples=200, steps=8, classes=4, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, samples)
    spikes = rng.integers(0, 2, (samples, steps, classes))
    spikes[np.arange(samples), :, labels] += rng.integers(0, 3, (samples, steps))
    return Part(labels, spikes.cumsum(axis=1))


def tiny_deployed():
    """A random network on the first steps of the digits."""
    rng = np.random.default_rng(3)
    layer = Layer("out", DenseSynapse(2 * rng.integers(-30, 31, (10, 2 * 34 * 34))), CubaNeuron(300, 2048, 512), (10,))
    recipe = InputRecipe(34, 34, steps=6, dt_us=40_000, dataset="digits")
    network = NetworkDescription(
        "tiny", (layer,), recipe, FrameMasks.all_kept(6, 1), CutoffPolicy.never(6), tuple("0123456789")
    )
    return deploy(
        network,
        read_config(ROOT / "benchmarks/papers/configs/quick.toml").data.model_copy(
            update={"steps": 6, "dt_us": 40_000}
        ),
    )
