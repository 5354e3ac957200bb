"""The sections of the page, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from evsnn_lava.profiling import LEFT_OUT, CostReport
from evsnn_lava.reporting.html import cost_tables, energy, exits, lanes, summary, trade_off
from evsnn_lava.reporting.html.chart import Chart
from evsnn_lava.reporting.html.core_map import core_map
from evsnn_lava.reporting.html.notes import POWERED, Note, marks, notes_of
from evsnn_lava.reporting.html.study import Check, Study
from evsnn_lava.reporting.html.tables import definitions
from evsnn_lava.reporting.html.words import percent, text

TIMES: Final = ("time.",)


@dataclass(eq=False)
class Page:
    """A page that is being written: what it shows, and the charts that it has so far.

    Parameters
    ----------
    study : Study
        What to show.
    """

    study: Study
    charts: list[Chart] = field(default_factory=list)
    notes: list[Note] = field(init=False)

    def __post_init__(self) -> None:
        """Number the footnotes."""
        self.notes = notes_of(self.study)

    def draw(self, chart: Chart) -> str:
        """Take a chart in and give its place."""
        self.charts.append(chart)
        return chart.markup()

    def marks(self, chip: int, *prefixes: str) -> str:
        """Marks of footnotes."""
        return marks(self.notes, chip, *prefixes)

    def each_chip(self, part: Callable[[int], str]) -> str:
        """The same for every chip; the page shows one of them at a time."""
        return "".join(f'<div data-chip="{chip}">{part(chip)}</div>' for chip in range(len(self.study.chips)))


def summary_section(page: Page) -> Iterator[str]:
    """Key figures."""
    for file in page.study.files:
        yield f"<article><h3>{text(file.name)}</h3>"
        yield f'<p class="file">{text(file.file)}<code>{text(file.sha256)}</code></p>'
        if file.guarantee:
            yield f"<p>{text(file.guarantee)}</p>"
        if any(file.misfits):
            said = [f"<p>{text(each)}.</p>" if each else "" for each in file.misfits]
            yield page.each_chip(said.__getitem__)
        yield page.each_chip(lambda chip, file=file: summary.cards(file, chip, page.notes))  # type: ignore[misc]
        yield "</article>"
    if len(page.study.files) > 1:
        yield page.each_chip(lambda chip: summary.comparison(page.study, chip))


def trade_off_section(page: Page) -> Iterator[str]:
    """Accuracy over steps and over energy."""
    study = page.study
    if not trade_off.has_accuracy(study):
        yield "<p>The samples have no labels, so there is no accuracy to set against the costs.</p>"
        return
    fewest = min(file.reports[0].samples for file in study.files)
    doubt = percent(trade_off.doubt(study))[:-2]
    yield (
        "<p>Small marks: every sample is stopped after the same number of frames. Star: the cutoff of the file. Ring: "
        f"no cutoff. Broad line: the Pareto front, the points that no other one beats in both. With {fewest} "
        f"samples an accuracy is known to about ±{doubt} points (95\N{NO-BREAK SPACE}%).</p>"
    )
    yield page.draw(trade_off.steps_chart(study))
    yield page.each_chip(
        lambda chip: _priced(page, chip, trade_off.energy_chart(study, chip, page.marks(chip, *POWERED)))
    )


def _priced(page: Page, chip: int, chart: Chart) -> str:
    """A chart of energies, where there are any."""
    if energy.has_energy(page.study, chip):
        return page.draw(chart)
    return f"<p>The profile of {text(page.study.chips[chip])} gives no energy.</p>"


def exits_section(page: Page) -> Iterator[str]:
    """The histogram."""
    yield page.draw(exits.exit_chart(page.study))


def activity_section(page: Page) -> Iterator[str]:
    """Spikes and activity."""
    for index, file in enumerate(page.study.files):
        yield page.draw(lanes.raster_chart(index, file))
        yield page.draw(lanes.activity_chart(index, file))


def energy_section(page: Page) -> Iterator[str]:
    """Energy by layer and kind."""
    for index in range(len(page.study.files)):
        yield page.each_chip(
            lambda chip, index=index: _priced(  # type: ignore[misc]
                page, chip, energy.energy_chart(page.study, index, chip, page.marks(chip, *POWERED))
            )
        )


def cores_section(page: Page) -> Iterator[str]:
    """The core maps."""
    for file in page.study.files:
        yield page.each_chip(lambda chip, file=file: core_map(file, chip, page.marks(chip, "limits.")))  # type: ignore[misc]


def tables_section(page: Page) -> Iterator[str]:
    """Layers, distribution and ledger."""
    for file in page.study.files:

        def tables(chip: int, name: str = file.name, reports: tuple[CostReport, ...] = file.reports) -> str:
            report, of_all = reports[chip], page.marks(chip, *TIMES, *POWERED)
            ledger = cost_tables.ledger_table(name, report, page.marks(chip, *POWERED))
            rows = len(cost_tables.counted(report))
            return (
                cost_tables.layer_table(name, report, page.marks(chip, "energy."))
                + cost_tables.distribution_table(name, report, of_all)
                + f"<details><summary>Ledger of {text(name)}: {rows} rows</summary>{ledger}</details>"
            )

        yield f"<h3>{text(file.name)}</h3>{page.each_chip(tables)}"


def checks_section(page: Page) -> Iterator[str]:
    """The golden vectors."""
    for file in page.study.files:
        rows = "".join(map(_check, file.checks))
        yield f'<h3>{text(file.name)}</h3><ul class="checks">{rows}</ul>'


def _check(check: Check) -> str:
    word, kind = {True: ("agrees", "yes"), False: ("differs", "no"), None: ("not checked", "none")}[check.ok]
    return f'<li class="{kind}"><strong>{text(check.backend)} {word}</strong> <span>{text(check.said)}</span></li>'


def sources_section(page: Page) -> Iterator[str]:
    """Constants, what is left out, and where the files come from."""
    for chip, report in enumerate(page.study.files[0].reports):
        entries = "".join(note.markup() for note in page.notes if note.chip == chip)
        hardware = report.hardware
        yield f"<h3>Constants of {text(hardware.title)}</h3><p>{text(hardware.chip)}. {text(hardware.description)}</p>"
        yield f'<ol class="notes">{entries}</ol>'
        if hardware.unpriced:
            yield f"<h4>Not in the profile, hence 0 or not shown</h4>{definitions(tuple(hardware.unpriced.items()))}"
    left_out = "".join(f"<li>{text(each)}</li>" for each in LEFT_OUT)
    yield f"<h3>What no number contains</h3><ul>{left_out}</ul>"
    for file in page.study.files:
        pairs = (("file", file.file), ("sha256", file.sha256), *file.facts, *file.provenance)
        yield f"<h3>Origin of {text(file.name)}</h3>{definitions(pairs)}"


SECTIONS: Final[dict[str, tuple[str, Callable[[Page], Iterator[str]]]]] = {
    "summary": ("Summary", summary_section),
    "trade-off": ("Accuracy and cost", trade_off_section),
    "exits": ("Exit steps", exits_section),
    "activity": ("Activity", activity_section),
    "energy": ("Energy", energy_section),
    "cores": ("Cores", cores_section),
    "tables": ("Tables", tables_section),
    "checks": ("Verification", checks_section),
    "sources": ("Sources", sources_section),
}
"""Sections by the id of their element: heading, and what writes it."""
