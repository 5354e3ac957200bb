"""Stock lava-dl netx loads our files and computes what the reference computes."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evsnn_lava.export.netfile_writer import write_net
from evsnn_lava.export.netx_limits import netx_dense_weights, netx_weight_bits
from evsnn_lava.network import CubaNeuron, CutoffPolicy, DenseSynapse, FrameMasks, Layer
from evsnn_lava.simulation import simulate

pytestmark = pytest.mark.lava

FROM_REST, RESET_STEP = -1, 2
"""Without a bias, nothing happens before the first spike. With one, the bias of netx runs in its first step already;
our step 0 is netx's step 1, so resetting every layer in netx's step 2 makes them equal."""


def all_kept(network, **changes):
    """netx knows no masks: the same network without them, and with other layers if asked for."""
    steps, depth = network.recipe.steps, len(changes.get("layers", network.layers))
    rest = {"masks": FrameMasks.all_kept(steps, depth), "cutoff": CutoffPolicy.never(steps)}
    return replace(network, golden=None, **rest, **changes)


def dense_only(network):
    rng = np.random.default_rng(9)
    layers = tuple(
        Layer(name, DenseSynapse(2 * rng.integers(-60, 70, shape)), CubaNeuron(90, 1023, 128), shape[:1])
        for name, shape in {"a": (7, 240), "b": (5, 7)}.items()
    )
    return all_kept(network, layers=layers)


def weight_matrices():
    """Every sign, parity and magnitude."""
    rng = np.random.default_rng(4)
    pairs = itertools.product((-256, -255, -254, -3, -1, 0, 1, 4), (-2, 0, 1, 127, 254, 255))
    matrices = [np.array([pair]) for pair in pairs]
    for _ in range(300):
        low, high = np.sort(rng.integers(-256, 256, 2))
        step = 2 ** rng.integers(0, 4)
        matrices.append(rng.integers(low, high + 1, (1, 2)) // step * step)
    return np.stack([matrix for matrix in matrices if matrix.any()])


def padded_frames(network):
    """One random sample, alone and followed by silence until the last layer is done."""
    frames = np.random.default_rng(3).random((1, *network.input_shape, network.recipe.steps)) < 0.3
    silence = np.zeros((*network.input_shape, network.depth), dtype=bool)
    return frames, np.concatenate([frames[0], silence], axis=-1)


@pytest.fixture(scope="module")
def cases(demo, plain):
    """Networks, and when netx resets them."""
    return {
        "conv-conv-dense without bias from rest": (all_kept(plain), FROM_REST),
        "conv-conv-dense with bias, all layers reset in one step": (all_kept(demo), RESET_STEP),
        "dense-dense behind the input": (dense_only(plain), FROM_REST),
    }


@pytest.fixture(scope="module")
def answers(cases, tmp_path_factory):
    """What stock netx says to all questions, from one child process."""
    folder = tmp_path_factory.mktemp("netx")
    np.savez(folder / "weights.npz", weights=weight_matrices())
    for index, (network, reset_step) in enumerate(cases.values()):
        write_net(network, folder / f"{index}.net")
        np.savez(folder / f"{index}.npz", frames=padded_frames(network)[1], reset_step=reset_step)
    command = [sys.executable, str(Path(__file__).with_name("netx_child.py")), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return {path.name: dict(np.load(path)) for path in folder.glob("answer-*.npz")}


def test_spikes_of_every_layer_are_those_of_the_reference(cases, answers):
    for number, (name, (network, _)) in enumerate(cases.items()):
        expected = simulate(network, padded_frames(network)[0]).messages
        for index, messages in enumerate(expected):
            assert messages.any(), f"{name}: layer {index} is silent, nothing is compared"
            found = answers[f"answer-{number}.npz"][f"layer{index}"]
            assert np.array_equal(found, messages[0]), f"{name}: layer {index}"


def test_dense_weights_are_predicted_as_netx_loads_them(answers):
    """What passes is exact, what is refused really differs."""
    matrices, found = weight_matrices(), answers["answer-weights.npz"]["weights"]
    predicted = np.stack([netx_dense_weights(weights) for weights in matrices])
    exact = (predicted == matrices).all(axis=(1, 2))
    assert exact.any()
    assert not exact.all()
    assert np.array_equal(exact, (found == matrices).all(axis=(1, 2)))
    assert np.array_equal(predicted[exact], found[exact])
    even = (matrices % 2 == 0).all(axis=(1, 2)) & (matrices.min(axis=(1, 2)) < 0) & (matrices.max(axis=(1, 2)) > 0)
    assert exact[even].all()
    assert all(netx_weight_bits(weights)[1] <= 8 for weights in matrices[even])
