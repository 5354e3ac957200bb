"""The ledger as a table of comma-separated values: every row of every report, totals and per inference."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from evsnn_lava.errors import printable
from evsnn_lava.profiling.ledger import KINDS, LedgerRow
from evsnn_lava.reporting.named_report import NamedReport

Cell = str | int | float


@dataclass(frozen=True)
class Line:
    """One row of a ledger and the report it belongs to.

    Parameters
    ----------
    named : NamedReport
        The report.
    row : LedgerRow
        The row.
    """

    named: NamedReport
    row: LedgerRow

    def mean(self, amount: float) -> float:
        """An amount of all samples per inference."""
        return amount / self.named.report.samples

    def price(self, energy_j: float) -> float | str:
        """Energy of one operation; empty where none happened or nothing is charged."""
        return "" if self.row.note or not self.row.count else energy_j / self.row.count


COLUMNS: Final[dict[str, Callable[[Line], Cell]]] = {
    "file": lambda line: line.named.path,
    "profile": lambda line: line.named.profile,
    "network": lambda line: line.named.report.network,
    "backend": lambda line: line.named.report.backend,
    "samples": lambda line: line.named.report.samples,
    "layer": lambda line: line.row.layer,
    "kind": lambda line: line.row.kind,
    "counted": lambda line: KINDS[line.row.kind],
    "count": lambda line: line.row.count,
    "energy_j": lambda line: line.row.energy_j,
    "low_j": lambda line: line.row.low_j,
    "high_j": lambda line: line.row.high_j,
    "count_per_inference": lambda line: line.mean(line.row.count),
    "energy_per_inference_j": lambda line: line.mean(line.row.energy_j),
    "low_per_inference_j": lambda line: line.mean(line.row.low_j),
    "high_per_inference_j": lambda line: line.mean(line.row.high_j),
    "price_j": lambda line: line.price(line.row.energy_j),
    "price_low_j": lambda line: line.price(line.row.low_j),
    "price_high_j": lambda line: line.price(line.row.high_j),
    "note": lambda line: line.row.note,
}
"""Heading of every column, and what stands in it; ``docs/profile.md`` explains them."""

FORMULA: Final = ("=", "+", "-", "@")
"""How a text begins that a spreadsheet would take for a formula."""


def ledger_csv(reports: Sequence[NamedReport]) -> str:
    r"""Every row of every ledger.

    Energies are written so that they read back as the same numbers: their sum is the total of the report. A text that a
    spreadsheet would run as a formula gets a quote in front, and control characters become question marks.

    Parameters
    ----------
    reports : sequence of NamedReport
        In the order to write.

    Returns
    -------
    str
        A heading, then one line for every report, layer and kind.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for named in reports:
        for row in named.report.ledger.rows:
            line = Line(named, row)
            writer.writerow([_safe(cell(line)) for cell in COLUMNS.values()])
    return text.getvalue()


def _safe(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    text = printable(cell)
    return f"'{text}" if text.startswith(FORMULA) else text
