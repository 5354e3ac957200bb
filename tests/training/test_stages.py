"""What a stage does to its frames before the network sees them."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava._torch import torch
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.elimination import ThinnedStage
from evsnn_lava.training.model import EventNetwork
from evsnn_lava.training.soft_stage import SoftStage
from evsnn_lava.training.stages import HardStage, Stage

pytestmark = pytest.mark.torch

STEPS, CLASSES, SHAPE = 12, 3, (1, 2, 2)
KINDS = {
    "plain": (Stage, (4,), True),
    "soft": (SoftStage, ((STEPS,), STEPS), False),
    "thinned": (ThinnedStage, ((STEPS,), STEPS), False),
    "hard": (HardStage, (4, np.ones((1, STEPS), dtype=bool)), False),
}
"""Stages, what they take beside network and configuration, and whether recordings may move in time."""


@pytest.mark.parametrize("timing", [{"shift_steps": 3}, {"stretch": 0.5}])
@pytest.mark.parametrize("kind", KINDS)
def test_recordings_move_in_time_where_no_mask_is_learned_or_worn(kind, timing):
    stage_type, more, moves = KINDS[kind]
    still = {"dataset": "none", "shift_pixels": 0, "event_drop": 0.0}
    values = {"name": "it", "data": still | timing, "cutoff": {"rcs_weight": 0.0}, "network": {"layers": []}}
    config = RunConfig.model_validate(values)
    network = EventNetwork(config.network, SHAPE, CLASSES)
    stage = stage_type(network, config, *more)
    stage._trainer = type("Trainer", (), {"current_epoch": 0})()
    stage.log = lambda *_, **__: None
    seen = []
    stage.gated = lambda frames, gated=stage.gated: (seen.append(frames), gated(frames))[1]
    torch.manual_seed(0)
    frames = torch.zeros(8, *SHAPE, STEPS)
    frames[..., 6] = 1
    stage.training_step((frames, torch.arange(8) % CLASSES), 0)
    assert torch.equal(seen[0], frames) != moves
