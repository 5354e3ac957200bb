"""Terminal tables of hardware profiles: what there is, every number of one, and what is wrong with a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from evsnn_lava.profiling import Constant
from evsnn_lava.reporting.layout import captioned_table
from evsnn_lava.reporting.tables import STATUS_STYLES

UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class ProfileLine:
    """One profile in a list of them.

    Parameters
    ----------
    name, title : str
        As of the profile.
    known : dict of str to str
        What is known: ``energy`` and ``time`` as "given of all", ``static`` and ``limits`` as yes or no.
    statuses : dict of str to int
        How many of its numbers have which status.
    """

    name: str
    title: str
    known: dict[str, str]
    statuses: dict[str, int]


@dataclass(frozen=True)
class ProfileFacts:
    """Everything that one profile says.

    Parameters
    ----------
    name, title, chip, description, pace : str
        As of the profile; no pace of a chip without costs.
    constants : tuple of Constant
        Its numbers, limits last.
    unpriced : dict of str to str
        What is missing, and why.
    """

    name: str
    title: str
    chip: str
    description: str
    pace: str
    constants: tuple[Constant, ...]
    unpriced: Mapping[str, str]


def list_table(lines: Sequence[ProfileLine]) -> Table:
    """Profiles, a line each.

    Parameters
    ----------
    lines : sequence of ProfileLine
        In the order to show them.

    Returns
    -------
    rich.table.Table
        Name, title, what is known, and what the numbers rest on.
    """
    table = captioned_table(
        "Hardware profiles", "Energy, Time: how many of the prices are known. `evsnn hw show NAME` says where from."
    )
    table.add_column("Name", no_wrap=True)
    table.add_column("Title")
    for heading in ("Energy", "Time"):
        table.add_column(heading, no_wrap=True, justify="right")
    for heading in ("Static", "Limits"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Rests on")
    for line in lines:
        cells = [line.known[key] for key in ("energy", "time", "static", "limits")]
        table.add_row(Text(line.name), Text(line.title), *cells, _mix(line.statuses))
    return table


def profile_tables(facts: ProfileFacts) -> RenderableType:
    """Every number of a profile with where it is from, and every number that it does not have.

    Parameters
    ----------
    facts : ProfileFacts
        The profile.

    Returns
    -------
    rich.console.RenderableType
        Description, numbers by group, and the missing ones with their reasons.
    """
    parts: list[RenderableType] = [
        Text.assemble((f"{facts.title} ", "bold"), f"({facts.name}): {facts.chip}"),
        Padding(Text(" ".join(facts.description.split())), (0, 0, 0, 2)),
    ]
    if facts.pace == "recorded":
        parts.append(Padding(Text("A step lasts as long as the events that it shows."), (1, 0, 0, 2)))
    parts.append(_numbers(facts.constants))
    if facts.unpriced:
        parts.append(_missing(facts.unpriced))
    return Group(*parts)


def fault_table(name: str, faults: Sequence[tuple[str, str]]) -> RenderableType:
    """What is wrong with a file.

    Parameters
    ----------
    name : str
        The file.
    faults : sequence of (str, str)
        Key and words of each.

    Returns
    -------
    rich.console.RenderableType
        One row each, and the number of them.
    """
    if not faults:
        return Text(f"{name}: no faults")
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", overflow="fold", max_width=36)
    table.add_column()
    for key, words in faults:
        table.add_row(Text(key), Text(words))
    count = f"{len(faults)} fault{'s' * (len(faults) > 1)}"
    return Group(Text(f"{name}: {count}", style="red"), Padding(table, (0, 0, 0, 2)))


def _numbers(constants: Sequence[Constant]) -> Table:
    table = captioned_table("")
    table.title = None
    table.add_column("Number", no_wrap=True)
    table.add_column("Value", no_wrap=True)
    table.add_column("Source, and what one has to know")
    for group, members in groupby(constants, key=lambda constant: constant.name.partition(".")[0]):
        table.add_row(Text(group, style="bold")) if group in ("energy", "time", "limits") else None
        for constant in members:
            table.add_row(*_number_cells(constant))
    return table


def _number_cells(constant: Constant) -> list[Text]:
    quantity = constant.quantity
    group, _, leaf = constant.name.rpartition(".")
    value = Text(f"{quantity.value:.6g} {quantity.unit}".removesuffix(" count"))
    low, high = (quantity.value if end is None else end for end in (quantity.low, quantity.high))
    if low < high:
        value.append(f"\n({low:.6g}..{high:.6g})", style="dim")
    value.append("\n").append(quantity.status, style=STATUS_STYLES[quantity.status]).append(f", {quantity.scope}")
    source = Text(f"{quantity.source} ({quantity.year})")
    if quantity.note:
        source.append(f"\n{' '.join(quantity.note.split())}", style="dim")
    return [Text(f"  {leaf}" if group else leaf), value, source]


def _missing(unpriced: Mapping[str, str]) -> Table:
    table = captioned_table("Not known, and charged nothing")
    table.add_column("Number", no_wrap=True)
    table.add_column("Why")
    for name, why in unpriced.items():
        table.add_row(Text(name), Text(" ".join(why.split())))
    return table


def _mix(statuses: Mapping[str, int]) -> Text:
    """The statuses in the order of trust, with their colours."""
    mix = Text()
    for status, style in STATUS_STYLES.items():
        if count := statuses.get(status):
            mix.append(", " if mix.plain else "").append(f"{count} {status}", style=style)
    return mix
