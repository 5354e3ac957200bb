"""Soft gates, their losses and what becomes of them: nested hard masks that keep the frames that matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from evsnn_lava._torch import torch
from evsnn_lava.training.batches import FrameBatches
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.fit import fit_stage
from evsnn_lava.training.gates import SoftGate, dice_loss, harden, keep_counts
from evsnn_lava.training.model import EventNetwork, hard_gate
from evsnn_lava.training.stages import SoftStage

pytestmark = pytest.mark.torch

score_tables = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 12)), elements=st.floats(-2, 2))


@pytest.mark.parametrize("shape", [(3, 2, 5, 4, 7), (3, 2, 7)])
def test_soft_gate_gives_one_value_per_sample_and_frame(shape):
    torch.manual_seed(1)
    gate, masks = SoftGate(channels=2, steps=7, tokens=4)(torch.rand(shape))
    assert gate.shape == (3, 7)
    assert masks.shape == (3, 4, 7)
    for values in (gate, masks):
        assert 0 < values.min() <= values.max() < 1


def test_gate_is_the_mixture_of_the_token_masks():
    torch.manual_seed(1)
    module, x = SoftGate(2, 7, 3).eval(), torch.rand(2, 2, 5, 4, 7)
    gate, masks = module(x)
    pooled = x.mean((2, 3))
    for n in range(2):
        share = torch.softmax(module.mixer.weight @ pooled[n].mean(-1), 0)
        for k in range(3):
            expected = torch.sigmoid(module.tokens[k] @ pooled[n] + module.temporal_bias[k])
            torch.testing.assert_close(masks[n, k], expected)
        torch.testing.assert_close(gate[n], share @ masks[n])


def test_score_follows_the_gate_in_training_only():
    torch.manual_seed(1)
    module, x = SoftGate(2, 7, 3), torch.rand(2, 2, 7)
    module.eval()(x)
    assert not module.score.any()
    module.train()
    for _ in range(60):
        gate, _ = module(x)
    torch.testing.assert_close(module.score, gate.mean(0), atol=0.01, rtol=0)


def test_gradient_reaches_tokens_bias_and_mixer_but_not_the_input():
    torch.manual_seed(1)
    module, x = SoftGate(2, 7, 3), torch.rand(2, 2, 7, requires_grad=True)
    module(x)[0].square().sum().backward()
    assert x.grad is None
    for parameter in module.parameters():
        assert parameter.grad.abs().max() > 0


def dice_by_loops(masks):
    """MasKD: the mean over ordered pairs of different tokens of ``2 <a, b> / (|a|^2 + |b|^2)``."""
    total = 0.0
    for sample in masks:
        for i, one in enumerate(sample):
            for j, other in enumerate(sample):
                if i != j:
                    size = float((one * one).sum() + (other * other).sum())
                    total += 2 * float((one * other).sum()) / (size + 1e-5)
    return total / (len(masks) * masks.shape[1] * (masks.shape[1] - 1))


@pytest.mark.parametrize("tokens", [2, 3, 5])
def test_dice_loss_is_maskds(tokens):
    torch.manual_seed(tokens)
    masks = torch.rand(3, tokens, 6)
    assert float(dice_loss(masks)) == pytest.approx(dice_by_loops(masks), rel=1e-4)


def test_dice_loss_of_equal_disjoint_and_single_tokens():
    equal, single = torch.ones(2, 3, 6), torch.ones(2, 1, 6, requires_grad=True)
    disjoint = torch.eye(3).repeat_interleave(2, 1).expand(2, 3, 6)
    assert float(dice_loss(equal)) == pytest.approx(1, abs=1e-4)
    assert dice_loss(disjoint) == 0
    loss = dice_loss(single)
    loss.backward()
    assert loss == 0


@given(score_tables, st.data())
def test_hard_masks_are_nested_and_keep_what_was_asked_for(scores, data):
    layers, steps = scores.shape
    counts = sorted(data.draw(st.lists(st.integers(1, steps), min_size=layers, max_size=layers)), reverse=True)
    masks = harden(scores, counts)
    assert masks.sum(1).tolist() == counts
    assert not (masks[1:] & ~masks[:-1]).any()
    allowed = np.ones(steps, dtype=bool)
    for mask, score in zip(masks, scores, strict=True):  # what is dropped is never better than what is kept
        assert score[mask].min() >= score[allowed & ~mask].max(initial=-np.inf)
        allowed = mask


def test_earlier_frame_wins_a_tie():
    assert harden(np.zeros((2, 4)), [3, 1]).astype(int).tolist() == [[1, 1, 1, 0], [1, 0, 0, 0]]


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=5), st.integers(1, 100))
def test_counts_never_rise_and_are_never_zero(shares, steps):
    counts = keep_counts(shares, len(shares), steps)
    assert len(counts) == len(shares)
    assert counts == sorted(counts, reverse=True)
    assert 1 <= min(counts) <= max(counts) <= steps


def test_one_share_serves_all_layers_and_is_rounded():
    assert keep_counts([0.5], 3, 9) == [4, 4, 4]
    assert keep_counts([0.9, 0.5, 0.7], 3, 10) == [9, 5, 5]


def test_hard_gate_mutes_what_a_block_does_not_receive():
    x = torch.ones(2, 3, 4)
    gate = hard_gate(np.array([[1, 1, 1, 1], [1, 0, 0, 1]], dtype=bool))
    assert gate(0, x) is x
    assert gate(1, x).sum((0, 1)).tolist() == [6, 0, 0, 6]


STEPS, CLASSES, INFORMATIVE = 10, 3, (2, 3, 7, 8)


def config(soft_epochs):
    values = {
        "name": "soft",
        "data": {"dataset": "none", "shift_pixels": 0, "event_drop": 0.0},
        "train": {"batch_size": 20, "learning_rate": 1e-2, "accelerator": "cpu"},
        "masks": {"keep": [0.4], "soft_epochs": soft_epochs, "learning_rate": 0.05, "budget_weight": 1.0},
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


@pytest.mark.parametrize(("epoch", "budget"), [(0, 1.0), (1, 0.85), (2, 0.7), (4, 0.4), (7, 0.4)])
def test_budget_falls_over_the_first_half_of_the_stage(epoch, budget):
    settings = config(soft_epochs=8)
    stage = SoftStage(EventNetwork(settings.network, (2, 6, 6), CLASSES), settings, 8, [0.4], STEPS)
    stage.trainer = None
    stage._trainer = type("Trainer", (), {"current_epoch": epoch})()
    assert stage.budget(0.4) == pytest.approx(budget)


def test_frames_that_carry_the_class_are_kept(tmp_path):
    torch.manual_seed(1)
    settings = config(soft_epochs=12)
    network = EventNetwork(settings.network, (2, 6, 6), CLASSES)
    stage = SoftStage(network, settings, 12, [0.4], STEPS)
    fit_stage(stage, "soft", recordings(120, 1), recordings(30, 2), tmp_path, lambda _: None, resume=False)
    (kept,) = harden(stage.scores(), keep_counts([0.4], 1, STEPS))
    uniform = np.linspace(0, STEPS - 1, 4).round().astype(int)
    hits = kept[list(INFORMATIVE)].sum()
    assert hits > np.isin(uniform, INFORMATIVE).sum()
    assert hits == len(INFORMATIVE), stage.scores()
