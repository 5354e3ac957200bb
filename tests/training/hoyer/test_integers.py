"""The fold changes no decision, and what is trained in integers is what every back-end computes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava._torch import F, torch
from evsnn_lava.data.images import image_recipe
from evsnn_lava.export.calibrate import calibrate_cutoff
from evsnn_lava.export.frontend import _bounded, compile_model
from evsnn_lava.runtime.backends import backend
from evsnn_lava.simulation import cumulative_scores, simulate
from evsnn_lava.simulation.engine import Engine
from evsnn_lava.training.artefact import TrainedModel
from evsnn_lava.training.config import ConvConfig, DenseConfig, HoyerConfig, RunConfig
from evsnn_lava.training.hoyer.integers import IntegerLayer, IntegerNetwork, fold, folded
from evsnn_lava.training.hoyer.network import HoyerBlock

pytestmark = pytest.mark.torch

BRIGHTEST = 15


def pictures(samples, steps, seed=0):
    drawn = np.random.default_rng(seed).integers(0, BRIGHTEST + 1, (samples, 1, 8, 8, 1))
    return np.repeat(drawn, steps, axis=-1).astype(np.int16)


def integers_of(network, steps):
    """Folded, then moved, as training moves them."""
    found = fold(network, BRIGHTEST, steps).eval()
    with torch.no_grad():
        for parameter in found.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    return found


def compiled(config, network, steps):
    names, keep = tuple("0123456789"), np.ones((network.depth, steps), dtype=bool)
    recipe = image_recipe("digit_images", steps, 4)
    return compile_model(TrainedModel("plain", config, recipe, names, keep, network, {}))


@pytest.mark.parametrize("extremum", [True, False])
def test_fold_changes_no_decision(configure, network_of, extremum):
    decisions, fired = 0, 0.0
    for seed in range(10):
        network = network_of(configure(extremum=extremum), seed).double()
        for block in network.blocks:
            x = (torch.rand(60, *block.input_shape, dtype=torch.float64) < 0.4).double()
            weight, bias = folded(block)
            if len(block.shape) == 3:
                sums = F.conv2d(x, weight, bias, block.layer.stride, block.layer.padding)
            else:
                sums = F.linear(x.flatten(1), weight, bias)
            wanted = block.spike(block.drive(x)).detach()
            assert torch.equal((sums >= 1).double(), wanted)
            decisions += wanted.numel()
            fired += float(wanted.sum())
    assert decisions >= 100_000
    assert 0.05 < fired / decisions < 0.95


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), dense=st.booleans(), gain=st.floats(-3, 3), spread=st.floats(-3, 3))
def test_fold_holds_for_any_statistics(seed, dense, gain, spread):
    """Gains of both signs and every size, negative `v_th`, small extrema."""
    torch.manual_seed(seed)
    layer = DenseConfig(type="dense", units=50) if dense else ConvConfig(type="conv", channels=5, stride=2)
    block = HoyerBlock(layer, (2, 9, 9), HoyerConfig()).double().eval()
    with torch.no_grad():
        block.norm.weight.copy_(torch.randn_like(block.norm.weight) * 10.0**gain)
        block.norm.bias.copy_(torch.randn_like(block.norm.bias) * 10.0**gain)
        block.norm.running_mean.normal_()
        block.norm.running_var.copy_(torch.rand_like(block.norm.running_var) * 10.0**spread + 1e-6)
        block.spike.v_th.copy_((torch.rand(()) + 0.01) * (-1) ** seed)
        block.spike.running.uniform_(0.01, 1)
        x = (torch.rand(100, 2, 9, 9, dtype=torch.float64) < 0.4).double()
        weight, bias = folded(block)
        sums = F.linear(x.flatten(1), weight, bias) if dense else F.conv2d(x, weight, bias, 2)
        far = (sums - 1).abs() > 1e-9 * sums.abs().max()
        assert far.double().mean() > 0.999
        assert torch.equal((sums >= 1).double()[far], block.spike(block.drive(x))[far])


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 4), stride=st.integers(1, 2), at_the_end=st.booleans())
def test_random_integers_are_those_of_the_engine(seed, steps, stride, at_the_end):
    torch.manual_seed(seed)
    conv = {"type": "conv", "channels": 4, "kernel": 3, "stride": stride, "padding": 1}
    config = RunConfig.model_validate(
        {
            "name": "n",
            "data": {"dataset": "digit_images"},
            "network": {"layers": [conv, {"type": "dense", "units": 9}]},
            "hoyer": {},
        }
    )
    scales = [2 * int(x) for x in torch.randint(20, 400, (2,))]
    flat = 4 * (8 // stride) ** 2
    layers = []
    for layer, shape, scale in zip(config.network.layers, [(4, 1, 3, 3), (9, flat)], scales, strict=True):
        bias = torch.randn(shape[0])
        bias = bias.sign() * 1e6 if at_the_end else bias
        layers.append(IntegerLayer(layer, 100 * torch.randn(shape) / scale, bias, scale))
    network = IntegerNetwork(layers, torch.randn(10, 9), steps).eval()
    frames = pictures(8, steps, seed)
    description = compiled(config, network, steps)
    with torch.no_grad():
        scores, _ = network(torch.from_numpy(frames).float())
    assert np.array_equal(Engine(description).scores(frames)[:, -1], scores.numpy())
    if at_the_end:
        highest = [layer.neuron.vth_mant - layer.neuron.bias_mant.max() for layer in description.layers[:-1]]
        assert min(highest) >= 1


def test_a_little_error_of_a_convolution_changes_no_spike():
    layer = IntegerLayer(DenseConfig(type="dense", units=1), torch.zeros(1, 1), torch.zeros(1), 5000)
    assert layer.fire(torch.tensor([4998.0, 4998.4, 4999.6, 5000.0])).tolist() == [0, 0, 1, 1]


def test_positive_biases_fit_and_those_above_the_threshold_cost_no_resolution(configure, network_of):
    network = network_of(configure(), 1)
    block = network.blocks[0]
    with torch.no_grad():
        block.synapse.weight.mul_(1e-3)  # small weights ask for a large scale
        block.norm.bias.copy_(torch.linspace(-0.2, 0.9, 6) * block.spike.threshold)
        block.norm.running_mean.zero_()
    layer = fold(network, BRIGHTEST, 1).layers[0]
    assert 4000 < float(layer.scale) <= 4094 / 0.9
    wanted = torch.linspace(-0.2, 0.9, 6)
    assert torch.allclose(layer.integer_bias().detach() / layer.scale, wanted, atol=1e-3)
    with torch.no_grad():
        block.norm.bias.copy_(torch.full((6,), 30.0) * block.spike.threshold)
    layer = fold(network, BRIGHTEST, 1).layers[0]
    assert float(layer.scale) == 4094
    assert (layer.integer_bias() == 4092).all()


def test_graded_scores_are_calibrated(configure, network_of):
    config = configure(3)
    network = integers_of(network_of(config, 2), 3)
    description, frames = compiled(config, network, 3), pictures(80, 3)
    scores = Engine(description).scores(frames)
    labels = scores[:, -1].argmax(axis=1)
    policy = calibrate_cutoff(description, frames, labels, 0.05, min_support=5)
    stopped = Engine(replace(description, cutoff=policy)).run(frames)
    assert stopped.exit_step.min() < 3
    assert (stopped.decision == labels).mean() >= 0.95


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_trained_integers_are_those_of_engine_and_reference(configure, network_of, steps):
    config = configure(steps)
    for seed in range(3):
        network = integers_of(network_of(config, seed), steps)
        description, frames = compiled(config, network, steps), pictures(20, steps, seed)
        with torch.no_grad():
            scores, spikes = network(torch.from_numpy(frames).float())
        assert len(np.unique(scores.numpy())) > 20
        assert np.array_equal(Engine(description).scores(frames)[:, -1], scores.numpy())
        trace = simulate(description, frames)
        assert np.array_equal(cumulative_scores(description, trace)[:, -1], scores.numpy())
        heard = [m[..., 1 : steps + 1 + index].sum() for index, m in enumerate(trace.messages[:-1])]
        neurons = [layer.neurons * len(frames) for layer in description.layers[:-1]]
        assert [float(s) for s in spikes] == pytest.approx(np.array(heard) / neurons, rel=1e-4)


def test_one_step_has_no_spikes_but_those_of_the_picture(configure, network_of):
    config = configure()
    description = compiled(config, integers_of(network_of(config, 5), 1), 1)
    assert any((layer.neuron.bias_mant > 0).any() for layer in description.layers[:-1])
    messages = Engine(description).run(pictures(30, 1)).messages
    for index, steps in enumerate(messages[:, :-1].sum(axis=0)):
        assert steps[index + 1] > 0
        assert steps.sum() == steps[index + 1]


def test_integers_keep_their_ranges(configure, network_of):
    config = configure()
    network = fold(network_of(config, 3), BRIGHTEST, 1)
    with torch.no_grad():
        for layer in network.layers:
            layer.weight *= 10
            layer.bias += 5
    description = compiled(config, network, 1)
    assert all((layer.synapse.weights % 2 == 0).all() for layer in description.layers)
    assert max(np.abs(layer.synapse.weights).max() for layer in description.layers) == 254
    for layer in description.layers[:-1]:
        assert layer.neuron.bias_mant.max() <= layer.neuron.vth_mant
    assert "may_overflow" not in description.provenance


def test_rounding_passes_the_gradient(configure, network_of):
    network = fold(network_of(configure(), 1), BRIGHTEST, 1)
    scores, _ = network(torch.from_numpy(pictures(10, 1)).float())
    F.cross_entropy(network.logits(scores), torch.arange(10)).backward()
    for layer in network.layers:
        assert layer.weight.grad.abs().max() > 0
        assert layer.bias.grad.abs().max() > 0


@pytest.mark.lava
@pytest.mark.parametrize("steps", [1, 2])
def test_lava_computes_the_same(configure, network_of, steps):
    config = configure(steps)
    network = integers_of(network_of(config, 1), steps)
    frames = pictures(4, steps)
    found = backend("lava").run(compiled(config, network, steps), frames)
    with torch.no_grad():
        assert np.array_equal(found.scores, network(torch.from_numpy(frames).float())[0].numpy())


def test_a_head_beyond_32_bits_is_named(configure, network_of):
    config = configure()
    network = integers_of(network_of(config, 1), 1)
    layers = compiled(config, network, 1).layers
    assert _bounded(layers, 2) == layers[:-1]
    most = int(np.abs(layers[-1].synapse.weights).sum(axis=1).max())
    assert _bounded(layers, (2**31 - 1) // most) == layers[:-1]
    assert _bounded(layers, (2**31 - 1) // most + 1) == layers
