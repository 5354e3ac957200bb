"""A simulated event camera that looks at a still picture in saccades."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evsnn_lava.data.recording import Recording
from evsnn_lava.errors import ConfigError

PATH: Final = ((0.0, 0.0), (0.5, 1.0), (1.0, 0.0), (0.0, 0.0))
"""Corners (x, y) of the triangle that the gaze runs along, in units of the amplitude: three saccades."""

MODEL_VERSION: Final = 1
"""Raised whenever the same parameters give other events, so that caches are made anew."""


@dataclass(frozen=True)
class SaccadeCamera:
    """Parameters of the camera and its motion; the units stand in the names.

    Parameters
    ----------
    height, width : int
        Pixels of the sensor.
    picture_px : float
        Side of the picture on the sensor, in pixels.
    saccade_us : int
        Length of one of the three saccades in microseconds.
    amplitude_px : float
        Size of the triangle that the picture runs along, in pixels.
    jitter_px : float
        Each sample starts up to this many pixels away from the centre, in both directions.
    frame_us : int
        The light is computed every so many microseconds and is linear in between (in log-intensity).
    darkness : float
        Light of a black pixel, where a white one gives 1: sets the largest contrast, ``log(1 + 1 / darkness)``.
    threshold : float
        Change of the natural logarithm of the light that makes an event.
    mismatch : float
        Standard deviation of the threshold from pixel to pixel, relative; a property of the sensor,
        the same for all samples.
    refractory_us : int
        A pixel is blind for so many microseconds after an event, and then starts from the light it sees.
    noise_hz : float
        Background events of one pixel per second, of either polarity.
    seed : int
        Of everything drawn at random. Sample `i` depends on the seed and on `i` alone.

    Raises
    ------
    ConfigError
        If a value is out of range.

    Examples
    --------
    >>> SaccadeCamera().duration_us
    300000
    """

    height: int = 34
    width: int = 34
    picture_px: float = 24.0
    saccade_us: int = 100_000
    amplitude_px: float = 6.0
    jitter_px: float = 1.0
    frame_us: int = 2_500
    darkness: float = 0.2
    threshold: float = 0.35
    mismatch: float = 0.1
    refractory_us: int = 1_500
    noise_hz: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values."""
        may_be_zero = ("amplitude_px", "jitter_px", "mismatch", "noise_hz", "seed")
        for field in fields(self):
            value, name = getattr(self, field.name), field.name
            if not (value > 0 or (value == 0 and name in may_be_zero)):
                raise ConfigError(f"camera: {name} is {value}, it must be positive; correct it")
        if self.saccade_us % self.frame_us:
            raise ConfigError(f"camera: frame_us is {self.frame_us}, it must divide saccade_us {self.saccade_us}")

    @property
    def duration_us(self) -> int:
        """Length of a recording in microseconds."""
        return (len(PATH) - 1) * self.saccade_us


