"""lava-dl's tiny network and its two sets of goldens, spike for spike."""

import h5py
import numpy as np
import pytest

from evsnn_lava.export.netx.reader import NetxOptions, read_netx
from evsnn_lava.network import (
    ConvSynapse,
    DeltaNeuron,
    DenseSynapse,
    DirectSynapse,
    Layer,
    SigmaDeltaNeuron,
    SigmaNeuron,
)

from .staggered import drive, run_staggered

STEPS = 17


@pytest.fixture(scope="module")
def spiking(lava_dl, golden):
    """Messages and states of all layers for the golden image: every layer is reset when its first input arrives."""
    network = read_netx(lava_dl / "tiny.net").network
    image = golden(lava_dl / "gts_tinynet" / "input_bias.npy").astype(int)
    frames = np.broadcast_to(image, (STEPS, *image.shape))
    return run_staggered(network, frames, [{depth} for depth in range(network.depth)])


@pytest.mark.parametrize(("depth", "name"), list(enumerate(("input", "layer1", "output"))))
def test_spikes(spiking, lava_dl, depth, name):
    """Golden (1, C, H, W, t): its entry t from 1 is what layer `depth` sends in step `t + depth`, counted from 0."""
    recorded = np.load(lava_dl / "gts_tinynet" / f"{name}.npy")[0].transpose(3, 0, 1, 2)[1 : STEPS - depth]
    sent = spiking[depth][0][depth : depth + len(recorded)]
    assert recorded.any()
    np.testing.assert_array_equal(sent, recorded)


def test_currents(spiking, lava_dl):
    recorded = np.load(lava_dl / "gts_tinynet" / "current.npy")[0].transpose(3, 0, 1, 2)[1:]
    np.testing.assert_array_equal(spiking[1][1]["u"][1 : 1 + len(recorded)], 64 * recorded)


def test_kernel_as_netx_turns_it(lava_dl):
    """The golden kernel is netx's: flipped, in the order (out, x, y, in)."""
    kernel = np.load(lava_dl / "gts_tinynet" / "layer1_kernel.npy")
    synapse = read_netx(lava_dl / "tiny.net").network.layers[1].synapse
    np.testing.assert_array_equal(synapse.weights, kernel.transpose(0, 3, 2, 1)[:, :, ::-1, ::-1])


def test_transform_on_spikes(lava_dl):
    """Fed with spikes instead of numbers, the file's own transform is the input's."""
    binary = read_netx(lava_dl / "tiny.net", NetxOptions(message_bits=0)).network
    assert (binary.layers[0].synapse.weight, binary.layers[0].synapse.bias) == (36, 34)
    assert binary.recipe.value_range == (0, 1)


@pytest.fixture(scope="module")
def sigma_delta(lava_dl):
    """The arrays of the sigma-delta goldens by name."""
    folder = lava_dl / "gts_tinynet_sdnn"
    return {path.stem: np.load(path) for path in folder.glob("*.npy")}


def test_delta(sigma_delta):
    steps = sigma_delta["input"].shape[-1]
    wave = np.sin(2 * np.pi * np.arange(steps) / steps)
    values = (sigma_delta["input_bias"][..., None] * wave).astype(int).transpose()
    sent, _ = drive(Layer("input", DirectSynapse(1), DeltaNeuron(20), (3, 16, 16)), values, set())
    np.testing.assert_array_equal(sent, sigma_delta["input"].transpose())


def test_sigma_delta(sigma_delta):
    """lava-dl recorded one step, in which only the bias has arrived; the rest of its array was never written."""
    weights = sigma_delta["layer1_kernel"].transpose(0, 3, 2, 1)[:, :, ::-1, ::-1]
    neuron = SigmaDeltaNeuron(20, sigma_delta["layer1_bias"])
    layer = Layer("conv", ConvSynapse(weights, stride=(2, 2)), neuron, (24, 6, 6))
    sent, _ = drive(layer, np.zeros((1, 3, 16, 16), int), set())
    recorded = sigma_delta["layer1"].transpose()
    assert recorded[0].any()
    assert not recorded[1:].any()
    np.testing.assert_array_equal(sent[0], recorded[0])


def test_sigma(sigma_delta):
    """lava-dl built this block without message bits, so its dense synapse takes every message for a spike."""
    spikes = sigma_delta["layer1"].reshape(-1, 16).T != 0
    late = np.concatenate([np.zeros_like(spikes[:1]), spikes[:-1]])
    layer = Layer("dense", DenseSynapse(sigma_delta["layer2_weight"]), SigmaNeuron(), (100,))
    sent, _ = drive(layer, late, set())
    assert sent.any()
    np.testing.assert_array_equal(sent, sigma_delta["layer2"].T)


def test_file_says_what_was_decided(lava_dl):
    """The shape and the types of an old file: type as a list of one, a fifth dimension of the kernel, `simulation`."""
    with h5py.File(lava_dl / "tiny.net") as file:
        assert file["layer/1/type"].shape == (1,)
        assert file["layer/1/weight"].shape == (24, 3, 5, 5, 1)
        steps = int(file["simulation/tSample"][()])
    found = read_netx(lava_dl / "tiny.net")
    assert found.network.recipe.steps == steps
    assert found.network.provenance["source_format"] == "netx, old dialect"
    assert [decision.path for decision in found.decisions] == ["/layer/0"]
