"""Random files in the spellings of netx: what is read computes what stock netx in Lava computes."""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from evsnn_lava.export.netx.reader import NetxOptions, read_netx
from evsnn_lava.simulation import simulate

from . import random_files
from .staggered import run_staggered

pytestmark = pytest.mark.lava

CHILD = Path(__file__).with_name("netx_child.py")
JOBS = [f"{kind}-{seed}" for kind, seed in itertools.product(random_files.KINDS, range(2))]


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """File, frames and netx's messages of all layers, by job."""
    folder = tmp_path_factory.mktemp("random")
    made = {}
    for name in JOBS:
        kind, seed = name.split("-")
        path = folder / f"{name}.net"
        frames, bits = random_files.make(path, kind, int(seed))
        np.savez(folder / f"{name}.npz", path=str(path), frames=frames, blocks=0, message_bits=bits, reset_interval=0)
        made[name] = (path, frames)
    done = subprocess.run([sys.executable, CHILD, folder], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return {name: (*job, np.load(folder / f"answer-{name}.npz")) for name, job in made.items()}


@pytest.mark.parametrize("name", JOBS)
def test_same_messages(played, name):
    """Of all layers in all steps, and the last states of the last layer, lest its silence shows nothing."""
    path, frames, expected = played[name]
    network = read_netx(path, NetxOptions(steps=frames.shape[-1])).network
    biased = any("bias_mant" in layer.neuron.per_channel for layer in network.layers)
    messages, states = (from_rest if biased else simulated)(network, frames)
    assert len(messages) == len([key for key in expected if key.startswith("layer")])
    for index, sent in enumerate(messages):
        assert sent.any() or index == network.depth - 1
        np.testing.assert_array_equal(sent, expected[f"layer{index}"])
    for state in set(states) & set(expected):
        assert expected["u"].any()
        np.testing.assert_array_equal(states[state], expected[state])


def simulated(network, frames):
    """Without bias, our step k is netx's, counted from 0."""
    steps = frames.shape[-1]
    trace = simulate(network, frames[None], states=True)
    states = {name: history[0, ..., steps - 1] for name, history in trace.states[-1].items()}
    return [sent[0, ..., :steps] for sent in trace.messages], states


def from_rest(network, frames):
    """With bias, every layer of netx starts at once; frames need a step to the first layer, input neurons none."""
    arriving = np.moveaxis(frames, -1, 0)
    if network.recipe.message_bits == 0:
        arriving = np.concatenate([np.zeros_like(arriving[:1]), arriving[:-1]])
    answers = run_staggered(network, arriving, [set()] * network.depth)
    states = {name: history[-1] for name, history in answers[-1][1].items()}
    return [np.moveaxis(sent, 0, -1) for sent, _ in answers], states
