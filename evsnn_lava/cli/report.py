"""``evsnn report``: everything about one or more files on a page that opens without a network."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from evsnn_lava import __version__
from evsnn_lava._files import atomic_write
from evsnn_lava.cli.console import Output
from evsnn_lava.cli.evaluation import BACKEND_OPTIONS, DEFAULT_BACKEND, backend_options
from evsnn_lava.cli.hardware_option import named_files, split_names
from evsnn_lava.cli.outputs import given_path, require_outputs
from evsnn_lava.cli.profile_runs import read_files
from evsnn_lava.cli.study import Question, study_file
from evsnn_lava.data import SPLITS, WHOLE
from evsnn_lava.errors import ConfigError
from evsnn_lava.hw_profiles import load_profile, profile_names
from evsnn_lava.reporting.html import Study, render
from evsnn_lava.runtime.backends import BACKENDS, backend

ENDINGS = (".html", ".htm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="a .net file; several are set side by side")
    parser.add_argument("-o", "--output", type=Path, required=True, help="page to write, .html")
    names = ", ".join(profile_names())
    parser.add_argument(
        "--hw",
        default="loihi2",
        help=f"hardware profiles, comma-separated: {names} or TOML files (default: loihi2)",
    )
    parser.add_argument(
        "--backend", default=DEFAULT_BACKEND, help=f"one of {', '.join(BACKENDS)} (default: {DEFAULT_BACKEND})"
    )
    parser.add_argument("--data", help="data set, event file, folder or frames (default: what it was trained on)")
    parser.add_argument("--split", choices=(*SPLITS, WHOLE), help="part of the data set (default: test)")
    parser.add_argument("--limit", type=int, help="run the first samples only")
    parser.add_argument("--sample", type=int, default=0, help="whose spikes are drawn, from 0 (default: 0)")
    for name, settings in BACKEND_OPTIONS.items():
        parser.add_argument(f"--{name}", **settings)


def execute(options: argparse.Namespace, output: Output) -> int:
    """Run everything and write the page."""
    import plotly  # noqa: F401  # here: optional, and its lack is better said before everything has run

    require_outputs(
        {"-o": options.output}, [*options.files, *named_files(options.hw.split(",")), *given_path(options.data)]
    )
    if options.output.suffix.lower() not in ENDINGS:
        raise ConfigError(f"-o {options.output} is no page; give it the ending .html")
    hardware, told = tuple(map(load_profile, split_names(options.hw, profile_names()))), backend_options(options)
    backend(options.backend).require(**told)
    opened = read_files(options.files)
    question = Question(options.data, options.split, options.limit, options.sample, options.backend, told)
    files = tuple(study_file(file.label, file.path, file.network, hardware, question, output) for file in opened)
    page = render(Study(_title([file.label for file in opened]), __version__, options.backend, files))
    with atomic_write(options.output) as temporary:
        temporary.write_text(page, encoding="utf-8")
    output.show(f"wrote {options.output}: {len(page.encode()) / 1e6:.1f} MB, open it in a browser")
    return 0


def _title(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
