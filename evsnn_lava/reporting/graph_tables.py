"""The graph that would be sent to a chip as terminal tables: its processes, and how we know that they run there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from evsnn_lava.reporting.layout import captioned_table

BASIS_STYLES = {"tutorial": "green", "public code": "cyan", "inferred": "yellow", "ours": "dim", "unknown": "red"}

NOT_INSTALLED = "* part of Intel's lava-loihi, which is not installed here"


@dataclass(frozen=True)
class GraphRow:
    """One process.

    Parameters
    ----------
    layer, process, kind : str
        Its layer, what it is there, and its class.
    shape : tuple of int
        What it sends, in Lava's order.
    place : str
        Where it runs.
    basis, source : str
        How we know, in a word and in full.
    parameters : tuple of (str, int, int, bool)
        Name, lowest, highest, and whether the register holds them.
    present : bool
        False for a process whose package is not installed.
    """

    layer: str
    process: str
    kind: str
    shape: tuple[int, ...]
    place: str
    basis: str
    source: str
    parameters: tuple[tuple[str, int, int, bool], ...] = ()
    present: bool = True


def graph_tables(name: str, rows: Sequence[GraphRow], problems: Sequence[str]) -> RenderableType:
    """All processes in the order of the messages, what is known of each class, and what is wrong.

    Parameters
    ----------
    name : str
        The network.
    rows : sequence of GraphRow
        Its processes.
    problems : sequence of str
        What keeps it from the chip.

    Returns
    -------
    rich.console.RenderableType
        Two tables and a line.
    """
    verdict = [Text(f"  {problem}", style="red") for problem in problems] or [_fine(rows)]
    return Group(process_table(name, rows), "", basis_table(rows), "", *verdict)


def process_table(name: str, rows: Sequence[GraphRow]) -> Table:
    """One row per process.

    Parameters
    ----------
    name : str
        The network.
    rows : sequence of GraphRow
        Its processes.

    Returns
    -------
    rich.table.Table
        For 100 columns.
    """
    table = captioned_table(f"{name}: the graph for Loihi 2, in the order of the messages")
    table.caption = NOT_INSTALLED if not all(row.present for row in rows) else None
    for heading in ("Layer", "Process", "Shape (x, y, c)", "Runs on"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Parameters: lowest..highest")
    for row in rows:
        kind = row.kind if row.present else f"{row.kind} *"
        shape = " x ".join(map(str, row.shape))
        table.add_row(escape(row.layer), kind, shape, row.place, _parameters(row))
    return table


def basis_table(rows: Sequence[GraphRow]) -> Table:
    """How we know where each class of process runs.

    Parameters
    ----------
    rows : sequence of GraphRow
        The processes.

    Returns
    -------
    rich.table.Table
        One row per class.
    """
    table = captioned_table("How we know; the models themselves are in Intel's closed package")
    for heading in ("Class", "Known from", "Source"):
        table.add_column(heading, no_wrap=heading != "Source")
    for row in {each.kind: each for each in rows}.values():
        table.add_row(row.kind, Text(row.basis, style=BASIS_STYLES.get(row.basis, "")), escape(row.source))
    return table


def _fine(rows: Sequence[GraphRow]) -> Text:
    count = len(rows)
    return Text(f"All {count} processes have a place as far as is known, and all parameters fit their registers.")


def _parameters(row: GraphRow) -> Text:
    shown = [each for each in row.parameters if any(each[1:3]) or not each[3]]
    text = Text("all 0" if row.parameters and not shown else "")
    for index, (name, low, high, fits) in enumerate(shown):
        span = str(low) if low == high else f"{low}..{high}"
        text.append(", " if index else "")
        text.append(f"{name} {span}" if fits else f"{name} {span} (does not fit)", style="" if fits else "bold red")
    return text
