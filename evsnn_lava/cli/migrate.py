"""``evsnn migrate``: bring a ``.net`` file of an older version to the newest one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from evsnn_lava.cli.console import Output
from evsnn_lava.export.netfile.migration import Lifted
from evsnn_lava.export.netfile.reader import read_lifted
from evsnn_lava.export.netfile.schema import FORMAT_VERSION
from evsnn_lava.export.netfile.writer import write_net


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="a .net file of any version")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="file to write in the newest version; may be FILE itself"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    parser.epilog = "Exit codes: 0 the file is written, 2 nothing was written."


def execute(options: argparse.Namespace, output: Output) -> int:
    """Read, write and say what changed."""
    network, lifted = read_lifted(options.file)
    in_place = options.output.exists() and options.output.samefile(options.file)
    write_net(network, options.output)
    if options.json:
        output.show_json(_facts(options, lifted, in_place))
    else:
        output.show("\n".join(_lines(options, lifted, in_place)))
    return 0


def _facts(options: argparse.Namespace, lifted: Lifted, in_place: bool) -> dict[str, Any]:
    return {
        "file": str(options.file),
        "output": str(options.output),
        "in_place": in_place,
        "version_before": lifted.version,
        "version_after": max(lifted.version, FORMAT_VERSION),
        "changes": lifted.changes,
    }


def _lines(options: argparse.Namespace, lifted: Lifted, in_place: bool) -> list[str]:
    wrote = f"wrote {options.output}{' in place of the old file' if in_place else ''}"
    if not lifted.changes:
        return [f"{wrote}: {options.file} has version {lifted.version} already, nothing changed"]
    written = f"{wrote}: version {FORMAT_VERSION} instead of {lifted.version}, the same network"
    return [written, *(f"  {change}" for change in lifted.changes)]
