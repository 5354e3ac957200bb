"""Footnotes: every constant that a number rests on, counted through the chips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from evsnn_lava.profiling import Constant
from evsnn_lava.reporting.html.study import Study
from evsnn_lava.reporting.html.words import text


@dataclass(frozen=True)
class Note:
    """A constant with its number.

    Parameters
    ----------
    number : int
        From 1.
    chip : int
        Number of the chip in the study, from 0.
    constant : Constant
        What it says.
    """

    number: int
    chip: int
    constant: Constant

    def markup(self) -> str:
        """An entry of the list of footnotes."""
        name, quantity = self.constant.name, self.constant.quantity
        unit = "" if quantity.unit == "count" else f" {quantity.unit}"
        spread = "no range given"
        if quantity.low is not None or quantity.high is not None:
            low = quantity.value if quantity.low is None else quantity.low
            high = quantity.value if quantity.high is None else quantity.high
            spread = f"{low:g}–{high:g}{unit}"
        source = f"{quantity.source}, {quantity.year}"
        remark = f" {quantity.note}" if quantity.note else ""
        return (
            f'<li id="note-{self.number}" value="{self.number}" tabindex="-1"><code>{text(name)}</code> '
            f"<strong>{quantity.value:g}{text(unit)}</strong> "
            f'<span class="range">({text(spread)})</span> <span class="tag">{text(quantity.status)}</span> '
            f'<span class="tag">per {text(quantity.scope)}</span> '
            f'<span class="source">{text(source)}.{text(remark)}</span></li>'
        )


def notes_of(study: Study) -> list[Note]:
    """Number the constants of all chips of a study."""
    pairs = [(chip, each) for chip, report in enumerate(study.files[0].reports) for each in report.constants]
    return [Note(number, chip, constant) for number, (chip, constant) in enumerate(pairs, start=1)]


POWERED: Final = ("energy.", "static_power", "working_power")
"""What constants of energy begin with."""


def marks(notes: list[Note], chip: int, *prefixes: str) -> str:
    """Marks of the footnotes of a chip whose names begin like this, as markup.

    Parameters
    ----------
    notes : list of Note
        Of :func:`notes_of`.
    chip : int
        Which chip.
    *prefixes : str
        For example ``energy.``.

    Returns
    -------
    str
        Links in a superscript; empty where there is none.
    """
    links = list(_links([each for each in notes if each.chip == chip and each.constant.name.startswith(prefixes)]))
    return f' <sup class="marks">{" ".join(links)}</sup>' if links else ""


def _links(notes: list[Note]) -> Iterator[str]:
    """One link for each note; more than two in a row share one."""
    for run in _runs(notes):
        if len(run) < 3:
            yield from (_link(note, str(note.number), note.constant.name) for note in run)
        else:
            names = ", ".join(note.constant.name for note in run)
            yield _link(run[0], f"{run[0].number}–{run[-1].number}", names)


def _link(note: Note, shown: str, names: str) -> str:
    names = text(names)
    return f'<a href="#note-{note.number}" title="{names}" aria-label="notes {shown}: {names}">{shown}</a>'


def _runs(notes: list[Note]) -> list[list[Note]]:
    found: list[list[Note]] = []
    for note in notes:
        if found and found[-1][-1].number == note.number - 1:
            found[-1].append(note)
        else:
            found.append([note])
    return found
