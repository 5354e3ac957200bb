"""Random networks of stock SLAYER blocks with random options: what is compiled sends the same everywhere."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from evsnn_lava.errors import UnsupportedError

pytestmark = [pytest.mark.torch, pytest.mark.slow]

truth = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("slayer_truth.py"))))

NETWORKS, STEPS, LARGEST = 150, 60, 3000
UNLIKE = "it is the last and delays"  # compared in test_slayer_blocks.py


def pair(rng, low, high):
    return int(rng.integers(low, high)), int(rng.integers(low, high))


def cuba(rng, norm=None, dense=False):
    options = {
        "threshold": float(rng.uniform(0.3, 2)),
        "current_decay": float(rng.choice([rng.random(), 1.0, 0.05])),
        "voltage_decay": float(rng.choice([rng.random(), 0.03, 1.0])),
        "scale": int(rng.choice([64, 64, 32, 128])),
        "requires_grad": bool(rng.random() < 0.3),
    }
    if norm is not None and rng.random() < 0.4:
        options["norm"] = norm
    if dense and max(options["current_decay"], options["voltage_decay"]) < 0.9:
        options["shared_param"] = bool(rng.random() < 0.7)
    return options


def image_block(rng, c, channels, norm, shift):
    kind = rng.choice(["conv", "pool", "transposed", "unpool"], p=[0.4, 0.3, 0.15, 0.15])
    if kind == "conv":
        groups = channels if rng.random() < 0.3 else 1
        outputs = channels * int(rng.integers(1, 3)) if groups > 1 else int(rng.integers(1, 5))
        sizes = {"stride": pair(rng, 1, 3), "padding": pair(rng, 0, 3), "dilation": pair(rng, 1, 3)}
        return c.Conv(cuba(rng, norm), channels, outputs, pair(rng, 1, 4), groups=groups, delay_shift=shift, **sizes)
    if kind == "pool":
        sizes = {"stride": None if rng.random() < 0.6 else pair(rng, 1, 4), "padding": (0, int(rng.integers(0, 2)))}
        return c.Pool(cuba(rng), pair(rng, 1, 4), weight_scale=rng.uniform(0.3, 1.5), delay_shift=shift, **sizes)
    if kind == "transposed":
        sizes = {"stride": pair(rng, 1, 3), "padding": pair(rng, 0, 2)}
        return c.ConvT(cuba(rng), channels, int(rng.integers(1, 4)), pair(rng, 1, 4), delay_shift=shift, **sizes)
    return c.Unpool(cuba(rng), pair(rng, 1, 3), delay_shift=shift)


def flat_block(rng, c, inputs, norm, shift):
    outputs, delay = int(rng.integers(2, 8)), bool(rng.random() < 0.3)
    if rng.random() < 0.25:
        return c.Recurrent(cuba(rng), inputs, outputs, delay=delay, delay_shift=shift)
    return c.Dense(cuba(rng, norm, dense=True), inputs, outputs, delay=delay, delay_shift=shift)


def random_blocks(rng, slayer, torch):
    """Blocks that SLAYER itself can run on an image of random size, and that size."""
    c, norm = slayer.block.cuba, slayer.neuron.norm.MeanOnlyBatchNorm
    shape, shift = (int(rng.integers(1, 4)), *pair(rng, 3, 9)), bool(rng.random() < 0.7)
    x, blocks = torch.zeros(1, *shape, 2), []
    with torch.no_grad():
        for _ in range(int(rng.integers(0, 4))):
            block = image_block(rng, c, x.shape[1], norm if shift else None, shift)
            try:
                y = block(x)
            except RuntimeError:  # kernels that do not fit, and pools whose rows SLAYER cannot share out to channels
                continue
            if 0 < y.numel() < 2 * LARGEST:
                blocks.append(block)
                x = y
        blocks.append(c.Flatten())
        x = x.flatten(1, -2)
        for _ in range(int(rng.integers(1, 4))):
            blocks.append(flat_block(rng, c, x.shape[1], norm if shift else None, shift))
            x = blocks[-1](x)
    for block in blocks:
        fill(rng, torch, block.eval())
    truth.forget(blocks)
    return blocks, shape


def fill(rng, torch, block):
    """Random weights, delays and means of norms."""
    for name, parameter in block.named_parameters():
        if name.endswith("synapse.weight") and parameter.requires_grad:
            weights = (2 * rng.standard_normal(tuple(parameter.shape)) + 0.4) / np.prod(parameter.shape[1:]) ** 0.5
            parameter.data = torch.tensor(weights).float()
    if getattr(block, "delay", None) is not None:
        block.delay.delay.data = torch.tensor(5 * rng.random(block.delay.delay.shape)).float()
    norm = getattr(getattr(block, "neuron", None), "norm", None)
    if norm is not None:
        norm.running_mean = torch.tensor(0.2 * rng.standard_normal(block.neuron.shape[0])).float()


def test_random_stock_networks():
    from evsnn_lava._torch import slayer, torch

    compared, firing, refused = 0, 0, []
    for seed in range(NETWORKS):
        rng = np.random.default_rng(seed)
        torch.manual_seed(seed)
        blocks, shape = random_blocks(rng, slayer, torch)
        late = getattr(blocks[-1], "delay", None) is not None
        try:
            layers, found, expected = truth.compared(blocks, (rng.random((2, *shape, STEPS)) < 0.3).astype(int))
        except UnsupportedError as error:
            refused.append(str(error))
            continue
        pairs = list(zip(layers, found, expected, strict=True))
        for layer, sent, heard in pairs[:-1] if late else pairs:
            assert np.array_equal(sent, heard), f"network {seed}, layer {layer.name}"
            compared, firing = compared + 1, firing + bool(heard.any())
    assert [message for message in refused if UNLIKE not in message] == []
    assert compared > 2 * NETWORKS
    assert firing > 0.7 * compared
