"""``evsnn check``: whether a network fits on a chip, and what helps if it does not."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from evsnn_lava.cli.console import Output
from evsnn_lava.cli.hardware_option import split_names
from evsnn_lava.errors import ConfigError
from evsnn_lava.export.check.files import check_file
from evsnn_lava.export.check.finding import Finding
from evsnn_lava.export.check.verdict import Verdict
from evsnn_lava.hw_profiles import Chip, chip_names, load_chip
from evsnn_lava.reporting.check_tables import check_tables


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="a .net file, of this package or of lava-dl")
    names = ", ".join(chip_names())
    parser.add_argument(
        "--hw", default="loihi2", help=f"chips, comma-separated: {names} or TOML files (default: loihi2)"
    )
    parser.add_argument("--chips", type=int, default=1, help="how many chips there are (default: 1)")
    parser.add_argument("--all", action="store_true", help="also show the rules that hold")
    parser.add_argument("--json", action="store_true", help="print JSON, with all rules, instead of a table")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Check and print; 1 if something does not fit."""
    if options.chips < 1:
        raise ConfigError(f"--chips is {options.chips}, it must be at least 1; say how many there are")
    chips = [load_chip(name) for name in split_names(options.hw, chip_names())]
    found = [check_file(options.file, chip, options.chips) for chip in chips]
    if options.json:
        facts = [check_facts(options.file, *each) for each in zip(chips, found, strict=True)]
        output.show_json(facts if len(facts) > 1 else facts[0])
    else:
        tables = [
            check_tables(options.file.name, chip.title, findings, options.all)
            for chip, findings in zip(chips, found, strict=True)
        ]
        output.show(tables[0] if len(tables) == 1 else _titled([chip.title for chip in chips], tables))
    return int(not all(Verdict.of(findings).fits for findings in found))


def _titled(titles: Sequence[str], tables: Sequence[RenderableType]) -> Group:
    """Tables of several chips, each below its name."""
    blocks = (("", Text(title, "bold"), table) for title, table in zip(titles, tables, strict=True))
    return Group(*list(chain.from_iterable(blocks))[1:])


def check_facts(path: Path, chip: Chip, findings: tuple[Finding, ...]) -> dict[str, Any]:
    """A check as plain data.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    chip : Chip
        The chip.
    findings : tuple of Finding
        What was found.

    Returns
    -------
    dict
        The answer, and every finding with its margin.
    """
    verdict = Verdict.of(findings)
    return {
        "file": str(path),
        "hardware": chip.name,
        "fits": verdict.fits,
        "counts": verdict.counts,
        "cores": None if verdict.cores is None else dict(zip(("needed", "there"), verdict.cores, strict=True)),
        "findings": [asdict(finding) | {"margin": finding.margin} for finding in findings],
    }
