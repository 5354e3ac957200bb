"""The compiled mean cosine has the value and the gradient of its formula."""

from __future__ import annotations

import pytest

from evsnn_lava._torch import torch
from evsnn_lava.training.settling import mean_cosine

pytestmark = pytest.mark.torch

SHAPE, THRESHOLD = (4, 3, 5, 2, 12), 1.25


def formula(spikes, voltage, threshold, last):
    """``cos(r_t, mean of the last r)`` in plain torch; no gradient through the target."""
    r = (spikes + torch.relu(voltage * (1 - spikes) / threshold)).flatten(1, -2)
    target = r[..., -last:].mean(-1, keepdim=True).detach()
    overlap = (r * target).sum(1)
    return (overlap / (torch.sqrt((r**2).sum(1) + 1e-5) * torch.sqrt((target**2).sum(1) + 1e-5))).mean(-1)


@pytest.fixture
def answer():
    torch.manual_seed(2)
    voltage = torch.randn(SHAPE)
    return (voltage >= THRESHOLD).float(), voltage


@pytest.mark.parametrize("last", [1, 4, 12])
def test_value_is_that_of_the_formula(answer, last):
    found = mean_cosine(*answer, THRESHOLD, last)
    torch.testing.assert_close(found, formula(*answer, THRESHOLD, last), rtol=1e-5, atol=1e-6)
    assert found.shape == SHAPE[:1]
    assert found.max() - found.min() > 1e-3


@pytest.mark.parametrize("last", [1, 4, 12])
def test_gradient_is_that_of_the_formula(answer, last):
    weight = torch.tensor([1.0, -2.0, 0.0, 0.5])  # nothing is computed for the third sample
    gradients = []
    for function in (mean_cosine, formula):
        inputs = [x.clone().requires_grad_() for x in answer]
        (function(*inputs, THRESHOLD, last) * weight).sum().backward()
        gradients.append([x.grad for x in inputs])
    for found, expected in zip(*gradients, strict=True):
        assert expected.abs().max() > 0
        assert not found[2].any()
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)


def test_dense_layers_are_served_too(answer):
    spikes, voltage = (x.flatten(1, 3) for x in answer)
    torch.testing.assert_close(mean_cosine(spikes, voltage, 1.25, 3), mean_cosine(*answer, 1.25, 3))


def test_same_response_in_every_step_gives_one():
    pattern = (torch.arange(6) % 2).float().view(1, 6, 1).expand(2, 6, 10)
    torch.testing.assert_close(mean_cosine(pattern, torch.zeros(2, 6, 10), 1.0, 3), torch.ones(2), atol=1e-4, rtol=0)


def test_silence_gives_zero_and_a_finite_gradient():
    spikes, voltage = torch.zeros(2, 6, 10), torch.zeros(2, 6, 10, requires_grad=True)
    found = mean_cosine(spikes, voltage, 1.0, 3)
    found.sum().backward()
    assert torch.equal(found, torch.zeros(2))
    assert torch.isfinite(voltage.grad).all()
