"""``evsnn report``: one page of one or more files, and what it refuses."""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.cli import report
from evsnn_lava.cli.console import Output
from evsnn_lava.cli.study_stops import Priced, fixed_stops, stopped
from evsnn_lava.errors import ConfigError
from evsnn_lava.export.lowering.cutoff import lower_cutoff
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.simulation import record_golden
from evsnn_lava.simulation.engine import Engine

pytest.importorskip("plotly")
STEPS, SAMPLES = 6, 12
NEURON = CubaNeuron(200, 3000, 3500)


def network(name="tiny", cutoff=2):
    random = np.random.default_rng(4)
    layers = tuple(
        Layer(
            f"layer {index}", DenseSynapse(random.integers(-20, 60, shape) * 2), CubaNeuron(200, 3000, 3500), shape[:1]
        )
        for index, shape in enumerate(((12, 5), (3, 12)))
    )
    masks = FrameMasks("skip", ([1, 1, 0, 1, 1, 1], [1, 0, 0, 1, 1, 1]))
    policy = CutoffPolicy("topk_gap", np.full(5, cutoff))
    return NetworkDescription(name, layers, InputRecipe.frames((5, 1, 1), STEPS, 0), masks, policy, ("a", "b", "c"))


@pytest.fixture(scope="module")
def frames():
    random = np.random.default_rng(6)
    return random.random((SAMPLES, 5, 1, 1, STEPS)) < random.random((SAMPLES, 5, 1, 1, 1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, frames):
    folder = tmp_path_factory.mktemp("report")
    made = network()
    write_net(replace(made, golden=record_golden(made, frames[:2])), folder / "one.net")
    write_net(network(cutoff=1), folder / "two.net")
    np.savez(folder / "frames.npz", frames=frames, labels=np.arange(SAMPLES) % 3)
    return folder


def write(folder, *arguments):
    parser = argparse.ArgumentParser()
    report.add_arguments(parser)
    options = parser.parse_args([*arguments, "--data", str(folder / "frames.npz")])
    return report.execute(options, Output(quiet=True))


def test_a_page_of_one_file_is_the_same_every_time(folder, tmp_path, capsys):
    for name in ("a.html", "b.html"):
        assert write(folder, str(folder / "one.net"), "-o", str(tmp_path / name)) == 0
    first, second = ((tmp_path / name).read_bytes() for name in ("a.html", "b.html"))
    assert first == second
    assert first.startswith(b"<!doctype html>")
    assert b"reference agrees" in first
    assert b"engine agrees" in first
    assert f"wrote {tmp_path / 'a.html'}" in capsys.readouterr().out


def test_a_chip_that_cannot_run_it_is_named(folder, tmp_path):
    path = folder / "hidden.net"
    write_net(replace(network(), masks=FrameMasks("skip", ([1, 1, 0, 1, 1, 1], [1, 0, 0, 1, 1, 1]))), path)
    assert write(folder, str(path), "-o", str(tmp_path / "a.html"), "--hw", "loihi2,cpu-45nm") == 0
    page = (tmp_path / "a.html").read_text()
    assert page.count("hidden does not run on Loihi 2 as it is") == 1
    assert "does not run on CPU" not in page


def test_files_of_the_same_name_go_by_that_of_the_file(folder, tmp_path):
    paths = [str(folder / name) for name in ("one.net", "two.net")]
    assert write(folder, *paths, "-o", str(tmp_path / "a.html"), "--hw", "loihi2,loihi1") == 0
    page = (tmp_path / "a.html").read_text()
    assert "<title>one, two</title>" in page
    assert "The files on Loihi 1" in page
    assert "the file carries none" in page  # two.net has no golden vectors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "page.txt"], "ending .html"),
        (["-o", "nowhere/page.html"], "nowhere"),
        (["-o", "page.html", "--hw", ","], "names no profile"),
        (["-o", "page.html", "--hw", "tpu"], "tpu"),
        (["-o", "page.html", "--sample", "12"], r"0\.\.11"),
        (["-o", "page.html", "--limit", "0"], "at least 1"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(folder, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=words):
        write(folder, str(folder / "one.net"), *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_decides_itself_has_no_curve(folder, tmp_path):
    lowered, _ = lower_cutoff(network())
    write_net(lowered, folder / "decides.net")
    assert write(folder, str(folder / "decides.net"), "-o", str(tmp_path / "a.html")) == 0
    page = (tmp_path / "a.html").read_text()
    assert "its last layers decide on the chip, nothing runs without them" in page
    assert "fixed stop after" not in page


@pytest.mark.parametrize("stop", range(1, 6))
def test_a_run_that_is_cut_is_the_run_that_stops_there(frames, stop):
    made, engine = network(), Engine(network())
    full, scores = engine.run(frames, policy=CutoffPolicy.never(5)), engine.scores(frames)
    expected = engine.run(frames, policy=CutoffPolicy.fixed(stop, 5))
    found = stopped(full, scores, np.full(SAMPLES, stop), made.depth)
    for name in ("exit_step", "decision", "scores", "steps", "input_events", "messages", "synops"):
        assert getattr(found, name).tolist() == getattr(expected, name).tolist(), name


def test_a_network_of_many_frames_has_a_bounded_curve(monkeypatch, frames):
    monkeypatch.setattr("evsnn_lava.cli.study_stops.MOST_STOPS", 3)
    made, engine = network().with_cutoff(CutoffPolicy.never(5)), Engine(network())
    full = engine.run(frames, policy=CutoffPolicy.never(5))
    curve = fixed_stops(made, full, engine.scores(frames), None, (Priced(load_profile("loihi2"), None),))
    assert [point.frames for point in curve] == [1, 3, 5]
