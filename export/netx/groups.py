"""Typed access to what a netx file holds below one group, and the decisions that reading it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import CapacityError, ConfigError, FormatError
from evsnn_lava.export.netfile.schema import Tree, shown
from evsnn_lava.export.netx.container import REMEDY

Made = TypeVar("Made")
IntArray = npt.NDArray[np.int64]

WHOLE_LIMIT: Final = 2**31
"""No number of a netx file needs more bits."""


@dataclass(frozen=True)
class Decision:
    """Something in a netx file that does not say by itself what the network is.

    Parameters
    ----------
    path : str
        Where in the file, for example ``"/layer/10/neuron"``.
    fact : str
        What stands there and what was made of it.
    """

    path: str
    fact: str


@dataclass(frozen=True)
class Group:
    """What stands below one group of the file.

    Parameters
    ----------
    path : str
        The group, without the leading slash.
    fields : dict of str to numpy.ndarray
        Everything below it, by the path from there.
    """

    path: str
    fields: Tree

    def has(self, name: str) -> bool:
        """Whether there is a data set or a group of that name."""
        return name in self.fields or bool(self.group(name).fields)

    def group(self, name: str) -> Group:
        """The group below, empty if there is none."""
        start = f"{name}/"
        inside = {path[len(start) :]: array for path, array in self.fields.items() if path.startswith(start)}
        return Group(f"{self.path}/{name}" if self.path else name, inside)

    def where(self, name: str) -> str:
        """Path of a data set, for messages."""
        return f"/{self.path}/{name}" if self.path else f"/{name}"

    def require_known(self, known: Iterable[str]) -> None:
        """Refuse data sets whose meaning nobody wrote down.

        Raises
        ------
        FormatError
            With the path of the first.
        """
        for name in sorted(set(self.fields) - set(known)):
            raise FormatError(f"{self.where(shown(name))} is unknown; remove it, or {REMEDY}")

    def text(self, name: str) -> str:
        """A single text.

        Raises
        ------
        FormatError
            If it is missing, or no plain text.
        """
        array = self._take(name)
        if array.dtype.kind != "S" or array.size != 1:
            raise FormatError(
                f"{self.where(name)} holds {array.dtype} of shape {array.shape}, expected a text; {REMEDY}"
            )
        text = bytes(array.reshape(-1)[0]).decode("ascii", "replace")
        if not text.isidentifier():
            raise FormatError(f"{self.where(name)} is {shown(text)!r}, expected a name; {REMEDY}")
        return text

    def number(self, name: str, default: int | None = None) -> int:
        """A single whole number, or the default where there is none.

        Raises
        ------
        FormatError
            If it is missing without a default, or no single whole number.
        """
        if default is not None and not self.has(name):
            return default
        array = self.numbers(name)
        if array.size != 1:
            raise FormatError(f"{self.where(name)} has shape {array.shape}, expected a single number; {REMEDY}")
        return int(array.reshape(-1)[0])

    def numbers(self, name: str) -> IntArray:
        """Whole numbers of any shape, whatever type they are stored in.

        Raises
        ------
        FormatError
            If it is missing, or a number has a fraction, which netx would cut off.
        """
        array = self._take(name)
        if array.dtype.kind not in "iufb" or not array.size:
            found = f"{array.dtype} of shape {array.shape}"
            raise FormatError(f"{self.where(name)} holds {found}, expected numbers; {REMEDY}")
        if not np.isfinite(array).all() or np.abs(array.astype(np.float64)).max() >= WHOLE_LIMIT:
            raise FormatError(f"{self.where(name)} holds numbers beyond 32 bits; {REMEDY}")
        whole = array.astype(np.int64)
        if (different := array != whole).any():
            raise FormatError(
                f"{self.where(name)} holds {different.sum()} numbers with a fraction (first {array[different][0]}), "
                "netx would cut it off; export quantised values"
            )
        return whole

    def flag(self, name: str) -> bool:
        """A truth value; False where there is none."""
        return bool(self.number(name, 0))

    def _take(self, name: str) -> npt.NDArray[Any]:
        if name not in self.fields:
            raise FormatError(f"{self.where(name)} is missing; {REMEDY}")
        return self.fields[name]


def build(path: str, make: Callable[..., Made], *arguments: Any, **options: Any) -> Made:
    """Make a part of the description; what it refuses is a fault of the file, so name the place.

    Parameters
    ----------
    path : str
        The group, without the leading slash.
    make : callable
        Class of the part, or a check.
    *arguments, **options
        For `make`.

    Raises
    ------
    FormatError, CapacityError
        If the parts contradict each other, or do not fit into Loihi's integers.
    """
    try:
        return make(*arguments, **options)
    except ConfigError as error:
        raise FormatError(f"/{path}: {error}") from error
    except CapacityError as error:
        raise CapacityError(f"/{path}: {error}") from error
