"""The verdict as tables for a terminal; they fit into 80 columns."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from evsnn_lava.errors import printable
from evsnn_lava.reporting.gate.checks import Check, LayerCheck
from evsnn_lava.reporting.gate.rows import (
    BELOW,
    CAUSE,
    OVER,
    UNKNOWN,
    check_result,
    layer_row,
    listed_layers,
    quantity_heads,
    quantity_rows,
)
from evsnn_lava.reporting.gate.verdict import Verdict, headline
from evsnn_lava.reporting.gate.words import blame_sentences
from evsnn_lava.reporting.layout import captioned_table

STYLES = {"ok": "green", **dict.fromkeys((OVER, BELOW, UNKNOWN, CAUSE), "bold red"), "follows": "red"}


def gate_tables(verdict: Verdict) -> RenderableType:
    """Everything that a gate found.

    Parameters
    ----------
    verdict : Verdict
        From :func:`evsnn_lava.reporting.gate.verdict.judge`.

    Returns
    -------
    rich.console.RenderableType
        The answer, quantities, layers, who is to blame, doubts.
    """
    parts: list[RenderableType] = [answer(verdict), "", quantity_table(verdict)]
    if verdict.old is not None:
        parts += ["", layer_table(verdict), "", *(Text(text) for text in blame_sentences(verdict.blame))]
    unseen = tuple(check for check in verdict.failed if check_result(check) == UNKNOWN)
    parts += [Text(reason, "red") for reason in reasons(unseen, verdict.failed_layers)]
    parts += [Text(f"Note: {text}", "yellow") for text in verdict.doubts]
    return Group(*parts)


def answer(verdict: Verdict) -> Text:
    """The answer in a line."""
    return Text(headline(verdict), "bold green" if verdict.passed else "bold red")


def reasons(checks: tuple[Check, ...], layers: tuple[LayerCheck, ...]) -> list[str]:
    """Why limits do not hold, a line each."""
    named = [f"{printable(layer.change.name)}: {'; '.join(layer.reasons)}" for layer in layers]
    return list(dict.fromkeys([*(check.reason for check in checks), *named]))  # two limits may miss the same number


def quantity_table(verdict: Verdict) -> Table:
    """Quantities with their limits, one row per limit."""
    table = captioned_table(title(verdict))
    table.add_column("Quantity", no_wrap=True)
    for heading in quantity_heads(verdict):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for *cells, result in quantity_rows(verdict):
        table.add_row(*(Text(cell) for cell in cells), Text(result, STYLES.get(result, "")))
    return table


def layer_table(verdict: Verdict) -> Table:
    """Layers with what grew most in each."""
    table = captioned_table("Energy per layer, and the kind of operation that grew most in it")
    table.add_column("Layer", no_wrap=True, overflow="ellipsis", max_width=14)
    for heading in ("Baseline", "Now", "Change"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Kind", no_wrap=True, overflow="ellipsis", max_width=14)
    table.add_column("Count", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for layer in listed_layers(verdict):
        *cells, result = layer_row(layer)
        table.add_row(*(Text(cell) for cell in cells), Text(result, STYLES.get(result, "")))
    return table


def title(verdict: Verdict) -> str:
    """What was gated, against what."""
    new, old = verdict.new, verdict.old
    against = "" if old is None else f", against {old.network or 'network'}"
    samples = f"{new.samples} sample{'s' * (new.samples != 1)}"
    return printable(f"{new.network or 'network'} on {new.hardware}, {samples}{against}, mean per inference")
