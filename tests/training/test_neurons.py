"""The fused neuron computes what SLAYER computes: the same bits forward, the same gradient up to float rounding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava._torch import slayer, torch
from evsnn_lava.training import neurons
from evsnn_lava.training.neurons import CubaDynamics, FusedNeuron

pytestmark = pytest.mark.torch

DECAYS = (0, 1, 3, 127, 1000, 2047, 2048, 3333, 4095, 4096)
SHAPES = ((1, 1, 1), (1, 3, 7), (2, 5, 4), (2, 3, 4, 5, 6), (3, 17, 30))
neuron_parameters = st.fixed_dictionaries(
    {
        "threshold": st.sampled_from((1 / 64, 0.3, 1.0, 1.25, 10.0, 700.0, 2047.0)),
        "current_decay": st.sampled_from(DECAYS).map(lambda decay: decay / 4096),
        "voltage_decay": st.sampled_from(DECAYS).map(lambda decay: decay / 4096),
        "tau_grad": st.sampled_from((0.01, 0.03, 1.0)),
        "scale_grad": st.sampled_from((0.5, 1.0, 3.0)),
        "scale": st.sampled_from((1, 64, 256)),
    }
)
SETTINGS = settings(max_examples=60)


def both(parameters):
    """Ours and SLAYER's; a threshold below one unit of the weights would be none."""
    parameters = {**parameters, "threshold": max(parameters["threshold"], 1 / parameters.get("scale", 64))}
    return FusedNeuron(**parameters), slayer.neuron.cuba.Neuron(**parameters)


def drive(seed, shape, threshold):
    """Synaptic input on the grid of quantised weights, and off it, strong enough for spikes."""
    random = np.random.default_rng(seed)
    x = random.normal(0.1, 0.7, shape) * threshold * random.choice([0, 1], shape, p=[0.3, 0.7])
    if seed % 2:
        x = np.round(x * 32) / 32
    return torch.from_numpy(x.astype(np.float32))


def response(neuron, x):
    """Spikes and voltage of a stock neuron."""
    _, voltage = neuron.dynamics(x)
    return neuron.spike(voltage), voltage


def gradient(function, x, of):
    """Gradient at the input of a weighted sum of spikes, of voltage or of both."""
    x = x.clone().requires_grad_()
    outputs = dict(zip(("spikes", "voltage"), function(x), strict=True))
    weight = torch.linspace(-1, 2, x.numel()).reshape(x.shape)
    sum((outputs[name] * weight).sum() for name in of).backward()
    return x.grad


@SETTINGS
@given(neuron_parameters, st.sampled_from(SHAPES), st.integers(0, 2**32 - 1))
def test_forward_is_bit_equal_to_slayer(parameters, shape, seed):
    ours, stock = both(parameters)
    x = drive(seed, shape, parameters["threshold"])
    spikes, voltage = ours.respond(x)
    expected_spikes, expected_voltage = response(stock, x)
    assert torch.equal(spikes, expected_spikes)
    assert torch.equal(voltage, expected_voltage)


def test_the_random_inputs_make_neurons_spike_and_fall_silent():
    _, stock = both({"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03})
    rate = response(stock, drive(0, (3, 17, 30), 1.25))[0].mean()
    assert 0.05 < rate < 0.95


@SETTINGS
@given(neuron_parameters, st.sampled_from(SHAPES), st.integers(0, 2**32 - 1))
def test_torch_path_is_bit_equal_to_the_compiled_one(parameters, shape, seed):
    ours, _ = both(parameters)
    x = drive(seed, shape, parameters["threshold"]).movedim(-1, 1).flatten(2).contiguous()
    keeps = 4096 - int(ours.cx_current_decay), 4096 - int(ours.cx_voltage_decay)
    fire = ours.threshold + ours.threshold_eps
    compiled = neurons._forward_numba(x, *keeps, ours.s_scale, fire)
    for one, other in zip(neurons._forward_torch(x, *keeps, ours.s_scale, fire), compiled, strict=True):
        assert torch.equal(one, other)


@SETTINGS
@given(neuron_parameters, st.sampled_from(SHAPES), st.sampled_from((("spikes",), ("voltage",), ("spikes", "voltage"))))
def test_gradient_is_slayers_up_to_rounding(parameters, shape, of):
    ours, stock = both(parameters)
    x = drive(4, shape, parameters["threshold"])
    found = gradient(ours.respond, x, of)
    expected = gradient(lambda x: response(stock, x), x, of)
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6 * float(expected.abs().max()))


@pytest.mark.parametrize("of", [("spikes",), ("voltage",), ("spikes", "voltage")])
def test_torch_path_has_the_gradient_of_the_compiled_one(of, monkeypatch):
    ours, _ = both({"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03})
    x = drive(2, (3, 4, 5, 12), 1.25)
    compiled = gradient(ours.respond, x, of)
    for name in ("forward", "backward"):
        monkeypatch.setattr(neurons, f"_{name}_numba", getattr(neurons, f"_{name}_torch"))
    torch.testing.assert_close(gradient(ours.respond, x, of), compiled, rtol=1e-5, atol=1e-6)


def test_gradient_is_not_zero_and_reaches_back_in_time():
    ours, _ = both({"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03})
    x = drive(2, (1, 4, 12), 1.25).requires_grad_()
    ours.respond(x)[0][..., -1].sum().backward()
    assert (x.grad != 0).all()


def test_no_gradient_is_computed_where_none_is_asked_for():
    ours, _ = both({"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03})
    spikes, voltage = ours.respond(drive(2, (1, 4, 12), 1.25))
    assert not spikes.requires_grad
    assert not voltage.requires_grad


def test_layout_of_the_input_does_not_matter():
    ours, _ = both({"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03})
    x = drive(2, (2, 3, 4, 5, 6), 1.25)
    time_first = x.movedim(-1, 1).contiguous().movedim(1, -1)
    channels_last = x.permute(0, 4, 2, 3, 1).contiguous().permute(0, 4, 2, 3, 1)
    for other in (time_first, channels_last):
        assert torch.equal(other, x)
        assert other.stride() != x.stride()
        for one, expected in zip(ours.respond(other), ours.respond(x), strict=True):
            assert torch.equal(one, expected)


FALLBACKS = {
    "norm": {"norm": torch.nn.Tanh},
    "a decay per channel": {"shared_param": False},
    "learnable decays": {"requires_grad": True},
    "persistent state": {"persistent_state": True},
    "graded spikes": {"graded_spike": True},
}


@pytest.mark.parametrize("name", FALLBACKS)
def test_options_that_are_not_fused_take_slayers_path(name, monkeypatch):
    parameters = {"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03, **FALLBACKS[name]}
    ours, stock = both(parameters)
    assert not ours.fusable
    monkeypatch.setattr(CubaDynamics, "forward", None)  # calling it would raise
    x = drive(2, (2, 3, 12), 1.25)
    for _ in range(2):  # twice, because a persistent state changes the second answer
        torch.manual_seed(3)  # decays per channel are drawn at the first call
        spikes, voltage = ours.respond(x)
        torch.manual_seed(3)
        expected_spikes, expected_voltage = response(stock, x)
        assert torch.equal(spikes, expected_spikes)
        assert torch.equal(voltage, expected_voltage)


def test_dropout_is_applied_to_the_spikes():
    parameters = {"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03}
    ours = FusedNeuron(**parameters, dropout=torch.nn.Dropout(1.0))
    x = drive(2, (2, 3, 12), 1.25)
    assert FusedNeuron(**parameters)(x).any()
    assert not ours(x).any()
