"""Really trained networks: the quantised forward pass of torch and the exported file agree on every test sample."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from evsnn_lava.data import bin_set, load, write_events
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import CutoffPolicy, FrameMasks, InputRecipe, NetworkDescription
from evsnn_lava.simulation import simulate

pytestmark = [pytest.mark.torch, pytest.mark.slow]

truth = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("slayer_truth.py"))))

BATCH, TRAINED_ON = 32, 224
RECIPE = InputRecipe(34, 34, steps=10, dt_us=30_000, downsample=2, dataset="digits")
SETTINGS = {
    "name": "digits",
    "seed": 3,
    "data": {"steps": 10, "dt_us": 30_000},
    "network": {"layers": [{"type": "conv", "channels": 6, "kernel": 5, "stride": 3, "padding": 2}]},
    "train": {"epochs": 2, "accelerator": "cpu"},
    "masks": {"keep": [0.8, 0.7], "soft_epochs": 1, "hard_epochs": 1},
}


@pytest.fixture(scope="module")
def digits():
    """Frames and labels of the parts of the built-in digits."""
    parts = {split: load("digits", split) for split in ("train", "test")}
    return {split: (bin_set(events, RECIPE), np.asarray(events.labels)) for split, events in parts.items()}


@pytest.fixture(scope="module")
def own_models(tmp_path_factory):
    """Both variants that our own training makes, after two epochs over a part and one of each kind of mask."""
    from evsnn_lava.training.config import RunConfig
    from evsnn_lava.training.trainer import train

    folder = tmp_path_factory.mktemp("run")
    for split in ("train", "validation", "test"):
        events = load("digits", split)
        write_events(events.select(range(min(TRAINED_ON, len(events)))), folder / "data" / f"digits_{split}.npz", False)
    settings = {**SETTINGS, "data": {**SETTINGS["data"], "dataset": str(folder / "data")}}
    return train(RunConfig.model_validate(settings), folder / "digits")


@pytest.mark.parametrize("variant", [0, 1], ids=["plain", "masked"])
def test_our_own_training(own_models, tmp_path, variant):
    from evsnn_lava._torch import torch
    from evsnn_lava.export.frontend import compile_file
    from evsnn_lava.training.artefact import load_model
    from evsnn_lava.training.model import hard_gate

    model, events = load_model(own_models[variant]), load("digits", "test")
    frames, labels = bin_set(events, model.recipe), np.asarray(events.labels)
    write_net(compile_file(own_models[variant]), tmp_path / "it.net")
    network = read_net(tmp_path / "it.net")
    gate = hard_gate(np.stack([network.masks.gate(index) for index in range(network.depth)]))
    right = 0
    for start in range(0, len(frames), BATCH):
        part = frames[start : start + BATCH]
        messages = simulate(network, part).messages
        with torch.no_grad():
            responses = model.network(torch.tensor(network.masks.stream(part)).float(), gate)
        for depth, ((spikes, _), sent) in enumerate(zip(responses, messages, strict=True)):
            fired = spikes.numpy() > 0
            if depth + 1 < network.depth:
                fired &= network.masks.gate(depth + 1)
            assert np.array_equal(sent[..., depth + 1 : depth + 1 + fired.shape[-1]], fired)
            assert not sent[..., : depth + 1].any()
        right += np.count_nonzero(messages[-1].sum(-1).argmax(1) == labels[start : start + BATCH])
    assert right / len(frames) > 0.2


def stock_blocks(slayer, torch):
    """Every kind of block that stays exact, in one network of stock SLAYER."""
    block, norm = slayer.block.cuba, slayer.neuron.norm.MeanOnlyBatchNorm
    torch.manual_seed(1)

    def cuba(**changes):
        return {"threshold": 1.0, "current_decay": 0.3, "voltage_decay": 0.05, "requires_grad": True, **changes}

    own = {"shared_param": False, "current_decay": (0.2, 0.5), "voltage_decay": (0.03, 0.1)}
    return torch.nn.ModuleList(
        [
            block.Conv(cuba(norm=norm), 2, 6, 3, stride=2, padding=1, weight_norm=True, weight_scale=3),
            block.Pool(cuba(threshold=0.7), 2),
            block.Flatten(),
            block.Dense(cuba(norm=norm, **own), 150, 40, weight_norm=True, weight_scale=3, delay=True),
            block.Dense(cuba(), 40, 10, weight_norm=True, weight_scale=3),
        ]
    )


def forward(blocks, x):
    for block in blocks:
        x = block(x)
    return x


@pytest.fixture(scope="module")
def stock(digits):
    """Stock SLAYER after two epochs over a part, and the loss of every batch."""
    from evsnn_lava._torch import F, slayer, torch

    blocks, (frames, labels) = stock_blocks(slayer, torch), digits["train"]
    x, y = torch.tensor(frames[:TRAINED_ON]).float(), torch.tensor(labels[:TRAINED_ON])
    forward(blocks, x[:2])  # draws decays and delays
    optimiser = torch.optim.Adam(blocks.parameters(), lr=0.01)
    order, losses = torch.randperm(len(x), generator=torch.Generator().manual_seed(2)).repeat(2), []
    for part in order.split(BATCH):
        loss = F.cross_entropy(forward(blocks, x[part]).mean(-1) * 10, y[part])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return blocks.eval(), losses


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning")
def test_stock_slayer(stock, digits, tmp_path):
    from evsnn_lava.export.slayer.blocks import compile_blocks

    (blocks, losses), frames = stock, digits["test"][0]
    assert np.mean(losses[-4:]) < losses[0] - 0.1
    layers, facts = compile_blocks(blocks, RECIPE.input_shape)
    assert layers[0].neuron.bias_mant.any()
    assert layers[-1].synapse.max_delay > 0
    assert len(set(layers[2].neuron.du)) > 10
    masks, names = FrameMasks.all_kept(RECIPE.steps, len(layers)), tuple("0123456789")
    network = NetworkDescription("stock", layers, RECIPE, masks, CutoffPolicy.never(RECIPE.steps), names, facts)
    write_net(network, tmp_path / "it.net")
    network = read_net(tmp_path / "it.net")
    for start in range(0, len(frames), BATCH):
        part = frames[start : start + BATCH]
        heard, _ = truth.slayer_messages(blocks, part, network.depth)
        messages = simulate(network, part).messages
        for sent, fired in zip(messages, heard, strict=True):
            assert np.array_equal(sent, fired > 0)
            assert 0.01 < sent.mean() < 0.9
