"""Stock lava-dl netx loads our files and computes what the reference computes."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evsnn_lava.export.lowering.cutoff import lower_cutoff
from evsnn_lava.export.netfile.netx_weights import netx_dense_weights, netx_weight_bits
from evsnn_lava.export.netfile.neurons import stored_decay
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import NEVER, CubaNeuron, CutoffPolicy, DenseSynapse, DirectSynapse, FrameMasks, Layer
from evsnn_lava.simulation import run, simulate

pytestmark = pytest.mark.lava

FROM_REST, RESET_STEP = -1, 2
"""Without a bias, nothing happens before the first spike. With one, the bias of netx runs in its first step already;
our step 0 is netx's step 1, so resetting every layer in netx's step 2 makes them equal. With an input block, our step
1 is netx's step 1, and nothing is too early."""


def all_kept(network, **changes):
    """netx knows no masks: the same network without them, and with other layers if asked for."""
    steps, depth = network.recipe.steps, len(changes.get("layers", network.layers))
    rest = {"masks": FrameMasks.all_kept(steps, depth), "cutoff": CutoffPolicy.never(steps)}
    return replace(network, golden=None, quantisation=(), **rest, **changes)


def dense_only(network):
    rng = np.random.default_rng(9)
    layers = tuple(
        Layer(name, DenseSynapse(2 * rng.integers(-60, 70, shape)), CubaNeuron(90, 1023, 128), shape[:1])
        for name, shape in {"a": (7, 240), "b": (5, 7)}.items()
    )
    return all_kept(network, layers=layers)


def deciding(network, thresholds):
    """A network whose cutoff has become neurons; stock netx reads no policy."""
    steps = network.recipe.steps
    masks = FrameMasks.all_kept(steps, network.depth)
    host = replace(network, golden=None, masks=masks, cutoff=CutoffPolicy("topk_gap", thresholds))
    return host, lower_cutoff(host)[0]


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


def recurrent_matrices():
    """Three columns from before and two of the layer itself, each part of any sign and parity."""
    rng = np.random.default_rng(5)
    matrices = []
    for _ in range(400):
        parts = []
        for columns in (3, 2):
            low, high = np.sort(rng.choice([-256, -100, -2, 0, 1, 7, 60, 127, 254, 255], 2))
            step = 2 ** rng.integers(0, 4)
            parts.append(rng.integers(low, high + 1, (2, columns)) // step * step)
        matrices.append(np.hstack(parts))
    return np.stack([matrix for matrix in matrices if matrix.any()])


def decay_pairs():
    """All combinations of the ends and the middle of the range, and random ones."""
    ends = list(itertools.product((-4096, -4095, -1, 0, 1, 2047, 4095, 4096), repeat=2))
    return ends + np.random.default_rng(6).integers(-4096, 4097, (2000, 2)).tolist()


def padded(network, frames):
    """A sample followed by silence until the last layer is done."""
    silence = np.zeros((*network.input_shape, network.depth), dtype=frames.dtype)
    return np.concatenate([frames[0], silence], axis=-1)


def starts_with_input_block(network):
    return isinstance(network.layers[0].synapse, DirectSynapse)


def reset_step(network):
    return FROM_REST if starts_with_input_block(network) else RESET_STEP


@pytest.fixture(scope="module")
def deciders(demo, zoo):
    """Networks with the policy of the host, and as neurons: with and without spikes before the first frame's."""
    return {
        "the cutoff as neurons": deciding(demo, [NEVER, NEVER, 3, 2, 2, 1, 1, 0]),
        "the cutoff as neurons, recurrent": deciding(zoo["recurrence"], [NEVER] * 4 + [1] * 8),
        "the cutoff as neurons behind an input block": deciding(zoo["input block"], [2] * 6 + [1] * 6),
    }


@pytest.fixture(scope="module")
def cases(demo, plain, zoo, deciders):
    """Networks, and when netx resets them."""
    return {
        "conv-conv-dense without bias from rest": (all_kept(plain), FROM_REST),
        "conv-conv-dense with bias, all layers reset in one step": (all_kept(demo), RESET_STEP),
        "dense-dense behind the input": (dense_only(plain), FROM_REST),
        **{name: (network, RESET_STEP if name == "bias" else FROM_REST) for name, network in zoo.items()},
        **{name: (network, reset_step(network)) for name, (_, network) in deciders.items()},
    }


@pytest.fixture(scope="module")
def answers(cases, random_frames, tmp_path_factory):
    """What stock netx says to all questions, from one child process."""
    folder = tmp_path_factory.mktemp("netx")
    np.savez(folder / "weights.npz", matrices=weight_matrices(), own=0)
    np.savez(folder / "recurrent.npz", matrices=recurrent_matrices(), own=2)
    np.savez(folder / "decays.npz", decays=[[stored_decay(value) for value in pair] for pair in decay_pairs()])
    for index, (network, reset_step) in enumerate(cases.values()):
        write_net(network, folder / f"{index}.net")
        job = {"reset_step": reset_step, "message_bits": network.recipe.message_bits}
        np.savez(folder / f"{index}.npz", frames=padded(network, random_frames(network)), **job)
    command = [sys.executable, str(Path(__file__).with_name("netx_child.py")), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return {path.name: dict(np.load(path)) for path in folder.glob("answer-*.npz")}


def test_messages_of_every_layer_are_those_of_the_reference(cases, answers, random_frames):
    for number, (name, (network, _)) in enumerate(cases.items()):
        early = int(starts_with_input_block(network))
        for index, messages in enumerate(simulate(network, random_frames(network)).messages):
            assert messages.any(), f"{name}: layer {index} is silent, nothing is compared"
            found = answers[f"answer-{number}.npz"][f"layer{index}"]
            assert np.array_equal(found[..., : found.shape[-1] - early], messages[0, ..., early:]), f"{name}: {index}"


def test_the_first_spike_of_a_cutoff_in_neurons_is_the_decision_of_the_host(cases, deciders, answers, random_frames):
    for name, (host, network) in deciders.items():
        expected = run(host, random_frames(host))
        found = answers[f"answer-{list(cases).index(name)}.npz"][f"layer{network.depth - 1}"]
        found = found[:, network.depth - int(starts_with_input_block(network)) :]
        step = int(np.argmax(found.any(axis=0)))
        assert (step + 1, int(np.argmax(found[:, step]))) == (expected.exit_step[0], expected.decision[0]), name


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


def test_recurrent_weights_are_predicted_as_netx_loads_them(answers):
    matrices, found = recurrent_matrices(), answers["answer-recurrent.npz"]["weights"]
    predicted = np.stack([netx_dense_weights(weights, own=2) for weights in matrices])
    exact = (predicted == matrices).all(axis=(1, 2))
    assert 0.1 < exact.mean() < 0.9
    assert np.array_equal(exact, (found == matrices).all(axis=(1, 2)))


def test_stored_decays_are_loaded_as_the_integers_of_the_description(answers):
    """Whole numbers would not do: netx's floats fall short of some of them."""
    assert np.array_equal(answers["answer-decays.npz"]["decays"], decay_pairs())
