"""Files of frames: what a network takes as it is, without events that would have to be binned."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evsnn_lava.data.checks import UNKNOWN_LABEL
from evsnn_lava.data.files import SUFFIXES, read_arrays
from evsnn_lava.errors import ConfigError
from evsnn_lava.network import InputRecipe

FRAMES: Final = "frames"
LABELS: Final = "labels"


@dataclass(frozen=True, eq=False)
class FrameSet:
    """Frames and their classes.

    Parameters
    ----------
    frames : numpy.ndarray of bool or int32, shape (N, C, H, W, T)
        Numbers where the recipe has ``message_bits``.
    labels : numpy.ndarray of int64, shape (N,)
        Index of the class; -1 is not known.
    """

    frames: NDArray[Any]
    labels: NDArray[np.int64]


def holds_frames(path: str | Path, recipe: InputRecipe) -> bool:
    """Whether a path is to be read as frames rather than as events.

    Parameters
    ----------
    path : str or pathlib.Path
        Name of a data set, file or folder.
    recipe : InputRecipe
        Without binning there is nothing but frames. Else an ``.npz`` with an array ``frames`` holds them, and an
        ``.npy`` of four or five dimensions: events have one or two.

    Returns
    -------
    bool
        False of what cannot be opened, so that the reader of events says why.
    """
    if recipe.binning == "none":
        return True
    path = Path(path)
    if path.suffix not in SUFFIXES or not path.is_file():
        return False
    try:
        if path.suffix == ".npy":
            return np.load(path, mmap_mode="r", allow_pickle=False).ndim in (4, 5)
        with zipfile.ZipFile(path) as archive:
            return f"{FRAMES}.npy" in archive.namelist()
    except (OSError, ValueError, EOFError, SyntaxError, zipfile.BadZipFile):
        return False


def read_frames(path: str | Path, recipe: InputRecipe, classes: int) -> FrameSet:
    """Read frames for a network.

    Parameters
    ----------
    path : str or pathlib.Path
        An ``.npy`` with the frames, or an ``.npz`` with ``frames`` and, if the classes are known, ``labels``.
        Frames are ``(N, C, H, W, T)``, one sample ``(C, H, W, T)``; an input that is a vector, of n values
        along any axis, also takes ``(N, n, T)`` and ``(n, T)``.
    recipe : InputRecipe
        Says C, H, W, T and the range of the values.
    classes : int
        Number of classes of the network.

    Returns
    -------
    FrameSet
        The frames.

    Raises
    ------
    ConfigError
        If the path does not exist or shape, values or labels are not those of the network.
    FormatError
        If the file is broken.
    """
    path, expected = Path(path), _shape(recipe)
    if path.suffix not in SUFFIXES or not path.is_file():
        raise ConfigError(
            f"{path} is no .npy or .npz file; the network takes frames as they are, give a file of frames {expected}"
        )
    arrays = read_arrays(path)
    single = path.suffix == ".npy" and len(arrays) == 1
    if not single and FRAMES not in arrays:
        raise ConfigError(f"{path} holds {', '.join(arrays) or 'nothing'}; put frames {expected} into {FRAMES!r}")
    frames, labels = (next(iter(arrays.values())), None) if single else (arrays[FRAMES], arrays.get(LABELS))
    frames = _values(path, _laid_out(path, frames, recipe), recipe)
    return FrameSet(frames, _labels(path, labels, len(frames), classes))


def _shape(recipe: InputRecipe) -> str:
    """The shapes that a file may have, in words."""
    channels, height, width = recipe.input_shape
    names = [f"(N, {channels}, {height}, {width}, {recipe.steps})"]
    if _is_vector(recipe):
        names.append(f"(N, {channels * height * width}, {recipe.steps})")
    return " or ".join(names)


def _is_vector(recipe: InputRecipe) -> bool:
    return sorted(recipe.input_shape)[:2] == [1, 1]


def _laid_out(path: Path, frames: NDArray[Any], recipe: InputRecipe) -> NDArray[Any]:
    """Frames with all five axes."""
    sample = (*recipe.input_shape, recipe.steps)
    whole = frames
    if _is_vector(recipe) and frames.ndim in (2, 3) and frames.shape[-2:] == (max(sample[:3]), recipe.steps):
        whole = frames.reshape(-1, *sample)
    if whole.ndim == 4:
        whole = whole[None]
    if whole.ndim != 5 or whole.shape[1:] != sample or not len(whole):
        turned = frames.ndim in (4, 5) and frames.shape[-4:-1] == recipe.input_shape[::-1]
        remedy = "transpose them, these look like (x, y, channel) of Lava" if turned else "cut or reshape them"
        raise ConfigError(
            f"{path}: frames have shape {frames.shape}, the network takes {_shape(recipe)} with N from 1; {remedy}"
        )
    return whole


def _values(path: Path, frames: NDArray[Any], recipe: InputRecipe) -> NDArray[Any]:
    low, high = recipe.value_range
    if frames.dtype.kind not in "biuf":
        raise ConfigError(f"{path}: frames are {frames.dtype}, the network takes numbers; write them as such")
    outside = ~((frames >= low) & (frames <= high))  # so that NaN is outside
    if frames.dtype.kind == "f":
        outside |= frames != np.floor(frames)
    if outside.any():
        raise ConfigError(
            f"{path}: {outside.sum()} values of the frames (first {frames[outside][0]}) are no whole numbers "
            f"{low}..{high}, which the network takes; scale and round them"
        )
    return frames.astype(np.int32 if recipe.message_bits else np.bool_)


def _labels(path: Path, labels: NDArray[Any] | None, samples: int, classes: int) -> NDArray[np.int64]:
    if labels is None:
        return np.full(samples, UNKNOWN_LABEL, dtype=np.int64)
    if labels.shape != (samples,) or labels.dtype.kind not in "iu":
        raise ConfigError(
            f"{path}: labels are {labels.dtype} of shape {labels.shape}, expected ({samples},) whole numbers; "
            "give one per sample"
        )
    if labels.min() < UNKNOWN_LABEL or labels.max() >= classes:
        raise ConfigError(
            f"{path}: labels span {labels.min()}..{labels.max()}, the network has classes 0..{classes - 1}; "
            f"number them like those, {UNKNOWN_LABEL} is not known"
        )
    return labels.astype(np.int64)
