"""The float network: shapes, steps, what is decayed, what is refused."""

from __future__ import annotations

import pytest

from evsnn_lava._torch import torch
from evsnn_lava.errors import ConfigError
from evsnn_lava.training.config import NetworkConfig
from evsnn_lava.training.hoyer.network import HoyerNetwork, running_total

pytestmark = pytest.mark.torch


def test_logits_and_shares_of_spikes(configure, network_of):
    network = network_of(configure(), 1)
    assert [block.shape for block in network.blocks] == [(6, 4, 4), (8, 4, 4), (20,)]
    logits, spikes = network(torch.rand(5, 1, 8, 8, 1))
    assert logits.shape == (5, 10)
    assert all(0 < float(share) < 1 for share in spikes)


def test_a_membrane_adds_up_what_does_not_fire_and_a_spike_resets_it(configure, network_of):
    network = network_of(configure(), 2)
    block = network.blocks[2]
    x = (torch.rand(6, 8, 4, 4) < 0.4).float()
    first, second, third = network._sent(block, [x] * 3)
    drive = block.drive(x)
    level = block.spike.threshold
    assert torch.equal(first, (drive >= level).float())
    membrane = torch.where(first == 1, drive, 2 * drive)
    assert torch.equal(second, (membrane >= level).float())
    membrane = torch.where(second == 1, drive, membrane + drive)
    assert torch.equal(third, (membrane >= level).float())
    assert len(block.measures) == 3


def test_norms_and_thresholds_are_not_decayed(configure, network_of):
    network = network_of(configure(), 1)
    decayed, free = network.parameter_groups(1e-4)
    assert decayed["weight_decay"] == 1e-4
    assert free["weight_decay"] == 0
    assert {id(p) for p in free["params"]} >= {id(block.spike.v_th) for block in network.blocks}
    assert {id(p) for p in free["params"]} >= {id(block.norm.weight) for block in network.blocks}
    assert len(decayed["params"]) + len(free["params"]) == len(list(network.parameters()))


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([{"type": "recurrent", "units": 4}], "leave recurrent ones out"),
        ([{"type": "dense", "units": 4}, {"type": "conv", "channels": 4}], "put conv blocks first"),
    ],
)
def test_layers_that_do_not_fit_are_refused(configure, layers, message):
    with pytest.raises(ConfigError, match=message):
        HoyerNetwork(NetworkConfig.model_validate({"layers": layers}), configure().hoyer, (1, 8, 8), 10)


@pytest.mark.parametrize("steps", [1, 3])
def test_one_extremum_serves_all_steps_and_moves_once_a_batch(configure, network_of, steps):
    network = network_of(configure(), 1)
    block = network.blocks[0].train()
    before, x = block.spike.running.clone(), torch.rand(9, 1, 8, 8)
    sent = list(network._sent(block, [x] * steps))
    z = (block.drive(x) / block.spike.v_th.abs()).clamp(0, 1).detach()
    extremum = z.square().sum((0, 2, 3)) / z.sum((0, 2, 3))
    assert torch.allclose(block.spike.running, 0.9 * before + 0.1 * extremum, atol=1e-5)
    level = block.spike.v_th.abs() * extremum.view(-1, 1, 1)
    far = (block.drive(x) - level).abs() > 1e-5
    assert torch.equal(sent[0][far], (block.drive(x) >= level).float()[far])


def test_dropout_takes_the_same_neurons_in_every_step(configure, network_of):
    network = network_of(configure(dropout=0.5), 1).train()
    first, second = network._thinned([torch.ones(50, 20), torch.ones(50, 20)])
    assert torch.equal(first, second)
    assert set(first.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(network.eval()._thinned([first])[0], first)


@pytest.mark.parametrize(("number", "steps"), [(1, 1), (3, 1), (3, 3), (6, 4)])
def test_running_total_is_what_a_sigma_neuron_sends(number, steps):
    answers = list(torch.randint(-99, 99, (number, 4, 5)).float())
    assert torch.equal(running_total(answers, steps), torch.stack(answers).cumsum(0)[-steps:].sum(0))


def test_gradients_reach_every_parameter_over_the_steps(configure, network_of):
    network = network_of(configure(), 4).train()
    picture = torch.rand(30, 1, 8, 8, 1)
    before = picture.clone()
    logits, _ = network(picture.expand(-1, -1, -1, -1, 3))
    (logits.square().mean() + network.measure()).backward()
    assert torch.equal(picture, before)
    assert all(p.grad is not None and p.grad.isfinite().all() and p.grad.any() for p in network.parameters())
