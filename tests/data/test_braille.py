"""The Braille letters: parts, classes, the silence before the touch, and files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evsnn_lava.data import bin_set, default_recipe, load
from evsnn_lava.data.braille import APPROACH_STEPS, CHANNELS, FILE_NAME, load_braille
from evsnn_lava.errors import ConfigError, FormatError

STEPS = APPROACH_STEPS + 5


def write(folder: Path, spikes: np.ndarray, **changes: object) -> Path:
    """A file of the published layout with one letter each of A, Space and B, ten times."""
    packed = np.packbits(spikes.reshape(len(spikes), -1), axis=1)
    labels = np.arange(len(spikes)) % 3
    content = {"x_train": packed, "y_train": labels, "x_test": packed[:6], "y_test": labels[:6]}
    facts = {"shape_TC": np.array([STEPS, CHANNELS]), "classes": np.array(["A", "Space", "B"])}
    np.savez(folder / FILE_NAME, **{**content, **facts, **changes})
    return folder


def spikes(samples: int = 30) -> np.ndarray:
    found = np.zeros((samples, STEPS, CHANNELS), bool)
    found[:, APPROACH_STEPS + 2, 7] = True
    found[:, APPROACH_STEPS - 1, 3] = True  # before the touch
    found[1] = False
    return found


def test_parts_classes_and_window(tmp_path: Path) -> None:
    folder = write(tmp_path, spikes())
    parts = {part: load_braille(folder, part) for part in ("train", "validation", "test", "all")}
    assert {part: len(found) for part, found in parts.items()} == {"train": 26, "validation": 4, "test": 6, "all": 36}
    assert sorted(parts["train"].sample_id.tolist() + parts["validation"].sample_id.tolist()) == list(range(30))
    assert parts["test"].sample_id.tolist() == list(range(30, 36))
    assert parts["all"].class_names == ("Space", "A", "B")
    assert parts["test"].labels.tolist() == [1, 0, 2, 1, 0, 2]
    felt = parts["test"][0]
    assert (felt.t_us.tolist(), felt.x.tolist(), felt.p.tolist()) == ([20_000], [7], [1])


def test_silence_is_a_recording(tmp_path: Path) -> None:
    test = load_braille(write(tmp_path, spikes()), "test")
    assert test.events_per_recording.tolist() == [1, 0, 1, 1, 1, 1]
    assert (len(test[1]), test[1].duration_us) == (0, 0)
    assert len(test.select([1, 0])) == 2
    assert bin_set(test, default_recipe("braille"))[1].sum() == 0


def test_silence_at_both_ends(tmp_path: Path) -> None:
    quiet = spikes()
    quiet[[0, 5]] = False
    assert load_braille(write(tmp_path, quiet), "test").events_per_recording.tolist() == [0, 0, 1, 1, 1, 0]
    assert load_braille(write(tmp_path, np.zeros_like(quiet)), "test").events_per_recording.sum() == 0


def test_what_is_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="EVSNN_DATA"):
        load_braille(tmp_path, "test")
    (tmp_path / FILE_NAME).write_bytes(b"nothing")
    with pytest.raises(FormatError, match="get the file anew"):
        load_braille(tmp_path, "test")
    write(tmp_path, spikes(), y_test=np.array([9]))
    with pytest.raises(FormatError, match="get the file anew"):
        load_braille(tmp_path, "test")
    write(tmp_path, spikes())
    with pytest.raises(ConfigError, match="unknown split 'other'"):
        load_braille(tmp_path, "other")


def test_the_published_file(evsnn_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVSNN_DATA", str(evsnn_data))
    test, validation = load("braille", "test"), load("braille", "validation")
    assert (len(test), len(validation), len(load("braille"))) == (1620, 972, 5508)
    silent = test.labels[test.events_per_recording == 0]
    assert (len(silent), (silent == 0).sum()) == (70, 48)  # 22 letters are never felt: the ceiling is 98.6 %
    assert bin_set(test, default_recipe("braille"), [0]).shape == (1, 1, 1, 24, 107)
