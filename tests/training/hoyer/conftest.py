"""Small Hoyer networks whose batch norm, thresholds and extrema are not those of the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from evsnn_lava._torch import torch
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.hoyer.network import HoyerNetwork

LAYERS = (
    {"type": "conv", "channels": 6, "kernel": 3, "stride": 2, "padding": 1},
    {"type": "conv", "channels": 8, "kernel": 3, "padding": 1},
    {"type": "dense", "units": 20},
)
SHAPE, CLASSES = (1, 8, 8), 10


def hoyer_config(steps: int = 1, **hoyer: Any) -> RunConfig:
    """A configuration for the digits of scikit-learn."""
    values = {
        "name": "small",
        "data": {"dataset": "digit_images", "steps": steps, "shift_pixels": 1},
        "network": {"layers": list(LAYERS)},
        "train": {"epochs": 4, "batch_size": 64, "learning_rate": 1e-2, "accelerator": "cpu"},
        "hoyer": {"integer_epochs": 1, **hoyer},
    }
    return RunConfig.model_validate(values)


@pytest.fixture
def configure() -> Callable[..., RunConfig]:
    """Make a configuration: ``configure(steps, **hoyer)``."""
    return hoyer_config


@pytest.fixture
def network_of() -> Callable[[RunConfig, int], HoyerNetwork]:
    """Make a network with random parameters: ``network_of(config, seed)``."""

    def make(config: RunConfig, seed: int) -> HoyerNetwork:
        torch.manual_seed(seed)
        assert config.hoyer is not None
        network = HoyerNetwork(config.network, config.hoyer, SHAPE, CLASSES)
        with torch.no_grad():
            for block in network.blocks:
                block.norm.weight.normal_()
                block.norm.bias.normal_()
                block.norm.running_mean.normal_(0, 0.3)
                block.norm.running_var.uniform_(0.2, 2)
                block.spike.v_th.uniform_(0.4, 1.5)
                block.spike.running.uniform_(0.3, 1)
        return network.eval()

    return make
