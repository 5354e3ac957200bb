"""Stock netx in Lava and the reference compute the same from the same file of others."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from evsnn_lava.export.netx.reader import NetxOptions, read_netx
from evsnn_lava.simulation import simulate

from .staggered import run_staggered

pytestmark = pytest.mark.lava

CHILD = Path(__file__).with_name("netx_child.py")
INTERVAL = 17


def image(steps, shape, high):
    values = np.random.default_rng(3).integers(0, high, shape)
    return np.repeat(values[..., None], steps, axis=-1)


def spikes(steps, shape, rate):
    return np.random.default_rng(4).random((*shape, steps)) < rate


@pytest.fixture(scope="module")
def braille(evsnn_data):
    return evsnn_data / "networks" / "inrc" / "braille_rsnn_netLoihi_rec_th1.net"


@pytest.fixture(scope="module")
def braille_for_netx(braille, tmp_path_factory):
    """The braille network under the names that netx knows."""
    renamed = tmp_path_factory.mktemp("renamed") / "braille.net"
    with h5py.File(braille) as old, h5py.File(renamed, "w") as new:
        old.copy("layer", new)
        new["layer/2/type"][0] = b"dense_rec"
        new["layer/2"].move("recWeight", "weight_rec")
    return renamed


@pytest.fixture(scope="module")
def jobs(lava_dl, netx_tests, braille, braille_for_netx):
    """Name -> file for netx, file for us, frames, blocks, reset interval; constant frames are an image."""
    ntidigits = netx_tests / "gts" / "ntidigits" / "ntidigits.net"
    tiny, recurrent, mnist = lava_dl / "tiny.net", lava_dl / "recurrent_example.net", netx_tests / "mnist.net"
    return {
        "tiny": (tiny, tiny, image(40, (3, 16, 16), 80), 0, INTERVAL),
        "mnist": (mnist, mnist, image(20, (784, 1, 1), 140), 0, INTERVAL),
        "recurrent": (recurrent, recurrent, spikes(60, (6, 1, 1), 0.4), 0, 0),
        "braille": (braille_for_netx, braille, spikes(60, (1, 1, 48), 0.2), 0, 0),
        "delays": (ntidigits, ntidigits, spikes(100, (1, 1, 64), 0.1), 5, 0),
    }


@pytest.fixture(scope="module")
def answers(jobs, tmp_path_factory):
    """Messages of all layers in stock netx, by job."""
    folder = tmp_path_factory.mktemp("netx")
    for name, (path, _, frames, blocks, interval) in jobs.items():
        options = {"blocks": blocks, "message_bits": 0, "reset_interval": interval}
        np.savez(folder / f"{name}.npz", path=str(path), frames=frames, **options)
    done = subprocess.run([sys.executable, CHILD, folder], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return {name: np.load(folder / f"answer-{name}.npz") for name in jobs}


@pytest.mark.parametrize("name", ["recurrent", "braille", "delays"])
def test_from_rest(jobs, answers, name):
    """Without bias and resets, netx's step k, counted from 0, is ours."""
    _, path, frames, blocks, _ = jobs[name]
    steps = frames.shape[-1]
    network = read_netx(path, NetxOptions(steps=steps, blocks=blocks or None)).network
    for index, sent in enumerate(simulate(network, frames[None]).messages):
        expected = answers[name][f"layer{index}"]
        assert expected.any()
        np.testing.assert_array_equal(sent[0, ..., :steps], expected)


@pytest.mark.parametrize("name", ["tiny", "mnist"])
def test_with_resets(jobs, answers, name):
    """netx resets one layer after the other; the last layer of mnist never fires, so its states must agree."""
    _, path, frames, _, interval = jobs[name]
    steps = frames.shape[-1]
    network = read_netx(path).network
    resets = [set(range(depth, steps, interval)) for depth in range(network.depth)]
    run = run_staggered(network, np.moveaxis(frames, -1, 0), resets)
    for index, (sent, _) in enumerate(run):
        expected = answers[name][f"layer{index}"]
        assert expected.any() or index == network.depth - 1
        np.testing.assert_array_equal(np.moveaxis(sent, 0, -1).reshape(expected.shape), expected)
    for state in ("u", "v"):
        np.testing.assert_array_equal(run[-1][1][state][-1], answers[name][state])
    assert answers[name]["u"].any()
