"""Tables that sort by any column, with the mouse and with the keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evsnn_lava.reporting.html.words import NOT_PUBLISHED, NOTHING, rounded, text


@dataclass(frozen=True)
class Cell:
    """One cell.

    Parameters
    ----------
    shown : str
        Text of the cell.
    value : float or None
        What it is sorted by; None for a text.
    hint : str
        A second, smaller line.
    """

    shown: str
    value: float | None = None
    hint: str = ""

    def markup(self) -> str:
        """The cell; the sorting of the page reads `data-v`."""
        hint = f"<small>{text(self.hint)}</small>" if self.hint else ""
        if self.value is None:
            missing = ' class="num"' if self.shown in (NOTHING, NOT_PUBLISHED) else ""  # below numbers, like them
            return f"<td{missing}>{text(self.shown)}{hint}</td>"
        return f'<td class="num" data-v="{rounded(self.value, 12)!r}">{text(self.shown)}{hint}</td>'


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], marks: str = "") -> str:
    """A table in a box that scrolls.

    Parameters
    ----------
    caption : str
        What it shows, plain.
    columns : sequence of str
        Heads, plain.
    rows : sequence of sequence of Cell
        As many cells as columns.
    marks : str
        Footnote marks of the caption, as markup.

    Returns
    -------
    str
        Markup.
    """
    numeric = [any(row[index].value is not None for row in rows) for index in range(len(columns))]
    heads = "".join(
        f'<th scope="col"{" class=num" if number else ""}><button type="button">{text(name)}</button></th>'
        for name, number in zip(columns, numeric, strict=True)
    )
    body = "".join(f"<tr>{''.join(cell.markup() for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{text(caption)}"><table class="sortable">'
        f"<caption><span>{text(caption)}{marks}</span></caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def definitions(pairs: Sequence[tuple[str, str]]) -> str:
    """A list of names and values; long values fold."""
    return f"<dl>{''.join(f'<dt>{text(name)}</dt><dd>{_value(value)}</dd>' for name, value in pairs)}</dl>"


def _value(value: str) -> str:
    if len(value) <= 160 and "\n" not in value:
        return text(value)
    return f"<details><summary>{len(value)} characters</summary><pre>{text(value)}</pre></details>"
