"""The table fits tonic, and what tonic reads becomes an event set."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path

import numpy as np
import pytest

from evsnn_lava.data import TONIC_SETS, bin_set, load_tonic
from evsnn_lava.data.tonic_sets import convert, part_of
from evsnn_lava.errors import BackendUnavailableError, ConfigError, FormatError

datasets = pytest.importorskip("tonic.datasets", reason="tonic is not installed")

NMNIST = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])
CIFAR = np.dtype([("t", np.uint64), ("x", np.uint16), ("y", np.uint16), ("p", bool)])


@pytest.mark.parametrize("name", TONIC_SETS)
def test_every_entry_is_a_class_of_tonic_with_these_arguments(name: str) -> None:
    entry = TONIC_SETS[name]
    constructor = getattr(datasets, entry.constructor)
    for arguments in [*entry.splits.values(), {}]:
        inspect.signature(constructor).bind(save_to="folder", **arguments)
    if constructor.sensor_size is not None:
        width, height, polarities = constructor.sensor_size
        assert (entry.sensor, entry.recipe.polarities) == ((height, width), polarities)
    assert entry.recipe.dataset == name


@pytest.mark.parametrize("name", ["nmnist", "dvs_gesture", "cifar10_dvs"])
def test_class_names_have_the_order_of_tonic(name: str) -> None:
    known = list(getattr(datasets, TONIC_SETS[name].constructor).classes)
    ours = TONIC_SETS[name].class_names or ()
    assert len(ours) == len(known)
    for own, theirs in zip(ours, known, strict=True):
        assert own.split()[-1].lower()[:4] in theirs.lower().replace(" ccw", " counter-clockwise").replace(
            " cw", " clockwise"
        )


def test_times_of_day_become_times_of_the_recording() -> None:
    """CIFAR10-DVS: from 0.1 s after the first event on, sorted; OFF and ON stay what they are."""
    start = 1_500_000_000_000_000
    events = np.array([(start, 1, 2, True), (start + 250_000, 5, 6, False), (start + 100_000, 3, 4, True)], CIFAR)
    recording = convert("cifar10_dvs", [(events, 9, 77)])[0]
    np.testing.assert_array_equal(recording.t_us, [0, 150_000])
    np.testing.assert_array_equal(recording.x, [3, 5])
    np.testing.assert_array_equal(recording.y, [4, 6])
    np.testing.assert_array_equal(recording.p, [1, 0])
    assert (recording.label, recording.sample_id) == (9, 77)


def test_nmnist_keeps_the_clock_of_the_saccades() -> None:
    events = np.array([(33, 0, 940, 1), (2, 33, 1200, 0)], NMNIST)
    converted = convert("nmnist", [(events, 5, 1)])
    np.testing.assert_array_equal(converted[0].t_us, [940, 1200])
    assert bin_set(converted, TONIC_SETS["nmnist"].recipe).shape == (1, 2, 34, 34, 30)


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (np.zeros(0, NMNIST), "nmnist, sample 3: 0 events"),
        (np.zeros(4), "nmnist, sample 3: 4 events with fields ()"),
        (np.array([(34, 0, 1, 1)], NMNIST), "nmnist, sample 3, event 0: x is 34, the range is 0..33"),
    ],
)
def test_events_that_cannot_be_true_are_refused(events: np.ndarray, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        convert("nmnist", [(events, 0, 3)])
    assert message in str(caught.value)


def test_without_official_parts_the_last_tenth_of_a_class_in_file_order_is_the_test_set() -> None:
    paths = [f"set/{name}/image_{number}.bin" for name in "ab" for number in (10, 9, 1, 2, 3, 4, 5, 6, 7, 8)]
    labels = np.repeat([0, 1], 10)
    entry = TONIC_SETS["ncaltech101"]
    parts = {split: part_of(entry, split, labels, paths) for split in ("train", "validation", "test")}
    assert [paths[index] for index in parts["test"]] == ["set/a/image_10.bin", "set/b/image_10.bin"]
    np.testing.assert_array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(20))
    assert len(parts["validation"]) == 2


def test_official_parts_are_taken_whole() -> None:
    labels = np.arange(40) % 4
    assert len(part_of(TONIC_SETS["ssc"], "train", labels)) == len(part_of(TONIC_SETS["ssc"], "validation", labels))
    assert len(part_of(TONIC_SETS["shd"], "test", labels)) == 40
    train, validation = (set(part_of(TONIC_SETS["shd"], split, labels)) for split in ("train", "validation"))
    assert (len(train), len(validation), len(train & validation)) == (34, 6, 0)
    with pytest.raises(ConfigError, match="unknown split 'all'"):
        part_of(TONIC_SETS["shd"], "all", labels)


def test_shd_files_are_read_through_tonic(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    folder = tmp_path / "SHD"
    folder.mkdir()
    (folder / "shd_test.h5.zip").write_bytes(b"tonic only looks whether it is there")
    with h5py.File(folder / "shd_test.h5", "w") as file:
        times = file.create_dataset("spikes/times", (2,), h5py.vlen_dtype(np.float16))
        units = file.create_dataset("spikes/units", (2,), h5py.vlen_dtype(np.uint16))
        times[0], times[1] = np.array([0.25, 0.5], np.float16), np.array([0.125], np.float16)
        units[0], units[1] = np.array([699, 0], np.uint16), np.array([7], np.uint16)
        file["labels"] = np.array([1, 0], np.uint16)
        file["extra/keys"] = np.array([b"zero", b"eins"])
        file["extra/speaker"] = np.array([0, 1])
    digits = load_tonic("shd", "test", tmp_path)
    assert (digits.class_names, digits.labels.tolist()) == (("zero", "eins"), [1, 0])
    assert (digits[0].t_us.tolist(), digits[0].x.tolist()) == ([250_000, 500_000], [699, 0])
    assert bin_set(digits, TONIC_SETS["shd"].recipe).shape == (2, 1, 1, 700, 100)
    assert len(load_tonic("shd", "test", tmp_path, limit=1)) == 1


def test_gesture_files_are_read_through_tonic(tmp_path: Path) -> None:
    (tmp_path / "DVSGesture").mkdir()
    (tmp_path / "DVSGesture" / "ibmGestureTest.tar.gz").write_bytes(b"tonic only looks whether it is there")
    for user in range(10):
        folder = tmp_path / "DVSGesture" / "ibmGestureTest" / f"user{user:02d}_lab"
        folder.mkdir(parents=True)
        for label in range(11):
            np.save(folder / f"{label}.npy", np.array([[127, 3, 1, 40], [5, label, 0, 47]]))
    gestures = load_tonic("dvs_gesture", "test", tmp_path)
    assert (len(gestures), gestures.class_names[gestures.labels.max()]) == (110, "other gestures")
    recording = gestures[int(np.flatnonzero(gestures.labels == 4)[0])]
    assert (recording.t_us.tolist(), recording.y.tolist(), recording.p.tolist()) == ([0, 7000], [3, 4], [1, 0])


def test_classes_without_numbers_are_sorted_by_name(tmp_path: Path) -> None:
    """N-Caltech101: tonic wants 8709 files; ten bytes are two events."""
    (tmp_path / "NCALTECH101").mkdir()
    (tmp_path / "NCALTECH101" / "N-Caltech101-archive.zip").write_bytes(b"tonic only looks whether it is there")
    for name, count in (("chair", 8609), ("ant", 100)):
        folder = tmp_path / "NCALTECH101" / "Caltech101" / name
        folder.mkdir(parents=True)
        for number in range(count):
            (folder / f"image_{number}.bin").write_bytes(bytes([9, 4, 128, 0, 10, 7, 3, 0, 0, 20]))
    test = load_tonic("ncaltech101", "test", tmp_path, limit=12)
    assert test.class_names == ("ant", "chair")
    assert test.labels.tolist() in ([0] * 10 + [1] * 2, [1] * 12)
    recording = test[0]
    assert (recording.t_us.tolist(), recording.x.tolist(), recording.p.tolist()) == ([10, 20], [2, 0], [1, 0])


@pytest.mark.skipif(importlib.util.find_spec("aedat") is not None, reason="aedat is installed")
def test_a_package_that_tonic_needs_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "CIFAR10DVS" / "airplane"
    folder.mkdir(parents=True)
    (tmp_path / "CIFAR10DVS" / "CIFAR10DVS.zip").write_bytes(b"tonic only looks whether it is there")
    for number in range(1000):
        (folder / f"{number}.aedat4").touch()
    with pytest.raises(BackendUnavailableError, match="needs the package aedat; install it with: pip install aedat"):
        load_tonic("cifar10_dvs", "test", tmp_path, limit=1)


def test_without_tonic_the_install_line_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tonic.datasets", None)
    with pytest.raises(BackendUnavailableError, match="nmnist: tonic is not installed; install it with: pip install"):
        load_tonic("nmnist", "train", tmp_path)


def test_an_unknown_set(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown tonic data set 'cifar'; choose one of: cifar10_dvs, dvs_gesture"):
        load_tonic("cifar", "train", tmp_path)
