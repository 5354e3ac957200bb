"""From SLAYER blocks to integers: the same weights, the same spikes, or a refusal."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import CapacityError, UnsupportedError
from evsnn_lava.network import ConvSynapse, FrameMasks, InputRecipe
from evsnn_lava.simulation import simulate

pytestmark = pytest.mark.torch

NEURON = {"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03}
FULL = {"current_decay": 1.0, "voltage_decay": 0.0}
HEIGHT, WIDTH, STEPS, CLASSES = 7, 6, 9, 3
LAYERS = [
    {"type": "conv", "channels": 3, "kernel": 3, "stride": 2, "padding": 1},
    {"type": "conv", "channels": 4, "kernel": 2},
    {"type": "dense", "units": 7},
]


@pytest.fixture(scope="module")
def blocks():
    """The module of the blocks that training uses."""
    from evsnn_lava.training import blocks

    return blocks


@pytest.fixture(scope="module")
def frontend():
    """The module under test, which needs torch."""
    from evsnn_lava.export import frontend

    return frontend


@pytest.fixture(scope="module")
def torch():
    from evsnn_lava._torch import torch

    return torch


@pytest.fixture(scope="module")
def make_model(torch):
    """Makes a model with random weights and masks, strong enough to fire in every layer."""
    from evsnn_lava.training.artefact import TrainedModel
    from evsnn_lava.training.config import RunConfig
    from evsnn_lava.training.model import EventNetwork

    def make(seed, semantics="skip", layers=3, neuron=NEURON):
        content = {"layers": LAYERS[:layers], "neuron": neuron}
        config = {"name": "m", "seed": seed, "data": {"dataset": "digits"}, "network": content}
        config = RunConfig.model_validate({**config, "masks": {"semantics": semantics}})
        network = EventNetwork(config.network, (2, HEIGHT, WIDTH), CLASSES).eval()
        rng = np.random.default_rng(seed)
        for parameter in (block.synapse.weight for block in network.blocks):
            inputs = np.prod(parameter.shape[1:])
            weights = rng.normal(0.2 / np.sqrt(inputs), 2 / np.sqrt(inputs), parameter.shape)
            parameter.data = torch.tensor(weights, dtype=torch.float32)
        keep = np.logical_and.accumulate(rng.random((layers + 1, STEPS)) < 0.85, axis=0)
        keep[:, rng.integers(STEPS)] = True
        recipe = InputRecipe(HEIGHT, WIDTH, STEPS, 1000)
        return TrainedModel("masked", config, recipe, ("a", "b", "c"), keep, network, {"val_accuracy": "0.5"})

    return make


def trained_spikes(torch, model, frames):
    """What the trained network answers to what is sent, block by block, as the stage with hard masks trains it."""
    from evsnn_lava.training.model import hard_gate

    masks = FrameMasks(model.semantics, tuple(model.keep))
    gate = hard_gate(np.stack([masks.gate(index) for index in range(len(model.keep))]))
    with torch.no_grad():
        return [spikes.numpy() > 0 for spikes, _ in model.network(torch.tensor(masks.stream(frames)).float(), gate)]


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    semantics=st.sampled_from(["skip", "mute"]),
    layers=st.integers(0, 3),
    decays=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_the_exported_network_fires_where_the_trained_one_fires(
    frontend, torch, make_model, seed, semantics, layers, decays
):
    neuron = {**NEURON, "current_decay": decays[0], "voltage_decay": decays[1]}
    model = make_model(seed, semantics, layers, neuron)
    frames = np.random.default_rng(seed).random((2, 2, HEIGHT, WIDTH, STEPS)) < 0.3
    network = frontend.compile_model(model)
    messages = simulate(network, frames).messages
    assert network.masks.semantics == semantics
    for layer, spikes in enumerate(trained_spikes(torch, model, frames)):
        if layer + 1 < network.depth:
            spikes = spikes & network.masks.gate(layer + 1)
        first = layer + 1
        assert np.array_equal(messages[layer][..., first : first + network.masks.stream_steps], spikes)
        assert not messages[layer][..., :first].any()


def test_random_models_are_worth_comparing(torch, make_model):
    for seed in range(6):
        frames = np.random.default_rng(seed).random((2, 2, HEIGHT, WIDTH, STEPS)) < 0.3
        rates = [spikes.mean() for spikes in trained_spikes(torch, make_model(seed), frames)]
        assert min(rates) > 0.02
        assert max(rates) < 0.9


def compiled(frontend, block, shape):
    """Layer and facts of one block of our own."""
    (layer,), (facts,) = frontend.compile_blocks([block], shape, kinds=frontend.TRAINED_KINDS)
    return layer, facts


@pytest.mark.parametrize("scale", [16, 64, 128])
def test_integers_are_those_of_slayers_own_hook(frontend, torch, blocks, scale):
    torch.manual_seed(scale)
    neuron = {**NEURON, "scale": scale}
    conv = blocks.Conv(neuron, 4, 6, (3, 2), stride=(2, 1), padding=(0, 1), dilation=(1, 2), groups=2, weight_scale=9)
    dense = blocks.Dense(neuron, 12, 5, weight_scale=9)
    for block, shape in ((conv, (4, 7, 6)), (dense, (2, 3, 2))):
        layer, facts = compiled(frontend, block, shape)
        weights = layer.synapse.weights
        exact = block.synapse.pre_hook_fx(block.synapse.weight.detach(), descale=True).numpy().reshape(weights.shape)
        assert np.array_equal(weights, exact)
        assert not (weights % 2).any()
        assert (facts.layer, facts.weight_scale) == (layer.name, scale)
        assert facts.zeros == np.count_nonzero(exact == 0)
    synapse = compiled(frontend, conv, (4, 7, 6))[0].synapse
    assert isinstance(synapse, ConvSynapse)
    assert (synapse.stride, synapse.padding, synapse.dilation, synapse.groups) == ((2, 1), (0, 1), (1, 2), 2)


def test_facts_say_what_rounding_did(frontend, torch, blocks):
    block = blocks.Dense(NEURON, 4, 2)
    weights = torch.tensor([[0.5, 9.0, -9.0, 0.001], [2.01 / 64, 0.0, -4.0, 254 / 64]])
    block.synapse.weight.data = weights.reshape(block.synapse.weight.shape)
    layer, facts = compiled(frontend, block, (4,))
    assert layer.synapse.weights.tolist() == [[32, 254, -256, 0], [2, 0, -256, 254]]
    assert (facts.clipped, facts.zeros) == (2, 2)
    assert facts.max_error == pytest.approx(0.001, abs=1e-6)


@pytest.mark.parametrize("scale", [16, 64, 128])
@settings(max_examples=25)
@given(threshold=st.floats(0.1, 31), current=st.floats(0, 1), voltage=st.floats(0, 1))
def test_neuron_parameters_are_slayers_device_parameters(frontend, blocks, scale, threshold, current, voltage):
    options = {"threshold": threshold, "current_decay": current, "voltage_decay": voltage, "scale": scale}
    block = filled(blocks.Dense(options, 2, 2), 1.0)
    neuron = compiled(frontend, block, (2,))[0].neuron
    expected = block.neuron.device_params
    assert (neuron.vth_mant, neuron.du + 1, neuron.dv) == (expected["vThMant"], expected["iDecay"], expected["vDecay"])
    assert neuron.bias_mant is None


def filled(block, value):
    block.synapse.weight.data.fill_(value)
    return block


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda b: b.Dense({**NEURON, "graded_spike": True}, 4, 3),
            "it sends graded spikes, .*; set graded_spike=False",
        ),
        (
            lambda b: b.Dense({**NEURON, "scale": 100}, 4, 3),
            "the weight scale is 100, only powers of two are exact; use",
        ),
        (
            lambda b: b.Dense({**NEURON, "persistent_state": True}, 4, 3),
            "it keeps its state between recordings, .*; set",
        ),
        (lambda b: filled(b.Dense(NEURON, 4, 3), 0.01), "all weights are zero after quantisation; train it longer or"),
        (
            lambda b: filled(b.Dense(NEURON, 4, 3), float("nan")),
            "12 weights are not finite; train again with a smaller",
        ),
        (
            lambda b: filled(b.Dense(NEURON, 4, 3), float("inf")),
            "12 weights are not finite; train again with a smaller",
        ),
    ],
)
def test_what_would_make_a_difference_is_refused_in_one_line(frontend, blocks, make, words):
    with pytest.raises(UnsupportedError, match=f"^layer dense1: {words}") as caught:
        compiled(frontend, make(blocks), (4,))
    assert "\n" not in str(caught.value)


def test_a_threshold_beyond_17_bits_is_refused(frontend, blocks):
    with pytest.raises(CapacityError, match=r"vth_mant spans 131135\.\.131135, the limit is 0\.\.131071"):
        compiled(frontend, filled(blocks.Dense({**NEURON, "threshold": 2049, **FULL}, 4, 3), 1.0), (4,))


def test_the_network_says_where_it_came_from(frontend, make_model, tmp_path):
    from evsnn_lava.training.artefact import save_model

    model = make_model(3)
    save_model(model, tmp_path / "masked.pt")
    network = frontend.compile_file(tmp_path / "masked.pt")
    assert [layer.name for layer in network.layers] == ["conv1", "conv2", "dense3", "dense4"]
    assert [layer.shape for layer in network.layers] == [(3, 4, 3), (4, 3, 2), (7,), (3,)]
    assert [fact.layer for fact in network.quantisation] == [layer.name for layer in network.layers]
    assert (network.name, network.class_names, network.recipe) == ("m", model.class_names, model.recipe)
    assert (network.cutoff.kind, network.cutoff.steps) == ("never", network.masks.stream_steps)
    assert np.array_equal(np.stack(network.masks.keep), model.keep)
    facts = dict(network.provenance)
    assert facts["model_sha256"] == hashlib.sha256((tmp_path / "masked.pt").read_bytes()).hexdigest()
    assert json.loads(facts["config"])["network"]["neuron"]["threshold"] == 1.25
    assert (facts["variant"], facts["seed"], facts["val_accuracy"]) == ("masked", "3", "0.5")
    assert facts["tool"].startswith("evsnn_lava ")


def test_a_plain_model_keeps_every_frame(frontend, make_model):
    from dataclasses import replace

    model = make_model(4)
    config = model.config.model_copy(update={"masks": None})
    plain = replace(model, variant="plain", config=config, keep=np.ones_like(model.keep))
    network = frontend.compile_model(plain)
    assert (network.masks.semantics, network.masks.stream_steps) == ("skip", STEPS)


def test_layers_that_could_leave_24_bits_are_named(frontend, torch, make_model):
    model = make_model(5, neuron={**NEURON, "current_decay": 0.001, "voltage_decay": 0.001})
    assert "may_overflow" not in frontend.compile_model(make_model(5)).provenance
    for block in model.network.blocks[1:3]:
        block.synapse.weight.data.fill_(-4.0)
    assert frontend.compile_model(model).provenance["may_overflow"] == "conv2, dense3"
