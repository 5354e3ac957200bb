"""The losses against their definitions, written as loops."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava._torch import F, torch
from evsnn_lava.training.losses import LEAST_COSINE, anytime_loss, settling_loss, tail_steps
from evsnn_lava.training.settling import mean_cosine

pytestmark = pytest.mark.torch

LABELS = torch.tensor([0, 2, 1])


@pytest.fixture
def spikes():
    torch.manual_seed(1)
    return (torch.rand(3, 4, 7) < 0.4).float()


def by_loops(spikes, labels, scale, weight):
    steps = spikes.shape[-1]
    losses = []
    for t in range(1, steps + 1):
        rate = spikes[..., :t].sum(-1) / t
        losses.append(sum(-math.log(torch.softmax(scale * r, 0)[c]) for r, c in zip(rate, labels, strict=True)) / 3)
    return (1 - weight) * losses[-1] + weight * sum(losses) / steps


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_anytime_loss_is_the_mean_over_the_steps(spikes, weight):
    found = anytime_loss(spikes, LABELS, 5.0, weight)
    assert float(found) == pytest.approx(by_loops(spikes, LABELS, 5.0, weight), rel=1e-5)


def test_anytime_loss_without_steps_in_between_is_the_cross_entropy(spikes):
    expected = F.cross_entropy(10 * spikes.mean(-1), LABELS)
    torch.testing.assert_close(anytime_loss(spikes, LABELS, 10.0, 0.0), expected)


def test_early_right_answers_are_worth_more():
    early, late = torch.zeros(2, 1, 3, 8)
    early[0, 0, :4] = 1
    late[0, 0, 4:] = 1
    label = torch.tensor([0])
    assert anytime_loss(early, label, 10.0, 0.5) < anytime_loss(late, label, 10.0, 0.5)
    assert anytime_loss(early, label, 10.0, 0.0) == anytime_loss(late, label, 10.0, 0.0)


@pytest.mark.parametrize("steps", range(1, 11))
def test_tail_has_at_least_one_step(steps):
    assert tail_steps(steps, 0.3) == {1: 1, 2: 1, 3: 1, 4: 1, 5: 2, 6: 2, 7: 2, 8: 2, 9: 3, 10: 3}[steps]
    assert tail_steps(steps, 1.0) == steps


@given(st.integers(1, 200), st.floats(0.001, 1))
def test_tail_is_never_longer_than_the_recording(steps, tail):
    assert 1 <= tail_steps(steps, tail) <= steps


def network_answer(right=(True, True, False)):
    """Two layers; the last decides the samples as asked."""
    torch.manual_seed(4)
    hidden = torch.randn(3, 6, 10)
    out = torch.randn(3, 4, 10).clamp_max(1.0)
    for sample, (label, is_right) in enumerate(zip(LABELS, right, strict=True)):
        out[sample, label if is_right else (label + 1) % 4] = 2.0
    voltages = [hidden.requires_grad_(), out.requires_grad_()]
    return [((v.detach() >= 1.25).float(), v) for v in voltages]


def test_settling_loss_is_the_worst_settled_sample_per_layer():
    responses = network_answer()
    found = settling_loss(responses, [1.25, 1.25], LABELS, 0.3)
    expected = 0.0
    for spikes, voltage in responses:
        cosines = mean_cosine(spikes, voltage, 1.25, tail_steps(10, 0.3)).tolist()
        expected += max(1 / max(LEAST_COSINE, cosine) for cosine in cosines[:2]) / 2  # the third is not settled
    assert float(found.detach()) == pytest.approx(expected, rel=1e-5)
    found.backward()
    assert responses[0][1].grad[:2].abs().max() > 0
    assert not responses[0][1].grad[2].any()


def test_a_sample_must_be_right_in_every_step_of_the_tail():
    spikes = torch.zeros(1, 4, 10)
    spikes[0, 1, :5] = 1  # wrong, five spikes ahead until the end
    spikes[0, 0, 5:] = 1
    responses = [(spikes, torch.zeros_like(spikes, requires_grad=True))]
    assert settling_loss(responses, [1.25], torch.tensor([0]), 0.3) == 0
    assert settling_loss(responses, [1.25], torch.tensor([0]), 0.1) > 0  # a tie goes to class 0, but only at the end


def test_no_settled_sample_gives_zero_with_a_gradient_of_zero():
    responses = network_answer(right=(False, False, False))
    found = settling_loss(responses, [1.25, 1.25], LABELS, 0.3)
    found.backward()
    assert found == 0
    assert not responses[-1][1].grad.any()


def test_a_layer_that_is_silent_at_the_end_does_not_blow_the_loss_up():
    spikes = torch.zeros(1, 4, 10)
    spikes[0, 0, :3] = 1
    responses = [(spikes, torch.zeros_like(spikes, requires_grad=True))]
    found = settling_loss(responses, [1.25], torch.tensor([0]), 0.3)
    assert float(found.detach()) == pytest.approx(1 / LEAST_COSINE)


@given(st.integers(0, 10_000), st.floats(0.05, 1))
def test_settling_loss_lies_between_its_bounds(seed, tail):
    torch.manual_seed(seed)
    voltage = torch.randn(2, 3, 8)
    responses = [((voltage >= 0.5).float(), voltage)] * 2
    found = float(settling_loss(responses, [0.5, 0.5], torch.tensor([0, 1]), tail))
    assert found == 0 or 1 - 1e-4 <= found <= 1 / LEAST_COSINE + 1e-4
