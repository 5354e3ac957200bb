"""Event files: what is written is read, and what is broken is refused."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.data import EventSet, read_events, read_recording, write_events
from evsnn_lava.data.files import SET_ARRAYS
from evsnn_lava.errors import ConfigError, FormatError

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb004300") + bytes(range(64)) + b"\xff\xd9"


def same(one: EventSet, other: EventSet) -> None:
    for name in SET_ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert (one.sensor, one.class_names) == (other.sensor, other.class_names)


def save(path: Path, event_set: EventSet, **changes: Any) -> None:
    """Write the plain form, without sensor and class names."""
    arrays = {name: getattr(event_set, name) for name in SET_ARRAYS}
    np.savez(path, **{name: values for name, values in {**arrays, **changes}.items() if values is not None})


@pytest.mark.parametrize("compressed", [True, False])
def test_a_set_comes_back_unchanged(tmp_path: Path, event_set: EventSet, compressed: bool) -> None:
    write_events(event_set, tmp_path / "new" / "set.npz", compressed)
    back = read_events(tmp_path / "new" / "set.npz")
    same(back, event_set)
    assert back.name == "random"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["set.npz"]


def test_the_same_set_gives_the_same_bytes(tmp_path: Path, event_set: EventSet) -> None:
    for name in ("a.npz", "b.npz"):
        write_events(event_set, tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_plain_set_file_needs_no_sensor_and_no_names(tmp_path: Path, event_set: EventSet) -> None:
    save(tmp_path / "plain.npz", event_set)
    back = read_events(tmp_path / "plain.npz")
    assert back.sensor == (int(event_set.y.max()) + 1, int(event_set.x.max()) + 1)
    assert back.class_names == ("0", "1")
    stated = read_events(tmp_path / "plain.npz", sensor=(9, 9), class_names=["u", "v", "w"])
    assert (stated.sensor, stated.class_names) == ((9, 9), ("u", "v", "w"))


def test_a_folder_of_parts(tmp_path: Path, event_set: EventSet) -> None:
    save(tmp_path / "x_train.npz", event_set.select([0, 1, 2, 3]))
    save(tmp_path / "x_test.npz", event_set.select([4]))
    whole = read_events(tmp_path)
    np.testing.assert_array_equal(whole.sample_id, [100, 101, 102, 103, 104])
    np.testing.assert_array_equal(whole.t_us, event_set.select(range(5)).t_us)
    test = read_events(tmp_path, "test")
    np.testing.assert_array_equal(test.sample_id, [104])
    assert (test.sensor, test.class_names) == (whole.sensor, whole.class_names)
    with pytest.raises(ConfigError, match=r"unknown split of .* 'validation'; choose one of: test, train"):
        read_events(tmp_path, "validation")


def test_a_folder_of_classes(tmp_path: Path, event_set: EventSet) -> None:
    """Four ways to store one recording are read as one."""
    first = event_set[0]
    columns = {"x": first.x, "y": first.y, "t": first.t_us, "p": first.p}
    structured = np.zeros(len(first), dtype=[("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "?")])
    for name, values in columns.items():
        structured[name] = values
    (tmp_path / "cat").mkdir()
    (tmp_path / "dog").mkdir()
    np.save(tmp_path / "cat" / "a.npy", structured)
    np.save(tmp_path / "cat" / "b.npy", np.stack([first.x, first.y, first.t_us, first.p], axis=1).astype(float))
    np.savez(tmp_path / "dog" / "c.npz", **columns)
    np.savez_compressed(tmp_path / "dog" / "d.npz", events=structured)
    (tmp_path / "dog" / "notes.txt").write_text("not an event file")
    events = read_events(tmp_path, sensor=(5, 7))
    assert events.class_names == ("cat", "dog")
    np.testing.assert_array_equal(events.labels, [0, 0, 1, 1])
    for recording in events:
        for name in ("t_us", "x", "y", "p"):
            np.testing.assert_array_equal(getattr(recording, name), getattr(first, name))
    swapped = read_events(tmp_path, class_names=["dog", "cat"])
    np.testing.assert_array_equal(swapped.labels, [1, 1, 0, 0])
    with pytest.raises(ConfigError, match=r"unknown class folder .* 'dog'; choose one of: cat"):
        read_events(tmp_path, class_names=["cat"])


def test_one_recording_by_itself_has_no_known_label(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.array([[3, 4, 100, 1], [5, 4, 250, 0]]))
    events = read_events(tmp_path / "one.npy", sensor=(34, 34))
    assert (len(events), events.labels.tolist(), events.class_names) == (1, [-1], ("unknown",))


def broken(folder: Path, event_set: EventSet) -> dict[str, tuple[Path, str]]:
    """Make one file for each way to be broken."""
    whole = io.BytesIO()
    np.savez_compressed(whole, **{name: getattr(event_set, name) for name in SET_ARRAYS})
    contents = {
        "jpeg.npz": JPEG,
        "jpeg.npy": JPEG,
        "empty.npz": b"",
        "truncated.npz": whole.getvalue()[: len(whole.getvalue()) // 2],
        "damaged.npz": whole.getvalue()[:60] + b"\x00" * 40 + whole.getvalue()[100:],
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    np.savez(folder / "pickle.npz", t_us=np.array([{}, None], dtype=object))
    save(folder / "missing.npz", event_set, label=None, p=None)
    save(folder / "offsets.npz", event_set, offset=event_set.offset * 2)
    save(folder / "nan.npz", event_set, t_us=np.where(np.arange(event_set.t_us.size) == 3, np.nan, event_set.t_us))
    save(folder / "sensor.npz", event_set, sensor=np.array([5, 0]))
    np.save(folder / "fields.npy", np.zeros(3, dtype=[("x", int), ("t", int)]))
    np.save(folder / "none.npy", np.zeros((0, 4), int))
    unreadable = "it is not a whole .npz or .npy file of plain arrays; give an event file"
    facts = {
        **dict.fromkeys([*contents, "pickle.npz"], unreadable),
        "missing.npz": "the arrays p, label are missing",
        "offsets.npz": "offset runs from 0 to",
        "nan.npz": r"t_us\[3\] is nan",
        "sensor.npz": r"sensor is \[5, 0\], it must be \(height, width\)",
        "fields.npy": r"there is no y \(found: x, t\)",
        "none.npy": "no events",
    }
    return {name: (folder / name, fact) for name, fact in facts.items()}


def test_broken_files_are_refused(tmp_path: Path, event_set: EventSet) -> None:
    for name, (path, fact) in broken(tmp_path, event_set).items():
        with pytest.raises(FormatError, match=fact) as caught:
            read_events(path)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_events_off_the_stated_sensor_are_refused(tmp_path: Path, event_set: EventSet) -> None:
    save(tmp_path / "small.npz", event_set)
    with pytest.raises(FormatError, match=r"small.npz, sample 1\d\d, event \d+: x is [3-6], the range is 0..2; crop"):
        read_events(tmp_path / "small.npz", sensor=(5, 3))


@pytest.mark.parametrize("name", ["nothing", "nothing.npz"])
def test_a_missing_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}: there is no such file or folder"):
        read_events(tmp_path / name)


def test_a_folder_without_events(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no event files in it"):
        read_events(tmp_path)


def test_a_file_has_no_parts(tmp_path: Path, event_set: EventSet) -> None:
    write_events(event_set, tmp_path / "set.npz")
    with pytest.raises(ConfigError, match="unknown split"):
        read_events(tmp_path / "set.npz", "test")


def test_nothing_is_left_where_writing_fails(tmp_path: Path, event_set: EventSet) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ConfigError, match="cannot write"):
        write_events(event_set, tmp_path / "file" / "set.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@settings(max_examples=150)
@given(data=st.data())
def test_damage_anywhere_is_an_error_of_ours_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.npz"
    recording = {"t_us": np.arange(20), "x": np.arange(20), "y": np.arange(20), "p": np.arange(20) % 2}
    np.savez_compressed(path, **recording)
    whole = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        path.write_bytes(whole[:at])
    else:
        whole[at] ^= data.draw(st.integers(1, 255))
        path.write_bytes(whole)
    read = None
    with contextlib.suppress(FormatError):
        read = read_recording(path)
    if read is not None:  # a byte that carries no data, such as a date, was hit
        np.testing.assert_array_equal(read.t_us, recording["t_us"])
        np.testing.assert_array_equal(read.p, recording["p"])


ONE: dict[str, Any] = {"t_us": [1, 5], "x": [3, 2], "y": [0, 1], "p": [1, 0]}


def test_one_recording_may_say_its_label(tmp_path: Path) -> None:
    path = tmp_path / "one.npz"
    np.savez(path, **ONE, label=2, sample_id=[7])
    events = read_events(path)
    assert (events.labels.tolist(), events.sample_id.tolist()) == ([2], [7])
    assert events.class_names == ("0", "1", "2")
    assert events.assumed == {"sensor", "class_names"}
    np.savez(path, **ONE, label=[1], class_names=["a", "b"], sensor=[4, 6])
    events = read_events(path)
    assert (events.labels.tolist(), events.class_names, events.sensor) == ([1], ("a", "b"), (4, 6))
    assert events.assumed == frozenset()
    np.savez(path, **ONE, label=[1, 0])
    with pytest.raises(FormatError, match=r"one.npz: 2 values of label without offset, one recording has 1"):
        read_events(path)


def test_what_was_assumed_is_known_after_writing(tmp_path: Path, event_set: EventSet) -> None:
    save(tmp_path / "plain.npz", event_set)
    plain = read_events(tmp_path / "plain.npz")
    assert plain.assumed == {"sensor", "class_names"}
    write_events(plain.select([0]), tmp_path / "again.npz")
    again = read_events(tmp_path / "again.npz")
    same(again, plain.select([0]))
    assert again.assumed == plain.assumed
    assert read_events(tmp_path / "again.npz", sensor=(5, 7), class_names=["a", "b"]).assumed == frozenset()


def test_parts_with_other_classes_are_refused(tmp_path: Path, event_set: EventSet) -> None:
    write_events(event_set, tmp_path / "x_train.npz")
    other = {name: getattr(event_set, name) for name in SET_ARRAYS}
    write_events(EventSet("other", event_set.sensor, ("class 1", "class 0"), **other), tmp_path / "x_test.npz")
    with pytest.raises(FormatError, match="the classes are class 1, class 0, in another file of the folder class 0"):
        read_events(tmp_path, "test")


def test_other_formats_are_named(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    path = tmp_path / "cat" / "a.csv"
    path.write_text("t,x,y,p\n1,2,3,1\n")
    with pytest.raises(
        FormatError, match=r"a.csv: .csv files are not supported, event files are .npz or .npy; convert"
    ):
        read_events(path)
    with pytest.raises(FormatError, match=r"no event files in it \(.csv files are not supported\); it must hold"):
        read_events(tmp_path)


def test_a_damaged_header_is_refused(tmp_path: Path) -> None:
    """Brackets that never close, sizes beyond any integer: whatever the header of an array says."""
    whole = io.BytesIO()
    np.save(whole, np.array([[3, 4, 100, 1], [5, 4, 250, 0]]))
    content = whole.getvalue()
    for old, new in ((b"(2, 4), }", b"(2, 4(, }"), (b"(2, 4), }   " + b" " * 20, b"(2, " + b"9" * 22 + b"), } ")):
        damaged = content.replace(old, new)
        assert damaged != content
        (tmp_path / "one.npy").write_bytes(damaged)
        with pytest.raises(FormatError, match=r"one.npy: it is not a whole .npz or .npy file"):
            read_events(tmp_path / "one.npy")
