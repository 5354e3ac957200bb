"""Networks run on frames from a file, with events or without."""

from __future__ import annotations

import json

import numpy as np
import pytest

from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.simulation import run


def make(path, recipe):
    """A network of one layer, which counts what comes in at its two inputs."""
    layer = Layer("fc", DenseSynapse([[64, 0], [0, 64]]), CubaNeuron(64, 4095, 0), (2,))
    masks, cutoff = FrameMasks.all_kept(4, 1), CutoffPolicy.never(4)
    network = NetworkDescription(path.stem, (layer,), recipe, masks, cutoff, ("a", "b"))
    write_net(network, path)
    return network


@pytest.fixture
def frames():
    return np.random.default_rng(0).integers(0, 2, (5, 2, 1, 1, 4)).astype(bool)


@pytest.mark.parametrize("recipe", [InputRecipe.frames((2, 1, 1), 4), InputRecipe(1, 1, 4, 1000)])
@pytest.mark.parametrize("verb", ["run", "profile"])
def test_frames_are_run_as_they_are(tmp_path, evsnn, frames, recipe, verb):
    network = make(tmp_path / "a.net", recipe)
    expected = run(network, frames)
    np.savez(tmp_path / "f.npz", frames=frames, labels=expected.decision)
    code, out, err = evsnn(verb, tmp_path / "a.net", "--data", tmp_path / "f.npz", "--json")
    assert code == 0, err
    assert json.loads(out)["samples"] == 5
    assert json.loads(out)["accuracy"] == 1.0
    assert "5 of 5 samples" in err


def test_rows_of_a_run(tmp_path, evsnn, frames):
    network = make(tmp_path / "a.net", InputRecipe.frames((2, 1, 1), 4))
    np.save(tmp_path / "f.npy", frames[:, :, 0, 0])
    code, _, err = evsnn(
        "run", tmp_path / "a.net", "--data", tmp_path / "f.npy", "--limit", 3, "-o", tmp_path / "r.npz"
    )
    assert code == 0, err
    assert "3 of 5 samples" in err
    with np.load(tmp_path / "r.npz") as rows:
        assert rows["scores"].tolist() == run(network, frames[:3]).scores.tolist()
        assert rows["label"].tolist() == [-1] * 3
        assert rows["sample_id"].tolist() == [0, 1, 2]


def test_what_cannot_be_run(tmp_path, evsnn, frames):
    make(tmp_path / "a.net", InputRecipe.frames((2, 1, 1), 4))
    make(tmp_path / "b.net", InputRecipe(1, 1, 4, 1000))
    np.save(tmp_path / "f.npy", frames[:, :1])
    for name, options, message in (
        ("a", (), "does not say what it was trained on; give a file of frames with --data"),
        ("b", (), "does not say what it was trained on; give recordings with --data"),
        ("a", ("--data", tmp_path / "f.npy"), "frames have shape (5, 1, 1, 1, 4)"),
        ("b", ("--data", tmp_path / "f.npy"), "frames have shape (5, 1, 1, 1, 4)"),
        ("a", ("--data", "digits"), "digits is no .npy or .npz file"),
        ("a", ("--data", tmp_path / "f.npy", "--split", "test"), "--split test does nothing with frames"),
    ):
        code, out, err = evsnn("run", tmp_path / f"{name}.net", *options)
        assert (code, out) == (2, "")
        assert message in err


def test_a_network_of_others_is_run(tmp_path, evsnn, evsnn_data):
    assert evsnn("convert", evsnn_data / "networks" / "lava_dl" / "tiny.net", tmp_path / "t.net", "--steps", 3)[0] == 0
    np.save(tmp_path / "f.npy", np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3)))
    code, out, err = evsnn("run", tmp_path / "t.net", "--data", tmp_path / "f.npy", "--json")
    assert code == 0, err
    assert json.loads(out)["messages_per_sample"] > 0
