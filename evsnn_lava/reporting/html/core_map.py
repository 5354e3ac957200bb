"""Where the layers lie on the chip."""

from __future__ import annotations

from evsnn_lava.export.placement.comparison import Balance
from evsnn_lava.reporting.chip_picture import STYLE, chip_picture
from evsnn_lava.reporting.html.study import FileStudy
from evsnn_lava.reporting.html.words import text
from evsnn_lava.reporting.units import format_count


def core_map(file: FileStudy, chip: int, marks: str) -> str:
    """The picture of :func:`~evsnn_lava.reporting.chip_picture.chip_picture`, styled by the page, and its words."""
    balance, report = file.balances[chip], file.reports[chip]
    if balance is None:
        return f"<p>How {text(file.name)} lies on {text(report.hardware.title)} is not known.</p>"
    picture = chip_picture(balance, report.hardware.title).replace(f"<style>{STYLE}</style>", "")
    title = f"Cores of {file.name} on {report.hardware.title}"
    return (
        f'<figure class="chip"><figcaption><h3>{text(title)}{marks}</h3><p>{text(_summary(balance))}</p>'
        "</figcaption>"
        f'<div class="scroll" role="region" tabindex="0" aria-label="{text(title)}">{picture}</div></figure>'
    )


def _summary(balance: Balance) -> str:
    placement = balance.placement
    cores = ", ".join(f"{plan.name} {len(plan.cores) or 'on the host'}" for plan in placement.layers)
    return (
        f"{len(placement.cores)} cores on {placement.chips} {'chip' if placement.chips == 1 else 'chips'}: {cores}. "
        f"The busiest core belongs to {balance.busiest_layer} and does {format_count(balance.busiest_synops)} "
        f"operations a step, {balance.imbalance:.1f} times the mean of all cores."
    )
