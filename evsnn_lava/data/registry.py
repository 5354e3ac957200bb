"""Every data set by its name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np

from evsnn_lava.data.braille import load_braille
from evsnn_lava.data.cache import cache_folder
from evsnn_lava.data.digits import digit_split, event_digits
from evsnn_lava.data.files import read_events
from evsnn_lava.data.images import IMAGE_SETS
from evsnn_lava.data.recording import EventSet
from evsnn_lava.data.split import stratified_split
from evsnn_lava.data.tonic_sets import TONIC_SETS, load_tonic
from evsnn_lava.errors import ConfigError, unknown_name
from evsnn_lava.network import InputRecipe

SPLITS: Final = ("train", "validation", "test")
"""The parts of a data set."""

WHOLE: Final = "all"
"""The name of all parts together."""

VALIDATION_PERCENT: Final = 15
"""Share of the training recordings that becomes ``validation`` where a folder has none."""

SPLIT_SEED: Final = 0
"""Seed of that choice."""

NMNIST_SMALL: Final = "nmnist_small"
"""The set that stands in a folder of its own below ``EVSNN_DATA``."""

BRAILLE: Final = "braille"
"""Another one."""

_RECIPES: Final[Mapping[str, InputRecipe]] = {
    **{name: InputRecipe(34, 34, steps=30, dt_us=10_000, dataset=name) for name in ("digits", "nmnist_small")},
    BRAILLE: InputRecipe(1, 24, steps=107, dt_us=20_000, polarities=1, dataset=BRAILLE),
    **{name: entry.recipe for name, entry in TONIC_SETS.items()},
}


def load(name_or_path: str | os.PathLike[str], split: str = "train", folder: Path | None = None) -> EventSet:
    """Load one part of a data set.

    Parameters
    ----------
    name_or_path : str or path-like
        A name from `names`, or a file or folder that `read_events` reads.
    split : {"train", "validation", "test", "all"}
        The part, or all of them together. Where a folder has no ``validation``, 15 % of its ``train``
        recordings (seeded, every class with its share) become it and ``train`` is what is left: 850 and 150 of the 1000
        of ``nmnist_small``. A single file, or a folder of classes, is cut into 70, 15 and 15 %.
    folder : pathlib.Path, optional
        Where downloaded sets are kept; ``tonic`` in the cache folder if not given.

    Returns
    -------
    EventSet

    Raises
    ------
    ConfigError
        If the name, the part or the path does not exist.
    FormatError
        If a file is broken.
    BackendUnavailableError
        If a package for a set that is downloaded is missing.

    Examples
    --------
    >>> test = load("digits", "test")
    >>> len(test), test.sensor
    (300, (34, 34))
    """
    if split not in (*SPLITS, WHOLE):
        raise unknown_name("split", split, (*SPLITS, WHOLE))
    name = str(name_or_path)
    if name in _LOADERS:
        return _LOADERS[name](split)
    if name in TONIC_SETS:
        return _tonic(name, split, folder or cache_folder() / "tonic")
    if Path(name).exists() or os.sep in name or Path(name).suffix:
        return _part_of_path(Path(name), split)
    if name in IMAGE_SETS:
        raise ConfigError(f"{name} is a set of pictures and has no events; a [hoyer] network trains on it")
    raise unknown_name("data set", name, sorted((*names(), *IMAGE_SETS)))


def default_split(name_or_path: str | os.PathLike[str]) -> str:
    """Give the part that is run if the user names none.

    Returns
    -------
    str
        ``test`` for a set with a name or a folder with parts of its own, ``all`` for any other path.

    Examples
    --------
    >>> default_split("digits"), default_split("mine.npz")
    ('test', 'all')
    """
    named = str(name_or_path) in _RECIPES or str(name_or_path) in IMAGE_SETS
    return "test" if named or _own_parts(Path(name_or_path)) else WHOLE


def names() -> tuple[str, ...]:
    """Give the names of all data sets.

    Examples
    --------
    >>> names()
    ('braille', 'cifar10_dvs', 'digits', 'dvs_gesture', 'ncaltech101', 'nmnist', 'nmnist_small', 'shd', 'ssc')
    """
    return tuple(sorted(_RECIPES))


def default_recipe(name: str) -> InputRecipe:
    """Give the framing that a data set is used with if the user names none.

    Raises
    ------
    ConfigError
        If the data set is unknown; a file has no default, because nothing says how long it is.

    Examples
    --------
    >>> recipe = default_recipe("digits")
    >>> recipe.input_shape, recipe.steps, recipe.dt_us
    ((2, 34, 34), 30, 10000)
    """
    if name not in _RECIPES:
        raise unknown_name("data set with a default input recipe", name, names())
    return _RECIPES[name]


def data_folder() -> Path:
    """Give the folder of local data sets: ``EVSNN_DATA``, or ``../shared/data`` seen from the working directory."""
    stated = os.environ.get("EVSNN_DATA")
    return Path(stated).expanduser() if stated else Path.cwd().parent / "shared" / "data"


def _digits(split: str) -> EventSet:
    return event_digits() if split == WHOLE else event_digits().select(digit_split(split))


def _nmnist_small(split: str) -> EventSet:
    folder = data_folder() / NMNIST_SMALL
    if not folder.is_dir():
        raise ConfigError(
            f"nmnist_small: there is no folder {folder}; set EVSNN_DATA to the folder that holds {NMNIST_SMALL}"
        )
    return _part_of_path(folder, split, sensor=(34, 34))


def _braille(split: str) -> EventSet:
    return load_braille(data_folder() / BRAILLE, split)


_LOADERS: Final[Mapping[str, Callable[[str], EventSet]]] = {
    "digits": _digits,
    NMNIST_SMALL: _nmnist_small,
    BRAILLE: _braille,
}


def _tonic(name: str, split: str, folder: Path) -> EventSet:
    if split != WHOLE:
        return load_tonic(name, split, folder)
    parts = [load_tonic(name, part, folder) for part in SPLITS]
    recordings = chain.from_iterable(parts)
    return EventSet.from_recordings(recordings, name, parts[0].sensor, parts[0].class_names, parts[0].source)


def _own_parts(path: Path) -> set[str]:
    return {part for part in SPLITS if path.is_dir() and any(path.glob(f"*_{part}.npz"))}


def _part_of_path(path: Path, split: str, sensor: tuple[int, int] | None = None) -> EventSet:
    """Read a part of a file or folder, and make the parts that it does not have."""
    if split == WHOLE:
        return read_events(path, sensor=sensor)
    own = _own_parts(path)
    if own:
        return _part_of_files(path, split, own, sensor)
    whole = read_events(path, sensor=sensor)
    _check_size(path, whole, SPLITS)
    held = max(1, len(whole) * VALIDATION_PERCENT // 100)
    rest, test = stratified_split(whole.labels, held, SPLIT_SEED)
    train, validation = stratified_split(whole.labels[rest], held, SPLIT_SEED)
    return whole.select({"train": rest[train], "validation": rest[validation], "test": test}[split])


def _check_size(path: Path, whole: EventSet, parts: Sequence[str]) -> None:
    if len(whole) < len(parts):
        raise ConfigError(
            f"{path}: {len(whole)} recordings, at least {len(parts)} are needed to cut it into {', '.join(parts)}; "
            f"take split {WHOLE}"
        )


def _part_of_files(path: Path, split: str, own: set[str], sensor: tuple[int, int] | None) -> EventSet:
    if split in own and (split == "test" or "validation" in own):
        return read_events(path, split, sensor=sensor)
    if split == "test" or "train" not in own:
        raise unknown_name(f"split of {path}", split, {*own, WHOLE})
    whole = read_events(path, "train", sensor=sensor)
    if "validation" in own:
        return whole
    _check_size(path, whole, ("train", "validation"))
    held = len(whole) * VALIDATION_PERCENT // 100
    train, validation = stratified_split(whole.labels, max(1, held), SPLIT_SEED)
    return whole.select(np.asarray(train if split == "train" else validation))
