"""The soft stage: a falling budget, then hard bits; the ranking comes from the task, and is the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava._torch import torch
from evsnn_lava.training.batches import FrameBatches
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.fit import fit_stage
from evsnn_lava.training.gates import harden, keep_counts
from evsnn_lava.training.losses import anytime_loss
from evsnn_lava.training.model import EventNetwork
from evsnn_lava.training.soft_stage import SoftStage
from evsnn_lava.training.stages import Stage

pytestmark = pytest.mark.torch

STEPS, CLASSES, INFORMATIVE = 10, 3, (2, 3, 7, 8)


def config(soft_epochs, **masks):
    values = {
        "name": "soft",
        "data": {"dataset": "none", "shift_pixels": 0, "event_drop": 0.0},
        "train": {"batch_size": 20, "learning_rate": 1e-2, "accelerator": "cpu"},
        "masks": {"keep": [0.4], "soft_epochs": soft_epochs, **masks},
        "cutoff": {"rcs_weight": 0.0},
    }
    return RunConfig.model_validate(values)


def recordings(count, seed):
    """Noise of one rate in every frame; in four frames the place of the class fires."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    frames = random.random((count, 2, 6, 6, STEPS)) < 0.15
    for sample, label in zip(frames, labels, strict=True):
        sample[:, :, 2 * label : 2 * label + 2, :] &= random.random((2, 6, 2, STEPS)) < 0.5
        for t in INFORMATIVE:
            sample[:, :, 2 * label : 2 * label + 2, t] |= random.random((2, 6, 2)) < 0.6
    for t in set(range(STEPS)) - set(INFORMATIVE):  # the same number of events in every frame: activity says nothing
        frames[..., t] = random.random(frames.shape[:-1]) < frames[..., INFORMATIVE].mean()
    return FrameBatches(frames, labels)


def stage_of(layers=(), epoch=0, counts=(4,), **masks):
    """A stage in the middle of its epochs."""
    settings = config(8, **masks)
    network = settings.network.model_copy(update={"layers": layers})
    stage = SoftStage(EventNetwork(network, (2, 6, 6), CLASSES), settings, counts, STEPS)
    stage._trainer = type("Trainer", (), {"current_epoch": epoch})()
    return stage.eval()


def passed(stage, frames):
    """What every block gets."""
    inputs = []
    for block in stage.network.blocks:
        block.respond = lambda x, respond=block.respond: (inputs.append(x.detach()), respond(x))[1]
    stage.gated(frames)
    return inputs


@pytest.mark.parametrize(("epoch", "budget"), [(0, 1.0), (1, 0.85), (2, 0.7), (4, 0.4), (7, 0.4)])
def test_budget_falls_over_the_first_half_of_the_stage(epoch, budget):
    assert stage_of(epoch=epoch).budget(0) == pytest.approx(budget)


@pytest.mark.parametrize(("share", "first"), [(0.5, 4), (0.25, 6), (1.0, 0), (0.0, 8)])
def test_straight_through_is_the_last_share_of_the_stage(share, first):
    states = [stage_of(epoch=epoch, straight_through=share).straight_through for epoch in range(8)]
    assert states == [False] * first + [True] * (8 - first)


def test_straight_through_passes_whole_frames_and_gives_dropped_ones_a_gradient():
    torch.manual_seed(1)
    stage, frames = stage_of(epoch=7), torch.ones(3, 2, 6, 6, STEPS)
    (got,) = passed(stage, frames)
    assert set(got.unique().tolist()) == {0.0, 1.0}
    assert got.amax((1, 2, 3)).sum(-1).tolist() == [4] * 3
    responses, loss = stage.gated(frames)
    (responses[-1][1].sum() + loss).backward()
    assert (stage.gates["0"].temporal_bias.grad != 0).all()


@pytest.mark.parametrize("keep_drive", [False, True])
def test_soft_gates_weaken_the_input_unless_the_drive_is_kept(keep_drive):
    torch.manual_seed(1)
    stage = stage_of(keep_drive=keep_drive)
    (got,) = passed(stage, torch.ones(3, 2, 6, 6, STEPS))
    assert float(got.mean()) == pytest.approx(1.0 if keep_drive else 0.88, abs=0.01)


