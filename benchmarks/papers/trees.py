"""Trees that classify recordings by plain counts of events, however much of them there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import ExtraTreesClassifier

from evsnn_lava.data import bin_set, load
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.trainer import recipe_of

WINDOW_US: Final = 160_000
"""Length of the windows in which events are counted, channel by channel."""

TREES: Final = 200


def tree_accuracies(config: RunConfig, shares: Sequence[float]) -> list[float]:
    """Test accuracy of trees that see the first part of every recording; the training samples grow them.

    Parameters
    ----------
    config : RunConfig
        Data set, framing and seed.
    shares : sequence of float
        How much of a recording they see, 0..1.

    Returns
    -------
    list of float
        One per share.
    """
    train, test = (_frames(config, split) for split in ("train", "test"))
    per_window = WINDOW_US // recipe_of(config.data, load(config.data.dataset, "test").sensor).dt_us
    found = []
    for share in shares:
        trees = ExtraTreesClassifier(TREES, random_state=config.seed, n_jobs=1)
        trees.fit(windows(train[0], share, per_window), train[1])
        found.append(float(trees.score(windows(test[0], share, per_window), test[1])))
    return found


def _frames(config: RunConfig, split: str) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.integer[Any]]]:
    events = load(config.data.dataset, split)
    return bin_set(events, recipe_of(config.data, events.sensor)), events.labels


def windows(frames: npt.NDArray[np.bool_], share: float, per_window: int) -> npt.NDArray[np.int64]:
    """Set pixels per channel and window, of the first share of the frames.

    Parameters
    ----------
    frames : numpy.ndarray of bool, shape (N, C, H, W, T)
        Frames.
    share : float
        0..1.
    per_window : int
        Frames in a window; the last one may be shorter.

    Returns
    -------
    numpy.ndarray of int64, shape (N, windows * C * H * W)
        Counts.

    Examples
    --------
    >>> windows(np.ones((1, 1, 1, 2, 10), bool), 0.5, 3).tolist()
    [[3, 3, 2, 2]]
    """
    seen = frames[..., : max(1, round(share * frames.shape[-1]))]
    starts = np.arange(0, seen.shape[-1], per_window)
    counts = np.add.reduceat(seen.astype(np.int64), starts, axis=-1)
    return np.moveaxis(counts, -1, 1).reshape(len(frames), -1)
