"""What a chip was measured to take beside what the estimate says, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rich.table import Table

from evsnn_lava.profiling import CostReport, Estimate
from evsnn_lava.profiling.measured import RAILS, Readings
from evsnn_lava.reporting.layout import captioned_table
from evsnn_lava.reporting.units import format_range, format_si

SAME_STEPS: Final = 0.02
"""Relative difference of steps per inference from which on two runs are not the same work."""

COVERED: Final = (
    "The estimate prices what neuro-cores and their memories do (VDD and VDDM) and the static power of whole chips on "
    "all rails; it has nothing for the dynamic part of VDDIO, and no rail by itself."
)
ALL_RAILS: Final = "VDD+VDDM+VDDIO"
UNUSABLE: Final = "unusable"


@dataclass(frozen=True)
class Comparison:
    """One quantity, measured and estimated.

    Parameters
    ----------
    name : str
        What it is.
    domain : str
        Rails that the measurement covers; empty for a time.
    unit : str
        SI unit.
    measured : float or None
        None where the readings do not say it, or cannot be believed.
    estimate : Estimate or None
        None where the estimate does not say it.
    """

    name: str
    domain: str
    unit: str
    measured: float | None
    estimate: Estimate | None = None

    @property
    def ratio(self) -> float | None:
        """Measured over estimated."""
        if self.measured is None or self.estimate is None or not self.estimate.value:
            return None
        return self.measured / self.estimate.value


def compare(report: CostReport, readings: Readings) -> tuple[Comparison, ...]:
    """Set readings beside a report.

    Parameters
    ----------
    report : CostReport
        What the estimate says of this network.
    readings : Readings
        What was measured of it.

    Returns
    -------
    tuple of Comparison
        Steps, times, energies per inference, then the power of the rails.
    """
    spread, steps = report.distributions, report.distributions["steps"].mean.value
    usable, static_w = readings.usable, readings.static_w("total")
    static_j = static_w * readings.inference_s if usable and static_w is not None else None
    energies = (
        ("energy", readings.energy_j if usable else None, spread["energy_j"].mean),
        ("  dynamic", readings.dynamic_j, spread["dynamic_j"].mean),
        ("  static", static_j, report.static_j),
    )
    return (
        Comparison("steps", "", "", readings.steps_per_inference, Estimate.exact(steps)),
        Comparison("time of a step", "", "s", readings.step_s, spread["time_s"].mean.scaled(1 / steps)),
        Comparison("time", "", "s", readings.inference_s, spread["time_s"].mean),
        *(Comparison(name, ALL_RAILS, "J", value, estimate) for name, value, estimate in energies),
        *(Comparison(f"power {rail}", text, "W", _drawn(readings.power_w(rail))) for rail, text in RAILS.items()),
    )


def _drawn(power_w: float) -> float | None:
    """Nothing draws negative power: where idle chips were said to take more than all, the reading is of no use."""
    return power_w if power_w >= 0 else None


def measured_table(report: CostReport, readings: Readings) -> Table:
    """Measured beside estimated, per inference.

    Parameters
    ----------
    report : CostReport
        What the estimate says of this network.
    readings : Readings
        What was measured of it.

    Returns
    -------
    rich.table.Table
        One row per quantity; what cannot be believed is not printed as a number.
    """
    title = f"{report.network or 'network'}: measured beside estimated, mean per inference"
    table = captioned_table(title, _caption(report, readings))
    table.add_column("Quantity", no_wrap=True)
    table.add_column("Domain of the measurement")
    for heading in ("Measured", "Estimated", "Range", "Measured /\nestimated"):
        table.add_column(heading, justify="right")
    for row in compare(report, readings):
        table.add_row(*_cells(row, readings.usable))
    return table


def _cells(row: Comparison, usable: bool) -> tuple[str, ...]:
    unknown = UNUSABLE if not usable and row.estimate is not None else ""
    measured = unknown if row.measured is None else _written(row.measured, row.unit)
    if row.estimate is None:
        return row.name, row.domain, measured, "", "", ""
    ratio = "" if row.ratio is None else f"{row.ratio:.3f}"
    span = format_range(row.estimate.low, row.estimate.high, row.unit) if row.unit else ""
    return row.name, row.domain, measured, _written(row.estimate.value, row.unit), span, ratio


def _written(value: float, unit: str) -> str:
    return format_si(value, unit) if unit else f"{value:.1f}"


def _caption(report: CostReport, readings: Readings) -> str:
    board = f" of {readings.board_chips} on {readings.board}" if readings.board else ""
    chips = f"{readings.chips} chip{'s' * (readings.chips > 1)}{board}"
    doubts = "".join(f" {text[0].upper()}{text[1:]}." for text in readings.doubts)
    said = f" Source: {readings.source}." if readings.source else ""
    return f"{_step_doubt(report, readings)}Measured on {chips}, {readings.steps} steps. {COVERED}{doubts}{said}"


def _step_doubt(report: CostReport, readings: Readings) -> str:
    """Readings of another network, or of runs without its cutoff, cannot be compared as they are."""
    estimated = report.distributions["steps"].mean.value
    if abs(readings.steps_per_inference - estimated) <= SAME_STEPS * estimated:
        return ""
    return (
        f"NOT THE SAME WORK: {readings.steps_per_inference:g} steps an inference were measured, {estimated:.1f} are "
        "estimated; compare the time of a step alone, or readings of this network run in the same way. "
    )
