"""Event files: one ``.npz`` for a whole set, or a folder of files."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evsnn_lava._files import atomic_write
from evsnn_lava.data.checks import EVENT_DTYPES, UNKNOWN_LABEL, as_integers
from evsnn_lava.data.recording import EventSet, Recording
from evsnn_lava.errors import ConfigError, FormatError, unknown_name

SET_ARRAYS: Final = (*EVENT_DTYPES, "offset", "label", "sample_id")
"""The arrays that a set file must hold."""

FILE_SPLITS: Final = ("train", "validation", "test")
"""A folder holds ``<anything>_<split>.npz`` for one or more of these."""

FIELD_NAMES: Final = {
    "t_us": ("t_us", "t", "timestamp"),
    "x": ("x",),
    "y": ("y",),
    "p": ("p", "polarity"),
}
"""How the fields of an event may be called in a file of one recording."""

COLUMNS: Final = ("x", "y", "t_us", "p")
"""The columns of an unstructured ``(events, 4)`` array."""

_NOT_AN_ARRAY_FILE: Final = (
    OSError, ValueError, TypeError, EOFError, KeyError, SyntaxError, MemoryError, RuntimeError, struct.error,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What numpy and zipfile raise on a file that is broken somewhere."""


def read_events(
    path: str | os.PathLike[str],
    split: str | None = None,
    sensor: tuple[int, int] | None = None,
    class_names: Sequence[str] | None = None,
) -> EventSet:
    """Read events from a file or a folder.

    Parameters
    ----------
    path : path-like
        One of

        * a set file: an ``.npz`` with the arrays ``t_us, x, y, p, offset, label, sample_id`` and, if
          `write_events` made it, ``sensor, class_names, name``;
        * a folder of set files ``*_train.npz``, ``*_validation.npz``, ``*_test.npz``;
        * a folder ``<class>/<recording>.npz`` or ``.npy``, or one such file by itself: a structured
          array or arrays with the fields ``x, y, t, p``, or a plain array with these four columns.
    split : {"train", "validation", "test"}, optional
        Which of the set files of a folder; all of them if not given.
    sensor : (int, int), optional
        Height and width; if neither this nor the file says it, the largest row and column do.
    class_names : sequence of str, optional
        Names of the classes, if the file does not say them or in the order the labels follow.

    Returns
    -------
    EventSet

    Raises
    ------
    ConfigError
        If there is no such path or split.
    FormatError
        If a file is no event file, or its events cannot be true.

    Examples
    --------
    >>> import tempfile
    >>> dot = Recording(t_us=[1, 2], x=[1, 0], y=[0, 1], p=[1, 0], label=0)
    >>> file = Path(tempfile.mkdtemp()) / "dots.npz"
    >>> write_events(EventSet.from_recordings([dot], "dots", (2, 2), ["dot"]), file)
    >>> events = read_events(file)
    >>> events.name, events.sensor, events.class_names, len(events)
    ('dots', (2, 2), ('dot',), 1)
    """
    path = Path(path)
    if not path.exists():
        raise ConfigError(f"{path}: there is no such file or folder; correct the path")
    parts = _parts(path) if path.is_dir() else {}
    if split is not None and split not in parts:
        raise unknown_name(f"split of {path}", split, parts or ["none: this is no folder of *_<split>.npz files"])
    if path.is_dir():
        return _read_parts(path, parts, split, sensor, class_names) or _read_tree(path, sensor, class_names)
    arrays = _arrays(path)
    if "offset" in arrays:
        return _set_of(path, arrays, sensor, class_names)
    return _alone(path, arrays, sensor, class_names)


def write_events(event_set: EventSet, path: str | os.PathLike[str], compressed: bool = True) -> None:
    """Write a set file that `read_events` reads back unchanged; the same set gives the same bytes.

    Parameters
    ----------
    event_set : EventSet
        What to write.
    path : path-like
        The file; it appears whole or not at all.
    compressed : bool
        False is about ten times as fast and takes about twice the room.

    Raises
    ------
    ConfigError
        If the file cannot be written.
    """
    arrays: dict[str, Any] = {field: getattr(event_set, field) for field in SET_ARRAYS}
    arrays["sensor"] = np.array(event_set.sensor, np.int64)
    arrays["class_names"] = np.array(event_set.class_names, np.str_)
    arrays["name"] = np.array(event_set.name, np.str_)
    save = np.savez_compressed if compressed else np.savez
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        save(file, **arrays)


def read_recording(path: str | os.PathLike[str], label: int = UNKNOWN_LABEL, sample_id: int = 0) -> Recording:
    """Read a file that holds one recording.

    Parameters
    ----------
    path : path-like
        ``.npy`` or ``.npz``, see `read_events`.
    label, sample_id : int
        What the recording shows and is called.

    Raises
    ------
    FormatError
        If the file is no array file, lacks a field, or its events cannot be true.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "one.npy"
    >>> np.save(file, np.array([[3, 4, 100, 1], [5, 4, 250, 0]]))
    >>> read_recording(file).t_us
    array([100, 250], dtype=int32)
    """
    path = Path(path)
    return _recording_of(path, _arrays(path), label, sample_id)


