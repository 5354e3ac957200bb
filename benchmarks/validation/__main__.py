"""Print the validation table; exit code 1 when a figure leaves its tolerance.

    python -m benchmarks.validation [--write]

With --write the table of docs/energy.md is written anew.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.validation.pilotnet import pilotnet_targets, simulate_pilotnet
from benchmarks.validation.powers import power_targets
from benchmarks.validation.targets import HEADINGS, Target, cells
from evsnn_lava._files import atomic_write
from evsnn_lava.reporting.layout import captioned_table

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "energy.md"
BLOCK: Final = re.compile(r"(<!-- table: validation -->\n).*?(<!-- end -->)", re.S)
CAPTION: Final = (
    "test: ours knows nothing of the figure; fit: a constant was taken from the same measurement; "
    "sums: only units and arithmetic are checked. Where there is a range, energies and times have to cover the figure."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compute, print, and write if wanted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.validation", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table of docs/energy.md")
    options = parser.parse_args(arguments)
    targets = all_targets()
    show(targets)
    if options.write:
        with atomic_write(PAGE) as temporary:
            temporary.write_text(with_table(PAGE.read_text(encoding="utf-8"), targets), encoding="utf-8")
    outside = [target for target in targets if not target.ok]
    for target in outside:
        print(f"{target.subject}: {target.quantity} left its tolerance; mend the model or the profile", file=sys.stderr)
    return int(bool(outside))


def all_targets() -> list[Target]:
    """Every row of the table."""
    return [*pilotnet_targets(simulate_pilotnet()), *power_targets()]


def show(targets: Sequence[Target]) -> None:
    """Print the table."""
    console = Console()
    for subject, members in groupby(targets, key=lambda target: target.subject):
        table = captioned_table(subject)
        for heading in HEADINGS[1:]:
            table.add_column(heading, justify="left" if heading in ("Quantity", "Kind") else "right", no_wrap=True)
        for target in members:
            table.add_row(*cells(target)[1:], style="" if target.ok else "bold red")
        console.print(table)
    console.print(CAPTION, style="dim")


def with_table(page: str, targets: Sequence[Target]) -> str:
    """The page with the table between its markers.

    Parameters
    ----------
    page : str
        Text of docs/energy.md.
    targets : sequence of Target
        The rows.

    Returns
    -------
    str
        The new text.
    """
    rows = [HEADINGS, tuple("---" for _ in HEADINGS), *map(cells, targets)]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return BLOCK.sub(lambda match: f"{match[1]}\n{table}\n\n{match[2]}", page)


if __name__ == "__main__":
    sys.exit(main())
