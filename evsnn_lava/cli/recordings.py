"""Loading of recordings, shared by the verbs that run a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.data import WHOLE, EventSet, default_split, frames_of, holds_frames, load_part, read_frames
from evsnn_lava.data.checks import UNKNOWN_LABEL
from evsnn_lava.data.images import ImageSet
from evsnn_lava.errors import ConfigError
from evsnn_lava.network import InputRecipe, NetworkDescription

BLOCK_SAMPLES: Final = 256
BLOCK_BYTES: Final = 2**27
"""Frames are made for so many samples at a time, or fewer if they are larger together."""


@dataclass(frozen=True, eq=False)
class Samples:
    """What to run, with its labels; frames are made block by block, so that a large set needs no more memory.

    Parameters
    ----------
    read : callable
        ``read(start, stop)`` gives the frames of some samples: (n, C, H, W, T), bool or int32, before masking.
    labels : numpy.ndarray of int64, shape (N,)
        Classes; -1 where the recording does not say.
    sample_id : numpy.ndarray of int64, shape (N,)
        Which recordings they are.
    block : int
        Samples in a block.
    split : str
        The part of the data set they are from; empty for frames and if not known.
    available : int
        How many recordings that part, or samples that file of frames, has.
    """

    read: Callable[[int, int], npt.NDArray[Any]]
    labels: npt.NDArray[np.int64]
    sample_id: npt.NDArray[np.int64]
    block: int = BLOCK_SAMPLES
    split: str = ""
    available: int = 0

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.labels)

    def blocks(self) -> Iterator[npt.NDArray[Any]]:
        """The frames, in blocks of `block` samples; the last one may have fewer."""
        for start in range(0, len(self), self.block):
            yield self.read(start, min(start + self.block, len(self)))

    def first(self, limit: int) -> Samples:
        """The first samples alone."""
        return replace(self, labels=self.labels[:limit], sample_id=self.sample_id[:limit])

    @property
    def known(self) -> npt.NDArray[np.int64] | None:
        """The labels, if every recording has one."""
        return self.labels if len(self.labels) and (self.labels >= 0).all() else None

    def __str__(self) -> str:
        """How many of how many."""
        return f"{len(self)} of {self.available} {f'recordings (split {self.split})' if self.split else 'samples'}"


def block_samples(recipe: InputRecipe) -> int:
    """How many samples make a block.

    Parameters
    ----------
    recipe : InputRecipe
        Says how large their frames are.

    Returns
    -------
    int
        At least 1, at most `BLOCK_SAMPLES`.
    """
    size = int(np.prod(recipe.input_shape)) * recipe.steps * (4 if recipe.message_bits else 1)
    return max(1, min(BLOCK_SAMPLES, BLOCK_BYTES // size))


def load_samples(network: NetworkDescription, data: str | None, split: str | None, limit: int | None) -> Samples:
    """Load recordings and bin them with the recipe of the network, or load frames.

    Labels become the network's by the name of the class; labels of data without class names are taken as they
    are. Data that do not say how large their sensor is are taken for recordings of the network's sensor.

    Parameters
    ----------
    network : NetworkDescription
        Its recipe says how to bin, and which data set it was trained on.
    data : str or None
        Name or path; None takes the network's own data set. A network without binning takes files of frames only.
    split : str or None
        Part of the data set. None takes ``test``, or ``all`` of a path without parts of its own, unless it is
        the one the network was trained on.
    limit : int or None
        Number of samples to take at most.

    Returns
    -------
    Samples
        What to run; recordings are binned when a block of them is asked for.

    Raises
    ------
    ConfigError
        If there is nothing to run, the data have a class that the network does not know, or frames do not fit.
    FormatError
        If a file is broken, or events without a stated sensor lie outside the network's.
    """
    if limit is not None and limit < 1:
        raise ConfigError(f"--limit is {limit}, it must be at least 1; leave it out to run everything")
    if data is None and not network.recipe.dataset:
        kind = "a file of frames" if network.recipe.binning == "none" else "recordings"
        raise ConfigError(f"network {network.name} does not say what it was trained on; give {kind} with --data")
    source = data or network.recipe.dataset
    if holds_frames(source, network.recipe):
        return _frame_samples(network, source, split, limit)
    split = split or split_to_run(source, network.recipe.dataset)
    events = load_part(source, split)
    if isinstance(events, EventSet) and "sensor" in events.assumed:
        events = replace(events, sensor=(network.recipe.sensor_height, network.recipe.sensor_width))
    labels = network_labels(events, events.labels[:limit], network.class_names)
    recipe, names = network.recipe, np.asarray(events.sample_id)[:limit]
    frames_of(events, recipe, ())  # so that a sensor that does not fit is refused here

    def read(start: int, stop: int) -> npt.NDArray[Any]:
        return frames_of(events, recipe, range(start, stop))

    return Samples(read, labels, names, block_samples(recipe), split, len(events))


def _frame_samples(network: NetworkDescription, source: str, split: str | None, limit: int | None) -> Samples:
    if split not in (None, WHOLE):
        raise ConfigError(f"--split {split} does nothing with frames, {source} has no parts; leave it out")
    found = read_frames(source, network.recipe, len(network.class_names))
    labels, size = found.labels[:limit], block_samples(network.recipe)
    return Samples(found.block, labels, np.arange(len(labels)), size, "", len(found))


def split_to_run(source: str, trained_on: str) -> str:
    """Choose the part to run; what a network was trained on must not be run as a whole unasked.

    Parameters
    ----------
    source, trained_on : str
        Names or paths of data; `trained_on` is empty if not known.

    Returns
    -------
    str
        ``test`` or ``all``.
    """
    same = bool(trained_on) and Path(source).resolve() == Path(trained_on).resolve()
    return "test" if same else default_split(source)


def network_labels(
    events: EventSet | ImageSet, labels: npt.NDArray[np.int64], classes: tuple[str, ...]
) -> npt.NDArray[np.int64]:
    """Translate labels of a set into labels of a network, by the names of the classes.

    Parameters
    ----------
    events : EventSet
        Says what its classes are called, or that they are mere numbers.
    labels : numpy.ndarray of int64, shape (N,)
        Labels of that set; -1 is not known, and stays so.
    classes : tuple of str
        Classes of the network.

    Returns
    -------
    numpy.ndarray of int64, shape (N,)
        Labels of the network.

    Raises
    ------
    ConfigError
        If a label has no class in the network.
    """
    numbers = "class_names" in events.assumed
    place = {name: index for index, name in reversed(list(enumerate(classes)))}
    known = dict(enumerate(range(len(classes))))
    if not numbers and events.class_names != classes:
        known = {label: place[name] for label, name in enumerate(events.class_names) if name in place}
    lost = sorted({int(label) for label in labels if label >= 0} - set(known))
    if lost:
        name = "" if numbers else f"class {events.class_names[lost[-1]]!r} as "
        raise ConfigError(
            f"{events.name} has {name}label {lost[-1]}, the network {len(classes)} classes: {', '.join(classes)}; "
            "rename or leave out what it does not know"
        )
    return np.array([known.get(int(label), UNKNOWN_LABEL) for label in labels], dtype=np.int64)
