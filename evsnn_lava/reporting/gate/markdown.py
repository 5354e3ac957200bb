"""The verdict as Markdown, for a comment under a pull request or the summary of a job."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from evsnn_lava.errors import printable
from evsnn_lava.reporting.gate.comparison import LayerChange
from evsnn_lava.reporting.gate.quantities import kind_title
from evsnn_lava.reporting.gate.rows import (
    BELOW,
    CAUSE,
    OVER,
    UNKNOWN,
    layer_row,
    listed_layers,
    quantity_heads,
    quantity_rows,
)
from evsnn_lava.reporting.gate.terminal import reasons, title
from evsnn_lava.reporting.gate.verdict import Verdict, headline
from evsnn_lava.reporting.gate.words import blame_sentences
from evsnn_lava.reporting.units import format_count, format_si

_SPECIAL: Final = re.compile(r"([\\`*_\[\]#|~$])")


_ENTITIES: Final = str.maketrans({"<": "&lt;", "@": "&#64;"})


def escaped(text: str) -> str:
    r"""Make a text plain in Markdown, in a table, too: no markup, no HTML, nobody is mentioned.

    Examples
    --------
    >>> escaped("a|b <img> @me _x_")
    'a\\|b &lt;img> &#64;me \\_x\\_'
    """
    plain = _SPECIAL.sub(r"\\\1", printable(text).replace("&", "&amp;"))
    return plain.translate(_ENTITIES).replace("://", "&#58;//").replace("www.", "www&#46;")


def gate_markdown(verdict: Verdict) -> str:
    """Write the verdict as Markdown.

    Parameters
    ----------
    verdict : Verdict
        What the gate found.

    Returns
    -------
    str
        Headline, tables and, folded, the operations of every layer.
    """
    blocks = [f"### evsnn gate: {escaped(headline(verdict))}", re.sub("^>", "&gt;", escaped(title(verdict)))]
    heads = ("Quantity", *quantity_heads(verdict), "Result")
    blocks.append(_table(heads, quantity_rows(verdict), f"l{'r' * (len(heads) - 2)}l"))
    if verdict.old is not None:
        heads = ("Layer", "Baseline", "Now", "Change", "Kind that grew most", "Count", "Result")
        blocks.append(_table(heads, map(layer_row, listed_layers(verdict)), "lrrrlrl"))
        blocks.append(escaped(" ".join(blame_sentences(verdict.blame))))
    blocks += _bullets("Not within the limits:", reasons(verdict.failed, verdict.failed_layers))
    blocks += _bullets("Notes:", verdict.doubts)
    if verdict.old is not None:
        blocks.append(_operations(verdict))
    return "\n\n".join(blocks) + "\n"


def _bullets(head: str, texts: Sequence[str]) -> list[str]:
    return ["\n".join([head, "", *(f"- {escaped(text)}" for text in texts)])] if texts else []


def _operations(verdict: Verdict) -> str:
    rows = [row for layer in listed_layers(verdict) for row in _kinds(layer.change)]
    heads = ("Layer", "Kind", "Count before", "Count now", "Energy before", "Energy now")
    table = _table(heads, rows, "llrrrr")
    return f"<details><summary>Operations and energy per inference, by kind</summary>\n\n{table}\n\n</details>"


def _kinds(change: LayerChange) -> list[tuple[str, ...]]:
    return [
        (
            change.name if not index else "",
            kind_title(kind.kind),
            format_count(kind.old.count),
            format_count(kind.new.count),
            format_si(kind.old.energy_j, "J"),
            format_si(kind.new.energy_j, "J"),
        )
        for index, kind in enumerate(change.kinds)
    ]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], sides: str) -> str:
    rules = [{"l": "---", "r": "---:"}[side] for side in sides]
    lines = [heads, rules, *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    bold = text in (OVER, BELOW, UNKNOWN, CAUSE)
    return f"**{text}**" if bold else escaped(text)
