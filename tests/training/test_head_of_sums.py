"""A head that does not spike: the same sums in training, on every back-end and in the file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava import runtime
from evsnn_lava._torch import torch
from evsnn_lava.errors import FormatError, UnsupportedError
from evsnn_lava.export.frontend import compile_model
from evsnn_lava.export.lowering.cutoff import lower_cutoff
from evsnn_lava.export.netfile.encoding import content_digest, encode
from evsnn_lava.export.netfile.reader import read_lifted, read_net
from evsnn_lava.export.netfile.schema import HASH_PATH
from evsnn_lava.export.netfile.storage import tree_to_bytes
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.export.policies import Guaranteed, TopKGap
from evsnn_lava.export.slayer.check import compare_blocks
from evsnn_lava.network import CubaNeuron, CutoffPolicy, DenseSynapse, FrameMasks, InputRecipe, SigmaDeltaNeuron
from evsnn_lava.simulation import run, simulate
from evsnn_lava.simulation.engine import Engine
from evsnn_lava.training.artefact import TrainedModel
from evsnn_lava.training.config import NetworkConfig, RunConfig
from evsnn_lava.training.losses import settling_loss
from evsnn_lava.training.model import EventNetwork, thresholds
from evsnn_lava.training.twin import slayer_messages

pytestmark = pytest.mark.torch

SHAPE, STEPS, CLASSES = (2, 3, 4), 9, 5
LAYERS = {
    "recurrent": [{"type": "recurrent", "units": 12, "weight_scale": 4.0}],
    "conv": [{"type": "conv", "channels": 3, "kernel": 2, "weight_scale": 5.0}],
    "none": [],
}


def trained(layers="recurrent", seed=0, keep=None):
    """A network as training leaves it, with a head of sums."""
    torch.manual_seed(seed)
    config = NetworkConfig.model_validate({"head": "sums", "layers": LAYERS[layers], "output_weight_scale": 6.0})
    network = EventNetwork(config, SHAPE, CLASSES).eval()
    masks = np.ones((network.depth, STEPS), dtype=bool) if keep is None else np.tile(keep, (network.depth, 1))
    run_config = RunConfig.model_validate({"name": "sums", "data": {"dataset": "digits"}, "network": config})
    recipe = InputRecipe(*SHAPE[1:], STEPS, 1000)
    return TrainedModel("plain", run_config, recipe, tuple("abcde"), masks, network, {})


def some_frames(seed=1, samples=6):
    return np.random.default_rng(seed).random((samples, *SHAPE, STEPS)) < 0.3


def responses(model, frames):
    with torch.no_grad():
        return model.network(torch.from_numpy(frames).float())


@pytest.mark.parametrize("layers", LAYERS)
def test_the_score_of_a_class_is_the_sum_of_its_weights(layers):
    model, frames = trained(layers), some_frames()
    before = responses(model, frames)[-2][0] if LAYERS[layers] else torch.from_numpy(frames).float()
    network = compile_model(model)
    weights = network.layers[-1].synapse.weights
    expected = np.einsum("ci,nit->ntc", weights, before.flatten(1, -2).numpy().astype(np.int64)).cumsum(1)
    np.testing.assert_array_equal(Engine(network).scores(frames), expected)
    assert (expected < 0).any()
    assert (expected[:, -1] > 0).any()


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), layers=st.sampled_from(["recurrent", "conv", "none"]))
def test_training_slayer_and_the_integers_send_the_same(seed, layers):
    model, frames = trained(layers, seed), some_frames(seed, 3)
    network = compile_model(model)
    sent = responses(model, frames)[-1][0].double().numpy() * 64  # weights count in 1/64
    np.testing.assert_array_equal(Engine(network).scores(frames), sent.cumsum(-1).swapaxes(1, 2))
    for one, other in zip(slayer_messages(network, frames), simulate(network, frames).messages, strict=True):
        np.testing.assert_array_equal(one, other)


def test_blocks_are_compared_in_the_units_of_their_layers():
    from evsnn_lava.export.frontend import TRAINED_KINDS

    model = trained("conv")
    network = compile_model(model)
    assert network.layers[-1].name == "sums2"
    for block in model.network.blocks:
        block.delay_shift = True
    assert compare_blocks(model.network.blocks, network, some_frames(), kinds=TRAINED_KINDS) is None
    wrong = replace(network.layers[-1], synapse=replace(network.layers[-1].synapse, weight_exp=1))
    found = compare_blocks(model.network.blocks, (network.layers[0], wrong), some_frames(), kinds=TRAINED_KINDS)
    assert (found.layer, found.found) == ("sums2", 2 * found.expected)


@pytest.mark.lava
def test_lava_stops_where_the_reference_stops():
    network = compile_model(trained(keep=[True, True, False] * 3))
    network = network.with_cutoff(CutoffPolicy("topk_gap", [40] * 6))
    frames = some_frames(samples=8)
    expected = run(network, frames)
    assert np.unique(expected.exit_step).size > 1
    for model in ("layers", "fused"):
        found = runtime.run(network, frames, model=model)
        for name in ("scores", "exit_step", "decision", "messages"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_the_file_holds_it_as_version_5(tmp_path):
    network = compile_model(trained())
    write_net(network, tmp_path / "a.net")
    found, lifted = read_lifted(tmp_path / "a.net")
    assert (lifted.version, lifted.changes) == (5, ())
    assert found.layers[-1].neuron.activation == "unit"
    np.testing.assert_array_equal(run(found, some_frames()).scores, run(network, some_frames()).scores)
    write_net(found, tmp_path / "b.net")
    assert (tmp_path / "a.net").read_bytes() == (tmp_path / "b.net").read_bytes()


NEWER = {1: ("evsnn/cutoff/layers", "evsnn/recipe/message_bits"), 2: ("evsnn/cutoff/layers",)}
REFUSALS = {1: "SUMS", 2: "SUMS", 3: "format_version contradicts", 4: "format_version contradicts"}


@pytest.mark.parametrize("version", REFUSALS)
def test_older_versions_do_not_know_it(tmp_path, version):
    tree = encode(compile_model(trained("conv"))) | {"evsnn/format_version": np.array(version, "<i8")}
    tree = {path: array for path, array in tree.items() if path not in NEWER.get(version, ())}
    tree[HASH_PATH] = np.array(content_digest(tree).encode())
    (tmp_path / "a.net").write_bytes(tree_to_bytes(tree))
    with pytest.raises(FormatError, match=REFUSALS[version]):
        read_net(tmp_path / "a.net")


def test_it_is_a_head_and_nothing_else(tmp_path):
    network = compile_model(trained("conv"))
    hidden, head = network.layers
    deeper = replace(head, name="deeper", synapse=DenseSynapse(2 * np.eye(CLASSES, dtype=int)))
    own = DenseSynapse(2 * np.eye(CLASSES, dtype=int))
    cases = [
        (hidden, head, deeper),
        (replace(hidden, neuron=SigmaDeltaNeuron.sums()), replace(head, neuron=CubaNeuron(80, 1023, 128))),
        (hidden, replace(head, recurrent=own)),
    ]
    for layers in cases:
        masks = FrameMasks.all_kept(STEPS, len(layers))
        with pytest.raises(UnsupportedError, match="are a head"):
            write_net(replace(network, layers=layers, masks=masks, quantisation=()), tmp_path / "a.net")
    assert not list(tmp_path.iterdir())


def test_other_sigma_delta_neurons_of_that_kind_are_still_refused(tmp_path):
    network = compile_model(trained())
    for neuron in (SigmaDeltaNeuron(0, activation="unit"), SigmaDeltaNeuron(0, [1] * CLASSES, "unit", 0, 0)):
        other = replace(network, layers=(*network.layers[:-1], replace(network.layers[-1], neuron=neuron)))
        with pytest.raises(UnsupportedError, match="netx"):
            write_net(other, tmp_path / "a.net")


@pytest.mark.lava
def test_stock_netx_stops_at_it_and_computes_nothing_else(tmp_path):
    from evsnn_lava import _lava

    write_net(compile_model(trained()), tmp_path / "a.net")
    with pytest.raises(AttributeError, match="NoneType"):  # it has no parameters for neurons of type SUMS
        _lava.netx().hdf5.Network(net_config=str(tmp_path / "a.net"))


def test_a_decision_by_neurons_is_refused():
    network = compile_model(trained()).with_cutoff(CutoffPolicy("topk_gap", [40] * STEPS))
    with pytest.raises(UnsupportedError, match="its messages are numbers"):
        lower_cutoff(network)


def test_the_regulariser_leaves_the_head_out():
    model, frames = trained("conv"), some_frames()
    found, labels = responses(model, frames), torch.zeros(len(frames), dtype=torch.int64)
    labels[:] = found[-1][0].sum(-1).argmax(1)
    assert len(thresholds(model.network)) == 1
    hidden_alone = settling_loss([found[0], found[-1]], thresholds(model.network), labels, 0.1)
    other_head = settling_loss([found[0], (found[-1][0], -found[-1][1])], thresholds(model.network), labels, 0.1)
    assert float(hidden_alone) == float(other_head) >= 1
    bare = trained("none")
    assert float(settling_loss(responses(bare, frames), thresholds(bare.network), labels, 0.1)) == 0


def test_large_leads_have_as_fine_a_family_of_thresholds_as_small_ones():
    scores = np.zeros((3, 4, 2), dtype=np.int64)
    scores[:, :, 0] = 20_000
    first = [policy.thresholds[0] for policy in TopKGap().unfitted_family(scores)]
    ratios = np.array(first[:100]) / np.array(first[1:101])
    assert 1 < ratios.min() <= ratios.max() < 1.06
    labels = np.zeros(3, int)
    assert Guaranteed(TopKGap(), 0.5, 0.2).fit(scores, labels).certificate_.granted
