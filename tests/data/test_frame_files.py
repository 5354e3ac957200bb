"""Frames from files: their shapes, their values, their labels."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.data import frame_files, holds_frames, read_frames
from evsnn_lava.errors import ConfigError, FormatError
from evsnn_lava.network import InputRecipe

MAPS = InputRecipe.frames((2, 3, 4), steps=5, message_bits=4)
VECTOR = InputRecipe.frames((6, 1, 1), steps=5)
EVENTS = InputRecipe(3, 4, 5, 1000)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "frames.npy"


def numbers(*shape, low=-8, high=8):
    return np.random.default_rng(0).integers(low, high, shape)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float32])
def test_frames_of_any_type_become_numbers(path, dtype):
    frames = numbers(7, 2, 3, 4, 5)
    np.save(path, frames.astype(dtype))
    found = read_frames(path, MAPS, 3)
    assert found.frames.dtype == np.int32
    assert np.array_equal(found.frames, frames)
    assert found.labels.tolist() == [-1] * 7


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.float64])
def test_binary_frames_become_booleans(path, dtype):
    np.save(path, numbers(2, 6, 1, 1, 5, low=0, high=2).astype(dtype))
    assert read_frames(path, VECTOR, 3).frames.dtype == np.bool_


@pytest.mark.parametrize("shape", [(4, 6, 1, 1, 5), (4, 6, 5), (6, 1, 1, 5), (6, 5)])
def test_a_vector_may_leave_out_height_and_width_and_a_sample_may_be_alone(path, shape):
    frames = numbers(*shape, low=0, high=2)
    np.save(path, frames)
    found = read_frames(path, VECTOR, 3).frames
    assert np.array_equal(found, frames.reshape(-1, 6, 1, 1, 5))


def test_a_vector_may_lie_along_any_axis(path):
    frames = numbers(4, 6, 5, low=0, high=2)
    np.save(path, frames)
    for shape in ((6, 1, 1), (1, 6, 1), (1, 1, 6)):
        found = read_frames(path, InputRecipe.frames(shape, steps=5), 3).frames
        assert np.array_equal(found, frames.reshape(4, *shape, 5))
    with pytest.raises(ConfigError, match=r"\(N, 1, 1, 7, 5\) or \(N, 7, 5\) with N from 1; cut"):
        read_frames(path, InputRecipe.frames((1, 1, 7), steps=5), 3)


def test_a_sample_of_four_steps_is_no_table_of_events(path):
    np.save(path, numbers(6, 4, low=0, high=2))
    assert read_frames(path, InputRecipe.frames((6, 1, 1), steps=4), 3).frames.shape == (1, 6, 1, 1, 4)


def test_labels(tmp_path):
    path = tmp_path / "frames.npz"
    np.savez(path, frames=numbers(3, 2, 3, 4, 5), labels=[2, -1, 0])
    found = read_frames(path, MAPS, 3)
    assert found.labels.tolist() == [2, -1, 0]
    assert found.labels.dtype == np.int64


def test_the_range_of_values_is_that_of_the_message_bits(path):
    frames = np.zeros((1, 2, 3, 4, 5))
    for value, fits in ((-9, False), (-8, True), (7, True), (8, False)):
        frames[0, 1, 2, 3, 4] = value
        np.save(path, frames)
        if fits:
            assert read_frames(path, MAPS, 3).frames[0, 1, 2, 3, 4] == value
        else:
            with pytest.raises(ConfigError, match=rf"1 values of the frames \(first {value}.0\)"):
                read_frames(path, MAPS, 3)


GOOD = numbers(3, 2, 3, 4, 5)
REFUSED = {
    "another height": (GOOD[:, :, :2], "frames have shape (3, 2, 2, 4, 5), the network takes (N, 2, 3, 4, 5) with N"),
    "fewer steps": (GOOD[..., :4], "cut or reshape them"),
    "nothing": (GOOD[:0], "frames have shape (0, 2, 3, 4, 5)"),
    "a vector": (GOOD[:, :, 0, 0], "frames have shape (3, 2, 5)"),
    "Lava's order": (GOOD.transpose(0, 3, 2, 1, 4), "transpose them, these look like (x, y, channel)"),
    "too large": (GOOD + 8, "values of the frames (first 13) are no whole numbers -8..7"),
    "a fraction": (GOOD * 0.5, "are no whole numbers -8..7, which the network takes; scale and round them"),
    "not a number": (GOOD * np.nan, "360 values of the frames (first nan)"),
    "complex": (GOOD * 1j, "frames are complex128"),
    "text": (GOOD.astype("U2"), "frames are <U2"),
    "no frames": ({"images": GOOD}, "holds images; put frames (N, 2, 3, 4, 5) into 'frames'"),
    "labels of another number": ({"frames": GOOD, "labels": [1, 2]}, "labels are int64 of shape (2,), expected (3,)"),
    "labels with a fraction": ({"frames": GOOD, "labels": [1.0, 2, 0]}, "labels are float64"),
    "an unknown label": ({"frames": GOOD, "labels": [0, 3, 1]}, "labels span 0..3, the network has classes 0..2"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused(tmp_path, name):
    arrays, message = REFUSED[name]
    path = tmp_path / ("a.npz" if isinstance(arrays, dict) else "a.npy")
    np.savez(path, **arrays) if isinstance(arrays, dict) else np.save(path, arrays)
    with pytest.raises(ConfigError) as caught:
        read_frames(path, MAPS, 3)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_what_is_no_file_of_frames_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"give a file of frames \(N, 6, 1, 1, 5\) or \(N, 6, 5\)"):
        read_frames("digits", VECTOR, 3)
    np.savez(tmp_path / "a.npz")
    (tmp_path / "a.npz").rename(tmp_path / "empty.npy")
    with pytest.raises(ConfigError, match="holds nothing; put frames"):
        read_frames(tmp_path / "empty.npy", VECTOR, 3)
    (tmp_path / "a.npy").write_bytes(b"nothing")
    with pytest.raises(FormatError, match="not a whole"):
        read_frames(tmp_path / "a.npy", VECTOR, 3)


def test_a_file_of_one_array_may_have_any_name(tmp_path):
    np.save(tmp_path / "labels.npy", numbers(4, 6, 5, low=0, high=2))
    assert read_frames(tmp_path / "labels.npy", VECTOR, 3).labels.tolist() == [-1] * 4


@pytest.mark.parametrize("order", ["C", "F"])
def test_frames_of_an_npy_stay_in_the_file(path, order):
    frames = numbers(7, 2, 3, 4, 5)
    np.save(path, np.asarray(frames, order=order))
    found = read_frames(path, MAPS, 3)
    assert isinstance(found.stored, np.memmap)
    assert len(found) == 7
    block = found.block(2, 5)
    assert type(block) is np.ndarray
    assert block.dtype == np.int32
    assert np.array_equal(block, frames[2:5])
    assert found.block(5, 9).shape == (2, 2, 3, 4, 5)


def test_reading_a_file_block_by_block_takes_no_more_memory_than_a_block(path, run_python):
    np.save(path, np.ones((320, 6, 1, 1, 2**15), dtype=np.uint8))  # 60 MiB
    script = """
