"""``evsnn doctor``: is everything there, and what to do if not."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from rich.table import Table

from evsnn_lava.cli.console import Output
from evsnn_lava.doctor import diagnose


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Print the findings; 0 even if an optional part is missing."""
    findings = diagnose()
    if options.json:
        output.show_json([asdict(finding) for finding in findings])
        return 0
    table = Table(box=None, pad_edge=False)
    for title in ("", "what", "found", "what to do"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        mark = "[green]ok[/green]" if finding.ok else "[yellow]--[/yellow]"
        table.add_row(mark, finding.name, finding.detail, finding.remedy)
    output.show(table)
    return 0
