"""What netx refuses and we lower: stock netx loads the file and sends what SLAYER and the reference send."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from evsnn_lava.export.lowering.graph import Edge, Node
from evsnn_lava.export.lowering.lower_graph import lower_graph
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import ConvSynapse, CubaNeuron, DenseSynapse
from evsnn_lava.simulation import simulate

pytestmark = [pytest.mark.lava, pytest.mark.torch, pytest.mark.slow]

HERE = Path(__file__).parent
truth = SimpleNamespace(**runpy.run_path(str(HERE / "slayer_truth.py")))

STEPS, FROM_REST = 30, -1
CHILD = """
import runpy, sys
from pathlib import Path
import numpy as np
run = runpy.run_path(sys.argv[1])["run_network"]
for net in sorted(Path(sys.argv[2]).glob("*.net")):
    with np.load(net.with_suffix(".npz")) as job:
        np.savez(net.with_name(f"answer-{net.stem}.npz"), **run(net, job["frames"], -1, 0))
"""


def cuba(**changes):
    return {"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03, **changes}


def even(rng, *shape):
    return 2 * rng.integers(-30, 45, shape)


def pools(c):
    """An odd image, and one whose windows cross channels."""
    return [
        c.Conv(cuba(), 2, 2, 3, padding=1),
        c.Pool(cuba(), 2, weight_scale=1.3),
        c.Pool(cuba(threshold=0.5), 3, stride=1),
        c.Flatten(),
        c.Dense(cuba(), 36, 5),
    ], (2, 9, 7)


def transposed(c):
    return [
        c.Conv(cuba(), 2, 3, 3, stride=2),
        c.ConvT(cuba(), 3, 2, 3, stride=2),
        c.Conv(cuba(), 2, 2, 3),
        c.Unpool(cuba(threshold=0.5), 2),
        c.Flatten(),
        c.Dense(cuba(), 72, 4),
    ], (2, 5, 5)


def averaged(c):
    return [c.Dense(cuba(), 8, 12), c.Average(6), c.Dense(cuba(), 6, 4)], (8,)


def decays_per_channel(c):
    own = {"shared_param": False, "current_decay": (0.1, 0.5), "voltage_decay": (0.01, 0.2)}
    return [c.Dense(cuba(**own), 8, 12), c.Dense(cuba(**own), 12, 4)], (8,)


def recurrent(c):
    return [c.Recurrent(cuba(), 8, 12), c.Dense(cuba(), 12, 4)], (8,)


def delayed(c):
    return [c.Dense(cuba(), 8, 12, delay=True), c.Dense(cuba(), 12, 4)], (8,)


BLOCKS = {
    function.__name__: function for function in (pools, transposed, averaged, decays_per_channel, recurrent, delayed)
}


def residual(rng):
    """Skips of the input and of a convolution past two others, then a dense layer."""
    conv = [ConvSynapse(even(rng, 3, n, 3, 3), padding=(1, 1)) for n in (2, 3, 3)]
    neuron = CubaNeuron(80, 1023, 128)
    return [
        Node("a", neuron, (3, 5, 4), (Edge("input", conv[0]),)),
        Node("b", neuron, (3, 5, 4), (Edge("a", conv[1]),)),
        Node("c", neuron, (3, 5, 4), (Edge("a", conv[2]), Edge("b", conv[2]), Edge("input", conv[0]))),
        Node("d", neuron, (4,), (Edge("c", DenseSynapse(even(rng, 4, 60))), Edge("a", DenseSynapse(even(rng, 4, 60))))),
    ], (2, 5, 4)


def concatenated(rng):
    """Two convolutions of other sizes side by side, then both, then both and the frames as vectors."""
    small, large = ConvSynapse(even(rng, 2, 2, 1, 1)), ConvSynapse(even(rng, 3, 2, 3, 3), padding=(1, 1))
    neuron, other = CubaNeuron(80, 1023, 128), CubaNeuron(80, 2000, 700)
    both = [ConvSynapse(even(rng, 2, n, 2, 2), (2, 2)) for n in (2, 3)]
    vectors = [DenseSynapse(even(rng, 4, n)) for n in (8, 40)]
    return [
        Node("a", neuron, (2, 5, 4), (Edge("input", small),)),
        Node("b", other, (3, 5, 4), (Edge("input", large),)),
        Node("c", neuron, (2, 2, 2), (Edge("a", both[0]), Edge("b", both[1]))),
        Node("d", neuron, (4,), (Edge("c", vectors[0]), Edge("input", vectors[1]))),
    ], (2, 5, 4)


GRAPHS = {function.__name__: function for function in (residual, concatenated)}


def compiled_blocks(make):
    """Layers and frames of random SLAYER blocks, after SLAYER itself has agreed with them."""
    from evsnn_lava._torch import slayer, torch

    blocks, shape = make(slayer.block.cuba)
    run = torch.Generator().manual_seed(7)
    frames = (np.random.default_rng(1).random((1, *shape, STEPS)) < 0.35).astype(int)
    for block in blocks:
        for name, module in block.named_modules():
            if "synapse" in name and module.weight.requires_grad:
                size = module.weight.shape
                module.weight.data = (2 * torch.randn(tuple(size), generator=run) + 0.4) / np.prod(size[1:]) ** 0.5
    truth.run_once(blocks, frames)
    for block in blocks:
        if getattr(block, "delay", None) is not None:
            block.delay.delay.data = 9 * torch.rand(block.delay.delay.shape, generator=run)
    layers, found, expected = truth.compared(blocks, frames)
    assert all(np.array_equal(sent, heard) for sent, heard in zip(found, expected, strict=True))
    return layers, shape, frames


def compiled_graph(make):
    rng = np.random.default_rng(3)
    nodes, shape = make(rng)
    return lower_graph(nodes, shape), shape, (rng.random((1, *shape, STEPS)) < 0.35).astype(int)


@pytest.fixture(scope="module")
def networks():
    """Every lowered network with one sample."""
    made = {name: compiled_blocks(make) for name, make in BLOCKS.items()}
    made |= {name: compiled_graph(make) for name, make in GRAPHS.items()}
    described = {}
    for name, (layers, shape, frames) in made.items():
        network = truth.described(list(layers), shape, STEPS)
        described[name] = network, frames.reshape(1, *network.input_shape, STEPS)
    return described


@pytest.fixture(scope="module")
def answers(networks, tmp_path_factory):
    """What stock netx sends for the files, from one child process."""
    folder = tmp_path_factory.mktemp("lowered")
    for name, (network, frames) in networks.items():
        write_net(network, folder / f"{name}.net")
        assert [layer.name for layer in read_net(folder / f"{name}.net").layers] == [x.name for x in network.layers]
        silence = np.zeros((*network.input_shape, network.depth), dtype=int)
        np.savez(folder / f"{name}.npz", frames=np.concatenate([frames[0], silence], axis=-1))
    command = [sys.executable, "-c", CHILD, str(HERE / "netx_child.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    return {name: dict(np.load(folder / f"answer-{name}.npz")) for name in networks}


@pytest.mark.parametrize("name", [*BLOCKS, *GRAPHS])
def test_stock_netx_sends_what_the_reference_sends(networks, answers, name):
    network, frames = networks[name]
    for index, messages in enumerate(simulate(network, frames).messages):
        found = answers[name][f"layer{index}"].reshape((*network.layers[index].shape, network.max_steps))
        assert messages.any(), f"layer {index} is silent, nothing is compared"
        assert np.array_equal(found, messages[0]), f"layer {index}"
