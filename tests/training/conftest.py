"""A data set that is learned in seconds."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from evsnn_lava.data import EventSet, Recording, write_events

SENSOR, STEPS, DT_US = (8, 8), 6, 1000
CLASSES = ("left", "middle", "right")


def bar(label, sample_id, random):
    """Noise, and a bar of events at the place of the class."""
    count = 60
    t_us = np.sort(random.integers(0, STEPS * DT_US, count))
    x = np.where(
        random.random(count) < 0.85, 1 + 3 * label + random.integers(0, 2, count), random.integers(0, 8, count)
    )
    values = {"x": x.clip(0, 7), "y": random.integers(0, 8, count), "p": random.integers(0, 2, count)}
    return Recording(t_us=t_us, label=label, sample_id=sample_id, **values)


@pytest.fixture(scope="session")
def bars(tmp_path_factory):
    """A folder with 60 training, 30 validation and 15 test recordings of three classes."""
    folder, random = tmp_path_factory.mktemp("bars"), np.random.default_rng(1)
    for split, count in (("train", 60), ("validation", 30), ("test", 15)):
        recordings = [bar(index % 3, index, random) for index in range(count)]
        events = EventSet.from_recordings(recordings, "bars", SENSOR, CLASSES)
        write_events(events, folder / f"bars_{split}.npz")
    return folder


@pytest.fixture(scope="session")
def bars_settings(bars):
    """A configuration for them, as plain values."""
    return {
        "name": "bars",
        "data": {"dataset": str(bars), "steps": STEPS, "dt_us": DT_US, "shift_pixels": 0, "event_drop": 0.1},
        "network": {"layers": [{"type": "conv", "channels": 4, "kernel": 3, "stride": 2, "padding": 1}]},
        "train": {"epochs": 8, "batch_size": 20, "learning_rate": 1e-2, "accelerator": "cpu"},
        "masks": {"keep": [0.7, 0.5], "soft_epochs": 3, "hard_epochs": 4},
        "cutoff": {"min_support": 10},
    }


@pytest.fixture
def settings(bars_settings):
    """The same, free to be changed."""
    return copy.deepcopy(bars_settings)
