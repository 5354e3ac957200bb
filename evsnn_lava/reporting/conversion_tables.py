"""Terminal tables of a conversion, made for 80 columns; whoever prints them is the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from evsnn_lava.reporting.units import format_count

if TYPE_CHECKING:
    from evsnn_lava.export.netx.groups import Decision
    from evsnn_lava.export.nir.report import LayerFacts, ParameterFact

FAITHFUL: Final = "faithful"
NAME_WIDTH: Final = 10
LEGEND: Final = (
    "Scale: the integer that stands for 1.0. Error: in the unit of the float range. "
    "Clip: weights beyond the range. Zero: weights that became 0."
)


def weight_table(layers: Sequence[LayerFacts]) -> RenderableType:
    """What rounding did to the weights.

    Parameters
    ----------
    layers : sequence of LayerFacts
        From the input to the output.

    Returns
    -------
    rich.console.RenderableType
        One row per layer.
    """
    table = _table()
    _name_column(table, "Layer")
    for heading in ("Weights", "Float range", "Scale", "Error\nmax", "\nmean", "Clip", "Zero"):
        table.add_column(heading, justify="right", overflow="fold")
    for row in layers:
        counts = (format_count(row.clipped), format_count(row.zeroed))
        span = f"{row.low:.2g}..{row.high:.2g}"
        errors = (f"{row.max_error:.2g}", f"{row.mean_error:.2g}")
        table.add_row(Text(row.layer), format_count(row.weights), span, f"{row.scale:.5g}", *errors, *counts)
    return _titled("Weights", table, LEGEND)


def parameter_table(layers: Sequence[LayerFacts]) -> RenderableType | None:
    """The parameters that the integers do not say exactly, with their reasons below.

    Parameters
    ----------
    layers : sequence of LayerFacts
        From the input to the output.

    Returns
    -------
    rich.console.RenderableType or None
        One row per parameter, one note per reason; None when everything is exact.
    """
    rows = [(row.layer, fact) for row in layers for fact in row.parameters if fact.status != FAITHFUL]
    if not rows:
        return None
    notes: dict[str, int] = {}
    table = _table()
    _name_column(table, "Layer")
    table.add_column("Parameter", max_width=14)
    for heading in ("Float", "Stored", "Relative\nerror", "Note"):
        table.add_column(heading, justify="right", overflow="fold")
    for layer, fact in rows:
        numbers = ", ".join(str(notes.setdefault(reason, len(notes) + 1)) for reason in fact.reasons)
        error = f"{fact.error:.2g}" if fact.error else ""
        table.add_row(Text(layer), fact.parameter, fact.value, fact.stored, error, numbers)
    return Group(_titled("Approximate parameters", table), _numbered(notes))


def feature_table(features: Sequence[ParameterFact]) -> RenderableType:
    """What a NIR graph says of a network, and what it cannot say.

    Parameters
    ----------
    features : sequence of ParameterFact
        Each with its status.

    Returns
    -------
    rich.console.RenderableType
        One row per feature.
    """
    table = _table()
    table.add_column("Status", no_wrap=True)
    table.add_column("Feature")
    for fact in features:
        table.add_row(fact.status, Text.assemble((fact.parameter, "bold"), f": {fact.remark}"))
    return _titled("What the NIR graph says", table)


def decision_table(decisions: Sequence[Decision]) -> RenderableType | None:
    """What a netx file left open.

    Parameters
    ----------
    decisions : sequence of Decision
        In the order of the file.

    Returns
    -------
    rich.console.RenderableType or None
        One row per decision; None when there was nothing to decide.
    """
    if not decisions:
        return None
    table = _table()
    table.add_column("Where", no_wrap=True)
    table.add_column("What was made of it")
    for decision in decisions:
        table.add_row(Text(decision.path), Text(decision.fact))
    return _titled("What the file left open", table)


def _table() -> Table:
    return Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)


def _name_column(table: Table, heading: str) -> None:
    table.add_column(heading, overflow="ellipsis", no_wrap=True, max_width=NAME_WIDTH)


def _titled(title: str, table: Table, note: str = "") -> Group:
    parts: list[RenderableType] = ["", Text(title, "bold"), table]
    return Group(*parts, Text(note, "dim")) if note else Group(*parts)


def _numbered(notes: Iterable[str]) -> Table:
    """The reasons, each with its number."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", style="dim")
    grid.add_column(style="dim")
    for number, reason in enumerate(notes, 1):
        grid.add_row(str(number), Text(reason))
    return grid
