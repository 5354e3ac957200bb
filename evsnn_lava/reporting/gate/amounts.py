"""Numbers as people write them in a budget: ``12 uJ``, ``300 us``, ``5 %``, ``0.5 points``."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final

from evsnn_lava.errors import printable

POWERS: Final[dict[str, dict[str, int]]] = {
    "energy": {"J": 0, "mJ": -3, "uJ": -6, "nJ": -9, "pJ": -12},
    "time": {"s": 0, "ms": -3, "us": -6, "ns": -9},
    "share": {"%": -2},
    "points": {"points": -2, "point": -2},
    "number": {"": 0},
}
"""Units of every dimension, as powers of ten of what the package computes in: J, s, shares of 1, numbers."""

BARE: Final = {"number", "share"}
"""Dimensions that need no unit: a share may be written as 0.93."""

_AMOUNT: Final = re.compile(r"\+?(?P<number>\d+\.?\d*(e[+-]?\d+)?|\.\d+(e[+-]?\d+)?)\s*(?P<unit>[^\d\s.]*)", re.I)
_LONGEST: Final = 40


LARGEST: Final = 1e15
"""In the SI unit: beyond that, it is a slip of the pen, and sums of such numbers are not finite."""


def amount(written: object, dimension: str) -> float:
    """Read a number with its unit.

    Parameters
    ----------
    written : object
        A text such as ``"12 uJ"``, or a plain number where the dimension needs no unit.
    dimension : str
        A key of ``POWERS``.

    Returns
    -------
    float
        In joules, seconds, as a share of 1, or the number itself.

    Raises
    ------
    ValueError
        If it is no finite number of at least 0, or its unit is missing or one of another dimension.

    Examples
    --------
    >>> amount("12 uJ", "energy"), amount("300us", "time"), amount("5 %", "share"), amount(0.93, "share")
    (1.2e-05, 0.0003, 0.05, 0.93)
    """
    text = str(written).strip().replace("µ", "u").replace("μ", "u")  # micro sign and the Greek letter
    found = None if isinstance(written, bool) or len(text) > _LONGEST else _AMOUNT.fullmatch(text)
    units = POWERS[dimension]
    if found is None:
        raise ValueError(f"{printable(text, _LONGEST)!r} is not a number of at least 0; write {example(dimension)}")
    unit = found["unit"]
    if unit not in units and not (dimension in BARE and not unit):
        said = f"unit {printable(unit)!r}" if unit else "no unit"
        raise ValueError(f"{printable(text)!r} has {said}; write {example(dimension)}")
    # In decimal, so that 12 uJ is the float 12e-6 and not its neighbour.
    try:
        value = float(Decimal(found["number"]).scaleb(units.get(unit, 0)))
    except ArithmeticError:
        value = math.inf
    if value > LARGEST:
        raise ValueError(f"{printable(text)!r} is too large; write {example(dimension)}")
    return value


def example(dimension: str) -> str:
    """How an amount of a dimension may look, for messages."""
    return {
        "energy": '"12 uJ" (J, mJ, uJ, nJ, pJ)',
        "time": '"300 us" (s, ms, us, ns)',
        "share": '"5 %" or 0.05',
        "points": '"0.5 points" (percentage points)',
        "number": "a number such as 8",
    }[dimension]
