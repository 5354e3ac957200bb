"""One number of a profile: value, unit, range, source, year, scope and status."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

LARGEST: Final = 1e15
"""Of a number, in its unit: beyond that it is a slip of the pen, and sums of such numbers are not finite."""

UNITS: Final[dict[str, dict[str, int]]] = {
    "energy": {"J": 0, "mJ": -3, "uJ": -6, "nJ": -9, "pJ": -12, "fJ": -15},
    "time": {"s": 0, "ms": -3, "us": -6, "ns": -9, "ps": -12},
    "power": {"W": 0, "mW": -3, "uW": -6, "nW": -9},
    "count": {"count": 0},
}
"""Allowed units of every dimension, as powers of ten of the SI unit (J, s, W, 1)."""

_EXPONENTS: Final[dict[str, int]] = {unit: power for units in UNITS.values() for unit, power in units.items()}

Text = Annotated[str, Field(min_length=1)]
Scope = Literal["core", "chip", "board"]
Status = Literal["measured", "published", "fitted", "assumed"]


class Model(BaseModel):
    """Frozen; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Quantity(Model):
    """One number and why anybody should believe it.

    Parameters
    ----------
    value : float
        The number in `unit`; finite and not negative.
    unit : str
        A unit of ``UNITS``.
    source : str
        Where the number was read; it may not be empty.
    year : int
        Year of the source.
    scope : {"core", "chip", "board"}
        What the number covers.
    status : {"measured", "published", "fitted", "assumed"}
        ``measured`` on silicon; ``published`` by the maker, for example from circuit simulation;
        ``fitted`` to measurements of something larger; ``assumed`` from another chip.
    low, high : float, optional
        Range in the same unit, where sources differ; the value itself where left out.
    note : str, optional
        What a reader has to know to use it.

    Raises
    ------
    pydantic.ValidationError
        If a key is missing, unknown or out of range.

    Examples
    --------
    >>> synop = Quantity(
    ...     value=23.6, unit="pJ", high=35.5, source="Davies et al., IEEE Micro 38(1)", year=2018,
    ...     scope="core", status="published",
    ... )
    >>> synop.si, synop.low_si, synop.high_si
    (2.36e-11, 2.36e-11, 3.55e-11)
    """

    value: Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False, strict=True)]
    unit: Text
    source: Text
    year: Annotated[int, Field(ge=1950, le=2100, strict=True)]
    scope: Scope
    status: Status
    low: Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False, strict=True)] | None = None
    high: Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False, strict=True)] | None = None
    note: str = ""

    @model_validator(mode="after")
    def _check(self) -> Quantity:
        if self.unit not in _EXPONENTS:
            raise ValueError(f"unit is {self.unit!r}; choose one of: {', '.join(_EXPONENTS)}")
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        return _faultless(self, range_fault(self.value, low, high, self.unit))

    def _in_si(self, number: float) -> float:
        # In decimal, so that 23.6 pJ is the float 23.6e-12 and not its neighbour.
        return float(Decimal(repr(number)).scaleb(_EXPONENTS[self.unit]))

    @property
    def si(self) -> float:
        """The value in the SI unit (J, s, W or 1)."""
        return self._in_si(self.value)

    @property
    def low_si(self) -> float:
        """Lower end of the range in the SI unit."""
        return self.si if self.low is None else self._in_si(self.low)

    @property
    def high_si(self) -> float:
        """Upper end of the range in the SI unit."""
        return self.si if self.high is None else self._in_si(self.high)


def range_fault(value: float, low: float, high: float, unit: str) -> str:
    """What is wrong with a value and its range, in words; empty if nothing is."""
    if low <= value <= high:
        return ""
    return f"value {value:g} lies outside its range {low:g}..{high:g} {unit}; correct one"


def unit_fault(unit: str, dimension: str) -> str:
    """What is wrong with a unit, in words; empty if it is one of the dimension, a key of ``UNITS``."""
    if unit in UNITS[dimension]:
        return ""
    return f"unit is {unit!r}, expected a unit of {dimension}: {', '.join(UNITS[dimension])}"


def count_fault(value: float) -> str:
    """What is wrong with a count, in words; empty if it is a whole number of at least 1."""
    if value >= 1 and float(value).is_integer():
        return ""
    return f"value is {value:g}, expected a whole number of at least 1"


def _faultless(quantity: Quantity, fault: str) -> Quantity:
    if fault:
        raise ValueError(fault)
    return quantity


Energy = Annotated[Quantity, AfterValidator(lambda each: _faultless(each, unit_fault(each.unit, "energy")))]
Time = Annotated[Quantity, AfterValidator(lambda each: _faultless(each, unit_fault(each.unit, "time")))]
Power = Annotated[Quantity, AfterValidator(lambda each: _faultless(each, unit_fault(each.unit, "power")))]
Count = Annotated[
    Quantity,
    AfterValidator(lambda each: _faultless(each, unit_fault(each.unit, "count") or count_fault(each.value))),
]
