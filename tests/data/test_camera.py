"""The simulated camera does what its parameters say."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evsnn_lava.data import Recording, SaccadeCamera, SaccadeRecorder
from evsnn_lava.data.camera import _events, _gaze
from evsnn_lava.errors import ConfigError

QUIET = SaccadeCamera(noise_hz=0.0, mismatch=0.0, jitter_px=0.0)


def picture() -> NDArray[np.float64]:
    light = np.zeros((8, 8))
    light[1:7, 3:5] = 1.0
    return light


def one_pixel(level: list[float], threshold: float, refractory_us: float) -> NDArray[np.int64]:
    return _events(np.array(level)[:, None, None], np.full((2, 1, 1), threshold), 1000.0, refractory_us)


def test_a_steady_ramp_gives_events_at_equal_distances() -> None:
    """0.01 per us: the threshold of 1 takes 100 us, then the pixel is blind for 50 us."""
    t_us, _, p = one_pixel([0.0, 10.0, 20.0], threshold=1.0, refractory_us=50.0)
    np.testing.assert_array_equal(t_us, np.arange(100, 2001, 150))
    assert set(p.tolist()) == {1}


def test_getting_darker_gives_off_events() -> None:
    _, _, p = one_pixel([0.0, 2.5, 0.0], threshold=1.0, refractory_us=1.0)
    assert p.tolist() == [1, 1, 0, 0]


def test_small_changes_add_up_over_frames() -> None:
    t_us, _, p = one_pixel([0.0, 0.4, 0.8, 1.2], threshold=1.0, refractory_us=1.0)
    assert (t_us.tolist(), p.tolist()) == ([2500], [1])


def test_a_blind_pixel_starts_from_what_it_sees_when_it_wakes() -> None:
    """What happens during the refractory period, here 3 more thresholds, is lost."""
    t_us, _, _ = one_pixel([0.0, 4.0, 4.0, 4.9], threshold=1.0, refractory_us=1000.0)
    assert t_us.tolist() == [250]


def test_waking_at_the_border_of_two_frames() -> None:
    t_us, _, p = one_pixel([0.0, 1.0, 2.0, 1.5], threshold=1.0, refractory_us=1000.0)
    assert (t_us.tolist(), p.tolist()) == ([1000], [1])


def test_a_still_camera_without_noise_sees_nothing() -> None:
    assert one_pixel([3.0] * 5, threshold=0.2, refractory_us=10.0).shape == (3, 0)


def test_the_gaze_runs_along_a_closed_triangle_around_the_centre() -> None:
    gaze = _gaze(QUIET)
    assert gaze.shape == (121, 2)
    np.testing.assert_allclose(gaze[0], gaze[-1])
    np.testing.assert_allclose(gaze.max(axis=0) - gaze.min(axis=0), QUIET.amplitude_px)
    np.testing.assert_allclose(gaze.max(axis=0), -gaze.min(axis=0))
    np.testing.assert_allclose(gaze[[0, 40, 80]], [[-3, -3], [0, 3], [3, -3]])


def test_a_uniform_picture_keeps_its_light_inside() -> None:
    light = SaccadeRecorder(QUIET).light(np.full((8, 8), 0.5), np.zeros(2))
    assert light.shape == (121, 34, 34)
    np.testing.assert_allclose(light[:, 14:20, 14:20], 0.5)
    assert light[0, -1, -1] == 0.0


def leading(recording: Recording, axis: str, saccade: int) -> float:
    """How far the mean ON event lies ahead of the mean OFF event along x or y, in pixels."""
    during = recording.t_us // QUIET.saccade_us == saccade
    place = getattr(recording, axis).astype(float)
    return float(place[during & (recording.p == 1)].mean() - place[during & (recording.p == 0)].mean())


def test_the_leading_edge_is_on_and_the_trailing_edge_off() -> None:
    """The picture moves down, then up, then left, as the gaze path says."""
    recording = SaccadeRecorder(QUIET).record(picture(), label=1, sample_id=0)
    assert leading(recording, "y", 0) > 1
    assert leading(recording, "y", 1) < -1
    assert leading(recording, "x", 2) < -1


def test_the_refractory_period_holds_in_every_pixel() -> None:
    recording = SaccadeRecorder(QUIET).record(picture(), label=1, sample_id=0)
    pixel = recording.y.astype(int) * 34 + recording.x
    order = np.lexsort((recording.t_us, pixel))
    apart = np.diff(recording.t_us[order])[np.diff(pixel[order]) == 0]
    assert apart.size > 100
    assert apart.min() >= QUIET.refractory_us - 1


def test_noise_comes_at_the_stated_rate() -> None:
    recorder = SaccadeRecorder(SaccadeCamera(noise_hz=20.0))
    recordings = [recorder.record(np.zeros((8, 8)), 0, sample) for sample in range(5)]
    expected = 20.0 * 34 * 34 * 0.3
    assert abs(np.mean([len(recording) for recording in recordings]) - expected) < 4 * np.sqrt(expected / 5)
    assert abs(np.concatenate([recording.p for recording in recordings]).mean() - 0.5) < 0.05


def test_a_sample_depends_on_the_seed_and_its_id_alone() -> None:
    def times(seed: int, sample_id: int) -> list[int]:
        return SaccadeRecorder(SaccadeCamera(seed=seed)).record(picture(), 1, sample_id).t_us.tolist()

    assert times(0, 4) == times(0, 4)
    assert times(0, 4) != times(0, 5)
    assert times(0, 4) != times(1, 4)


def test_a_lower_threshold_makes_more_events() -> None:
    counts = [
        len(SaccadeRecorder(SaccadeCamera(threshold=threshold)).record(picture(), 1, 0))
        for threshold in (0.2, 0.35, 0.6)
    ]
    assert counts[0] > counts[1] > counts[2]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("threshold", 0.0), ("height", 0), ("noise_hz", -1.0), ("refractory_us", 0), ("darkness", float("nan"))],
)
def test_a_parameter_out_of_range(parameter: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"camera: {parameter} is {value}, it must be positive"):
        SaccadeCamera(**{parameter: value})


def test_frames_must_fill_a_saccade() -> None:
    with pytest.raises(ConfigError, match="frame_us is 3000, it must divide saccade_us 100000"):
        SaccadeCamera(frame_us=3000)
