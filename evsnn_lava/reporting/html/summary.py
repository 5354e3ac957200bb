"""The first thing to see: the key figures of every file, and the files side by side."""

from __future__ import annotations

from collections.abc import Iterator

from evsnn_lava.profiling import CostReport, Distribution, Estimate
from evsnn_lava.reporting.html.notes import POWERED, Note, marks
from evsnn_lava.reporting.html.study import FileStudy, Study
from evsnn_lava.reporting.html.tables import Cell, table
from evsnn_lava.reporting.html.words import NOT_PUBLISHED, percent, si, spread, text


def cards(file: FileStudy, chip: int, notes: list[Note]) -> str:
    """The key figures of a file on a chip."""
    parts = "".join(
        f"<div class=card><dt>{text(name)}{refs}</dt><dd><strong>{text(value)}</strong>{_lines(more)}</dd></div>"
        for name, value, more, refs in _figures(file, chip, notes)
    )
    return f'<dl class="cards">{parts}</dl>'


def _lines(more: tuple[str, ...]) -> str:
    return "".join(f"<small>{text(line)}</small>" for line in more)


def _figures(file: FileStudy, chip: int, notes: list[Note]) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    report = file.reports[chip]
    found, full = report.distributions, file.full
    without = () if full is None else (f"without cutoff {percent(full.accuracy)}",)
    yield "Accuracy", percent(report.accuracy), (file.samples, *without), ""
    for name, steps in (("Frames seen (algorithmic steps)", "exit_steps"), ("Steps executed (hardware)", "steps")):
        yield name, f"{found[steps].mean.value:.3g}", (_spread(found[steps]),), ""
    yield "Time per inference", *_time(report), marks(notes, chip, "time.")
    yield "Energy per inference", *_energy(report), marks(notes, chip, *POWERED)
    chips = f"on {report.chips} {'chip' if report.chips == 1 else 'chips'}, {report.hardware.title}"
    yield "Cores", str(report.cores) if report.cores else "not known", (chips,), marks(notes, chip, "limits.")


def _time(report: CostReport) -> tuple[str, tuple[str, ...]]:
    if not report.hardware.timed:
        return NOT_PUBLISHED, ()
    found = report.distributions["time_s"]
    percentiles = ", ".join(
        f"{name}\N{NO-BREAK SPACE}{si(getattr(found, name).value, 's')}" for name in ("p50", "p95", "max")
    )
    return si(found.mean.value, "s"), (percentiles, _range(found.mean, "s"))


def _energy(report: CostReport) -> tuple[str, tuple[str, ...]]:
    found = report.distributions
    whole, halves = found["energy_j"].mean, (("dynamic", found["dynamic_j"].mean), ("static", report.static_j))
    if not whole.high:
        return NOT_PUBLISHED, ()
    parts = (f"{name} {si(part.value, 'J') if part.high else NOT_PUBLISHED}" for name, part in halves)
    return si(whole.value, "J"), (_range(whole, "J"), ", ".join(parts))


def _range(estimate: Estimate, unit: str) -> str:
    return f"range {spread(estimate, unit)}" if estimate.low < estimate.high else spread(estimate, unit)


def _spread(found: Distribution) -> str:
    return f"mean; p50 {found.p50.value:.0f}, p95 {found.p95.value:.0f}, max {found.max.value:.0f}"


def comparison(study: Study, chip: int) -> str:
    """All files on one chip, and how many times as much each takes as the first one."""
    first = study.files[0].reports[chip]
    columns = ("file", "accuracy", "frames seen", "steps executed", "time", "energy", "energy ratio", "cores")
    rows = [_row(file.name, file.reports[chip], first) for file in study.files]
    return table(f"The files on {study.chips[chip]}, means per inference", columns, rows)


def _row(name: str, report: CostReport, first: CostReport) -> list[Cell]:
    mean = {key: found.mean.value for key, found in report.distributions.items()}
    base = first.distributions["energy_j"].mean.value
    ratio = mean["energy_j"] / base if base else 1.0
    time = Cell(si(mean["time_s"], "s"), mean["time_s"]) if report.hardware.timed else Cell(NOT_PUBLISHED)
    return [
        Cell(name),
        Cell(percent(report.accuracy), report.accuracy),
        *(Cell(f"{mean[key]:.3g}", mean[key]) for key in ("exit_steps", "steps")),
        time,
        Cell(si(mean["energy_j"], "J"), mean["energy_j"]),
        Cell(f"{ratio:.2f}×", ratio),
        Cell(str(report.cores) if report.cores else "not known", report.cores),
    ]
