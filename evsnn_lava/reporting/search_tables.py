"""The Pareto set of a search, and what became of the limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from evsnn_lava.errors import printable
from evsnn_lava.export.search.intervals import Interval
from evsnn_lava.export.search.rows import LIMITED, Figures, Limits, Row
from evsnn_lava.reporting.layout import captioned_table
from evsnn_lava.reporting.units import format_range, format_si

UNKNOWN: Final = "?"


def search_table(title: str, own: Row, pareto: Sequence[Row], chosen: Row | None) -> Table:
    """The Pareto set on data that nothing was chosen with.

    Parameters
    ----------
    title : str
        What was searched on what.
    own : Row
        The file as it is.
    pareto : sequence of Row
        Ways that nothing else beats, with their test figures; the file as it is may be one.
    chosen : Row or None
        One of them.

    Returns
    -------
    rich.table.Table
        Two lines per way: the values, and below them their 95 % intervals.
    """
    table = captioned_table(title, CAPTION)
    table.add_column("Way", no_wrap=True)
    for heading in ("Selection\npart", "Accuracy\ntest", "Steps\np95", "Energy\n", "Time\n", "Change\n"):
        table.add_column(heading, justify="right", no_wrap=True)
    baseline = _energy(own.test)
    others = [row for row in pareto if row is not own]
    for row in (own, *others):
        way = _OWN[len(others) < len(pareto)] if row is own else _way(row)
        label = Text.assemble(way, " *" if row is chosen else "")
        cells = (_selection_cell(row.selection), *_figure_cells(row.test, baseline))
        table.add_row(label, *cells, style="bold" if row is chosen else "")
    return table


_OWN: Final = ("the file as it is\nbeside the set", "the file as it is\none of the set")

CAPTION: Final = (
    "Which ways are in the set was decided on the selection part (shown: accuracy and energy). All other figures are "
    "of the test part: there, one way of the set may beat another. Second line: 95 % interval (accuracy: Wilson, "
    "others: bootstrap) of the sampling of the test part alone; that of the profile's constants is in evsnn profile. "
    "Way: share of the sent frames that the mask keeps, frames sent at most; bits of a weight, epsilon of the cutoff. "
    "Steps: executed, with the delay of the layers. Change: mean energy against the file as it is. *: chosen."
)


def search_verdict(limits: Limits, tried: Sequence[Row], chosen: Row | None, own: Row | None = None) -> str:
    """What became of the limits, in a sentence or two.

    Parameters
    ----------
    limits : Limits
        What was asked for.
    tried : sequence of Row
        Everything that takes part.
    chosen : Row or None
        What was chosen; None where nothing keeps the limits, or there are none.
    own : Row or None
        The file as it is: where it costs no more, but was not chosen, the answer says why.

    Returns
    -------
    str
        For people; what is guaranteed of the cutoff that was chosen is a line of its own.
    """
    lines = [_judgement(limits, tried, chosen)]
    if own is not None and limits.given and chosen is not own:
        lines += _passed_over(limits, own, chosen)
    if chosen is not None and chosen.policy.granted:
        lines.append(f"guarantee of its cutoff: {printable(chosen.policy.granted)}")
    return "\n".join(lines)


def _passed_over(limits: Limits, own: Row, chosen: Row | None) -> list[str]:
    """Why the file as it is was not chosen, where it costs no more than what was; else nothing."""
    broken = limits.broken(own.selection)
    if own.selection.costs > chosen.selection.costs if chosen is not None else broken:
        return []
    found = f"on the selection part {own} costs "
    costs = [_si_value(row.selection.energy_j, "J") for row in (own, chosen) if row is not None]
    found += costs[0] if chosen is None else f"no more ({' against '.join(costs)})"
    if broken:
        values = (f"{_NAMES[name]} {_said(name, [own])}" for name in broken)
        return [f"{found}, but does not keep all limits: {', '.join(values)}"]
    return [f"{found} and keeps all limits, but it is no choice with --delta: its cutoff has no guarantee"]


def _judgement(limits: Limits, tried: Sequence[Row], chosen: Row | None) -> str:
    if not limits.given:
        return "no limit, so nothing is chosen: give one, such as --min-accuracy 0.96"
    if chosen is None or chosen.test is None:
        best = (f"{_BEST[name[:3]]} {_NAMES[name]} {_said(name, tried)}" for name in limits.given)
        ways = " (not necessarily of the same way)" if len(limits.given) > 1 else ""
        return (
            f"nothing that was tried keeps all limits on the selection part ({_limits(limits)}); found there: "
            f"{', '.join(best)}{ways}"
        )
    broken = limits.broken(chosen.test)
    said = f"chosen: {chosen}, the cheapest that keeps all limits on the selection part ({_limits(limits)})"
    if not broken:
        return f"{said}; on the test part it keeps them, too: {_reached(limits.given, chosen.test)}"
    return (
        f"{said}; ON THE TEST PART IT DOES NOT KEEP {', '.join(map(_words, broken))}: {_reached(broken, chosen.test)}"
    )


_NAMES: Final[Mapping[str, str]] = {
    "min_accuracy": "accuracy",
    "max_p95_steps": "p95 steps",
    "max_energy": "energy",
    "max_time": "time",
}
_BEST: Final[Mapping[str, str]] = {"min": "highest", "max": "lowest"}
_SIGNS: Final[Mapping[str, str]] = {"min": ">=", "max": "<="}


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


_WRITTEN: Final[Mapping[str, Callable[[float], str]]] = {
    "min_accuracy": _percent,
    "max_p95_steps": "{:g}".format,
    "max_energy": lambda value: format_si(value, "J"),
    "max_time": lambda value: format_si(value, "s"),
}


def _limits(limits: Limits) -> str:
    found = (f"{_NAMES[name]} {_SIGNS[name[:3]]} {_WRITTEN[name](value)}" for name, value in limits.given.items())
    return ", ".join(found)


def _words(name: str) -> str:
    return f"the limit of {_NAMES[name]}"


def _reached(names: Mapping[str, float] | Sequence[str], figures: Figures) -> str:
    return ", ".join(f"{_NAMES[name]} {_with_interval(name, getattr(figures, LIMITED[name]))}" for name in names)


def _with_interval(name: str, found: Interval | None) -> str:
    if found is None:
        return "not known"
    write = _WRITTEN[name]
    return f"{write(found.value)} (95 %: {write(found.low)} .. {write(found.high)})"


def _said(name: str, tried: Sequence[Row]) -> str:
    known = [found.value for row in tried if (found := getattr(row.selection, LIMITED[name])) is not None]
    if not known:
        return "not known"
    return _WRITTEN[name](max(known) if name.startswith("min") else min(known))


def _selection_cell(figures: Figures) -> Text:
    return _lines(_percent(figures.accuracy.value), _si_value(figures.energy_j, "J"))


def _way(row: Row) -> str:
    sent = len(row.candidate.frames)
    stop = "no cutoff" if row.policy.name == "never" else f"epsilon {row.policy.name}"
    return f"keep {row.candidate.keep:g}, {sent} frame{'s' * (sent != 1)}\n{row.candidate.bits} bits, {stop}"


def _energy(figures: Figures | None) -> float:
    return 0.0 if figures is None or figures.energy_j is None else figures.energy_j.value


def _figure_cells(figures: Figures | None, baseline_j: float) -> list[str | Text]:
    if figures is None:
        return [""] * 5
    accuracy, energy = figures.accuracy, _energy(figures)
    return [
        _lines(_percent(accuracy.value), f"{100 * accuracy.low:.1f}..{100 * accuracy.high:.1f}"),
        _lines(f"{figures.p95_steps.value:.0f}", f"{figures.p95_steps.low:.0f}..{figures.p95_steps.high:.0f}"),
        _si_cell(figures.energy_j, "J"),
        _si_cell(figures.time_s, "s"),
        f"{100 * (energy / baseline_j - 1):+.0f} %" if baseline_j and energy != baseline_j else "",
    ]


def _si_value(found: Interval | None, unit: str) -> str:
    return UNKNOWN if found is None else format_si(found.value, unit)


def _si_cell(found: Interval | None, unit: str) -> str | Text:
    return UNKNOWN if found is None else _lines(format_si(found.value, unit), format_range(found.low, found.high, unit))


def _lines(first: str, second: str) -> Text:
    return Text.assemble(first, "\n", (second, "dim"))
