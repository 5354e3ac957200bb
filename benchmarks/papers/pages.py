"""docs/results.md: what stands between its markers is written from the results, and nothing else is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.papers.loaded import Results
from benchmarks.papers.places import RESULTS
from benchmarks.papers.plots import FOLDER, PLOTS, shown, write_plot
from benchmarks.papers.tables import BLOCKS
from benchmarks.worker import ROOT
from evsnn_lava._files import atomic_write
from evsnn_lava.errors import FormatError

PAGE: Final = ROOT / "docs" / "results.md"
MARKED: Final = re.compile(r"(<!-- table: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.S)
BY_NAME: Final = {
    **{name: block for blocks in BLOCKS.values() for name, block in blocks.items()},
    **{name: partial(shown, name) for name in PLOTS},
}


def filled(page: str, results: Results) -> str:
    """A page with its blocks written anew.

    Parameters
    ----------
    page : str
        Text of docs/results.md.
    results : Results
        What they are written from.

    Returns
    -------
    str
        The new text.

    Raises
    ------
    FormatError
        If a marker names no block.
    """

    def block(match: re.Match[str]) -> str:
        if match["name"] not in BY_NAME:
            raise FormatError(f"docs/results.md: there is no table {match['name']!r}; correct the marker")
        return "\n".join([match[1], *BY_NAME[match["name"]](results), "", match[3]])

    return MARKED.sub(block, page)


def show_tables(tables: Sequence[str], results: Results) -> None:
    """Print the blocks of some tables."""
    for name in tables:
        for block, write in BLOCKS.get(name, {}).items():
            print("\n".join(["", f"## {block}", "", *write(results)]))


def write_docs(folder: Path = RESULTS, page: Path = PAGE) -> None:
    """Write the blocks of the page, and its plots beside it."""
    results = Results.read(folder)
    text = filled(page.read_text(encoding="utf-8"), results)
    with atomic_write(page) as temporary:
        temporary.write_text(text, encoding="utf-8")
    for name in PLOTS:
        write_plot(name, results, page.parent / FOLDER)