class SaccadeRecorder:
    """Turns pictures into recordings, with the tables that all pictures share made once.

    The light of pixel ``(row, column)`` at time `t` is the picture, enlarged with the cubic kernel of
    Keys (a = -1/2) and moved by the gaze. A pixel remembers the logarithm of its light at its last
    event; when the logarithm differs by the threshold it makes an event, ON if it grew, and is then
    blind for the refractory period (the model of Lichtsteiner et al., IEEE JSSC 43:566, 2008; the
    saccades follow Orchard et al., Front. Neurosci. 9:437, 2015).

    Parameters
    ----------
    camera : SaccadeCamera
        The parameters.

    Examples
    --------
    >>> recorder = SaccadeRecorder(SaccadeCamera(noise_hz=0.0))
    >>> square = np.zeros((8, 8))
    >>> square[2:6, 2:6] = 1.0
    >>> recording = recorder.record(square, label=0, sample_id=3)
    >>> recording.sample_id, len(recording) > 500, recording.duration_us <= 300_000
    (3, True, True)
    """

    def __init__(self, camera: SaccadeCamera) -> None:
        self.camera = camera
        self._gaze_px = _gaze(camera)
        shape = (camera.height, camera.width)
        spread = np.random.default_rng([camera.seed, 0]).standard_normal((2, *shape))
        # A threshold far below the mean would fire without end; real sensors are trimmed as well.
        self._thresholds = camera.threshold * np.clip(1.0 + camera.mismatch * spread, 0.3, None)

    def record(self, picture: NDArray[np.floating[Any]], label: int, sample_id: int) -> Recording:
        """Look at one picture.

        Parameters
        ----------
        picture : numpy.ndarray of float, (rows, columns)
            Light from 0 (black) to 1 (white).
        label, sample_id : int
            What it shows and is called; the sample id chooses the random numbers.

        Returns
        -------
        Recording
        """
        random = np.random.default_rng([self.camera.seed, 1 + sample_id])
        light = self.light(picture, random.uniform(-1.0, 1.0, 2) * self.camera.jitter_px)
        events = _events(np.log(light + self.camera.darkness), self._thresholds, *self._periods())
        t_us, pixel, p = np.concatenate([events, self._noise(random)], axis=1)
        order = np.argsort(t_us, kind="stable")
        y, x = np.divmod(pixel[order], self.camera.width)
        return Recording(t_us[order], x, y, p[order], label, sample_id, source="event camera")

    def light(self, picture: NDArray[np.floating[Any]], start_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the light on every pixel, ``(frames, height, width)``, from 0 to 1."""
        rows, columns = picture.shape
        down = _weights(self.camera.height, rows, self.camera.picture_px, self._gaze_px[:, 1] + start_px[1])
        across = _weights(self.camera.width, columns, self.camera.picture_px, self._gaze_px[:, 0] + start_px[0])
        return np.clip(down @ picture @ across.transpose(0, 2, 1), 0.0, 1.0)

    def _periods(self) -> tuple[float, float]:
        return float(self.camera.frame_us), float(self.camera.refractory_us)

    def _noise(self, random: np.random.Generator) -> NDArray[np.int64]:
        """Draw background events: a Poisson process, the same in every pixel."""
        camera = self.camera
        pixels = camera.height * camera.width
        count = random.poisson(camera.noise_hz * pixels * camera.duration_us * 1e-6)
        highest = np.array([[camera.duration_us], [pixels], [2]])
        return random.integers(0, highest, (3, count))


def _gaze(camera: SaccadeCamera) -> NDArray[np.float64]:
    """Give the displacement (x, y) in pixels at every frame; a saccade starts and ends at rest."""
    corners = np.array(PATH) * camera.amplitude_px
    corners -= (corners.max(axis=0) + corners.min(axis=0)) / 2.0
    times = np.arange(camera.duration_us // camera.frame_us + 1) * camera.frame_us / camera.saccade_us
    saccade = np.minimum(times.astype(int), len(PATH) - 2)
    share = (1.0 - np.cos(np.pi * (times - saccade)))[:, None] / 2.0
    gaze: NDArray[np.float64] = corners[saccade] * (1.0 - share) + corners[saccade + 1] * share
    return gaze


def _weights(pixels: int, cells: int, picture_px: float, shift_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give how much each cell of the picture lights each pixel, ``(frames, pixels, cells)``."""
    centre = np.arange(pixels) - (pixels - 1) / 2.0
    position = (centre - shift_px[:, None]) * (cells / picture_px) + (cells - 1) / 2.0
    d = np.abs(position[:, :, None] - np.arange(cells))
    near = (1.5 * d - 2.5) * d * d + 1.0
    far = ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0
    return np.where(d < 1.0, near, np.where(d < 2.0, far, 0.0))


@njit(cache=True)
def _events(
    level: NDArray[np.float64], thresholds: NDArray[np.float64], frame_us: float, refractory_us: float
) -> NDArray[np.int64]:
    """Give ``(3, events)``: time in us, pixel, polarity, from the log-intensity ``(frames, height, width)``."""
    frames, height, width = level.shape
    found = []
    for pixel in range(height * width):
        y, x = pixel // width, pixel % width
        reference, ready_us, blind = level[0, y, x], 0.0, False
        for frame in range(1, frames):
            before, after = level[frame - 1, y, x], level[frame, y, x]
            start_us, end_us = (frame - 1) * frame_us, frame * frame_us
            slope = (after - before) / frame_us
            while ready_us < end_us:
                if blind:  # the pixel wakes within this frame and starts from what it sees
                    start_us, before = ready_us, before + slope * (ready_us - start_us)
                    reference, blind = before, False
                on = after > reference
                step = thresholds[1, y, x] if on else -thresholds[0, y, x]
                if abs(after - reference) < abs(step):
                    break
                event_us = start_us + (reference + step - before) / slope
                found.append((np.int64(event_us), np.int64(pixel), np.int64(on)))
                ready_us, blind = event_us + refractory_us, True
    events = np.empty((3, len(found)), np.int64)
    for index in range(len(found)):
        events[0, index], events[1, index], events[2, index] = found[index]
    return events
