"""Files of frames: what a network takes as it is, without events that would have to be binned."""

from __future__ import annotations

import mmap
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evsnn_lava.data.checks import UNKNOWN_LABEL
from evsnn_lava.data.files import SUFFIXES, read_arrays
from evsnn_lava.data.images import IMAGE_SETS
from evsnn_lava.errors import ConfigError
from evsnn_lava.network import InputRecipe

FRAMES: Final = "frames"
LABELS: Final = "labels"
ARRAY_MAGIC: Final = b"\x93NUMPY"
CHECKED_BYTES: Final = 2**26
"""So much of a file is checked at a time."""


@dataclass(frozen=True, eq=False)
class FrameSet:
    """Frames and their classes. Frames of an ``.npy`` stay in their file until they are asked for.

    Parameters
    ----------
    stored : numpy.ndarray of any number, shape (N, C, H, W, T) or, for a vector, (N, n, T)
        The frames as they are stored, checked.
    labels : numpy.ndarray of int64, shape (N,)
        Index of the class; -1 is not known.
    recipe : InputRecipe
        Of the network that they are for.

    Examples
    --------
    >>> recipe = InputRecipe.frames((2, 1, 1), steps=3)
    >>> found = FrameSet(np.zeros((5, 2, 3)), np.arange(5), recipe)
    >>> len(found), found.block(0, 2).shape, found.frames.dtype
    (5, (2, 2, 1, 1, 3), dtype('bool'))
    """

    stored: NDArray[Any]
    labels: NDArray[np.int64]
    recipe: InputRecipe

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.stored)

    @property
    def frames(self) -> NDArray[Any]:
        """All of them, of shape (N, C, H, W, T): bool, or int32 where the recipe has ``message_bits``."""
        return self.block(0, len(self))

    def block(self, start: int, stop: int) -> NDArray[Any]:
        """Read some of the samples.

        Parameters
        ----------
        start, stop : int
            The first sample, and the first that is not read.

        Returns
        -------
        numpy.ndarray of bool or int32, shape (stop - start, C, H, W, T)
            Their frames.
        """
        chosen = self.stored[start:stop].reshape(-1, *self.recipe.input_shape, self.recipe.steps)
        frames = np.array(chosen, dtype=np.int32 if self.recipe.message_bits else np.bool_)
        _let_go(self.stored)
        return frames


def holds_frames(path: str | Path, recipe: InputRecipe) -> bool:
    """Whether a path is to be read as frames rather than as events.

    Parameters
    ----------
    path : str or pathlib.Path
        Name of a data set, file or folder.
    recipe : InputRecipe
        Without binning there is nothing but frames, or a set of pictures by its name. Else an ``.npz`` with an array
        ``frames`` holds them, and an ``.npy`` of four or five dimensions: events have one or two.

    Returns
    -------
    bool
        False of what cannot be opened, so that the reader of events says why.
    """
    if recipe.binning == "none":
        return str(path) not in IMAGE_SETS
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
    arrays = _mapped(path) or read_arrays(path)
    single = path.suffix == ".npy" and len(arrays) == 1
    if not single and FRAMES not in arrays:
        raise ConfigError(f"{path} holds {', '.join(arrays) or 'nothing'}; put frames {expected} into {FRAMES!r}")
    frames, labels = (next(iter(arrays.values())), None) if single else (arrays[FRAMES], arrays.get(LABELS))
    stored = _laid_out(path, frames, recipe)
    _check_values(path, stored, recipe)
    return FrameSet(stored, _labels(path, labels, len(stored), classes), recipe)


def _mapped(path: Path) -> dict[str, NDArray[Any]]:
    """The array of an ``.npy`` without reading it; empty if it must be read as a whole, or cannot be."""
    try:
        with path.open("rb") as file:
            single = file.read(len(ARRAY_MAGIC)) == ARRAY_MAGIC
        return {path.stem: np.lib.format.open_memmap(path, mode="r")} if single else {}
    except Exception:  # noqa: BLE001 - numpy raises anything on a broken header; read_arrays says what is wrong
        return {}


def _shape(recipe: InputRecipe) -> str:
    """The shapes that a file may have, in words."""
    channels, height, width = recipe.input_shape
    names = [f"(N, {channels}, {height}, {width}, {recipe.steps})"]
    if _is_vector(recipe):
        names.append(f"(N, {channels * height * width}, {recipe.steps})")
    return " or ".join(names)


def _is_vector(recipe: InputRecipe) -> bool:
    return sorted(recipe.input_shape)[:2] == [1, 1]


def _let_go(frames: NDArray[Any]) -> None:
    """Give the pages of a mapped file back; else what was read of it counts as memory of this process."""
    mapped = getattr(frames, "_mmap", None)
    if mapped is not None:
        mapped.madvise(mmap.MADV_DONTNEED)


def _laid_out(path: Path, frames: NDArray[Any], recipe: InputRecipe) -> NDArray[Any]:
    """Frames with an axis of samples, and all others that the network has or, for a vector, two."""
    sample = (*recipe.input_shape, recipe.steps)
    layouts = [sample, (max(sample[:3]), recipe.steps)] if _is_vector(recipe) else [sample]
    whole = frames[None] if frames.shape in layouts else frames
    if whole.shape[1:] not in layouts or not len(whole):
        turned = frames.ndim in (4, 5) and frames.shape[-4:-1] == recipe.input_shape[::-1]
        remedy = "transpose them, these look like (x, y, channel) of Lava" if turned else "cut or reshape them"
        raise ConfigError(
            f"{path}: frames have shape {frames.shape}, the network takes {_shape(recipe)} with N from 1; {remedy}"
        )
    return whole


def _check_values(path: Path, frames: NDArray[Any], recipe: InputRecipe) -> None:
    low, high = recipe.value_range
    if frames.dtype.kind not in "biuf":
        raise ConfigError(f"{path}: frames are {frames.dtype}, the network takes numbers; write them as such")
    if frames.dtype == np.bool_ and high >= 1:
        return  # the file need not be read
    found, first = 0, None
    size = max(1, CHECKED_BYTES * len(frames) // frames.nbytes)
    for start in range(0, len(frames), size):
        outside = _outside(frames[start : start + size], low, high)
        _let_go(frames)
        first = outside[0] if first is None and outside.size else first
        found += outside.size
    if found:
        raise ConfigError(
            f"{path}: {found} values of the frames (first {first}) are no whole numbers "
            f"{low}..{high}, which the network takes; scale and round them"
        )


def _outside(frames: NDArray[Any], low: int, high: int) -> NDArray[Any]:
    """Values that the network does not take."""
    outside = ~((frames >= low) & (frames <= high))  # so that NaN is outside
    if frames.dtype.kind == "f":
        outside |= frames != np.floor(frames)
    return np.asarray(frames[outside])


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
