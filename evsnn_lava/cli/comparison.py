"""What ``evsnn diff`` prints: tables of what changed, made for 100 columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from evsnn_lava.export.comparison.fields import ArrayChange, FieldChange
from evsnn_lava.export.comparison.layers import LayerComparison, WeightSize
from evsnn_lava.export.comparison.networks import NetworkComparison
from evsnn_lava.export.part_words import plural
from evsnn_lava.reporting.units import format_count, format_si

if TYPE_CHECKING:
    from evsnn_lava.cli.diff import CostChange, CostComparison

HASH_DIGITS: Final = 16
FEW_NAMES: Final = 6
FEW_LINES: Final = 8
TEXT_LIMIT: Final = 120
"""Characters of a long text that are shown."""
STYLES: Final = {"added": "green", "removed": "red", "renamed": "yellow", "changed": "yellow", "same": "dim"}


def verdict(comparison: NetworkComparison, versions: tuple[int, int]) -> str:
    """Where two networks differ, in a line.

    Parameters
    ----------
    comparison : NetworkComparison
        From :func:`evsnn_lava.export.comparison.networks.compare`.
    versions : (int, int)
        Format versions of their files.

    Returns
    -------
    str
        For example ``the networks differ in layer fc; in cutoff, provenance``.
    """
    kept = "" if versions[0] == versions[1] else f", in format versions {versions[0]} and {versions[1]}"
    if comparison.same:
        return f"the same network{kept}"
    layers = [layer.after or layer.before or "" for layer in comparison.layers if layer.status != "same"]
    where = [f"{plural(len(layers), 'layer')} {_some(layers)}", ", ".join(comparison.sections)]
    return f"the networks differ in {'; in '.join(where[not layers : 1 + bool(comparison.sections)])}{kept}"


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
    sections = [section_table(comparison)] if comparison.sections else []
    return Group(layer_table(comparison), *sections, size_table(comparison))


def layer_table(comparison: NetworkComparison) -> Group:
    """One part per layer that changed: what became of it, and each change in it.

    Parameters
    ----------
    comparison : NetworkComparison
        The comparison.

    Returns
    -------
    rich.console.Group
        Equal layers are named below.
    """
    table = _table("Layer", "", "What", "Before", "After")
    for layer in comparison.layers:
        if layer.status == "same":
            continue
        name, status = _layer_name(layer), Text(layer.status, STYLES[layer.status])
        rows = list(_layer_rows(layer)) or [("", "", "")]
        table.add_row(name, status, *rows[0])
        for row in rows[1:]:
            table.add_row("", "", *row)
    same = [layer.after or "" for layer in comparison.layers if layer.status == "same"]
    return _titled("Layers", table, f"the same in both: {_some(same)}" if same else "")


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
    rows = [(what, format_count(old), format_count(new), _ratio(old, new)) for what, old, new in counts]
    rows.append(("sparsity", f"{old.sparsity:.1%}", f"{new.sparsity:.1%}", ""))
    return _titled("Size", table, _add_changed(table, rows))


def cost_change_table(costs: CostComparison) -> Group:
    """What one inference costs in both.

    Parameters
    ----------
    costs : CostComparison
        From :func:`evsnn_lava.cli.diff.compare_costs`.

    Returns
    -------
    rich.console.Group
        One row per cost that changed, and on what it was found.
    """
    table = _numbers("Mean")
    same = _add_changed(table, [(change.what, *_cost_cells(change)) for change in costs.changes])
    note = (
        f"{costs.samples} golden {plural(costs.samples, 'sample')} in the engine, both networks on the same frames; "
        f"they decide {costs.same_decisions} of them alike"
    )
    return _titled(f"One inference on {costs.hardware}", table, "\n".join(filter(None, (same, note))))


def _add_changed(table: Table, rows: Iterable[tuple[str, str, str, str]]) -> str:
    """Add the rows whose values differ; say which do not."""
    same = []
    for what, before, after, ratio in rows:
        if before == after:
            same.append(f"{what} ({before})")
        else:
            table.add_row(what, before, after, ratio)
    return f"the same in both: {'; '.join(same)}" if same else ""


def _layer_name(layer: LayerComparison) -> Text:
    if layer.status == "renamed":
        return Text(f"{layer.before} -> {layer.after}")
    return Text(layer.after or layer.before or "")


def _layer_rows(layer: LayerComparison) -> Iterator[tuple[str | Text, ...]]:
    for change in layer.changes:
        yield _change_cells(change)
    old, new = layer.size_before, layer.size_after
    if (old.weights, old.bits) != (new.weights, new.bits):
        yield "weights in all", _size(old), _size(new)
    if layer.newly_dropped:
        yield "mask drops now", "", _frames(layer.newly_dropped)
    if layer.newly_kept:
        yield "mask drops no more", _frames(layer.newly_kept), ""


def _change_cells(change: FieldChange) -> tuple[Text, Text, Text]:
    if not isinstance(change, ArrayChange):
        old, new = _texts(change.before, change.after)
        return Text(change.what), Text(old), Text(new)
    before, after = (f"{format_count(count)} zero" for count in (change.zeros_before, change.zeros_after))
    if change.changed is None:
        before, after = f"{_shape(change.shape_before)}, {before}", f"{_shape(change.shape_after)}, {after}"
    else:
        where = f"{format_count(change.changed)} changed, by up to {change.largest} at {list(change.place or ())}"
        before, after = ("", where) if before == after else (before, f"{after}; {where}")
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
    """Both values: of long texts what surrounds the first difference, of many lines those that the other has not."""
    if "\n" not in before and "\n" not in after:
        return _around_difference(before, after)
    old, new = before.splitlines(), after.splitlines()
    gone, come = ([line for line in one if line not in other] for one, other in ((old, new), (new, old)))
    if not gone and not come:
        return "", "the same lines in another order"
    pairs = [_around_difference(*pair) for pair in zip_longest(gone[:FEW_LINES], come[:FEW_LINES], fillvalue="")]
    columns = ([*(pair[side] for pair in pairs), *_more(lines)] for side, lines in enumerate((gone, come)))
    first, second = ("\n".join(column).rstrip() for column in columns)
    return first, second


def _more(lines: Sequence[str]) -> list[str]:
    return [f"... and {len(lines) - FEW_LINES} more"] if len(lines) > FEW_LINES else []


def _around_difference(before: str, after: str) -> tuple[str, str]:
    """Both texts, a long one cut to what surrounds the first difference."""
    first = next((i for i, pair in enumerate(zip(before, after, strict=False)) if len(set(pair)) > 1), 0)
    hashes = all(re.fullmatch("[0-9a-f]{64}", text) for text in (before, after) if text != "none")
    if hashes and first < HASH_DIGITS:
        return before[:HASH_DIGITS], after[:HASH_DIGITS]
    return _window(before, first), _window(after, first)


def _window(text: str, place: int) -> str:
    """The part of a long text around a place, with an ellipsis where something is left out."""
    if len(text) <= TEXT_LIMIT:
        return text
    start = max(0, min(place - TEXT_LIMIT // 3, len(text) - TEXT_LIMIT))
    end = start + TEXT_LIMIT
    return f"{'...' * (start > 0)}{text[start:end]}{'...' * (end < len(text))}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:FEW_NAMES])
    return shown if len(names) <= FEW_NAMES else f"{shown} and {len(names) - FEW_NAMES} more"


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
    parts: list[RenderableType] = ["", Text(title, "bold"), *([table] if table.row_count else [])]
    return Group(*parts, Text(note, "dim")) if note else Group(*parts)
