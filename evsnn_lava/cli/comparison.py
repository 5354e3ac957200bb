"""What ``evsnn diff`` prints: tables of what changed, made for 100 columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from evsnn_lava.export.comparison.fields import ArrayChange, FieldChange
from evsnn_lava.export.comparison.layers import LayerComparison, WeightSize
from evsnn_lava.export.comparison.networks import NetworkComparison
from evsnn_lava.reporting.units import format_count, format_si

if TYPE_CHECKING:
    from evsnn_lava.cli.diff import CostChange, CostComparison

HASH_DIGITS: Final = 16
STYLES: Final = {"added": "green", "removed": "red", "renamed": "yellow", "changed": "yellow", "same": "dim"}


def comparison_tables(comparison: NetworkComparison) -> RenderableType:
    """What is different between two networks.

    Parameters
    ----------
    comparison : NetworkComparison
        From :func:`evsnn_lava.export.comparison.networks.compare`.

    Returns
    -------
    rich.console.RenderableType
        Layers, the rest, and the size, one below the other.
    """
    parts: list[RenderableType] = [Text(f"{comparison.before} -> {comparison.after}", "bold")]
    parts += [layer_table(comparison)]
    if comparison.sections:
        parts.append(section_table(comparison))
    return Group(*parts, size_table(comparison))


def layer_table(comparison: NetworkComparison) -> Group:
    """One part per layer: what became of it, and each change in it.

    Parameters
    ----------
    comparison : NetworkComparison
        The comparison.

    Returns
    -------
    rich.console.Group
        Equal layers take one line.
    """
    table = _table("Layer", "", "What", "Before", "After")
    for layer in comparison.layers:
        name, status = _layer_name(layer), Text(layer.status, STYLES[layer.status])
        rows = list(_layer_rows(layer)) or [("", "", "")]
        table.add_row(name, status, *rows[0])
        for row in rows[1:]:
            table.add_row("", "", *row)
    return _titled("Layers", table)


def section_table(comparison: NetworkComparison) -> Group:
    """What changed beside the layers.

    Parameters
    ----------
    comparison : NetworkComparison
        The comparison.

    Returns
    -------
    rich.console.Group
        One row per change.
    """
    table = _table("Part", "What", "Before", "After")
    for section, changes in comparison.sections.items():
        for index, change in enumerate(changes):
            table.add_row("" if index else section, *_change_cells(change))
    return _titled("Other parts", table)


def size_table(comparison: NetworkComparison) -> Group:
    """Layers, neurons and weights of both, and the ratio.

    Parameters
    ----------
    comparison : NetworkComparison
        The comparison.

    Returns
    -------
    rich.console.Group
        One row per quantity.
    """
    old, new = comparison.size_before, comparison.size_after
    table = _numbers("Size")
    counts = (
        ("neurons", comparison.neurons_before, comparison.neurons_after),
        ("weights", old.weights, new.weights),
        ("weights, not zero", old.nonzero, new.nonzero),
        ("bytes of weights", old.bits / 8, new.bits / 8),
    )
    for what, before, after in counts:
        table.add_row(what, format_count(before), format_count(after), _ratio(before, after))
    table.add_row("sparsity", f"{old.sparsity:.1%}", f"{new.sparsity:.1%}", "")
    return _titled("Size", table)


def cost_change_table(costs: CostComparison) -> Group:
    """What one inference costs in both.

    Parameters
    ----------
    costs : CostComparison
        From :func:`evsnn_lava.cli.diff.compare_costs`.

    Returns
    -------
    rich.console.Group
        One row per cost, and on what it was found.
    """
    table = _numbers("Mean")
    for change in costs.changes:
        table.add_row(change.what, *_cost_cells(change))
    note = (
        f"{costs.samples} golden samples in the reference, both networks on the same frames; "
        f"they decide {costs.same_decisions} of them alike"
    )
    return _titled(f"One inference on {costs.hardware}", table, note)


def _layer_name(layer: LayerComparison) -> Text:
    if layer.status == "renamed":
        return Text(f"{layer.before} -> {layer.after}")
    return Text(layer.after or layer.before or "")


def _layer_rows(layer: LayerComparison) -> Iterator[tuple[str | Text, ...]]:
    for change in layer.changes:
        yield _change_cells(change)
    if layer.size_before != layer.size_after:
        yield "weights in all", _size(layer.size_before), _size(layer.size_after)
    if layer.newly_dropped:
        yield "mask drops now", "", _frames(layer.newly_dropped)
    if layer.newly_kept:
        yield "mask drops no more", _frames(layer.newly_kept), ""


def _change_cells(change: FieldChange) -> tuple[Text, Text, Text]:
    if not isinstance(change, ArrayChange):
        old, new = _texts(change.before, change.after)
        return Text(change.what), Text(old), Text(new)
    before = f"{_shape(change.shape_before)}, {format_count(change.zeros_before)} zero"
    after = f"{_shape(change.shape_after)}, {format_count(change.zeros_after)} zero"
    if change.changed is not None:
        before = f"{format_count(change.zeros_before)} zero"
        after = f"{format_count(change.zeros_after)} zero; {format_count(change.changed)} changed, by up to "
        after += str(change.largest)
    return Text(change.what), Text(before), Text(after)


def _cost_cells(change: CostChange) -> tuple[str, str, str]:
    if change.unit:
        cells = format_si(change.before, change.unit), format_si(change.after, change.unit)
    else:
        cells = format_count(change.before), format_count(change.after)
    return *cells, _ratio(change.before, change.after)


def _size(size: WeightSize) -> str:
    if not size.weights:
        return "none"
    return f"{format_count(size.weights)}, {size.sparsity:.1%} zero, {format_count(size.bits)} bits"


def _frames(frames: tuple[int, ...]) -> str:
    return f"frame{'s' * (len(frames) > 1)} {', '.join(map(str, frames))}"


def _texts(before: str, after: str) -> tuple[str, str]:
    """Both values: of long texts the lines that the other one has not, of hashes the first digits."""
    if "\n" in before or "\n" in after:
        old, new = before.splitlines(), after.splitlines()
        gone, come = ([line for line in one if line not in other] for one, other in ((old, new), (new, old)))
        return "\n".join(gone), "\n".join(come) if gone or come else "the same lines in another order"
    return _short(before), _short(after)


def _short(text: str) -> str:
    return text[:HASH_DIGITS] if re.fullmatch("[0-9a-f]{64}", text) else text


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _ratio(before: float, after: float) -> str:
    return f"{after / before:.2f}" if before else "-"


def _numbers(first: str) -> Table:
    table = _table(first)
    for heading in ("Before", "After", "Ratio"):
        table.add_column(heading, justify="right")
    return table


def _table(*headings: str) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _titled(title: str, table: Table, note: str = "") -> Group:
    parts: list[RenderableType] = ["", Text(title, "bold"), table]
    return Group(*parts, Text(note, "dim")) if note else Group(*parts)
