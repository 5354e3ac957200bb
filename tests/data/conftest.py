"""What the tests of the data room share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evsnn_lava.data import EventSet, Recording, SaccadeCamera, event_digits


def make_set(count: int = 6, sensor: tuple[int, int] = (5, 7), classes: int = 2, seed: int = 0) -> EventSet:
    random = np.random.default_rng(seed)
    recordings = [
        Recording(
            t_us=np.sort(random.integers(0, 10_000, events)),
            x=random.integers(0, sensor[1], events),
            y=random.integers(0, sensor[0], events),
            p=random.integers(0, 2, events),
            label=index % classes,
            sample_id=100 + index,
        )
        for index, events in enumerate(random.integers(1, 40, count))
    ]
    return EventSet.from_recordings(recordings, "random", sensor, [f"class {k}" for k in range(classes)])


@pytest.fixture
def event_set() -> EventSet:
    return make_set()


@pytest.fixture(scope="session")
def digits_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder of its own with all digits in it; made once, because that takes some seconds."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVSNN_CACHE", str(folder))
        event_digits(SaccadeCamera())
    return folder


@pytest.fixture
def own_cache(digits_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVSNN_CACHE", str(digits_cache))
    return digits_cache
