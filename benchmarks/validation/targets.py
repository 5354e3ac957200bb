"""A published figure, ours, and how far apart they may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evsnn_lava.profiling import Estimate


@dataclass(frozen=True)
class Target:
    """One row of the validation table.

    Parameters
    ----------
    subject, quantity, unit : str
        What was measured or published, and in which unit it is printed.
    published : float
        The figure, in `unit`.
    ours : Estimate
        Ours with its range, in `unit`.
    tolerance : float
        How far ours may be from the figure, as a share of it; 0 asks for equality.
    source : str
        Where the figure is from.
    kind : {"test", "fit", "sums"}
        Whether ours knows nothing of the figure, has a constant that was taken from the same measurement, or only
        shows that the arithmetic is right.
    covered : bool
        Whether our range has to hold the figure, too.
    """

    subject: str
    quantity: str
    unit: str
    published: float
    ours: Estimate
    tolerance: float
    source: str
    kind: str
    covered: bool = False

    @property
    def ratio(self) -> float:
        """Ours over the figure."""
        return self.ours.value / self.published

    @property
    def ok(self) -> bool:
        """Whether ours lies within the tolerance, and the range over the figure if it has to."""
        inside = not self.covered or self.ours.low <= self.published <= self.ours.high
        return abs(self.ratio - 1) <= self.tolerance and inside


HEADINGS: Final = ("Subject", "Quantity", "Published", "Ours", "Ratio", "Within", "Range", "Kind")


def cells(target: Target) -> tuple[str, ...]:
    """A row of the table, as text.

    Parameters
    ----------
    target : Target
        The row.

    Returns
    -------
    tuple of str
        One for each of `HEADINGS`.
    """
    ours, unit = target.ours, target.unit
    spread = f"{ours.low:.3g}..{ours.high:.3g}" if ours.low < ours.high else ""
    tolerance = f"{100 * target.tolerance:.0f} %" if target.tolerance else "equal"
    tolerance = tolerance if target.ok else f"NOT {tolerance}"
    return (
        target.subject,
        target.quantity,
        f"{_number(target.published)} {unit}".strip(),
        f"{_number(ours.value)} {unit}".strip(),
        f"{target.ratio:.3f}",
        tolerance,
        spread,
        target.kind,
    )


def _number(value: float) -> str:
    return f"{value:.4g}" if value < 1e4 else f"{value:,.0f}".replace(",", " ")
