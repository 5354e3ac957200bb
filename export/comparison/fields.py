"""What changed between two values, field by field."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Shape = tuple[int, ...]

DIGITS: Final = 4
"""Of a number that is not whole."""


@dataclass(frozen=True)
class Change:
    """A value that is another one now.

    Parameters
    ----------
    what : str
        Name of the field.
    before, after : str
        Both values in words.
    """

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class ArrayChange:
    """An array of numbers that is another one now.

    Parameters
    ----------
    what : str
        Name of the field.
    shape_before, shape_after : tuple of int
        Its shapes.
    changed, largest : int or None
        How many numbers changed, and by how much at most; None where the shapes differ.
    place : tuple of int or None
        Where the largest change is, the first of several.
    zeros_before, zeros_after : int
        How many of them are zero.
    """

    what: str
    shape_before: Shape
    shape_after: Shape
    changed: int | None
    largest: int | None
    place: Shape | None
    zeros_before: int
    zeros_after: int


FieldChange = Change | ArrayChange


def field_changes(what: str, before: Any, after: Any) -> Iterator[FieldChange]:
    """Compare two values; records are compared field by field.

    Parameters
    ----------
    what : str
        Name of the value; empty for a record whose fields speak for themselves.
    before, after : object
        Numbers, texts, tuples, None, arrays of numpy or dataclasses of these.

    Yields
    ------
    Change or ArrayChange
        Nothing where the two are the same.

    Examples
    --------
    >>> list(field_changes("du", 1023, 1024))
    [Change(what='du', before='1023', after='1024')]
    """
    if isinstance(before, np.ndarray) and isinstance(after, np.ndarray):
        if not np.array_equal(before, after):
            yield array_change(what, before, after)
    elif dataclasses.is_dataclass(before) and type(before) is type(after):
        for field in dataclasses.fields(before):
            pair = getattr(before, field.name), getattr(after, field.name)
            yield from field_changes(f"{what} {field.name}".strip(), *pair)
    elif type(before) is not type(after) or before != after:
        yield Change(what, *pair_in_words(before, after))


def array_change(what: str, before: npt.NDArray[Any], after: npt.NDArray[Any]) -> ArrayChange:
    """Count what changed in an array.

    Parameters
    ----------
    what : str
        Name of the array.
    before, after : numpy.ndarray of bool or int
        The arrays, of the same shape or not.

    Returns
    -------
    ArrayChange
        The counts.

    Examples
    --------
    >>> change = array_change("weights", np.array([1, 2, 0]), np.array([1, 5, 0]))
    >>> change.changed, change.largest, change.place, change.zeros_after
    (1, 3, (1,), 1)
    """
    changed = largest = place = None
    if before.shape == after.shape:
        differ = np.flatnonzero(before != after)
        old, new = (array.reshape(-1)[differ].astype(object) for array in (before, after))  # whole numbers of any size
        distance, changed = np.abs(new - old), len(differ)
        largest = int(distance.max(initial=0))
        if changed:
            place = tuple(int(i) for i in np.unravel_index(differ[int(distance.argmax())], before.shape))
    return ArrayChange(
        what,
        before.shape,
        after.shape,
        changed,
        largest,
        place,
        zeros_before=int(before.size - np.count_nonzero(before)),
        zeros_after=int(after.size - np.count_nonzero(after)),
    )


def pair_in_words(before: Any, after: Any) -> tuple[str, str]:
    """Two values that differ for people: as :func:`in_words`, with more digits where that would read alike.

    Parameters
    ----------
    before, after : object
        As in :func:`field_changes`.

    Returns
    -------
    (str, str)
        Two texts that differ.

    Examples
    --------
    >>> pair_in_words(0.015624506399035454, 0.0149), pair_in_words(0.25, 0.2500001), pair_in_words(1, "1")
    (('0.01562', '0.0149'), ('0.25', '0.2500001'), ('1', "'1'"))
    """
    words = in_words(before), in_words(after)
    if isinstance(before, float) and isinstance(after, float):
        pairs = ((f"{before:.{digits}g}", f"{after:.{digits}g}") for digits in range(DIGITS, 18))
        words = next((pair for pair in pairs if pair[0] != pair[1]), words)
    return words if words[0] != words[1] else (repr(before), repr(after))


def in_words(value: Any) -> str:
    """A value for people.

    Parameters
    ----------
    value : object
        As in :func:`field_changes`.

    Returns
    -------
    str
        For example ``none``, ``3 x 3``, ``8 values -20..40``, ``true``; four digits of a number that is not whole,
        the fields of a record.

    Examples
    --------
    >>> in_words((3, 4)), in_words(None), in_words(np.array([1, 5])), in_words(2 / 3)
    ('3 x 4', 'none', '2 values 1..5', '0.6667')
    """
    if value is None or (isinstance(value, str) and not value):
        return "none"
    if isinstance(value, np.ndarray):
        return f"{value.size} values {value.min()}..{value.max()}"
    if isinstance(value, tuple):
        return " x ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    if dataclasses.is_dataclass(value):
        named = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return ", ".join(f"{name} {in_words(part)}" for name, part in named)
    return str(value).lower() if isinstance(value, bool) else str(value)
