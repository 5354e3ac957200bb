"""Files and hardware profiles side by side: made for 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from evsnn_lava.errors import ConfigError
from evsnn_lava.profiling import CostReport, Estimate, Estimates
from evsnn_lava.profiling.counts import IntArray
from evsnn_lava.profiling.ledger import EVENT_KINDS
from evsnn_lava.reporting.layout import captioned_table
from evsnn_lava.reporting.named_report import NamedReport
from evsnn_lava.reporting.units import format_count, format_range, format_si

NOT_PUBLISHED: Final = "not\npublished"
NOT_MEASURED: Final = "not\nmeasured"
NOTHING: Final = "—"

CAPTION: Final = (
    "Below time and energy: the range of the mean. Steps: frames that the decision saw; "
    "executed: with the delay of the layers. —: not known."
)
CAUTION: Final = (
    "Energies of different profiles cover different things, some of them dynamic or static energy alone: compare files "
    "on one profile, rather than profiles. What each covers:"
)


@dataclass(frozen=True)
class MeasuredRow:
    """A row that was measured, not priced, for example on the host.

    Parameters
    ----------
    profile : str
        What did the work.
    time_s, energy_j, dynamic_j, static_j : Estimate or None
        Per inference; None where it was not measured.
    note : str
        What the numbers cover, or why there are none.
    """

    profile: str
    note: str
    time_s: Estimate | None = None
    energy_j: Estimate | None = None
    dynamic_j: Estimate | None = None
    static_j: Estimate | None = None


@dataclass(frozen=True, eq=False)
class FileGroup:
    """A file: what its run did, whatever the profile, and what it costs on each.

    Parameters
    ----------
    file : str
        What it is called.
    exit_steps, steps : numpy.ndarray of int64, shape (N,)
        Frames that the decision saw, and steps executed.
    accuracy : float or None
        Share of right decisions; None without labels.
    reports : tuple of NamedReport
        One for each profile.
    measured : tuple of MeasuredRow
        To be set below them.
    """

    file: str
    exit_steps: IntArray
    steps: IntArray
    accuracy: float | None
    reports: tuple[NamedReport, ...]
    measured: tuple[MeasuredRow, ...] = ()


def side_by_side(groups: Sequence[FileGroup]) -> RenderableType:
    """Files and profiles, one inference each.

    Parameters
    ----------
    groups : sequence of FileGroup
        One for each file.

    Returns
    -------
    rich.console.RenderableType
        A table with a group of rows for every file, and what the energy of each profile covers.

    Raises
    ------
    ConfigError
        If there is no row.
    """
    if not any(group.reports or group.measured for group in groups):
        raise ConfigError("side by side: there is no report; give at least one")
    caution = [Text(CAUTION, style="dim")] if any(group.reports for group in groups) else []
    return Group(_table(groups), *caution, _coverages(groups))


def coverage(report: CostReport) -> str:
    """What the energy of a report covers and what it lacks, in one line.

    Parameters
    ----------
    report : CostReport
        The report.

    Returns
    -------
    str
        For example ``prices per core; static power per chip; no price for io, barrier``.
    """
    said = [_scopes(report, "energy.", "prices"), _scopes(report, "working_power", "power while working")]
    said.append(_scopes(report, "static_power", "static power") or "without static power")
    if not report.hardware.timed:
        said.append("without time")
    return "; ".join(filter(None, [*said, _lost(report), _times_lost(report)]))


def _times_lost(report: CostReport) -> str:
    """Of what the time is not known, on a chip of which some is."""
    names = [name.removeprefix("time.") for name in report.hardware.unpriced if name.startswith("time.")]
    return (
        f"time without {', '.join(names)}" if names and report.hardware.timed and report.hardware.pace == "free" else ""
    )


def _lost(report: CostReport) -> str:
    """Which operations have no price; all of them on a chip whose power while working is all that is known."""
    if report.hardware.working_power is not None and not report.knows(*EVENT_KINDS):
        return "operations have no price of their own"
    names = [name.removeprefix("energy.") for name in report.hardware.unpriced if name.startswith("energy.")]
    return f"no price for {', '.join(names)}" if names else ""


def _scopes(report: CostReport, prefix: str, title: str) -> str:
    found = [constant.quantity.scope for constant in report.constants if constant.name.startswith(prefix)]
    return f"{title} per {' and '.join(dict.fromkeys(found))}" if found else ""


def _table(groups: Sequence[FileGroup]) -> Table:
    table = captioned_table("One inference, mean over the samples", CAPTION)
    table.add_column("File and profile", overflow="fold", max_width=24)
    for heading in ("Time", "Energy", "Dynamic", "Static", "Cores"):
        table.add_column(heading, justify="right", no_wrap=True)
    for group in groups:
        table.add_row(*_file_cells(group), style="bold")
        for named in group.reports:
            table.add_row(Text(f"  {named.profile}"), *_cost_cells(named.report))
        for row in group.measured:
            table.add_row(Text(f"  {row.profile}"), *_measured_cells(row))
        table.add_section()
    return table


def _file_cells(group: FileGroup) -> list[str | Text]:
    """What does not depend on the profile."""
    seen, executed = (Estimates.exact(steps).distribution() for steps in (group.exit_steps, group.steps))
    number = len(group.steps)
    right = f"{100 * group.accuracy:.1f} %" if group.accuracy is not None else NOTHING
    return [
        Text(f"{group.file}\n{number} sample{'s' * (number > 1)}"),
        f"accuracy\n{right}",
        f"steps {seen.mean.value:.1f}\np95 {seen.p95.value:.0f}",
        f"executed\n{executed.mean.value:.1f}, p95 {executed.p95.value:.0f}",
    ]


def _cost_cells(report: CostReport) -> list[str | Text]:
    hardware, spread = report.hardware, report.distributions
    static_known = report.knows("static")
    return [
        _two_lines(spread["time_s"].mean, "s") if hardware.timed else _unknown(),
        _two_lines(spread["energy_j"].mean, "J") if report.knows_work or static_known else _unknown(),
        format_si(spread["dynamic_j"].mean.value, "J") if report.knows_work else _unknown(),
        format_si(report.static_j.value, "J") if static_known else _unknown(),
        format_count(report.cores) if report.cores else NOTHING,
    ]


def _measured_cells(row: MeasuredRow) -> list[str | Text]:
    ranged = [
        NOT_MEASURED if found is None else _two_lines(found, unit)
        for found, unit in ((row.time_s, "s"), (row.energy_j, "J"))
    ]
    parts = [NOTHING if part is None else format_si(part.value, "J") for part in (row.dynamic_j, row.static_j)]
    return [*ranged, *parts, NOTHING]


def _two_lines(estimate: Estimate, unit: str) -> Text:
    value = format_si(estimate.value, unit)
    if estimate.low == estimate.high:
        return Text(value)
    return Text.assemble(value, "\n", (format_range(estimate.low, estimate.high, unit), "dim"))


def _unknown() -> Text:
    return Text(NOT_PUBLISHED, style="dim")


def _coverages(groups: Sequence[FileGroup]) -> Table:
    """What each profile covers, those that cover the same together."""
    told: dict[str, list[str]] = {}
    for group in groups:
        for named in group.reports:
            told.setdefault(coverage(named.report), []).append(named.profile)
        for row in group.measured:
            told.setdefault(row.note, []).append(row.profile)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(overflow="fold", max_width=24)
    table.add_column()
    for said, names in told.items():
        table.add_row(Text(", ".join(dict.fromkeys(names))), Text(said), style="dim")
    return table
