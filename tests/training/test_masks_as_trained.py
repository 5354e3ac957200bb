"""A masked network computes in the engine, spike for spike, what the training forward computes."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava._torch import torch
from evsnn_lava.export.frontend import compile_model
from evsnn_lava.simulation.engine import Engine
from evsnn_lava.training.artefact import load_model
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.model import hard_gate
from evsnn_lava.training.trainer import read_frames, train

pytestmark = pytest.mark.torch

CONV, RECURRENT = (
    {"type": "conv", "channels": 4, "kernel": 3, "stride": 2, "padding": 1},
    {"type": "recurrent", "units": 12},
)
CASES = {
    "skip, one mask": ("skip", "learned", [0.5], [CONV]),
    "skip, hierarchical": ("skip", "learned", [0.9, 0.7, 0.4], [CONV, {"type": "dense", "units": 12}]),
    "mute, one mask": ("mute", "learned", [0.5], [CONV]),
    "mute, hierarchical": ("mute", "learned", [0.9, 0.7, 0.4], [CONV, {"type": "dense", "units": 12}]),
    "skip, recurrent": ("skip", "learned", [0.6], [CONV, RECURRENT]),
    "skip, recurrent, control": ("skip", "uniform", [0.6], [RECURRENT]),
    "skip, recurrent, elimination": ("skip", "elimination", [0.6], [CONV, RECURRENT]),
    "mute, elimination, hierarchical": ("mute", "elimination", [0.9, 0.7, 0.4], [CONV, {"type": "dense", "units": 12}]),
}


@pytest.mark.parametrize("case", CASES)
def test_every_spike_of_every_layer(case, settings, tmp_path):
    semantics, method, keep, layers = CASES[case]
    masks = {"keep": keep, "semantics": semantics, "method": method, "soft_epochs": 1, "hard_epochs": 2}
    settings |= {"masks": masks, "network": {"layers": layers}}
    config = RunConfig.model_validate({**settings, "train": {**settings["train"], "epochs": 2}})
    model = load_model(train(config, tmp_path / "run")[-1])
    network, (frames, _) = compile_model(model), read_frames(config).validation
    sent, depth = network.masks.stream(frames), network.depth
    gate = hard_gate(np.stack([network.masks.gate(layer) for layer in range(depth)]))
    with torch.no_grad():
        trained = [spikes.numpy() > 0 for spikes, _ in model.network(torch.from_numpy(sent).float(), gate)]
    messages = Engine(network).trace(frames).messages
    for layer, (spikes, found) in enumerate(zip(trained, messages, strict=True)):
        passes = network.masks.gate(layer + 1) if layer + 1 < depth else True
        np.testing.assert_array_equal(found[..., layer + 1 : layer + 1 + sent.shape[-1]], spikes & passes)
        assert spikes.any()
    assert network.masks.semantics == semantics
    assert network.masks.stream_steps == (model.keep[0].sum() if semantics == "skip" else len(model.keep[0]))
    np.testing.assert_array_equal(Engine(network).scores(frames)[:, -1], trained[-1].sum(-1))
