"""Public event data sets through ``tonic``: one table, one converter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evsnn_lava.data.recording import EventSet, Recording
from evsnn_lava.data.split import stratified_split
from evsnn_lava.errors import BackendUnavailableError, FormatError, RunError, unknown_name
from evsnn_lava.network import InputRecipe

TEN_DIGITS: Final = tuple(str(digit) for digit in range(10))
GESTURES: Final = (
    "hand clapping", "right hand wave", "left hand wave", "right arm clockwise", "right arm counter-clockwise",
    "left arm clockwise", "left arm counter-clockwise", "arm roll", "air drums", "air guitar", "other gestures",
)  # fmt: skip
OBJECTS: Final = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

TRAIN_OR_TEST: Final[Mapping[str, Mapping[str, Any]]] = {"train": {"train": True}, "test": {"train": False}}
TEST_PERCENT: Final = 10
VALIDATION_PERCENT: Final = 15
SPLIT_SEED: Final = 0


@dataclass(frozen=True)
class TonicSet:
    """What one data set of tonic needs to become an `EventSet`.

    Parameters
    ----------
    constructor : str
        Name of the class in ``tonic.datasets``.
    recipe : InputRecipe
        The default framing; it also holds the sensor size.
    splits : mapping
        The arguments of the constructor for each part that the publisher defined. Without any, the
        last tenth of every class, in file order, is the test set. A missing ``validation`` is a
        seeded, stratified 15 % of the training recordings.
    class_names : tuple of str or None
        The classes in the order of the labels; None where the downloaded files say them.
    align : bool
        Whether recordings carry the clock of the camera, so that time must count from the first event.
    skip_us : int
        Time after the first event that is left out.
    """

    constructor: str
    recipe: InputRecipe
    splits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    class_names: tuple[str, ...] | None = None
    align: bool = False
    skip_us: int = 0

    @property
    def sensor(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return (self.recipe.sensor_height, self.recipe.sensor_width)


def _recipe(dataset: str, height: int, width: int, steps: int, dt_us: int, polarities: int = 2) -> InputRecipe:
    return InputRecipe(height, width, steps, dt_us, polarities=polarities, dataset=dataset)


TONIC_SETS: Final[Mapping[str, TonicSet]] = {
    "nmnist": TonicSet("NMNIST", _recipe("nmnist", 34, 34, 30, 10_000), TRAIN_OR_TEST, TEN_DIGITS),
    "dvs_gesture": TonicSet(
        "DVSGesture", _recipe("dvs_gesture", 128, 128, 10, 130_000), TRAIN_OR_TEST, GESTURES, align=True
    ),
    "cifar10_dvs": TonicSet(
        "CIFAR10DVS", _recipe("cifar10_dvs", 128, 128, 10, 110_000), {}, OBJECTS, align=True, skip_us=100_000
    ),
    "ncaltech101": TonicSet("NCALTECH101", _recipe("ncaltech101", 180, 240, 10, 30_000)),
    "shd": TonicSet("SHD", _recipe("shd", 1, 700, 100, 14_000, polarities=1), TRAIN_OR_TEST),
    "ssc": TonicSet(
        "SSC",
        _recipe("ssc", 1, 700, 100, 10_000, polarities=1),
        {"train": {"split": "train"}, "validation": {"split": "valid"}, "test": {"split": "test"}},
    ),
}
"""The data sets by name."""


def load_tonic(name: str, split: str, folder: Path, limit: int | None = None) -> EventSet:
    """Download a data set if it is not there yet, and read one part of it.

    Parameters
    ----------
    name : str
        A key of ``TONIC_SETS``.
    split : {"train", "validation", "test"}
        The part.
    folder : pathlib.Path
        Where tonic keeps its files.
    limit : int, optional
        Take the first so many recordings of the part: the large sets do not fit into memory.

    Returns
    -------
    EventSet

    Raises
    ------
    ConfigError
        If the name or the part is unknown.
    BackendUnavailableError
        If tonic, or a package that it needs for this set, is not installed.
    RunError
        If the download fails.
    """
    if name not in TONIC_SETS:
        raise unknown_name("tonic data set", name, TONIC_SETS)
    entry = TONIC_SETS[name]
    published = split if split in entry.splits else "train"
    dataset = _open(name, entry, entry.splits.get(published, {}), folder)
    class_names, labels = _labels(dataset, entry)
    indices = part_of(entry, split, labels, _paths(dataset))[:limit]
    samples = ((_get(name, dataset, int(index)), int(labels[index]), int(index)) for index in indices)
    return convert(name, samples, class_names)


def convert(
    name: str, samples: Iterable[tuple[NDArray[Any], int, int]], class_names: Sequence[str] | None = None
) -> EventSet:
    """Turn recordings as tonic gives them into a set.

    Parameters
    ----------
    name : str
        A key of ``TONIC_SETS``.
    samples : iterable of (events, label, sample_id)
        `events` is a structured array with the fields ``t`` (in us), ``x``, ``p`` and, for cameras, ``y``.
    class_names : sequence of str, optional
        Needed where the table does not know them.

    Returns
    -------
    EventSet
        Events are sorted by time; sets that run on the camera's clock start at 0.

    Examples
    --------
    >>> events = np.array([(500, 699, 1), (20, 3, 1)], dtype=[("t", int), ("x", int), ("p", int)])
    >>> digits = convert("shd", [(events, 1, 0)], ["null", "eins"])
    >>> digits.sensor, digits[0].t_us, digits[0].x
    ((1, 700), array([ 20, 500], dtype=int32), array([  3, 699], dtype=uint16))
    """
    entry = TONIC_SETS[name]
    recordings = (_recording(name, entry, *sample) for sample in samples)
    return EventSet.from_recordings(recordings, name, entry.sensor, class_names or entry.class_names or (), name)


def part_of(
    entry: TonicSet, split: str, labels: NDArray[np.int64], paths: Sequence[str] | None = None
) -> NDArray[np.int64]:
    """Give the indices of a part within what the constructor for it returned.

    Parameters
    ----------
    entry : TonicSet
        Says which parts the publisher defined.
    split : {"train", "validation", "test"}
        The part.
    labels : numpy.ndarray of int, (N,)
        Class of each recording.
    paths : sequence of str, optional
        The files; "file order" sorts the numbers in them as numbers.

    Examples
    --------
    >>> part_of(TONIC_SETS["cifar10_dvs"], "test", np.repeat([0, 1], 10)).tolist()
    [9, 19]
    """
    if split not in ("train", "validation", "test"):
        raise unknown_name("split", split, ("train", "validation", "test"))
    everything = np.arange(len(labels))
    test = everything[:0] if entry.splits else _last_of_each_class(labels, paths)
    if split == "test":
        return everything if entry.splits else test
    train = np.setdiff1d(everything, test)
    if "validation" in entry.splits:
        return train
    rest, validation = stratified_split(labels[train], max(1, len(train) * VALIDATION_PERCENT // 100), SPLIT_SEED)
    return train[rest] if split == "train" else train[validation]


def _last_of_each_class(labels: NDArray[np.int64], paths: Sequence[str] | None) -> NDArray[np.int64]:
    files = sorted(range(len(labels)), key=lambda index: _numbers_as_numbers(paths[index]) if paths else index)
    ordered = np.array(files, np.int64)
    members = (ordered[labels[ordered] == number] for number in np.unique(labels))
    return np.sort(np.concatenate([own[len(own) - len(own) * TEST_PERCENT // 100 :] for own in members]))


def _numbers_as_numbers(path: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path)]


def _recording(name: str, entry: TonicSet, events: NDArray[Any], label: int, sample_id: int) -> Recording:
    fields = events.dtype.names or ()
    if not {"t", "x", "p"} <= set(fields) or events.size == 0:
        raise FormatError(f"{name}, sample {sample_id}: {events.size} events with fields {fields}; download it anew")
    t_us = events["t"].astype(np.int64)
    order = np.argsort(t_us, kind="stable")
    t_us = t_us[order]
    if entry.align:
        t_us = t_us - t_us[0] - entry.skip_us
        order, t_us = order[t_us >= 0], t_us[t_us >= 0]
    rows: NDArray[Any] = events["y"] if "y" in fields else np.zeros(events.size, np.uint8)
    return Recording(t_us, events["x"][order], rows[order], events["p"][order], label, sample_id, source=name)


def _open(name: str, entry: TonicSet, arguments: Mapping[str, Any], folder: Path) -> Any:
    """Make the tonic data set, which downloads it where it is missing."""
    try:
        import tonic.datasets
    except ImportError as error:
        raise BackendUnavailableError(
            f"{name}: tonic is not installed; install it with: pip install 'evsnn-lava[data]'"
        ) from error
    try:
        return getattr(tonic.datasets, entry.constructor)(save_to=str(folder), **arguments)
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise RunError(f"{name}: cannot be downloaded to {folder} ({reason}); connect, or choose a folder") from error


def _get(name: str, dataset: Any, index: int) -> NDArray[Any]:
    try:
        events, _ = dataset[index]
    except ImportError as error:
        raise BackendUnavailableError(
            f"{name}: reading it needs the package {error.name}; install it with: pip install {error.name}"
        ) from error
    return np.asarray(events)


def _paths(dataset: Any) -> list[str] | None:
    return [str(path) for path in dataset.data] or None


def _labels(dataset: Any, entry: TonicSet) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Give class names and labels: from the table, the list in the files, or the names of the folders."""
    targets: list[Any] = list(dataset.targets) or _hdf5_labels(dataset)
    if targets and isinstance(targets[0], str):
        names = tuple(sorted(set(targets)))
        return names, np.array([names.index(target) for target in targets], np.int64)
    listed = entry.class_names or tuple(
        name.decode() if isinstance(name, bytes) else str(name) for name in dataset.classes
    )
    return listed, np.array(targets, np.int64)


def _hdf5_labels(dataset: Any) -> list[int]:
    """Read the labels of SHD and SSC at once; tonic would open the file once a recording."""
    import h5py

    with h5py.File(Path(dataset.location_on_system) / dataset.data_filename, "r") as file:
        return [int(label) for label in file["labels"][()]]
