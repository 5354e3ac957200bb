"""The Hoyer spike: extremum, surrogate, measure and the running mean."""

from __future__ import annotations

import pytest

from evsnn_lava._torch import torch
from evsnn_lava.training.hoyer.spike import HoyerSpike, step

pytestmark = pytest.mark.torch


def test_extremum_is_that_of_each_channel():
    spike = HoyerSpike(2, momentum=1.0)
    u = torch.tensor([[-1.0, 0.2, 0.5, 3.0], [0.1, 0.1, 0.4, -2.0]]).view(1, 2, 2, 2)
    spikes = spike(u)
    expected = [(0.04 + 0.25 + 1.0) / (0.2 + 0.5 + 1.0), (0.01 + 0.01 + 0.16) / 0.6]
    assert spike.running.tolist() == pytest.approx(expected)
    assert spikes.flatten().tolist() == [0, 0, 0, 1, 0, 0, 1, 0]


def test_threshold_is_inside_the_clip_and_nothing_is_clipped_in_place():
    spike = HoyerSpike(1, momentum=1.0)
    with torch.no_grad():
        spike.v_th.fill_(-2.0)
    u = torch.tensor([[-1.0, 0.8, 1.6, 9.0]])
    before = u.clone()
    spike(u)
    z = torch.tensor([0.4, 0.8, 1.0])
    assert float(spike.running) == pytest.approx(float(z.square().sum() / z.sum()))
    assert float(spike.threshold.detach()) == pytest.approx(2 * float(spike.running))
    assert torch.equal(u, before)


def test_running_extremum_moves_by_the_momentum_and_rules_at_inference():
    spike = HoyerSpike(1)
    u = torch.tensor([[0.5, 0.5]])
    assert spike(u).tolist() == [[1, 1]]
    assert float(spike.running) == pytest.approx(0.9 + 0.1 * 0.5)
    assert spike.eval()(u).tolist() == [[0, 0]]
    assert float(spike.running) == pytest.approx(0.95)


def test_a_silent_channel_keeps_its_extremum():
    spike = HoyerSpike(2, momentum=1.0)
    spikes = spike(torch.tensor([-1.0, 0.5]).view(1, 2, 1, 1))
    assert spike.running.tolist() == [1.0, 0.5]
    assert spikes.isfinite().all()


def test_surrogate_reaches_to_two_thresholds():
    z = torch.tensor([-0.1, 0.0, 0.01, 1.5, 2.0, 2.01], requires_grad=True)
    step(z, torch.tensor(0.7)).sum().backward()
    assert z.grad.tolist() == [0, 0, 0.5, 0.5, 0.5, 0]


def test_minimising_the_measure_pushes_away_from_the_extremum_and_reaches_the_threshold():
    spike = HoyerSpike(1, momentum=1.0)
    u = torch.tensor([[0.1, 0.3, 0.6, 0.9]], requires_grad=True)
    spike(u)
    spike.measure.backward()
    assert torch.equal(torch.sign(u.grad), torch.where(u.detach() < spike.running, 1.0, -1.0))
    assert spike.v_th.grad.abs() < 1e-6  # the measure does not change when all values are scaled, unless some are cut
    spike.zero_grad()
    spike(torch.tensor([[0.1, 0.3, 0.6, 1.9]]))
    spike.measure.backward()
    assert spike.v_th.grad.abs() > 1e-3


def test_measure_is_a_share_whatever_the_batch():
    spike = HoyerSpike(1)
    u = torch.rand(3, 40)
    spike(u)
    small = float(spike.measure.detach())
    spike(u.repeat(7, 1))
    assert small == pytest.approx(float(spike.measure.detach()), rel=1e-4)
    spike(torch.full((2, 5), 0.3))
    assert float(spike.measure.detach()) == pytest.approx(1.0, rel=1e-4)


def test_without_the_extremum_the_threshold_fires():
    spike = HoyerSpike(1, extremum=False)
    with torch.no_grad():
        spike.v_th.fill_(0.5)
    assert spike(torch.tensor([[0.4, 0.5, 0.6]])).tolist() == [[0, 1, 1]]
    assert float(spike.running) == 1.0


@pytest.mark.parametrize("training", [True, False])
def test_a_level_that_is_given_is_used_and_moves_nothing(training):
    spike = HoyerSpike(1, momentum=1.0).train(training)
    u = torch.tensor([[0.2, 0.4, 0.6]])
    level = spike.level(u)
    assert float(level) == pytest.approx(0.56 / 1.2 if training else 1.0)
    before = spike.running.clone()
    assert spike(u, torch.tensor(0.3)).tolist() == [[0, 1, 1]]
    assert torch.equal(spike.running, before)
