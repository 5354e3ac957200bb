"""Tables of ``evsnn check``: findings, and the answer in a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from evsnn_lava.export.check.finding import BASES, Finding
from evsnn_lava.export.check.verdict import ROOM, Verdict
from evsnn_lava.export.part_words import plural

STYLES: Final = {"error": "bold red", "warning": "yellow", "note": "cyan", "ok": "green"}


def check_tables(name: str, chip: str, findings: Sequence[Finding], all_rules: bool = False) -> RenderableType:
    """Show what a check found.

    Parameters
    ----------
    name : str
        Name of the network or its file.
    chip : str
        Title of the chip.
    findings : sequence of Finding
        From the check, the worst first.
    all_rules : bool
        Also show the rules that hold.

    Returns
    -------
    rich.console.RenderableType
        A table if there is anything to show, and the answer.
    """
    shown = [finding for finding in findings if all_rules or finding.level != "ok"]
    parts: list[RenderableType] = [findings_table(shown)] if shown else []
    return Group(*parts, Text(answer(name, chip, Verdict.of(findings)), "bold"), *_legend(shown))


def findings_table(findings: Sequence[Finding]) -> Table:
    """One row per finding.

    Parameters
    ----------
    findings : sequence of Finding
        What to show.

    Returns
    -------
    rich.table.Table
        Level, rule and object, fact and what helps, limit, margin, basis.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("Rule\nobject", overflow="fold", max_width=22)
    table.add_column("Found\nwhat helps", ratio=1)
    for heading in ("Limit", "Margin"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Basis", no_wrap=True)
    for alike in _alike(findings):
        table.add_row(*_cells(alike))
    return table


def _alike(findings: Sequence[Finding]) -> list[Finding]:
    """Findings that say the same of several layers become one."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for each in findings:
        groups.setdefault((each.rule, each.level, each.fact, each.limit, each.change), []).append(each)
    return [replace(alike[0], object=_objects([each.object for each in alike])) for alike in groups.values()]


def _objects(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{len(names)} layers, {names[0].removeprefix('layer ')} to {names[-1].removeprefix('layer ')}"


def _cells(finding: Finding) -> list[str | Text]:
    margin = finding.margin
    remedy = [] if finding.change is None else [(f"\n-> {finding.change.words}", "italic")]
    return [
        Text(finding.level, STYLES[finding.level]),
        Text.assemble(finding.rule, (f"\n{finding.object}", "dim")),
        Text.assemble(finding.fact, *remedy),
        "" if finding.limit is None else f"{finding.limit:g}",
        "" if margin is None or finding.rule not in ROOM else f"{margin:.0%}",
        finding.basis,
    ]


def answer(name: str, chip: str, verdict: Verdict) -> str:
    """The answer in a line.

    Parameters
    ----------
    name : str
        Name of the network or its file.
    chip : str
        Title of the chip.
    verdict : Verdict
        What the findings come to.

    Returns
    -------
    str
        Whether it fits, how many findings there are, and which rule is the tightest.
    """
    count = verdict.counts
    found = ", ".join(f"{count[level]} {plural(count[level], level)}" for level in ("error", "warning", "note"))
    says = "is ready for" if verdict.fits else "is not ready for"
    cores = "" if verdict.cores is None else f"; {verdict.cores[0]} of {verdict.cores[1]} cores"
    tight = verdict.closest if verdict.fits else None
    used = "" if tight is None else f"{tight.rule} of {tight.object}, {1 - (tight.margin or 0):.0%}"
    closest = f"; closest to its limit: {used}" if used else ""
    return f"{name} {says} {chip}: {found}; {count['ok']} rules hold{cores}{closest}"


def _legend(findings: Sequence[Finding]) -> list[Text]:
    used = {finding.basis for finding in findings}
    return [Text(f"{basis}: {BASES[basis]}", "dim") for basis in BASES if basis in used]
