"""What changed between two values, field by field."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Shape = tuple[int, ...]


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
    zeros_before, zeros_after : int
        How many of them are zero.
    """

    what: str
    shape_before: Shape
    shape_after: Shape
    changed: int | None
    largest: int | None
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
        yield Change(what, in_words(before), in_words(after))


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
    >>> change.changed, change.largest, change.zeros_after
    (1, 3, 1)
    """
    same_shape = before.shape == after.shape
    distance = np.abs(after.astype(object) - before.astype(object)) if same_shape else None
    return ArrayChange(
        what,
        before.shape,
        after.shape,
        changed=None if distance is None else int(np.count_nonzero(distance)),
        largest=None if distance is None else int(distance.max(initial=0)),
        zeros_before=int(before.size - np.count_nonzero(before)),
        zeros_after=int(after.size - np.count_nonzero(after)),
    )


def in_words(value: Any) -> str:
    """A value for people.

    Parameters
    ----------
    value : object
        As in :func:`field_changes`.

    Returns
    -------
    str
        For example ``none``, ``3 x 3``, ``8 values -20..40``, ``DenseSynapse``.

    Examples
    --------
    >>> in_words((3, 4)), in_words(None), in_words(np.array([1, 5]))
    ('3 x 4', 'none', '2 values 1..5')
    """
    if value is None or (isinstance(value, str) and not value):
        return "none"
    if isinstance(value, np.ndarray):
        return f"{value.size} values {value.min()}..{value.max()}"
    if isinstance(value, tuple):
        return " x ".join(map(str, value))
    return type(value).__name__ if dataclasses.is_dataclass(value) else str(value)
