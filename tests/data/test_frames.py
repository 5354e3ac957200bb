"""The fast binning equals an obvious loop, for all events and recipes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evsnn_lava.data import EventSet, Recording, bin_events, bin_set
from evsnn_lava.errors import ConfigError, FormatError
from evsnn_lava.network import InputRecipe


def obvious(recording: Recording, recipe: InputRecipe) -> NDArray[np.bool_]:
    """One event after the other, one rule a line."""
    frames = np.zeros((*recipe.input_shape, recipe.steps), bool)
    top, left, height, width = recipe.crop or (0, 0, recipe.sensor_height, recipe.sensor_width)
    used = []
    for t, x, y, p in zip(*(getattr(recording, name).tolist() for name in ("t_us", "x", "y", "p")), strict=True):
        if top <= y < top + height and left <= x < left + width:
            used.append((t, x - left, y - top, p))
    for i, (t, x, y, p) in enumerate(used):
        step = t // recipe.dt_us if recipe.binning == "time" else i * recipe.steps // len(used)
        if step < recipe.steps:
            channel = p if recipe.polarities == 2 else 0
            frames[channel, y // recipe.downsample, x // recipe.downsample, step] = True
    return frames


@st.composite
def cases(draw: st.DrawFn) -> tuple[Recording, InputRecipe]:
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    crop = (top, left, draw(st.integers(1, height - top)), draw(st.integers(1, width - left)))
    by_time = draw(st.booleans())
    recipe = InputRecipe(
        sensor_height=height,
        sensor_width=width,
        steps=draw(st.integers(1, 6)),
        dt_us=draw(st.integers(1, 40)) if by_time else 0,
        binning="time" if by_time else "count",
        polarities=draw(st.sampled_from([1, 2])),
        crop=draw(st.sampled_from([None, crop])),
        downsample=draw(st.integers(1, 4)),
    )
    event = st.tuples(st.integers(0, 200), st.integers(0, width - 1), st.integers(0, height - 1), st.integers(0, 1))
    t_us, x, y, p = zip(*sorted(draw(st.lists(event, min_size=1, max_size=30))), strict=True)
    return Recording(np.array(t_us), np.array(x), np.array(y), np.array(p)), recipe


@settings(max_examples=300)
@given(cases())
def test_binning_equals_the_obvious_loop(case: tuple[Recording, InputRecipe]) -> None:
    recording, recipe = case
    frames = bin_events(recording, recipe)
    np.testing.assert_array_equal(frames, obvious(recording, recipe))
    event_set = EventSet.from_recordings(
        [recording, recording], "pair", (recipe.sensor_height, recipe.sensor_width), ["a"]
    )
    np.testing.assert_array_equal(bin_set(event_set, recipe), [frames, frames])


@settings(max_examples=100)
@given(st.integers(1, 50), st.integers(1, 12))
def test_count_binning_gives_frames_of_equal_numbers_of_events(events: int, steps: int) -> None:
    recording = Recording(np.zeros(events), np.arange(events), np.zeros(events), np.ones(events))
    recipe = InputRecipe(1, 50, steps, binning="count", polarities=1)
    per_frame = bin_events(recording, recipe).sum(axis=(0, 1, 2))
    assert per_frame.sum() == events
    assert per_frame.max() - per_frame.min() <= 1


def test_on_is_channel_1_and_late_events_are_dropped() -> None:
    recording = Recording([0, 19, 20, 99], [0, 1, 2, 3], [0, 0, 0, 0], [0, 1, 1, 0])
    frames = bin_events(recording, InputRecipe(1, 4, steps=2, dt_us=10))
    assert [tuple(int(i) for i in index) for index in np.argwhere(frames)] == [(0, 0, 0, 0), (1, 0, 1, 1)]


def test_indices_choose_the_recordings(event_set: EventSet) -> None:
    recipe = InputRecipe(5, 7, steps=4, dt_us=2500)
    everything = bin_set(event_set, recipe)
    assert everything.shape == (6, 2, 5, 7, 4)
    assert everything.dtype == bool
    np.testing.assert_array_equal(bin_set(event_set, recipe, [5, 2]), everything[[5, 2]])
    np.testing.assert_array_equal(bin_set(event_set, recipe, np.array([1])), everything[[1]])


def test_another_sensor_is_refused(event_set: EventSet) -> None:
    recipe = InputRecipe(34, 34, steps=4, dt_us=2500)
    with pytest.raises(ConfigError, match=r"the sensor is 5 x 7 \(height x width\), the input recipe is for 34 x 34"):
        bin_set(event_set, recipe)


def test_an_event_off_the_sensor_is_refused() -> None:
    recording = Recording([1, 2], [3, 34], [0, 0], [0, 1], sample_id=9, source="a.npy")
    with pytest.raises(FormatError, match=r"a.npy, sample 9, event 1: x is 34, the range is 0..33"):
        bin_events(recording, InputRecipe(34, 34, steps=4, dt_us=2500))
