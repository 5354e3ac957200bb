"""Event files: one ``.npz`` for a whole set, or a folder of files."""

from __future__ import annotations

import lzma
import os
import struct
import tokenize
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

SUFFIXES: Final = (".npz", ".npy")
"""How event files are called."""

ASSUMABLE: Final = ("sensor", "class_names")
"""What a file need not state."""

_NOT_AN_ARRAY_FILE: Final = (
    OSError, ValueError, TypeError, EOFError, KeyError, SyntaxError, MemoryError, OverflowError, RuntimeError,
    lzma.LZMAError, struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
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
          array or arrays with the fields ``x, y, t, p``, or a plain array with these four columns;
          by itself an ``.npz`` may hold a ``label``, ``sample_id``, ``sensor`` and ``class_names`` too.
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
    if event_set.assumed:
        arrays["assumed"] = np.array(sorted(event_set.assumed), np.str_)
    arrays["sensor"] = np.array(event_set.sensor, np.int64)
    arrays["class_names"] = np.array(event_set.class_names, np.str_)
    arrays["name"] = np.array(event_set.name, np.str_)
    save = np.savez_compressed if compressed else np.savez
    with atomic_write(path, make_folders=True) as temporary, temporary.open("wb") as file:
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


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read every array of a file.

    Parameters
    ----------
    path : pathlib.Path
        An ``.npz``, or an ``.npy``, whose only array gets the name of the file.

    Returns
    -------
    dict of str to numpy.ndarray
        The arrays by their names.

    Raises
    ------
    FormatError
        If the file is broken or holds objects.
    """
    try:
        with path.open("rb") as file:  # opened here, because numpy leaves a broken file open
            loaded = np.load(file, allow_pickle=False)
            return {path.stem: loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    except _NOT_AN_ARRAY_FILE as error:
        raise FormatError(f"{path}: {_unreadable(path)}") from error


def _arrays(path: Path) -> Mapping[str, NDArray[Any]]:
    """Read every array of a file of events; the fields of a structured array become arrays."""
    arrays = read_arrays(path)
    single: NDArray[Any] = next(iter(arrays.values())) if len(arrays) == 1 else np.zeros(0)
    if single.dtype.names:
        return {name: single[name] for name in single.dtype.names}
    if single.ndim == 2 and single.shape[1] == len(COLUMNS):
        return dict(zip(COLUMNS, single.T, strict=True))
    return arrays


def _unreadable(path: Path) -> str:
    if path.suffix and path.suffix.lower() not in SUFFIXES:
        return f"{path.suffix} files are not supported, event files are {' or '.join(SUFFIXES)}; convert it"
    return "it is not a whole .npz or .npy file of plain arrays; give an event file or write it again"


def _recording_of(path: Path, arrays: Mapping[str, NDArray[Any]], label: int, sample_id: int) -> Recording:
    events: dict[str, Any] = {}
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
    content: dict[str, Any] = {name: arrays[name] for name in SET_ARRAYS}
    return EventSet(
        name=str(arrays["name"]) if "name" in arrays else path.stem,
        sensor=sensor or _sensor_of(path, arrays),
        class_names=tuple(class_names or _classes_of(path, arrays)),
        source=str(path),
        assumed=_assumed(arrays, sensor, class_names),
        **content,
    )


def _assumed(
    arrays: Mapping[str, NDArray[Any]], sensor: tuple[int, int] | None, class_names: Sequence[str] | None
) -> frozenset[str]:
    """Give what neither the caller nor the file states; `write_events` notes what was assumed before."""
    before = {str(name) for name in np.atleast_1d(arrays["assumed"])} if "assumed" in arrays else set()
    given = {"sensor": sensor, "class_names": class_names}
    return frozenset(name for name in ASSUMABLE if not given[name] and (name in before or name not in arrays))


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
    label, sample_id = _number(path, arrays, "label", UNKNOWN_LABEL), _number(path, arrays, "sample_id", 0)
    recording = _recording_of(path, arrays, label, sample_id)
    assumed = _assumed(arrays, sensor, class_names)
    if "sensor" not in assumed:
        sensor = sensor or _sensor_of(path, arrays)
    if "class_names" not in assumed or label >= 0:
        class_names = class_names or _classes_of(path, {**arrays, "label": np.array([label])})
    return _joined(path, [recording], sensor, class_names or ["unknown"], assumed)


def _number(path: Path, arrays: Mapping[str, NDArray[Any]], name: str, default: int) -> int:
    """Read a number of a file of one recording."""
    if name not in arrays:
        return default
    values = as_integers(str(path), name, arrays[name].reshape(-1))
    if values.size != 1:
        raise FormatError(f"{path}: {values.size} values of {name} without offset, one recording has 1; add offset")
    return int(values[0])


def _joined(
    path: Path,
    recordings: Sequence[Recording],
    sensor: tuple[int, int] | None,
    class_names: Sequence[str],
    assumed: frozenset[str],
) -> EventSet:
    extent = [max(_extent(getattr(item, axis)) for item in recordings) for axis in ("y", "x")]
    size = sensor or (extent[0], extent[1])
    return EventSet.from_recordings(recordings, path.stem, size, class_names, str(path), assumed)


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
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in chosen]) for name in SET_ARRAYS if name != "offset"
    }
    return EventSet(
        name=folder.name,
        sensor=(max(part.sensor[0] for part in sets.values()), max(part.sensor[1] for part in sets.values())),
        class_names=_common_classes(sets),
        source=chosen[0].source if len(chosen) == 1 else str(folder),
        assumed=frozenset.intersection(*(part.assumed for part in sets.values())),
        offset=np.concatenate([*offsets, starts[-1:]]),
        **joined,
    )


def _common_classes(sets: Mapping[Path, EventSet]) -> tuple[str, ...]:
    """Give the names that the files of a folder agree on; a shorter list must be the beginning of the longest."""
    stated = {path: part.class_names for path, part in sets.items() if "class_names" not in part.assumed}
    longest: tuple[str, ...] = max(stated.values() or (part.class_names for part in sets.values()), key=len)
    for path, names in stated.items():
        if names != longest[: len(names)]:
            raise FormatError(
                f"{path}: the classes are {', '.join(names)}, in another file of the folder {', '.join(longest)}; "
                "give all files the same classes in the same order"
            )
    return longest


def _read_tree(folder: Path, sensor: tuple[int, int] | None, class_names: Sequence[str] | None) -> EventSet:
    """Read a folder of classes, each a folder of recordings; samples are numbered in the order of their paths."""
    files = sorted(path for path in folder.glob("*/*") if path.suffix in SUFFIXES)
    if not files:
        found = sorted({path.suffix for pattern in ("*", "*/*") for path in folder.glob(pattern)} - {"", *SUFFIXES})
        others = f" ({', '.join(found)} files are not supported)" if found else ""
        raise FormatError(
            f"{folder}: no event files in it{others}; "
            "it must hold *_train.npz and *_test.npz or <class>/<recording>.npz|.npy"
        )
    names = list(class_names or sorted({path.parent.name for path in files}))
    labels = {name: index for index, name in enumerate(names)}
    for path in files:
        if path.parent.name not in labels:
            raise unknown_name(f"class folder in {folder}", path.parent.name, names)
    recordings = [read_recording(path, labels[path.parent.name], number) for number, path in enumerate(files)]
    return _joined(folder, recordings, sensor, names, frozenset() if sensor else frozenset({"sensor"}))
