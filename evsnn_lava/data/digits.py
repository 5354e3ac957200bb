"""The built-in event digits: real handwritten digits seen by a simulated event camera."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evsnn_lava.data.cache import cache_folder
from evsnn_lava.data.camera import MODEL_VERSION, SaccadeCamera, SaccadeRecorder
from evsnn_lava.data.files import read_events, write_events
from evsnn_lava.data.recording import EventSet
from evsnn_lava.data.split import stratified_split
from evsnn_lava.errors import FormatError

DIGIT_NAMES: Final = tuple(str(digit) for digit in range(10))
"""The classes."""

HELD_BACK: Final = {"test": 300, "validation": 300}
"""How many of the 1797 digits each part gets; ``train`` is the rest, 1197."""

SPLIT_SEED: Final = 0
"""Seed of the parts. It is no parameter: a test sample must stay one whatever camera looks at it."""


def simulate_digits(camera: SaccadeCamera | None = None, indices: Iterable[int] | None = None) -> EventSet:
    """Record the digits of scikit-learn, without the cache.

    Parameters
    ----------
    camera : SaccadeCamera, optional
        The camera; the default one if not given.
    indices : iterable of int, optional
        Which of the 1797 digits; all if not given. The index is the sample id.

    Returns
    -------
    EventSet
        Recordings of 300 ms on 34 x 34 pixels, about 3000 events each with the default camera.

    Notes
    -----
    The pictures are the 8 x 8 digits of ``sklearn.datasets.load_digits`` (E. Alpaydin and C. Kaynak,
    Optical Recognition of Handwritten Digits, UCI, 1998), written by 13 people.

    Examples
    --------
    >>> digits = simulate_digits(indices=[0, 1])
    >>> digits.sensor, digits.labels, digits.sample_id
    ((34, 34), array([0, 1]), array([0, 1]))
    """
    camera = camera or SaccadeCamera()
    pictures, labels = _pictures()
    recorder = SaccadeRecorder(camera)
    chosen = range(len(labels)) if indices is None else indices
    recordings = (recorder.record(pictures[index], int(labels[index]), index) for index in chosen)
    return EventSet.from_recordings(recordings, "digits", (camera.height, camera.width), DIGIT_NAMES)


def event_digits(camera: SaccadeCamera | None = None) -> EventSet:
    """Give all 1797 event digits; they are made once and kept in the cache folder.

    Parameters
    ----------
    camera : SaccadeCamera, optional
        The camera; the default one if not given. Another camera is another file.

    Returns
    -------
    EventSet

    Examples
    --------
    >>> len(event_digits())
    1797
    """
    camera = camera or SaccadeCamera()
    file = cache_file(camera)
    known = _cached(file)
    if known is None:
        known = simulate_digits(camera)
        write_events(known, file, compressed=False)
    return known


def cache_file(camera: SaccadeCamera) -> Path:
    """Give the file that holds the digits seen by `camera`; its name holds a hash of all parameters."""
    facts = hashlib.sha256(f"{MODEL_VERSION} {camera!r}".encode())
    for array in _pictures():
        facts.update(np.ascontiguousarray(array).tobytes())
    return cache_folder() / f"digits-{facts.hexdigest()[:16]}.npz"


def digit_split(split: str) -> NDArray[np.int64]:
    """Give the indices of a part of the digits: ``train``, ``validation`` or ``test``.

    Examples
    --------
    >>> [len(digit_split(split)) for split in ("train", "validation", "test")]
    [1197, 300, 300]
    """
    _, labels = _pictures()
    rest, test = stratified_split(labels, HELD_BACK["test"], SPLIT_SEED)
    train, validation = stratified_split(labels[rest], HELD_BACK["validation"], SPLIT_SEED)
    return {"train": rest[train], "validation": rest[validation], "test": test}[split]


def _pictures() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Load the digits as light from 0 to 1, and their labels."""
    from sklearn.datasets import load_digits  # a second of import time that only the digits need

    digits = load_digits()
    return np.asarray(digits.images, np.float64) / 16.0, np.asarray(digits.target, np.int64)


def _cached(file: Path) -> EventSet | None:
    """Read the cache; a file that is missing or broken is as good as none."""
    if not file.is_file():
        return None
    try:
        known = read_events(file)
    except FormatError:
        return None
    return known if len(known) == len(_pictures()[1]) else None
