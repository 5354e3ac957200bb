"""The built-in digits: plausible, reproducible, cached."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from evsnn_lava.data import SaccadeCamera, digit_split, event_digits, simulate_digits
from evsnn_lava.data.digits import cache_file


def test_a_digit_depends_on_itself_alone() -> None:
    several = simulate_digits(indices=[3, 700])
    alone = simulate_digits(indices=[700])[0]
    np.testing.assert_array_equal(several[1].t_us, alone.t_us)
    np.testing.assert_array_equal(several[1].x, alone.x)
    assert several.sample_id.tolist() == [3, 700]


def test_digits_look_like_those_of_an_event_camera() -> None:
    """As many events as N-MNIST has, both polarities, all three saccades, in the middle of the sensor."""
    digits = simulate_digits(indices=range(40))
    counts = digits.events_per_recording
    assert 1500 < counts.min() < counts.mean() < 4000
    assert 0.4 < digits.p.mean() < 0.6
    assert (digits.sensor, digits.class_names) == ((34, 34), tuple("0123456789"))
    shares = np.bincount(digits.t_us // 100_000, minlength=3)[:3] / digits.t_us.size
    assert shares.min() > 0.2
    picture = np.bincount(digits.y.astype(int) * 34 + digits.x, minlength=34 * 34).reshape(34, 34)
    assert picture[8:26, 8:26].mean() > 10 * picture[[0, -1]].mean()


def test_each_digit_shows_its_picture() -> None:
    """Where the camera saw change, the enlarged picture has light: nearest class mean, on unseen digits."""
    digits = simulate_digits(indices=range(300))
    seen = np.zeros((300, 34 * 34))
    for row, recording in zip(seen, digits, strict=True):
        np.add.at(row, recording.y.astype(int) * 34 + recording.x, 1)
    means = np.array([seen[:200][digits.labels[:200] == digit].mean(axis=0) for digit in range(10)])
    distance = ((seen[200:, None] - means) ** 2).sum(axis=2)
    assert (distance.argmin(axis=1) == digits.labels[200:]).mean() > 0.7


def test_parts_are_fixed_disjoint_and_stratified() -> None:
    parts = {split: digit_split(split) for split in ("train", "validation", "test")}
    assert {split: len(part) for split, part in parts.items()} == {"train": 1197, "validation": 300, "test": 300}
    np.testing.assert_array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(1797))
    assert parts["test"][:5].tolist() == digit_split("test")[:5].tolist()


def test_the_second_time_digits_come_from_the_cache(own_cache: Path) -> None:
    file = cache_file(SaccadeCamera())
    assert [path.name for path in own_cache.iterdir()] == [file.name]
    written = file.stat().st_mtime_ns
    start = time.process_time()
    digits = event_digits()
    assert time.process_time() - start < 2.0
    assert (len(digits), file.stat().st_mtime_ns) == (1797, written)
    some = simulate_digits(indices=[0, 900, 1796])
    for recording in some:
        np.testing.assert_array_equal(digits[recording.sample_id].t_us, recording.t_us)


def test_another_camera_is_another_file(own_cache: Path) -> None:
    files = {cache_file(camera) for camera in (SaccadeCamera(), SaccadeCamera(seed=1), SaccadeCamera(threshold=0.3))}
    assert len(files) == 3


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_broken_cache_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    """Made quick by a small sensor; the file that a killed machine left is replaced by a whole one."""
    monkeypatch.setenv("EVSNN_CACHE", str(tmp_path))
    camera = SaccadeCamera(height=8, width=8, picture_px=8.0, frame_us=20_000, threshold=1.0)
    digits = event_digits(camera)
    file = cache_file(camera)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    np.testing.assert_array_equal(event_digits(camera).t_us, digits.t_us)
    assert file.read_bytes() == whole
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