LAYER = {"type": "dense", "units": 5}


@pytest.mark.parametrize(
    ("counts", "gated"), [((4, 4, 4), ["0"]), ((10, 4, 4), ["1"]), ((8, 8, 4), ["0", "2"]), ((10, 10, 10), [])]
)
def test_layers_have_a_gate_where_they_keep_fewer_frames(counts, gated):
    layers = RunConfig.model_validate(
        {"name": "n", "data": {"dataset": "d"}, "network": {"layers": [LAYER, LAYER]}}
    ).network.layers
    stage = stage_of(layers, 7, counts)
    assert list(stage.gates) == gated
    scores = stage.scores(recordings(6, 1))
    assert scores.shape == (3, STEPS)
    for layer in range(3):
        assert (scores[layer] == 1).all() == (str(layer) not in gated)


@pytest.mark.parametrize("semantics", ["skip", "mute"])
def test_deeper_layers_stay_muted_where_the_input_is(semantics):
    layers = RunConfig.model_validate(
        {"name": "n", "data": {"dataset": "d"}, "network": {"layers": [LAYER], "neuron": {"threshold": 0.1}}}
    ).network
    stage = stage_of(layers.layers, 7, (4, 4), semantics=semantics)
    stage.network.blocks[0].respond = lambda x: (torch.ones(len(x), 5, STEPS),) * 2
    second = passed(stage, torch.ones(2, 2, 6, 6, STEPS))[-1]
    assert second.amax(1).sum(-1).tolist() == ([STEPS] * 2 if semantics == "skip" else [4] * 2)


@pytest.mark.parametrize(("weight", "asked"), [(None, 0.5), (0.0, 0.0), (1.0, 1.0)])
def test_masks_are_learned_with_a_loss_of_their_own(weight, asked):
    settings = config(2, anytime_weight=weight)
    network = EventNetwork(settings.network, (2, 6, 6), CLASSES)
    frames, labels = recordings(20, 1)[list(range(20))]
    responses, train = network(frames), settings.train
    expected = anytime_loss(responses[-1][0], labels, train.logit_scale, asked, train.anytime_from, train.evidence)
    assert SoftStage(network, settings, [4], STEPS)._task_loss(responses, labels) == expected
    assert (Stage(network, settings, 1)._task_loss(responses, labels) == expected) == (asked == train.anytime_weight)


def fitted(folder, seed=1, **masks):
    torch.manual_seed(seed)
    settings = config(12, **masks)
    stage = SoftStage(EventNetwork(settings.network, (2, 6, 6), CLASSES), settings, [4], STEPS)
    reports = []
    fit_stage(stage, "soft", recordings(120, 1), recordings(30, 2), folder, reports.append, resume=False)
    return stage, reports


@pytest.mark.parametrize("seed", [1, 2])
def test_frames_that_carry_the_class_are_kept(seed, tmp_path):
    stage, reports = fitted(tmp_path, seed)
    samples = recordings(120, 1)
    scores = stage.scores(samples)
    (kept,) = harden(scores, keep_counts([0.4], 1, STEPS))
    assert np.flatnonzero(kept).tolist() == list(INFORMATIVE), scores
    np.testing.assert_array_equal(scores, stage.scores(samples))  # one pass, nothing drawn
    last = reports[-1].metrics
    assert 0.3 < last["gate_mean_0"] < 0.7  # on its way from 0.88 to 0.4
    assert last["gate_spread_0"] > 0.05  # one gate for all frames would say nothing was learned


def test_scores_are_the_mean_gate_over_all_samples():
    torch.manual_seed(1)
    stage, samples = stage_of(straight_through=0.0), recordings(300, 3)  # two unequal batches
    with torch.no_grad():
        gate = stage.gates["0"](samples[list(range(300))][0])[0]
    np.testing.assert_allclose(stage.scores(samples)[0], gate.double().mean(0).numpy(), atol=1e-6)
