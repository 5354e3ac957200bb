"""From events to the binary frames that a network reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evsnn_lava.data.checks import check_events
from evsnn_lava.data.recording import EventSet, Recording
from evsnn_lava.errors import ConfigError
from evsnn_lava.network import InputRecipe


def bin_events(recording: Recording, recipe: InputRecipe) -> NDArray[np.bool_]:
    """Turn one recording into frames.

    Parameters
    ----------
    recording : Recording
        The events; all of them must lie on the sensor of `recipe`.
    recipe : InputRecipe
        ``time`` binning: frame `k` holds the events of ``k * dt_us <= t_us < (k + 1) * dt_us``;
        events at or after ``steps * dt_us`` are dropped. ``count`` binning: of the `n` events inside
        the crop, event `i` goes to frame ``i * steps // n``, so frames differ by one event at most.

    Returns
    -------
    numpy.ndarray of bool, (C, H, W, T)
        True where at least one event fell. With two polarities channel 1 is ON and channel 0 OFF.

    Raises
    ------
    FormatError
        If an event lies outside the sensor.

    Examples
    --------
    >>> recording = Recording(t_us=[0, 999, 1000, 5000], x=[0, 1, 1, 0], y=[0, 0, 0, 0], p=[1, 0, 1, 1])
    >>> recipe = InputRecipe(sensor_height=1, sensor_width=2, steps=2, dt_us=1000)
    >>> bin_events(recording, recipe).astype(int).tolist()
    [[[[0, 0], [1, 0]]], [[[1, 0], [0, 1]]]]
    """
    events: dict[str, NDArray[Any]] = {"t_us": recording.t_us, "x": recording.x, "y": recording.y, "p": recording.p}
    check_events(recording.place, events, (recipe.sensor_height, recipe.sensor_width))
    frames = np.zeros((*recipe.input_shape, recipe.steps), dtype=bool)
    _fill(frames, recording, recipe)
    return frames


def bin_set(event_set: EventSet, recipe: InputRecipe, indices: Iterable[int] | None = None) -> NDArray[np.bool_]:
    """Turn a set, or the recordings at `indices`, into frames.

    Parameters
    ----------
    event_set : EventSet
        The recordings.
    recipe : InputRecipe
        As in `bin_events`; its sensor must be the one of the set.
    indices : iterable of int, optional
        Which recordings, in which order.

    Returns
    -------
    numpy.ndarray of bool, (N, C, H, W, T)

    Raises
    ------
    ConfigError
        If the set was recorded with a sensor of another size.

    Examples
    --------
    >>> dot = Recording(t_us=[1], x=[1], y=[0], p=[1])
    >>> dots = EventSet.from_recordings([dot, dot], "dots", (2, 2), ["dot"])
    >>> bin_set(dots, InputRecipe(sensor_height=2, sensor_width=2, steps=3, binning="count")).shape
    (2, 2, 2, 2, 3)
    """
    expected = (recipe.sensor_height, recipe.sensor_width)
    if tuple(event_set.sensor) != expected:
        raise ConfigError(
            f"{event_set.name}: the sensor is {_size(event_set.sensor)}, the input recipe is for {_size(expected)}; "
            "correct the recipe or read the events with sensor=(height, width)"
        )
    chosen = range(len(event_set)) if indices is None else list(indices)
    frames = np.zeros((len(chosen), *recipe.input_shape, recipe.steps), dtype=bool)
    for place, index in enumerate(chosen):
        _fill(frames[place], event_set[index], recipe)
    return frames


def _size(sensor: tuple[int, int]) -> str:
    return f"{sensor[0]} x {sensor[1]} (height x width)"


def _fill(frames: NDArray[np.bool_], recording: Recording, recipe: InputRecipe) -> None:
    """Set the pixels of one recording in ``(C, H, W, T)`` frames of zeros."""
    top, left, height, width = recipe.window
    row = recording.y.astype(np.int64) - top
    column = recording.x.astype(np.int64) - left
    channel = recording.p.astype(np.int64) if recipe.polarities == 2 else np.zeros(len(recording), np.int64)
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    step = BINNERS[recipe.binning](recording, inside, recipe)
    kept = inside & (step < recipe.steps)
    side = recipe.downsample
    frames[channel[kept], row[kept] // side, column[kept] // side, step[kept]] = True


def _step_by_time(recording: Recording, inside: NDArray[np.bool_], recipe: InputRecipe) -> NDArray[np.int64]:
    return recording.t_us.astype(np.int64) // recipe.dt_us


def _step_by_count(recording: Recording, inside: NDArray[np.bool_], recipe: InputRecipe) -> NDArray[np.int64]:
    rank = np.cumsum(inside, dtype=np.int64) - inside
    return rank * recipe.steps // max(1, int(inside.sum()))


BINNERS: Final[dict[str, Callable[[Recording, NDArray[np.bool_], InputRecipe], NDArray[np.int64]]]] = {
    "time": _step_by_time,
    "count": _step_by_count,
}
"""The frame of each event, by name of the binning; events out of the crop get any number."""
