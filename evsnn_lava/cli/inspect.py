"""``evsnn inspect``: what is in a ``.net`` file."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from evsnn_lava.cli.console import Output
from evsnn_lava.export.inspect import summarise
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.reporting.network_tables import network_tables


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="a .net file")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Print the contents."""
    summary = summarise(read_net(options.file))
    if options.json:
        output.show_json(asdict(summary))
    else:
        output.show(network_tables(summary))
    return 0
