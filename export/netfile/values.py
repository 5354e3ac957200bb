"""Single values as arrays of the file and back: texts, whole numbers, numbers."""

from __future__ import annotations

import math
import operator
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError, FormatError
from evsnn_lava.export.netfile.schema import REMEDY, Tree, shown

Block = dict[str, npt.NDArray[Any]]
"""Some arrays of a file, with paths relative to their group."""


def text_array(value: object, owner: str) -> npt.NDArray[np.bytes_]:
    """Encode a text as a fixed-length UTF-8 scalar.

    Parameters
    ----------
    value : str
        The text.
    owner : str
        Whose text it is, for messages.

    Returns
    -------
    numpy.ndarray of bytes
        At least one byte long.

    Raises
    ------
    ConfigError
        If it is no text, holds a NUL character or cannot be encoded.

    Examples
    --------
    >>> text_array("CUBA", "type").dtype.str
    '|S4'
    """
    if not isinstance(value, str):
        raise ConfigError(f"{owner} is {type(value).__name__}, the file stores text; convert it with str()")
    try:
        data = value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ConfigError(f"{owner} cannot be encoded as UTF-8 ({error.reason}); remove the character") from error
    if b"\0" in data:
        raise ConfigError(f"{owner} holds a NUL character, which the file cannot store; remove it")
    return np.array(data, dtype=f"S{max(1, len(data))}")


def texts_array(values: Sequence[object], owner: str) -> npt.NDArray[np.bytes_]:
    """Encode several texts as one array, as long as the longest; errors as :func:`text_array`."""
    scalars = [text_array(value, f"{owner} {index}") for index, value in enumerate(values)]
    return np.array([scalar[()] for scalar in scalars], dtype=f"S{max(scalar.itemsize for scalar in scalars)}")


def integer_array(value: object, owner: str) -> npt.NDArray[np.int64]:
    """Encode a whole number.

    Raises
    ------
    ConfigError
        If it is none, or needs more than 64 bits.
    """
    try:
        return np.array(operator.index(value), dtype="<i8")  # type: ignore[arg-type]
    except (TypeError, OverflowError) as error:
        raise ConfigError(f"{owner} is {value!r}, the file stores a 64-bit whole number; correct it") from error


def real_array(value: object, owner: str) -> npt.NDArray[np.float64]:
    """Encode a number.

    Raises
    ------
    ConfigError
        If it is none, or not finite.
    """
    try:
        array = np.array(value, dtype="<f8")
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{owner} is {value!r}, the file stores a number; correct it") from error
    if array.ndim or not np.isfinite(array):
        raise ConfigError(f"{owner} is {value!r}, the file stores a finite number; correct it")
    return array


def ints_array(values: npt.ArrayLike, dtype: str = "<i8") -> npt.NDArray[Any]:
    """Encode whole numbers whose range was checked; a single one keeps no dimension."""
    return np.array(values, dtype=dtype, order="C")


def take(tree: Tree, path: str) -> npt.NDArray[Any]:
    """Get an array that must be there.

    Raises
    ------
    FormatError
        If it is not.
    """
    if path not in tree:
        raise FormatError(f"/{path} is missing; {REMEDY}")
    return tree[path]


def take_scalar(tree: Tree, path: str) -> Any:
    """Get a single value of an array that must be there.

    Raises
    ------
    FormatError
        If it is missing or holds several values.
    """
    array = take(tree, path)
    if array.ndim:
        raise FormatError(f"/{path} has {array.ndim} dimensions, here it is a single value; {REMEDY}")
    return array.item()


def take_real(tree: Tree, path: str) -> float:
    """Get a single number.

    Raises
    ------
    FormatError
        If it is missing, one of several or not finite.
    """
    value = float(take_scalar(tree, path))
    if not math.isfinite(value):
        raise FormatError(f"/{path} is {value}, the file stores a finite number; {REMEDY}")
    return value


def take_integers(tree: Tree, path: str, length: int | None = None) -> tuple[int, ...]:
    """Get whole numbers, `length` of them if it is given.

    Raises
    ------
    FormatError
        If they are missing or too many or too few.
    """
    array = take(tree, path)
    if array.ndim != 1 or (length is not None and len(array) != length):
        expected = "a list" if length is None else f"a list of {length} values"
        raise FormatError(f"/{path} has shape {array.shape}, the format says {expected}; {REMEDY}")
    return tuple(int(value) for value in array)


def take_text(tree: Tree, path: str) -> str:
    """Get a text.

    Raises
    ------
    FormatError
        If it is missing or not UTF-8.
    """
    return _utf8(take_scalar(tree, path), path)


def take_texts(tree: Tree, path: str) -> tuple[str, ...]:
    """Get a list of texts; errors as :func:`take_text`."""
    return tuple(_utf8(data, path) for data in take(tree, path).tolist())


def take_word(tree: Tree, path: str, words: Collection[str]) -> str:
    """Get a text that must be one of `words`.

    Raises
    ------
    FormatError
        If it is another one.
    """
    word = take_text(tree, path)
    if word not in words:
        raise FormatError(f"/{path} is {shown(word)!r}, the format has {', '.join(words)}; {REMEDY}")
    return word


def _utf8(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"/{path} is not UTF-8 text; {REMEDY}") from error
