"""A convolutional network, trained for a moment, so that its activity is that of a trained one."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.training_step import CLASSES, CONFIG, LEARNING_RATE
from evsnn_lava._torch import torch
from evsnn_lava.export.frontend import TRAINED_KINDS
from evsnn_lava.export.slayer.blocks import compile_blocks
from evsnn_lava.network import Layer
from evsnn_lava.training.losses import anytime_loss
from evsnn_lava.training.model import EventNetwork

STEPS: Final = 80
BATCH: Final = 32


def trained_layers(frames: npt.NDArray[np.bool_], labels: npt.NDArray[Any]) -> tuple[Layer, ...]:
    """Train the network of the training benchmark for some steps and compile its blocks.

    Parameters
    ----------
    frames : numpy.ndarray of bool, shape (N, C, H, W, T)
        Training samples.
    labels : numpy.ndarray of int, shape (N,)
        Their classes.

    Returns
    -------
    tuple of Layer
        Two convolutions and a dense layer.
    """
    torch.manual_seed(11)
    rng = np.random.default_rng(11)
    network = EventNetwork(CONFIG, frames.shape[1:4], CLASSES)
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE)
    for _ in range(STEPS):
        chosen = rng.integers(0, len(frames), BATCH)
        x = torch.from_numpy(frames[chosen].astype(np.float32))
        optimizer.zero_grad()
        loss = anytime_loss(network(x)[-1][0], torch.from_numpy(labels[chosen].astype(np.int64)), 10.0, 0.5)
        loss.backward()
        optimizer.step()
    layers, _ = compile_blocks(network.eval().blocks, frames.shape[1:4], kinds=TRAINED_KINDS)
    return layers
