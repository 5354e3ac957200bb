"""Which recordings a verb runs, and which class of the network each of their labels is."""

from __future__ import annotations

import json

import numpy as np
import pytest

from evsnn_lava.cli.recordings import split_to_run
from evsnn_lava.data import EventSet, load, write_events

pytestmark = pytest.mark.torch


@pytest.fixture
def facts(evsnn, net):
    """Run recordings; give what the run says of itself, and the notes."""

    def call(*arguments):
        code, out, err = evsnn("run", net, "--json", *arguments)
        assert code == 0, err
        return json.loads(out), err

    return call


def plain(path, events, **changes):
    """Write a file without sensor and class names."""
    names = ("t_us", "x", "y", "p", "offset", "label", "sample_id")
    np.savez(path, **{**{name: getattr(events, name) for name in names}, **changes})
    return path


def class_folder(folder, events, names):
    """Write a folder of classes, one file a recording."""
    for one in events:
        path = folder / names[one.label] / f"{one.sample_id}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, t=one.t_us, x=one.x, y=one.y, p=one.p)
    return folder


def test_labels_follow_the_names_of_the_classes(net, data, facts, tmp_path):
    """A folder sorts its classes: that "middle" comes last there must not change what is right."""
    events = load(data, "test")
    shuffled = ("middle", "right", "left")
    label = np.array([shuffled.index(events.class_names[old]) for old in events.labels])
    arrays = {name: getattr(events, name) for name in ("t_us", "x", "y", "p", "offset", "sample_id")}
    write_events(EventSet("other", events.sensor, shuffled, label=label, **arrays), tmp_path / "other.npz")
    expected = facts()[0]["accuracy"]
    assert expected >= 0.8
    assert facts("--data", tmp_path / "other.npz", "-o", tmp_path / "rows.npz")[0]["accuracy"] == expected
    with np.load(tmp_path / "rows.npz") as rows:
        assert rows["label"].tolist() == events.labels.tolist()
    two = events.select(np.flatnonzero(events.labels > 0))
    expected = facts("--data", plain(tmp_path / "two.npz", two))[0]["accuracy"]
    folder = class_folder(tmp_path / "folder", two, events.class_names)
    assert facts("--data", folder)[0]["accuracy"] == expected


def test_a_class_that_the_network_does_not_know(refused, net, data, tmp_path):
    folder = class_folder(tmp_path / "folder", load(data, "test"), ("left", "up", "right"))
    message = refused("ConfigError", "run", net, "--data", folder)
    assert "folder has class 'up' as label 2, the network 3 classes: left, middle, right; rename" in message


def test_a_class_without_recordings_may_be_unknown(data, facts, tmp_path):
    events = load(data, "test")
    arrays = {name: getattr(events, name) for name in ("t_us", "x", "y", "p", "offset", "label", "sample_id")}
    write_events(EventSet("more", events.sensor, (*events.class_names, "up"), **arrays), tmp_path / "more.npz")
    assert facts("--data", tmp_path / "more.npz")[0]["accuracy"] == facts()[0]["accuracy"]


def test_labels_without_names_are_numbers(refused, net, data, facts, tmp_path):
    events = load(data, "test")
    assert facts("--data", plain(tmp_path / "plain.npz", events))[0]["accuracy"] == facts()[0]["accuracy"]
    path = plain(tmp_path / "wrong.npz", events, label=events.labels + 1)
    assert "wrong has label 3, the network 3 classes: left, middle, right" in refused(
        "ConfigError", "run", net, "--data", path
    )


def test_a_path_without_parts_is_run_as_a_whole(data, facts, tmp_path):
    path = plain(tmp_path / "plain.npz", load(data, "validation"))
    found, notes = facts("--data", path)
    assert found["samples"] == 30
    assert "30 of 30 recordings (split all)" in notes
    found, notes = facts("--data", path, "--split", "test")
    assert found["samples"] == 4
    assert "4 of 4 recordings (split test)" in notes
    assert "2 of 30 recordings (split all)" in facts("--data", path, "--limit", 2)[1]


def test_a_set_with_parts_is_run_on_its_test_part(data, facts):
    assert "15 of 15 recordings (split test)" in facts()[1]
    assert "15 of 15 recordings (split test)" in facts("--data", data)[1]
    assert facts("--split", "all")[0]["samples"] == 105


def test_a_single_recording(data, facts, tmp_path):
    """Neither label nor sensor are known: the sensor is the network's."""
    one = load(data, "test")[0]
    np.save(tmp_path / "one.npy", np.stack([one.x, one.y, one.t_us, one.p], axis=1))
    found, notes = facts("--data", tmp_path / "one.npy")
    assert (found["samples"], found["accuracy"]) == (1, None)
    assert "1 of 1 recordings (split all)" in notes
    np.savez(tmp_path / "one.npz", t_us=one.t_us, x=[0] * len(one), y=one.y, p=one.p, label=one.label)
    assert facts("--data", tmp_path / "one.npz")[0]["accuracy"] in (0.0, 1.0)


def test_a_single_recording_of_a_larger_sensor(refused, net, tmp_path):
    np.save(tmp_path / "one.npy", np.array([[8, 0, 1, 1]]))
    message = refused("ConfigError", "run", net, "--data", tmp_path / "one.npy", "--split", "test")
    assert "one.npy: 1 recordings, at least 3 are needed" in message
    assert "x is 8, the range is 0..7" in refused("FormatError", "run", net, "--data", tmp_path / "one.npy")


def test_the_training_data_are_not_run_as_a_whole_unasked(data, tmp_path):
    """A single file that a network was trained on: its test part, however the path is written."""
    write_events(load(data, "test"), tmp_path / "one.npz")
    write_events(load(data, "test"), tmp_path / "other.npz")
    trained_on = str(tmp_path / "one.npz")
    assert split_to_run(trained_on, trained_on) == "test"
    assert split_to_run(str(tmp_path / "x" / ".." / "one.npz"), trained_on) == "test"
    assert split_to_run(str(tmp_path / "other.npz"), trained_on) == "all"
    assert split_to_run(str(tmp_path / "one.npz"), "") == "all"
