"""Hoyer thresholds of event networks: what is measured, what is learned, what is left in the weights."""

from __future__ import annotations

import pytest

from evsnn_lava._torch import torch
from evsnn_lava.training.config import HoyerInitConfig, RunConfig
from evsnn_lava.training.hoyer_init import SMALLEST, HoyerStage, HoyerThreshold
from evsnn_lava.training.model import EventNetwork

pytestmark = pytest.mark.torch


def stage(**hoyer) -> HoyerStage:
    torch.manual_seed(1)
    values = {
        "name": "x",
        "data": {"dataset": "digits"},
        "network": {"layers": [{"type": "dense", "units": 30}, {"type": "recurrent", "units": 20}]},
        "hoyer_init": hoyer,
    }
    config = RunConfig.model_validate(values)
    assert config.hoyer_init is not None
    return HoyerStage(EventNetwork(config.network, (1, 2, 3), 4), config, config.hoyer_init)


def test_extremum_is_the_papers():
    level = HoyerThreshold(HoyerInitConfig(momentum=1.0))
    measure = level.observe(torch.tensor([-3.0, 0.0, 0.25, 0.5, 7.0]))
    clipped = torch.tensor([0.25, 0.5, 1.0])
    assert float(level.extremum) == pytest.approx(float(clipped.square().sum() / clipped.sum()))
    assert float(measure.detach()) == pytest.approx(float(clipped.sum() ** 2 / clipped.square().sum()) / 5)


def test_minimising_the_measure_pushes_values_away_from_the_extremum():
    level = HoyerThreshold(HoyerInitConfig(momentum=1.0))
    z = torch.tensor([0.1, 0.3, 0.6, 0.9], requires_grad=True)
    level.observe(z).backward()
    assert torch.equal(torch.sign(z.grad), torch.where(z.detach() < level.extremum, 1.0, -1.0))


def test_a_silent_layer_keeps_its_extremum_and_a_running_one_follows_slowly():
    level = HoyerThreshold(HoyerInitConfig(momentum=0.1))
    level.observe(torch.zeros(5))
    assert float(level.extremum) == 1
    level.observe(torch.full((5,), 0.5))
    assert float(level.extremum) == pytest.approx(0.95)
    level.eval().observe(torch.full((5,), 0.1))
    assert float(level.extremum) == pytest.approx(0.95)


def test_without_the_extremum_only_v_th_decides():
    level = HoyerThreshold(HoyerInitConfig(momentum=1.0, extremum=False))
    level.observe(torch.full((5,), 0.5))
    assert float(level.share.detach()) == 1
    level.v_th.data.fill_(0.001)
    assert float(level.share.detach()) == pytest.approx(SMALLEST)


def test_gradients_reach_the_thresholds():
    some = stage(loss_weight=0.5)
    responses, loss = some.gated((torch.rand(8, 1, 2, 3, 10) < 0.6).float())
    (loss + responses[-1][0].sum()).backward()
    assert all(level.v_th.grad is not None and level.v_th.grad != 0 for level in some.levels)


def test_the_fold_leaves_the_same_network():
    some = stage()
    for level, share in zip(some.levels, (0.5, 0.625), strict=True):
        level.v_th.data.fill_(share)
    x = (torch.rand(8, 1, 2, 3, 10) < 0.6).float()
    some.eval()
    before, _ = some.gated(x)
    assert some.fold() == pytest.approx([0.5, 0.625])
    after = some.network(x)
    assert before[0][0].sum() > 0
    for (spikes, voltage), (folded_spikes, folded_voltage) in zip(before, after, strict=True):
        assert torch.equal(spikes, folded_spikes)
        assert torch.equal(voltage, folded_voltage)


def test_hooks_are_put_back():
    some = stage()
    hooks = [block.synapse.pre_hook_fx for block in some.hidden if hasattr(block, "synapse")]
    some.gated(torch.zeros(1, 1, 2, 3, 4))
    assert [block.synapse.pre_hook_fx for block in some.hidden if hasattr(block, "synapse")] == hooks
