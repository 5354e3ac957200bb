"""The tables of docs/performance.md, written from the results between their markers.

python -m benchmarks.report
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from benchmarks.plot import write_growth
from benchmarks.tables import TABLES
from benchmarks.worker import ROOT
from evsnn_lava._files import atomic_write
from evsnn_lava.errors import FormatError

RESULTS: Final = ROOT / "benchmarks" / "results"
DOCUMENT: Final = ROOT / "docs" / "performance.md"
PLOT: Final = ROOT / "docs" / "performance_growth.svg"
BLOCK: Final = re.compile(r"(<!-- table: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.S)


def load(name: str, folder: Path = RESULTS) -> dict[str, Any] | None:
    """Results of a part, if there are any."""
    path = folder / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def filled(document: str, folder: Path = RESULTS) -> str:
    """A document with its tables written anew.

    Raises
    ------
    FormatError
        If a marker names no table.
    """

    def block(match: re.Match[str]) -> str:
        if match["name"] not in TABLES:
            raise FormatError(f"docs/performance.md: there is no table {match['name']!r}; correct the marker")
        part, write = TABLES[match["name"]]
        data = load(part, folder)
        lines = ["Not measured yet."] if data is None else write(data)
        return "\n".join([match[1], *lines, "", match[3]])

    return BLOCK.sub(block, document)


def write_report() -> None:
    """Write tables and plot."""
    document = filled(DOCUMENT.read_text(encoding="utf-8"))
    with atomic_write(DOCUMENT) as temporary:
        temporary.write_text(document, encoding="utf-8")
    data = load("growth")
    if data is not None:
        write_growth(data, PLOT)


if __name__ == "__main__":
    write_report()