def _arrays(path: Path) -> Mapping[str, NDArray[Any]]:
    """Read every array of a file; the fields of a structured array become arrays."""
    try:
        with path.open("rb") as file:  # opened here, because numpy leaves a broken file open
            loaded = np.load(file, allow_pickle=False)
            arrays = {path.stem: loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    except _NOT_AN_ARRAY_FILE as error:
        raise FormatError(
            f"{path}: it is not a whole .npz or .npy file of plain arrays; give an event file or write it again"
        ) from error
    single: NDArray[Any] = next(iter(arrays.values())) if len(arrays) == 1 else np.zeros(0)
    if single.dtype.names:
        return {name: single[name] for name in single.dtype.names}
    if single.ndim == 2 and single.shape[1] == len(COLUMNS):
        return dict(zip(COLUMNS, single.T, strict=True))
    return arrays


def _recording_of(path: Path, arrays: Mapping[str, NDArray[Any]], label: int, sample_id: int) -> Recording:
    events = {}
    for field, names in FIELD_NAMES.items():
        name = next((name for name in names if name in arrays), None)
        if name is None:
            raise FormatError(
                f"{path}: there is no {field} (found: {', '.join(arrays) or 'nothing'}); "
                "a recording needs the fields x, y, t and p"
            )
        events[field] = arrays[name]
    return Recording(label=label, sample_id=sample_id, source=str(path), **events)


def _set_of(
    path: Path, arrays: Mapping[str, NDArray[Any]], sensor: tuple[int, int] | None, class_names: Sequence[str] | None
) -> EventSet:
    missing = [name for name in SET_ARRAYS if name not in arrays]
    if missing:
        raise FormatError(f"{path}: the arrays {', '.join(missing)} are missing; a set needs {', '.join(SET_ARRAYS)}")
    return EventSet(
        name=str(arrays["name"]) if "name" in arrays else path.stem,
        sensor=sensor or _sensor_of(path, arrays),
        class_names=tuple(class_names or _classes_of(path, arrays)),
        source=str(path),
        **{name: arrays[name] for name in SET_ARRAYS},
    )


def _sensor_of(path: Path, arrays: Mapping[str, NDArray[Any]]) -> tuple[int, int]:
    """Read the stated sensor, or take the largest row and column."""
    if "sensor" not in arrays:
        return _extent(as_integers(str(path), "y", arrays["y"])), _extent(as_integers(str(path), "x", arrays["x"]))
    stated = as_integers(str(path), "sensor", arrays["sensor"])
    if stated.size != 2 or (stated < 1).any():
        raise FormatError(f"{path}: sensor is {stated.tolist()}, it must be (height, width); write the file again")
    return int(stated[0]), int(stated[1])


def _classes_of(path: Path, arrays: Mapping[str, NDArray[Any]]) -> list[str]:
    if "class_names" in arrays:
        return [str(name) for name in np.atleast_1d(arrays["class_names"])]
    return [str(number) for number in range(_extent(as_integers(str(path), "label", arrays["label"])))]


def _extent(values: NDArray[Any]) -> int:
    return max(0, int(values.max(initial=0))) + 1


def _alone(
    path: Path, arrays: Mapping[str, NDArray[Any]], sensor: tuple[int, int] | None, class_names: Sequence[str] | None
) -> EventSet:
    recording = _recording_of(path, arrays, UNKNOWN_LABEL, 0)
    return _joined(path, [recording], sensor, class_names or ["unknown"])


def _joined(
    path: Path, recordings: Sequence[Recording], sensor: tuple[int, int] | None, class_names: Sequence[str]
) -> EventSet:
    extent = [max(_extent(getattr(item, axis)) for item in recordings) for axis in ("y", "x")]
    return EventSet.from_recordings(recordings, path.stem, sensor or (extent[0], extent[1]), class_names, str(path))


def _parts(folder: Path) -> dict[str, list[Path]]:
    """Find the set files of a folder by split."""
    found = {split: sorted(folder.glob(f"*_{split}.npz")) for split in FILE_SPLITS}
    return {split: paths for split, paths in found.items() if paths}


def _read_parts(
    folder: Path,
    parts: Mapping[str, Sequence[Path]],
    split: str | None,
    sensor: tuple[int, int] | None,
    class_names: Sequence[str] | None,
) -> EventSet | None:
    """Read the set files of a folder; all of them decide on the sensor and the classes."""
    sets = {path: _set_of(path, _arrays(path), sensor, class_names) for paths in parts.values() for path in paths}
    if not sets:
        return None
    chosen = [sets[path] for name, paths in parts.items() if split in (None, name) for path in paths]
    starts = np.cumsum([0, *(part.t_us.size for part in chosen)])
    offsets = [part.offset[:-1] + start for part, start in zip(chosen, starts[:-1], strict=True)]
    return EventSet(
        name=folder.name,
        sensor=(max(part.sensor[0] for part in sets.values()), max(part.sensor[1] for part in sets.values())),
        class_names=max((part.class_names for part in sets.values()), key=len),
        source=chosen[0].source if len(chosen) == 1 else str(folder),
        offset=np.concatenate([*offsets, starts[-1:]]),
        **{name: np.concatenate([getattr(part, name) for part in chosen]) for name in SET_ARRAYS if name != "offset"},
    )


def _read_tree(folder: Path, sensor: tuple[int, int] | None, class_names: Sequence[str] | None) -> EventSet:
    """Read a folder of classes, each a folder of recordings; samples are numbered in the order of their paths."""
    files = sorted(path for path in folder.glob("*/*") if path.suffix in (".npz", ".npy"))
    if not files:
        raise FormatError(
            f"{folder}: no event files in it; it must hold *_train.npz and *_test.npz or <class>/<recording>.npz|.npy"
        )
    names = list(class_names or sorted({path.parent.name for path in files}))
    labels = {name: index for index, name in enumerate(names)}
    for path in files:
        if path.parent.name not in labels:
            raise unknown_name(f"class folder in {folder}", path.parent.name, names)
    recordings = [read_recording(path, labels[path.parent.name], number) for number, path in enumerate(files)]
    return _joined(folder, recordings, sensor, names)
