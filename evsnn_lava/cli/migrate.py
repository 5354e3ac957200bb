"""``evsnn migrate``: bring a ``.net`` file of an older version to the newest one."""

from __future__ import annotations

import argparse
from pathlib import Path

from evsnn_lava.cli.console import Output
from evsnn_lava.export.netfile.migration import Lifted
from evsnn_lava.export.netfile.reader import read_lifted
from evsnn_lava.export.netfile.schema import FORMAT_VERSION
from evsnn_lava.export.netfile.writer import write_net


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="a .net file of any version")
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write in the newest version")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Read, write and say what changed."""
    network, lifted = read_lifted(options.file)
    write_net(network, options.output)
    output.show("\n".join(_lines(options, lifted)))
    return 0


def _lines(options: argparse.Namespace, lifted: Lifted) -> list[str]:
    if not lifted.changes:
        return [f"wrote {options.output}: {options.file} has version {FORMAT_VERSION} already, nothing changed"]
    written = f"wrote {options.output}: version {FORMAT_VERSION} instead of {lifted.version}, the same network"
    return [written, *(f"  {change}" for change in lifted.changes)]
