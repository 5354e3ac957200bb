"""``evsnn pipeline``: a row for every way, and a word for every way that is not possible."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.data import EventSet, Recording, write_events
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    DirectSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.simulation import run
from evsnn_lava.simulation.streaming import stream


def write_chain(path, bias=None, relay=True):
    """Two inputs, an input block of relays if wanted, two dense layers; stops when one leads."""
    pairs = DenseSynapse(20 * np.eye(2, dtype=int))
    layers = [
        Layer("a", pairs, CubaNeuron(15, 2000, 300), (2,)),
        Layer("b", pairs, CubaNeuron(15, 2000, 300, bias), (2,)),
    ]
    if relay:
        layers.insert(0, Layer("relay", DirectSynapse(), CubaNeuron(1, 4095, 4096), (2, 1, 1)))
    recipe, masks = InputRecipe.frames((2, 1, 1), 5), FrameMasks.all_kept(5, len(layers))
    cutoff = CutoffPolicy("topk_gap", [0, 0, 0, 0, 0])
    network = NetworkDescription(path.stem, tuple(layers), recipe, masks, cutoff, ("off", "on"))
    write_net(network, path)
    return network


@pytest.fixture
def frames(tmp_path):
    found = np.random.default_rng(2).random((40, 2, 1, 1, 5)) < [[[[0.3]]], [[[0.6]]]]
    np.savez(tmp_path / "f.npz", frames=found, labels=np.ones(40, dtype=int))
    return found


def rows_of(out):
    return {row["name"]: row for row in json.loads(out)["rows"]}


def test_rows_say_what_really_runs(tmp_path, evsnn, frames):
    network = write_chain(tmp_path / "a.net")
    code, out, err = evsnn("pipeline", tmp_path / "a.net", "--data", tmp_path / "f.npz", "--json")
    assert code == 0, err
    rows, alone, streamed = rows_of(out), run(network, frames), stream(network, frames)
    ways = ["no cutoff", "as it is", "relays merged"]
    assert list(rows) == [name + way for name in ways for way in ("", ", streamed")]
    assert {name: row["depth"] for name, row in rows.items()} == dict.fromkeys(rows, 3) | {
        "relays merged": 2,
        "relays merged, streamed": 2,
    }
    assert rows["as it is"]["accuracy"] == alone.accuracy(np.ones(40))
    assert rows["as it is"]["latency_steps"]["mean"]["value"] == pytest.approx(alone.steps.mean())
    assert rows["as it is, streamed"]["latency_steps"] == rows["as it is"]["latency_steps"]
    last = min(int(alone.steps[-1]), 5)
    assert rows["as it is, streamed"]["interval_steps"] == pytest.approx((streamed.first_step[-1] + last) / 40)
    assert rows["relays merged"]["latency_steps"]["mean"]["value"] == pytest.approx(alone.steps.mean() - 1)
    assert rows["as it is"]["step_gain"] == pytest.approx(8 / alone.steps.mean())
    assert "relays merged: relay" in err
    assert "no heads: a file of frames has no training part" in err
    assert "40 of 40 samples" in err


def write_halves(folder):
    """Recordings of two classes, bright above or below, in three parts, and a network of three layers for them."""
    rng = np.random.default_rng(8)
    for split, count in (("train", 60), ("validation", 60), ("test", 20)):
        recordings = []
        for sample in range(count):
            label, times = sample % 2, np.sort(rng.integers(0, 6000, 40))
            y = np.where(rng.random(40) < 0.8, 2 * label + rng.integers(0, 2, 40), rng.integers(0, 4, 40))
            values = {"x": rng.integers(0, 4, 40), "y": y, "p": rng.integers(0, 2, 40)}
            recordings.append(Recording(t_us=times, label=label, sample_id=sample, **values))
        write_events(EventSet.from_recordings(recordings, "halves", (4, 4), ("up", "down")), folder / f"h_{split}.npz")
    blocks = [("a", (20, 32)), ("b", (10, 20)), ("c", (2, 10))]
    layers = tuple(
        Layer(name, DenseSynapse(2 * rng.integers(-40, 60, shape)), CubaNeuron(150, 2000, 300), shape[:1])
        for name, shape in blocks
    )
    recipe, masks = InputRecipe(4, 4, 6, 1000, dataset=str(folder)), FrameMasks.all_kept(6, 3)
    network = NetworkDescription("halves", layers, recipe, masks, CutoffPolicy.fixed(6, 6), ("up", "down"))
    write_net(network, folder / "halves.net")
    return folder / "halves.net"


def test_heads_are_fitted_on_training_parts_alone(tmp_path, evsnn):
    """Layers of random weights guess; heads on them know. The early decision is never later than the whole network."""
    code, out, err = evsnn("pipeline", write_halves(tmp_path), "--min-support", 5, "--json")
    assert code == 0, err
    rows = rows_of(out)
    assert rows["head behind a"]["depth"] == 2
    assert rows["head behind b"]["depth"] == 3
    assert rows["head behind a"]["accuracy"] > 0.8
    early = json.loads(out)["earlier"]
    assert [each["name"] for each in early] == ["head behind a"]
    assert early[0]["latency_steps"] <= rows["as it is"]["latency_steps"]["mean"]["value"]
    code, out, err = evsnn("pipeline", tmp_path / "halves.net", "--min-support", 5)
    assert "head behind a beside the whole, the first decision counts" in " ".join(out.split())
    assert "Input masks" not in out


def test_a_bias_is_not_streamed_and_said(tmp_path, evsnn, frames):
    write_chain(tmp_path / "a.net", bias=[1, 2], relay=False)
    code, out, err = evsnn("pipeline", tmp_path / "a.net", "--data", tmp_path / "f.npz", "--json", "--no-heads")
    assert code == 0, err
    assert list(rows_of(out)) == ["no cutoff", "as it is"]
    assert "not streamed: layer b: its neurons act without input" in err
    assert "nothing can be merged" in err


@pytest.mark.torch
def test_a_trained_network_gets_heads_and_masks(evsnn, net):
    """The trained one has hidden masks and two layers."""
    code, out, err = evsnn("pipeline", net, "--min-support", 5, "--json")
    assert code == 0, err
    rows, masks = rows_of(out), json.loads(out)["masks"]
    assert {"head behind conv1", "head behind conv1, streamed"} < set(rows)
    assert rows["head behind conv1"]["accuracy"] > 0.6
    assert [row["name"] for row in masks][:2] == ["hidden masks", "mask of the input for all"]
    assert sum(row["best"] for row in masks) == 1
    assert not masks[0]["best"]
    assert json.loads(out)["earlier"] == []  # the only head is as deep as the network


@pytest.mark.torch
def test_tables_fit_a_terminal(evsnn, net):
    code, out, err = evsnn("pipeline", net, "--min-support", 5, "--limit", 4)
    assert code == 0, err
    assert "4 of 15 recordings (split test)" in err
    assert "(T+L)/(t+L)" in out
    assert "Input masks instead of hidden masks" in out
    network = read_net(net)
    assert f"{network.masks.stream_steps + 2}/" in out
    assert max(map(len, out.splitlines())) <= 120


@pytest.mark.torch
def test_too_little_support_leaves_the_head_out(evsnn, net):
    code, out, err = evsnn("pipeline", net, "--min-support", 999, "--json")
    assert code == 0
    assert "no head behind conv1: calibration has 30 samples" in err
    assert not any(name.startswith("head") for name in rows_of(out))
    assert "masks keep the thresholds that they had: calibration has 30 samples" in err
    assert json.loads(out)["masks"]


def test_a_cutoff_made_of_layers_is_refused(tmp_path, refused, frames):
    network = write_chain(tmp_path / "a.net", relay=True)
    policy = CutoffPolicy("on_chip", [0, 0, 0, 0, 0], layers=2)
    write_net(replace(network, cutoff=policy), tmp_path / "on_chip.net")
    line = refused("ConfigError", "pipeline", tmp_path / "on_chip.net", "--data", tmp_path / "f.npz")
    assert "its last 2 layers are the cutoff" in line


def test_support_is_at_least_one(tmp_path, refused, frames):
    write_chain(tmp_path / "a.net")
    line = refused("ConfigError", "pipeline", tmp_path / "a.net", "--data", tmp_path / "f.npz", "--min-support", 0)
    assert "--min-support is 0" in line
