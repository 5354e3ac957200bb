"""Events and pictures behind one door."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.data import bin_set, default_recipe, load
from evsnn_lava.data.images import image_recipe
from evsnn_lava.data.parts import frames_of, load_part
from evsnn_lava.errors import ConfigError


def test_pictures_by_name_and_number():
    part, recipe = load_part("digit_images", "test"), image_recipe("digit_images", 2, 4)
    frames = frames_of(part, recipe)
    assert frames.shape == (300, 1, 8, 8, 2)
    assert np.array_equal(frames_of(part, recipe, [7, 2]), frames[[7, 2]])
    assert np.array_equal(frames_of(part, recipe, iter(range(3))), frames[:3])
    assert len(part.labels) == len(part.sample_id) == 300
    assert part.assumed == frozenset()
    assert frames.min() == 0  # a message has a sign, a pixel has not


def test_events_by_name_and_number():
    part, recipe = load_part("digits", "test"), default_recipe("digits")
    assert np.array_equal(frames_of(part, recipe, [1]), bin_set(load("digits", "test"), recipe, [1]))


def test_what_does_not_fit_the_recipe_is_refused():
    pictures, events = load_part("digit_images", "test"), load_part("digits", "test")
    with pytest.raises(ConfigError, match="has pictures, the network takes events"):
        frames_of(pictures, default_recipe("digits"))
    with pytest.raises(ConfigError, match="has events, the network takes frames"):
        frames_of(events, image_recipe("digit_images", 1, 4))
    with pytest.raises(ConfigError, match="choose another data set"):
        frames_of(pictures, image_recipe("mnist", 1, 4))
    with pytest.raises(ConfigError, match="split"):
        load_part("digit_images", "all")
