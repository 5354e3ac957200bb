"""The input recipe: limits and the shape of a frame."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError
from evsnn_lava.network import InputRecipe

GOOD = {"sensor_height": 8, "sensor_width": 10, "steps": 5, "dt_us": 1000}
NONE = {"binning": "none", "dt_us": 0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"binning": "space"}, "unknown binning 'space'; choose one of: count, none, time"),
        ({"polarities": 3}, "input recipe: polarities is 3, the limit is 1 or 2; correct it"),
        ({"polarities": 0}, "input recipe: polarities is 0, the limit is 1 or 2; correct it"),
        ({"sensor_height": 0}, "input recipe: sensor_height is 0, it must be at least 1; correct it"),
        ({"sensor_width": 0}, "input recipe: sensor_width is 0, it must be at least 1; correct it"),
        ({"steps": 0}, "input recipe: steps is 0, it must be at least 1; correct it"),
        ({"downsample": 0}, "input recipe: downsample is 0, it must be at least 1; correct it"),
        ({"dt_us": 0}, "input recipe: dt_us is 0 with time binning; set it for time only"),
        ({"dt_us": -5}, "input recipe: dt_us is -5 with time binning; set it for time only"),
        ({"binning": "count"}, "input recipe: dt_us is 1000 with count binning; set it for time only"),
        (
            {"message_bits": 8},
            "input recipe: message_bits is 8, the limit is 0..0 with time binning; correct it",
        ),
        (
            {**NONE, "message_bits": 25},
            "input recipe: message_bits is 25, the limit is 0..24 with none binning; correct it",
        ),
        (
            {**NONE, "message_bits": -1},
            "input recipe: message_bits is -1, the limit is 0..24 with none binning; correct it",
        ),
        ({**NONE, "polarities": 0}, "input recipe: polarities is 0, the limit is at least 1; correct it"),
        ({**NONE, "dt_us": 5}, "input recipe: dt_us is 5 with none binning; set it for time only"),
        *(
            (
                {"crop": crop},
                f"input recipe: crop {crop} leaves the sensor (8 x 10); shrink it",
            )
            for crop in [(-1, 0, 3, 3), (0, -1, 3, 3), (0, 0, 0, 3), (0, 0, 3, 0), (1, 0, 8, 3), (0, 1, 3, 10)]
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(change, message):
    with pytest.raises(ConfigError) as caught:
        InputRecipe(**{**GOOD, **change})
    assert str(caught.value) == message


def test_the_whole_sensor_can_be_cropped_and_counted():
    assert InputRecipe(**{**GOOD, "crop": (0, 0, 8, 10)}).input_shape == (2, 8, 10)
    assert InputRecipe(8, 10, 5, binning="count", polarities=1).input_shape == (1, 8, 10)


@given(
    crop=st.none() | st.tuples(st.just(1), st.just(2), st.integers(1, 7), st.integers(1, 8)),
    downsample=st.integers(1, 12),
    polarities=st.sampled_from([1, 2]),
)
def test_every_pixel_of_the_window_falls_into_the_frame(crop, downsample, polarities):
    recipe = InputRecipe(**GOOD, crop=crop, downsample=downsample, polarities=polarities)
    top, left, height, width = recipe.window
    assert recipe.window == (crop or (0, 0, 8, 10))
    rows = {(y - top) // downsample for y in range(top, top + height)}
    columns = {(x - left) // downsample for x in range(left, left + width)}
    assert recipe.input_shape == (polarities, len(rows), len(columns))


def test_a_recipe_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        InputRecipe(**GOOD).steps = 3


def test_frames_that_the_user_brings():
    recipe = InputRecipe.frames((700, 1, 1), steps=9, dataset="speech")
    assert (recipe.input_shape, recipe.steps, recipe.binning, recipe.dataset) == ((700, 1, 1), 9, "none", "speech")
    assert InputRecipe.frames((3, 66, 200), 16, 16).input_shape == (3, 66, 200)


@pytest.mark.parametrize(
    ("bits", "expected"), [(0, (0, 1)), (1, (-1, 0)), (8, (-128, 127)), (24, (-(2**23), 2**23 - 1))]
)
def test_values_have_as_many_bits_as_the_recipe_says(bits, expected):
    assert InputRecipe.frames((1, 1, 1), 1, bits).value_range == expected