import re, sys
from pathlib import Path
from evsnn_lava.data import frame_files, read_frames
from evsnn_lava.network import InputRecipe
frame_files.CHECKED_BYTES = 2**21
peak_kib = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before = peak_kib()
found = read_frames(sys.argv[1], InputRecipe.frames((6, 1, 1), steps=2**15), 3)
print(sum(int(found.block(start, start + 8).sum()) for start in range(0, 320, 8)))
print(peak_kib() - before)
"""
    read, grown_kib = map(int, run_python(script, str(path)).split())
    assert read == 320 * 6 * 2**15
    assert grown_kib < 30 * 1024


def test_blocks_of_vectors_have_all_axes(path):
    frames = numbers(7, 6, 5, low=0, high=2)
    np.save(path, frames)
    assert np.array_equal(read_frames(path, VECTOR, 3).block(3, 5), frames[3:5].reshape(2, 6, 1, 1, 5))


def test_values_are_checked_piece_by_piece(path, monkeypatch):
    frames = np.zeros((9, 2, 3, 4, 5), dtype=np.int16)
    frames[4, 1, 2, 3, 4], frames[8] = 77, 99
    np.save(path, frames)
    for size in (1, 500, 10**6):
        monkeypatch.setattr(frame_files, "CHECKED_BYTES", size)
        with pytest.raises(ConfigError, match=r"121 values of the frames \(first 77\) are no whole numbers -8..7"):
            read_frames(path, MAPS, 3)


def test_one_is_too_large_for_one_bit(path):
    np.save(path, np.ones((1, 2, 3, 4, 5), dtype=bool))
    with pytest.raises(ConfigError, match=r"\(first True\) are no whole numbers -1..0"):
        read_frames(path, InputRecipe.frames((2, 3, 4), steps=5, message_bits=1), 3)


def test_a_cut_file_is_refused(path):
    np.save(path, numbers(7, 2, 3, 4, 5))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FormatError, match="not a whole"):
        read_frames(path, MAPS, 3)


def test_which_files_hold_frames(tmp_path):
    assert holds_frames("digits", MAPS)
    assert not holds_frames("digits", EVENTS)
    for name, shape, expected in (("a", (2, 3, 4, 5), True), ("b", (1, 2, 3, 4, 5), True), ("c", (9, 4), False)):
        np.save(tmp_path / f"{name}.npy", np.zeros(shape))
        assert holds_frames(tmp_path / f"{name}.npy", EVENTS) is expected
    np.savez(tmp_path / "d.npz", frames=GOOD)
    np.savez(tmp_path / "e.npz", t=[1], x=[1], y=[1], p=[1])
    (tmp_path / "f.npz").write_bytes(b"PK nothing")
    (tmp_path / "g.npy").write_bytes(b"nothing")
    assert [holds_frames(tmp_path / name, EVENTS) for name in ("d.npz", "e.npz", "f.npz", "g.npy")] == [
        True, False, False, False,
    ]  # fmt: skip
