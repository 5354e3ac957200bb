"""What ``evsnn profile`` is asked for, and the refusal of what makes no sense before anything runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from evsnn_lava.cli.evaluation import add_run_arguments
from evsnn_lava.cli.hardware_option import named_files, split_names
from evsnn_lava.cli.outputs import given_path, require_outputs
from evsnn_lava.cli.profile_host import HOST
from evsnn_lava.errors import ConfigError
from evsnn_lava.hw_profiles import profile_names

TRACE_SAMPLES: Final = 4
OUTPUTS: Final = ("csv", "trace", "neurobench")
OF_ONE: Final = {
    "measured": "readings are of one network on one chip",
    "neurobench": "its metrics are of one network",
}
"""Options that take one file and one profile, and why."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_run_arguments(parser)
    parser.add_argument("more", type=Path, nargs="*", help="more .net files, to be set beside the first one")
    several = f"hardware profiles, comma-separated: {', '.join(profile_names())}, TOML files"
    parser.add_argument("--hw", default="loihi2", help=f"{several}, or {HOST} for this machine (default: loihi2)")
    parser.add_argument("--constants", action="store_true", help="show every constant and where it comes from")
    parser.add_argument("--measured", type=Path, metavar="FILE", help="readings of a chip, to set beside the estimate")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every row of the ledgers")
    parser.add_argument("--trace", type=Path, metavar="FILE", help="write a trace for Perfetto, step by step")
    parser.add_argument(
        "--trace-samples", type=int, metavar="N", help=f"draw the first N samples (default: {TRACE_SAMPLES})"
    )
    parser.add_argument("--neurobench", type=Path, metavar="FILE", help="write the metrics of NeuroBench as JSON")


def named_hardware(options: argparse.Namespace) -> tuple[list[str], bool]:
    """The profiles that are asked for, each once, and whether this machine is to be measured.

    Parameters
    ----------
    options : argparse.Namespace
        Of the verb.

    Returns
    -------
    names : list of str
        Names or paths of profiles.
    host : bool
        Whether ``measured-host`` is among them.

    Raises
    ------
    ConfigError
        If nothing is named.
    """
    named = split_names(options.hw, (*profile_names(), HOST))
    return [name for name in named if name != HOST], HOST in named


def require_sense(options: argparse.Namespace, profiles: int, host: bool) -> None:
    """Refuse options that exclude each other or do nothing, and files that cannot be written.

    Parameters
    ----------
    options : argparse.Namespace
        Of the verb.
    profiles : int
        Number of hardware profiles.
    host : bool
        Whether this machine is to be measured.

    Raises
    ------
    ConfigError
        If so.
    """
    paths = [options.file, *options.more]
    for name, reason in OF_ONE.items():
        if getattr(options, name) is not None and (len(paths) * profiles != 1 or (host and name == "measured")):
            raise ConfigError(f"--{name}: {reason}; give one file and one profile")
    for name in ("csv", "trace", "constants"):
        if getattr(options, name) and not profiles:
            raise ConfigError(f"--{name} does nothing with {HOST} alone; add a profile, or leave it out")
    _require_trace(options)
    if options.constants and options.json:
        raise ConfigError("--constants does nothing with --json, which has all constants; leave one out")
    outputs = {f"--{name}": getattr(options, name) for name in OUTPUTS}
    require_outputs(outputs, [*paths, options.measured, *named_files(options.hw.split(",")), *given_path(options.data)])


def _require_trace(options: argparse.Namespace) -> None:
    if options.trace_samples is None:
        return
    if options.trace is None:
        raise ConfigError("--trace-samples does nothing without --trace; give a file with --trace")
    if options.trace_samples < 1:
        raise ConfigError(f"--trace-samples is {options.trace_samples}, it must be at least 1; draw one or more")
