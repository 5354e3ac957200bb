"""The tables of a cost report: layers, distribution over the samples, ledger."""

from __future__ import annotations

from typing import Final

from evsnn_lava.profiling import CostReport, Distribution, Estimate, LedgerRow
from evsnn_lava.reporting.html.energy import words_of
from evsnn_lava.reporting.html.tables import Cell, table
from evsnn_lava.reporting.html.words import NOT_PUBLISHED, NOTHING, si, spread
from evsnn_lava.reporting.units import format_count

QUANTITIES: Final = {
    "exit_steps": ("frames seen by the decision", ""),
    "steps": ("steps executed", ""),
    "time_s": ("time", "s"),
    "energy_j": ("energy", "J"),
    "dynamic_j": ("dynamic energy", "J"),
}
"""What is distributed over the samples: words and unit."""

EVENTS: Final = {
    "spikes": "spikes",
    "messages": "messages",
    "hops": "hops",
    "synops": "synops",
    "active": "active_updates",
    "idle": "idle_updates",
}
"""Events of a layer: words and field."""


def layer_table(name: str, report: CostReport, marks: str) -> str:
    """One row for every layer, means per inference."""
    columns = ("layer", "neurons", "cores", *EVENTS, "dynamic energy")
    rows = [
        [
            Cell(layer.name),
            *((Cell(str(value), float(value)) if value else Cell(NOTHING)) for value in (layer.neurons, layer.cores)),
            *(_count(getattr(layer, name)) for name in EVENTS.values()),
            _estimate(layer.total_j, "J"),
        ]
        for layer in report.layers
    ]
    return table(
        f"Layers of {name} on {report.hardware.title}, per inference; updates active and idle", columns, rows, marks
    )


def distribution_table(name: str, report: CostReport, marks: str) -> str:
    """Mean, median, 95th percentile and maximum over the samples."""
    columns = ("per inference", "mean", "p50", "p95", "max")
    rows = [
        [Cell(words), *_distribution(report.distributions[key], unit)]
        for key, (words, unit) in QUANTITIES.items()
        if key in report.distributions
    ]
    return table(f"{name} on {report.hardware.title}, over {report.samples} samples", columns, rows, marks)


def counted(report: CostReport) -> list[LedgerRow]:
    """Rows of the ledger of what happened at all."""
    return [row for row in report.ledger.rows if row.count]


def ledger_table(name: str, report: CostReport, marks: str) -> str:
    """The rows of the ledger: all samples together, so that the rows sum to the total."""
    columns = ("layer", "kind", "count", "energy", "note")
    rows = [
        [Cell(row.layer), Cell(words_of(row.kind)), _count(row.count), _estimate(row.energy, "J"), Cell(row.note)]
        for row in counted(report)
    ]
    caption = f"Ledger of {name} on {report.hardware.title}, {report.samples} samples together"
    return table(caption, columns, rows, marks)


def _distribution(found: Distribution, unit: str) -> list[Cell]:
    if unit and not found.max.high:
        return [Cell(NOT_PUBLISHED)] * 4
    return [_estimate(each, unit) for each in (found.mean, found.p50, found.p95, found.max)]


def _estimate(estimate: Estimate, unit: str) -> Cell:
    if not unit:
        return Cell(format_count(estimate.value), estimate.value)
    if not estimate.high:
        return Cell(NOTHING)
    ranged = estimate.low < estimate.high
    return Cell(si(estimate.value, unit), estimate.value, spread(estimate, unit) if ranged else "")


def _count(value: float) -> Cell:
    return Cell(format_count(value), float(value))
