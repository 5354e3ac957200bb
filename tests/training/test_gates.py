"""Soft gates, their losses and what becomes of them: nested hard masks that keep the frames that matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from evsnn_lava._torch import torch
from evsnn_lava.training.gates import SoftGate, dice_loss, harden, keep_counts
from evsnn_lava.training.model import hard_gate

pytestmark = pytest.mark.torch

score_tables = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 12)), elements=st.floats(-2, 2))


@pytest.mark.parametrize("shape", [(3, 2, 5, 4, 7), (3, 2, 7)])
def test_soft_gate_gives_one_value_per_sample_and_frame(shape):
    torch.manual_seed(1)
    gate, masks, budgeted = SoftGate(channels=2, steps=7, tokens=4)(torch.rand(shape))
    assert gate.shape == budgeted.shape == (3, 7)
    assert masks.shape == (3, 4, 7)
    for values in (gate, masks):
        assert 0 < values.min() <= values.max() < 1
    assert float(gate.detach().mean()) == pytest.approx(0.88, abs=0.01)  # nearly open to begin with


def test_gate_is_the_mixture_of_the_token_masks():
    torch.manual_seed(1)
    module, x = SoftGate(2, 7, 3).eval(), torch.rand(2, 2, 5, 4, 7)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_()
    gate, masks, budgeted = module(x)
    pooled = x.mean((2, 3))
    for n in range(2):
        level = pooled[n].mean(-1)
        share = torch.softmax(module.mixer.weight @ level, 0)
        for k in range(3):
            bias = module.temporal_bias[k] - module.temporal_bias[k].mean()
            ranked = module.tokens[k] @ (pooled[n] - level[:, None]) + bias
            torch.testing.assert_close(masks[n, k], torch.sigmoid(2.0 * (ranked + module.openness[k])))
        torch.testing.assert_close(gate[n], share @ masks[n])
    torch.testing.assert_close(budgeted, gate)


def gradients(module, loss):
    module.zero_grad()
    loss.backward()
    return {name: float(p.grad.abs().max()) for name, p in module.named_parameters() if p.grad is not None}


def test_the_task_reaches_all_parameters_of_a_gate_but_not_its_input():
    torch.manual_seed(1)
    module, x = SoftGate(2, 7, 3), torch.rand(2, 2, 7, requires_grad=True)
    found = gradients(module, module(x)[0].square().sum())
    assert x.grad is None
    assert set(found) == {"tokens", "temporal_bias", "openness", "mixer.weight"}
    assert min(found.values()) > 0


def test_the_budget_says_how_many_frames_pass_but_not_which():
    torch.manual_seed(1)
    module = SoftGate(2, 7, 3)
    assert set(gradients(module, module(torch.rand(2, 2, 7))[2].sum())) == {"openness"}


def test_what_all_frames_share_does_not_rank_them():
    torch.manual_seed(1)
    module, x = SoftGate(2, 7, 3).eval(), torch.rand(2, 2, 7)
    before = module(x)[1]
    with torch.no_grad():
        module.temporal_bias += 3.0
    torch.testing.assert_close(module(x)[1], before)
    assert torch.std(SoftGate(2, 7, 3).eval()(torch.full((2, 2, 7), 5.0))[0]) < 0.01  # all frames alike: one gate


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


@given(score_tables)
def test_threshold_masks_are_nested_and_keep_what_is_more_open_than_shut(scores):
    masks = harden(scores, [1] * len(scores), "threshold")
    allowed = np.ones(scores.shape[1], dtype=bool)
    for mask, score in zip(masks, scores, strict=True):
        open_ones = allowed & (score > 0.5)
        expected = open_ones if open_ones.any() else allowed & (score == score[allowed].max())
        assert not (mask & ~expected).any()
        assert mask.sum() == (expected.sum() if open_ones.any() else 1)
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
