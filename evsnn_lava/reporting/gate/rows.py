"""The rows of the tables, as text: the same in the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from evsnn_lava.errors import printable
from evsnn_lava.reporting.gate.checks import Check, LayerCheck
from evsnn_lava.reporting.gate.comparison import KEPT, growth
from evsnn_lava.reporting.gate.quantities import QUANTITIES, Quantity, kind_title
from evsnn_lava.reporting.gate.verdict import Verdict
from evsnn_lava.reporting.gate.words import percent, points
from evsnn_lava.reporting.units import format_count, format_si

OVER, BELOW, UNKNOWN, CAUSE = "OVER", "BELOW", "UNKNOWN", "CAUSE"


def quantity_heads(verdict: Verdict) -> tuple[str, ...]:
    """Headings between the quantity and its result; without a baseline there is nothing to set beside."""
    return ("Now", "Limit") if verdict.old is None else ("Baseline", "Now", "Change", "Limit")


def quantity_rows(verdict: Verdict) -> Iterator[tuple[str, ...]]:
    """Quantity, a cell for each of `quantity_heads`, and result; a second limit of a quantity has a row of its own.

    Parameters
    ----------
    verdict : Verdict
        What the gate found.

    Yields
    ------
    tuple of str
        The cells.
    """
    for quantity in QUANTITIES.values():
        old = None if verdict.old is None else verdict.old.values[quantity.name]
        new = verdict.new.values[quantity.name]
        against = (quantity.show(old), quantity.show(new), quantity_change(quantity, old, new))
        head = (quantity.title, *(against[1:2] if verdict.old is None else against))
        checks = [check for check in verdict.checks if check.quantity is quantity]
        if checks:
            for index, check in enumerate(checks):
                yield (*(head if not index else ("",) * len(head)), check.limit, check_result(check))
        elif new is not None or old is not None:
            yield (*head, "", "")


def quantity_change(quantity: Quantity, old: float | None, new: float | None) -> str:
    """The change of a quantity: in points, or in percent of the baseline."""
    if old is None or new is None:
        return ""
    return points(new - old) if quantity.at_least else percent(growth(old, new) - 1)


def check_result(check: Check) -> str:
    """A word for the result: ``ok``, ``OVER``, ``BELOW`` or ``UNKNOWN``."""
    if check.passed:
        return "ok"
    if check.new is None or (check.old is None and check.relative):
        return UNKNOWN
    return BELOW if check.quantity.at_least else OVER


def listed_layers(verdict: Verdict) -> list[LayerCheck]:
    """Layers, and what stands beside them and costs something."""
    return [each for each in verdict.layers if each.change.is_layer or each.change.old_j or each.change.new_j]


def layer_row(layer: LayerCheck) -> tuple[str, ...]:
    """Layer, energy of the baseline, energy now, change, kind that grew most, its counts, and result.

    Parameters
    ----------
    layer : LayerCheck
        One layer.

    Returns
    -------
    tuple of str
        Seven cells.
    """
    change, most = layer.change, layer.change.top_kind
    kind, counts = "", ""
    if most is not None:
        kind, counts = kind_title(most.kind), f"{format_count(most.old.count)} -> {format_count(most.new.count)}"
    return (
        printable(change.name),
        format_si(change.old_j, "J"),
        format_si(change.new_j, "J"),
        percent(change.ratio - 1) if change.state == KEPT else "",
        printable(kind),
        counts,
        layer_result(layer),
    )


def layer_result(layer: LayerCheck) -> str:
    """A word for a layer: ``ok``, ``added``, ``removed``; over its limits ``CAUSE``, ``follows`` or ``OVER``.

    What stands beside the layers has none.
    """
    if layer.change.state != KEPT:
        return layer.change.state
    if not layer.change.is_layer:
        return ""
    if layer.passed:
        return "ok"
    return {"cause": CAUSE, "follows": "follows"}.get(layer.role, OVER)
