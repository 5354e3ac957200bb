"""The checks that every recording passes before anything is computed from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from evsnn_lava.errors import FormatError

EVENT_DTYPES: Final[dict[str, DTypeLike]] = {"t_us": np.int32, "x": np.uint16, "y": np.uint16, "p": np.uint8}
"""How each field of an event is stored: 9 bytes an event."""

REMEDIES: Final = {
    "t_us": "count microseconds from the start of the recording",
    "x": "crop the events or give the right sensor size",
    "y": "crop the events or give the right sensor size",
    "p": "write ON as 1 and OFF as 0",
}
"""What to do about a value of a field that is out of range."""

SECONDS_BELOW: Final = 1000
"""Times with fractions that all lie below this are taken for seconds in messages."""

UNKNOWN_LABEL: Final = -1
"""The label of a recording whose class is not known."""


@dataclass(frozen=True)
class Place:
    """Where events stand: what messages name.

    Parameters
    ----------
    source : str
        The file or the object that holds the events.
    offset : numpy.ndarray of int64, (N + 1,)
        Recording `i` owns the events ``offset[i]:offset[i + 1]``.
    sample_id : numpy.ndarray of int64, (N,)
        The name of each recording.

    Examples
    --------
    >>> Place("a.npz", np.array([0, 4, 9]), np.array([7, 8])).of_event(5)
    'a.npz, sample 8, event 1'
    """

    source: str
    offset: NDArray[np.int64]
    sample_id: NDArray[np.int64]

    def of_event(self, event: int) -> str:
        """Name the place of an event, counted over all recordings."""
        index = int(np.searchsorted(self.offset, event, side="right")) - 1
        return f"{self.of_recording(index)}, event {event - int(self.offset[index])}"

    def of_recording(self, index: int) -> str:
        """Name the place of a recording."""
        return f"{self.source}, sample {int(self.sample_id[index])}"


def as_integers(source: str, field: str, values: ArrayLike) -> NDArray[Any]:
    """Give a one-dimensional integer array, or say why there is none.

    Parameters
    ----------
    source, field : str
        What messages name.
    values : array_like
        Integers, booleans, or floats that hold whole numbers.

    Returns
    -------
    numpy.ndarray
        The same values; floats become int64, booleans uint8, integers keep their dtype.

    Raises
    ------
    FormatError
        If the array has another shape or kind, or holds NaN, infinity or fractions.

    Examples
    --------
    >>> as_integers("a.npz", "x", [1.0, 2.0])
    array([1, 2])
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise FormatError(f"{source}: {field} has {array.ndim} dimensions, it must have 1; flatten it")
    if array.dtype.kind == "b" or array.size == 0:
        return array.astype(np.uint8)
    if array.dtype.kind == "f":
        return _whole_numbers(source, field, array)
    if array.dtype.kind not in "iu":
        raise FormatError(f"{source}: {field} is of type {array.dtype}, it must hold integers; convert it")
    return array


def _whole_numbers(source: str, field: str, array: NDArray[Any]) -> NDArray[np.int64]:
    whole = np.isfinite(array) & (np.abs(array) < 2.0**62)
    whole[whole] = array[whole] == np.floor(array[whole])
    if whole.all():
        return array.astype(np.int64)
    first = int(np.flatnonzero(~whole)[0])
    seconds = field == "t_us" and bool(np.isfinite(array).all()) and float(np.abs(array).max()) < SECONDS_BELOW
    remedy = (
        "it looks like seconds, microseconds are expected: multiply by 1e6 and round"
        if seconds
        else "remove or round it"
    )
    raise FormatError(f"{source}: {field}[{first}] is {array[first]}, it must be a whole number; {remedy}")


def check_offsets(place: Place, events: int, silent: bool = False) -> None:
    """Raise a `FormatError` if the offsets do not cut `events` events into recordings; `silent` ones may be empty."""
    source, offset = place.source, place.offset
    if offset.size < 2:
        raise FormatError(f"{source}: it holds no recordings, at least 1 is needed; give another file")
    if place.sample_id.size != offset.size - 1:
        raise FormatError(
            f"{source}: {place.sample_id.size} labels or sample ids for {offset.size - 1} recordings; give one each"
        )
    if offset[0] != 0 or offset[-1] != events or (np.diff(offset) < 0).any():
        raise FormatError(
            f"{source}: offset runs from {offset[0]} to {offset[-1]}, it must rise from 0 to the {events} events; "
            "write the file again"
        )
    empty = np.flatnonzero(np.diff(offset) == 0)
    if empty.size and not silent:
        raise FormatError(f"{place.of_recording(int(empty[0]))}: no events, at least 1 is needed; leave the sample out")


def check_events(place: Place, events: dict[str, NDArray[Any]], sensor: tuple[int, int] | None) -> None:
    """Raise a `FormatError` for the first event that cannot be true.

    Parameters
    ----------
    place : Place
        The recordings the events belong to.
    events : dict
        The integer arrays ``t_us``, ``x``, ``y`` and ``p``, all of one length.
    sensor : (int, int) or None
        Height and width in pixels; None where it is not known.
    """
    height, width = sensor or (1 << 16, 1 << 16)
    highest = {"t_us": (1 << 31) - 1, "x": width - 1, "y": height - 1, "p": 1}
    for field, high in highest.items():
        _check_range(place, field, events[field], high)
    falls = events["t_us"][1:] < events["t_us"][:-1]
    starts = place.offset[1:-1]
    falls[starts[(starts > 0) & (starts <= falls.size)] - 1] = False  # a silent recording begins where another one does
    if falls.any():
        event = int(np.flatnonzero(falls)[0]) + 1
        before, after = (int(t) for t in events["t_us"][event - 1 : event + 1])
        raise FormatError(f"{place.of_event(event)}: t_us falls from {before} to {after}; sort the events by time")


def _check_range(place: Place, field: str, values: NDArray[Any], high: int) -> None:
    if values.min(initial=0) >= 0 and values.max(initial=0) <= high:
        return
    event = int(np.flatnonzero((values < 0) | (values > high))[0])
    raise FormatError(f"{place.of_event(event)}: {field} is {values[event]}, the range is 0..{high}; {REMEDIES[field]}")


def check_labels(place: Place, label: NDArray[np.int64], classes: int) -> None:
    """Raise a `FormatError` for the first label that names no class; ``UNKNOWN_LABEL`` is allowed."""
    wrong = np.flatnonzero((label < UNKNOWN_LABEL) | (label >= classes))
    if wrong.size:
        raise FormatError(
            f"{place.of_recording(int(wrong[0]))}: label is {label[wrong[0]]}, there are {classes} classes "
            f"(0..{classes - 1}); correct the label or the class names"
        )


def lengths(events: dict[str, NDArray[Any]]) -> Iterator[str]:
    """Yield ``field: length`` for a message about arrays of different lengths.

    Examples
    --------
    >>> list(lengths({"x": np.zeros(3), "y": np.zeros(2)}))
    ['x: 3', 'y: 2']
    """
    return (f"{field}: {values.size}" for field, values in events.items())
