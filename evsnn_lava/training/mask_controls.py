"""Controls for learned frame masks: what a mask must beat at the same share of frames.

Static masks choose the same frames in every recording, like a learned mask does. The busiest frames of each recording
are chosen by looking at it: a control of studies only, as nothing on the chip makes that choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError, unknown_name
from evsnn_lava.network import evenly
from evsnn_lava.training.gates import BoolArray

TIE: Final = 1e-9
"""Sums of events that differ by less are equal: they were added in another order."""

Choose = Callable[[int, npt.NDArray[np.float64], np.random.Generator], npt.NDArray[np.integer]]

STATIC: Final[dict[str, Choose]] = {
    "uniform": lambda count, events, _: evenly(count, len(events)),
    "first": lambda count, *_: np.arange(count),
    "random": lambda count, events, random: np.sort(random.choice(len(events), count, replace=False)),
    "window": lambda count, events, _: busiest_window(count, events),
}
"""Which `count` frames a layer keeps of those that the layer before keeps, whose mean numbers of events are given."""


def busiest_window(count: int, events: npt.NDArray[np.float64]) -> npt.NDArray[np.integer]:
    """The frames in a row that have most events together; the earliest of several.

    Examples
    --------
    >>> busiest_window(2, np.array([1.0, 0.0, 3.0, 2.0, 2.0])).tolist()
    [2, 3]
    """
    sums = np.convolve(events, np.ones(count), "valid")
    return int(np.argmax(sums > sums.max() - TIE)) + np.arange(count)


def static_masks(
    method: str, counts: Sequence[int], events: npt.NDArray[np.float64], random: np.random.Generator
) -> BoolArray:
    """Masks of a control, nested as learned ones.

    Parameters
    ----------
    method : {"uniform", "first", "random", "window"}
        A key of ``STATIC``.
    counts : sequence of int
        Frames to keep per layer, never rising.
    events : numpy.ndarray of float64, shape (T,)
        Mean number of events of every frame over the training set; only ``window`` looks at it.
    random : numpy.random.Generator
        For ``random``.

    Returns
    -------
    numpy.ndarray of bool, shape (L, T)
        The masks.

    Raises
    ------
    ConfigError
        If there is no such control.

    Examples
    --------
    >>> static_masks("uniform", [4, 2], np.ones(8), np.random.default_rng(1)).astype(int).tolist()
    [[0, 1, 0, 1, 0, 1, 0, 1], [0, 0, 0, 1, 0, 0, 0, 1]]
    """
    if method not in STATIC:
        raise unknown_name("mask method", method, STATIC)
    masks = np.zeros((len(counts), len(events)), dtype=bool)
    kept = np.arange(len(events))
    for mask, count in zip(masks, counts, strict=True):
        kept = kept[STATIC[method](count, events[kept], random)]
        mask[kept] = True
    return masks


def busiest_frames(frames: npt.NDArray[Any], keep: int) -> npt.NDArray[Any]:
    """The frames with most events of each recording, in their order.

    Parameters
    ----------
    frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
        Frames of N recordings.
    keep : int
        Frames to keep, ``1 <= keep <= T``.

    Returns
    -------
    numpy.ndarray of the same type, shape (N, C, H, W, keep)
        Shorter recordings; the earlier frame wins a tie.

    Raises
    ------
    ConfigError
        If there are not so many frames.

    Examples
    --------
    >>> frames = np.zeros((1, 1, 1, 2, 3), dtype=bool)
    >>> frames[0, 0, 0, :, 0], frames[0, 0, 0, 1, 2] = True, True
    >>> busiest_frames(frames, 2)[0, 0, 0].astype(int).tolist()
    [[1, 0], [1, 1]]
    """
    steps = frames.shape[-1]
    if not 1 <= keep <= steps:
        raise ConfigError(f"busiest_frames: keep is {keep}, the recordings have {steps} frames; keep 1 to {steps}")
    events = np.count_nonzero(frames, axis=(1, 2, 3))
    kept = np.sort(np.argsort(-events, axis=1, kind="stable")[:, :keep], axis=1)
    chosen: npt.NDArray[Any] = np.take_along_axis(frames, kept[:, None, None, None, :], axis=-1)
    return chosen
