"""The recurrent block computes what SLAYER and the deployed integers compute, and learns through its feedback."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava._torch import slayer, torch
from evsnn_lava.export.frontend import TRAINED_KINDS
from evsnn_lava.export.slayer.blocks import compile_blocks
from evsnn_lava.network import CutoffPolicy, FrameMasks, InputRecipe, NetworkDescription
from evsnn_lava.simulation.engine import Engine
from evsnn_lava.training.config import NetworkConfig
from evsnn_lava.training.model import EventNetwork
from evsnn_lava.training.recurrent import Recurrent, RecurrentDynamics

pytestmark = pytest.mark.torch

NEURON = {"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03, "tau_grad": 0.03, "scale_grad": 10.0}


@settings(max_examples=20)
@given(seed=st.integers(0, 999), decay=st.sampled_from((0.0, 0.1, 1.0)), units=st.integers(1, 9))
def test_forward_is_slayers(seed, decay, units):
    torch.manual_seed(seed)
    parameters = {**NEURON, "current_decay": decay}
    ours = Recurrent(dict(parameters), 5, units, weight_scale=4.0, delay_shift=bool(seed % 2))
    theirs = slayer.block.cuba.Recurrent(dict(parameters), 5, units, delay_shift=bool(seed % 2))
    theirs.load_state_dict(ours.state_dict(), strict=False)
    x = (torch.rand(3, 5, 11) < 0.5).float()
    assert torch.equal(ours(x), theirs(x))


def test_feedback_reaches_the_next_step_and_no_other_neuron_needs_an_input():
    block = Recurrent(dict(NEURON, current_decay=1.0, voltage_decay=1.0), 1, 2, delay_shift=False)
    with torch.no_grad():
        block.input_synapse.weight.copy_(torch.tensor([2.0, 0.0]).view(2, 1, 1, 1, 1))
        block.recurrent_synapse.weight.copy_(torch.tensor([[0.0, 0.0], [2.0, 0.0]]).view(2, 2, 1, 1, 1))
    x = torch.zeros(1, 1, 4)
    x[..., 1] = 1
    assert block(x)[0].tolist() == [[0, 1, 0, 0], [0, 0, 1, 0]]


class _ByAutograd:
    """The same recursion in differentiable steps, with the surrogate written out: what the gradient has to be."""

    def __init__(self, spikes, neuron):
        self.spikes, self.neuron = spikes, neuron

    def loss(self, x, weight, of_spikes, of_voltage):
        """The spikes of the forward pass, with the surrogate as slope: constants plus slope times (v - v.detach())."""
        keep_u, keep_v = (1 - int(d) / 4096 for d in (self.neuron.cx_current_decay, self.neuron.cx_voltage_decay))
        fire = self.neuron.threshold + self.neuron.threshold_eps
        tau, scale = self.neuron.tau_rho * 100, self.neuron.scale_rho * 0.1
        u = v = torch.zeros_like(x[:, 0])
        sent, total = torch.zeros_like(u), 0
        for t in range(x.shape[1]):
            u = keep_u * u + x[:, t] + sent @ weight.t()
            raw = keep_v * v + u
            value = self.spikes[1][:, t]
            slope = scale / 2 / tau * torch.exp(-(value - fire).abs() / tau)
            sent = self.spikes[0][:, t] + slope * (raw - raw.detach())
            total = total + (of_spikes[:, t] * sent).sum() + (of_voltage[:, t] * raw).sum()
            v = raw  # no gradient through the reset; the value of v is not used, only its slope
        return total


def _weighed(outcome, of_spikes, of_voltage):
    return (outcome[0] * of_spikes).sum() + (outcome[1] * of_voltage).sum()


def test_gradient_goes_through_time_and_feedback():
    torch.manual_seed(2)
    neuron = Recurrent(dict(NEURON), 4, 6).neuron
    x = torch.randn(3, 9, 6).mul(32).round().div(32)
    weight = torch.randn(6, 6).mul(32).round().div(32)
    of_spikes, of_voltage = torch.randn(2, 3, 9, 6)
    gradients = []
    outcome = RecurrentDynamics.apply(x, weight, neuron)
    assert 0.05 < float(outcome[0].mean()) < 0.9
    for loss in (
        lambda x, w: sum(
            (a * b).sum() for a, b in zip((of_spikes, of_voltage), RecurrentDynamics.apply(x, w, neuron), strict=True)
        ),
        lambda x, w: _ByAutograd(outcome, neuron).loss(x, w, of_spikes, of_voltage),
    ):
        leaves = [part.clone().requires_grad_() for part in (x, weight)]
        loss(*leaves).backward()
        gradients.append([leaf.grad for leaf in leaves])
    for ours, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)


def test_trained_blocks_are_the_deployed_integers():
    torch.manual_seed(0)
    layers = [{"type": "recurrent", "units": 20, "weight_scale": 3.0}, {"type": "recurrent", "units": 12}]
    network = EventNetwork(NetworkConfig.model_validate({"layers": layers}), (2, 3, 4), 5).eval()
    frames = np.random.default_rng(0).random((4, 2, 3, 4, 15)) < 0.3
    with torch.no_grad():
        spikes = network(torch.from_numpy(frames).float())[-1][0]
    compiled, _ = compile_blocks(network.blocks, (2, 3, 4), kinds=TRAINED_KINDS)
    assert all(layer.recurrent is not None for layer in compiled[:2])
    recipe = InputRecipe(3, 4, 15, 1000)
    masks, cutoff = FrameMasks.all_kept(15, 3), CutoffPolicy.never(15)
    scores = Engine(NetworkDescription("r", compiled, recipe, masks, cutoff, tuple("abcde"))).scores(frames)
    assert spikes.sum() > 0
    np.testing.assert_array_equal(scores, spikes.cumsum(-1).movedim(1, -1).numpy())


def test_dropout_silences_whole_neurons_in_training_only():
    torch.manual_seed(0)
    config = NetworkConfig.model_validate({"layers": [{"type": "dense", "units": 400}], "dropout": 0.5})
    network = EventNetwork(config, (1, 1, 8), 2)
    x = torch.ones(2, 400, 6)
    thinned = network._thinned(x)
    assert set(thinned.sum(-1).unique().tolist()) == {0.0, 6.0}
    assert 0.4 < float(thinned.mean()) < 0.6
    assert network.eval()._thinned(x) is x
