"""A run that is trained once, and ways to call the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evsnn_lava.cli import main
from evsnn_lava.data import EventSet, Recording, write_events

SENSOR, STEPS, DT_US, CLASSES = (8, 8), 6, 1000, ("left", "middle", "right")
CONFIG = """
name = "bars"
[data]
dataset = "{data}"
steps = 6
dt_us = 1000
shift_pixels = 0
event_drop = 0.1
[[network.layers]]
type = "conv"
channels = 4
kernel = 3
stride = 2
padding = 1
[train]
epochs = 8
batch_size = 20
learning_rate = 1e-2
accelerator = "cpu"
[masks]
keep = [0.7, 0.5]
soft_epochs = 3
hard_epochs = 6
[cutoff]
epsilon = 0.1
min_support = 5
"""


def bar(label, sample_id, random):
    """Noise, and a bar of events at the place of the class."""
    count = 60
    t_us = np.sort(random.integers(0, STEPS * DT_US, count))
    x = np.where(
        random.random(count) < 0.85, 1 + 3 * label + random.integers(0, 2, count), random.integers(0, 8, count)
    )
    values = {"x": x.clip(0, 7), "y": random.integers(0, 8, count), "p": random.integers(0, 2, count)}
    return Recording(t_us=t_us, label=label, sample_id=sample_id, **values)


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A folder with 60 training, 30 validation and 15 test recordings of three classes."""
    folder, random = tmp_path_factory.mktemp("data") / "bars", np.random.default_rng(1)
    for split, count in (("train", 60), ("validation", 30), ("test", 15)):
        recordings = [bar(index % 3, index, random) for index in range(count)]
        write_events(EventSet.from_recordings(recordings, "bars", SENSOR, CLASSES), folder / f"bars_{split}.npz")
    return folder


@pytest.fixture(scope="session")
def config(data, tmp_path_factory):
    """A configuration file for them."""
    path = tmp_path_factory.mktemp("config") / "bars.toml"
    path.write_text(CONFIG.format(data=data), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def trained(config, tmp_path_factory):
    """Folder of a trained and calibrated run."""
    folder = tmp_path_factory.mktemp("runs") / "bars"
    assert main(["train", "--config", str(config), "-o", str(folder), "--quiet"]) == 0
    assert main(["calibrate", str(folder), "--quiet"]) == 0
    return folder


@pytest.fixture(scope="session")
def net(trained, tmp_path_factory):
    """The file of that run."""
    path = tmp_path_factory.mktemp("net") / "bars.net"
    assert main(["export", str(trained), "-o", str(path), "--quiet"]) == 0
    return path


@pytest.fixture
def evsnn(capsys):
    """Call the command line; give exit code, stdout and stderr."""

    def call(*arguments):
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as leaving:  # argparse: help, version, wrong usage
            code = leaving.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def listing(*folders):
    """Everything below some folders: path, size and time of change."""
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for folder in folders
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def refused(evsnn, tmp_path, monkeypatch, trained, data):
    """Call the command line with something wrong; nothing may be written, and stderr is one line."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)

    def call(error, *arguments):
        before = listing(tmp_path, trained, data)
        code, out, err = evsnn(*arguments)
        assert code == 2, (out, err)
        assert out == ""
        lines = [line for line in err.splitlines() if line.strip()]
        assert lines[-1].startswith(f"{error}: "), err
        assert "Traceback" not in err
        assert len(lines) == 1, err
        assert listing(tmp_path, trained, data) == before
        return lines[-1]

    return call
