"""Options of ``evsnn search``, checked before anything runs."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from evsnn_lava.cli.hardware_option import named_files
from evsnn_lava.cli.outputs import given_path, require_outputs
from evsnn_lava.errors import ConfigError
from evsnn_lava.export.search.candidates import Grid
from evsnn_lava.export.search.rows import Limits
from evsnn_lava.hw_profiles import CostProfile, profile_names
from evsnn_lava.reporting.gate.amounts import amount

Number = TypeVar("Number", int, float)

LIMITS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "min_accuracy": ("--min-accuracy", "SHARE", "share", "share of right decisions, 0.93 or 93%%"),
    "max_p95_steps": ("--max-p95-steps", "N", "number", "executed steps that 95%% of the samples keep"),
    "max_energy": ("--max-energy", "J", "energy", "mean energy of an inference, such as 60uJ"),
    "max_time": ("--max-time", "S", "time", "mean time of an inference, such as 300us"),
}
"""A limit's option, the name of its value, its dimension and its help."""

EPSILONS: Final = (0.0, 0.01, 0.02, 0.05, 0.1)
DELTA_HELP: Final = "let each cutoff carry the guarantee that it loses at most epsilon but for this probability"


@dataclass(frozen=True)
class Wish:
    """What is searched for, and how.

    Parameters
    ----------
    grid : Grid
        Networks to try.
    epsilons : tuple of float
        Cutoffs to try on each of them.
    limits : Limits
        What the chosen way has to keep.
    delta : float or None
        Risk of a guaranteed cutoff.
    min_support : int
        Samples that a threshold needs.
    workers : int
        Processes.
    """

    grid: Grid
    epsilons: tuple[float, ...]
    limits: Limits
    delta: float | None
    min_support: int
    workers: int


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="a .net file")
    parser.add_argument("-o", "--output", type=Path, metavar="NET", help="write the chosen network to this file")
    for key, (option, value, _, text) in LIMITS.items():
        parser.add_argument(option, dest=key, metavar=value, help=f"limit: {text}")
    parser.add_argument("--keep", metavar="R,..", help="shares of the sent frames to keep (default: 1,0.75,0.5)")
    parser.add_argument(
        "--frames", metavar="T,..", help="frames after which to end (default: all, 3/4 and half of them)"
    )
    parser.add_argument("--bits", metavar="B,..", help="bits of a weight, 2..8 (default: 8,7,6,5; 8 changes nothing)")
    said = ",".join(f"{epsilon:g}" for epsilon in EPSILONS)
    parser.add_argument("--epsilon", metavar="E,..", help=f"cutoffs to fit, beside none (default: {said})")
    parser.add_argument("--delta", type=float, metavar="D", help=DELTA_HELP)
    parser.add_argument("--min-support", type=int, default=30, help="samples that a threshold needs (default: 30)")
    names = ", ".join(profile_names())
    parser.add_argument("--hw", default="loihi2", help=f"hardware profile: {names} or a TOML file (default: loihi2)")
    parser.add_argument("--data", help="data to search on, its validation part (default: what it was trained on)")
    parser.add_argument("--test-data", help="data to measure on, its test part (default: as --data)")
    parser.add_argument("--limit", type=int, help="take the first samples of each part only")
    parser.add_argument("--seed", type=int, default=0, help="of the split and of the intervals (default: 0)")
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one per core)")
    parser.add_argument("--ray", metavar="ADDRESS", help="search on a Ray cluster: auto, local or host:port")
    parser.add_argument("--resume", type=Path, metavar="FOLDER", help="keep finished units here, and use those there")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write everything that was tried, a row each")
    parser.add_argument(
        "--json", action="store_true", help="print JSON instead of the table (no file name: `--json > FILE`)"
    )
    parser.epilog = "Exit codes: 0 limits kept, 1 nothing keeps them or the chosen network does not on the test data."


def read_wish(options: argparse.Namespace, hardware: CostProfile) -> Wish:
    """Read and check what was asked for.

    Parameters
    ----------
    options : argparse.Namespace
        Of the verb.
    hardware : CostProfile
        What is priced with.

    Returns
    -------
    Wish
        Checked.

    Raises
    ------
    ConfigError
        If an option is wrong or does nothing.
    """
    _require_files(options)
    limits = _limits(options)
    _require_known(limits, hardware)
    if options.output is not None and not limits.given:
        raise ConfigError(
            f"-o {options.output}: without a limit nothing is chosen; give one, such as --min-accuracy 0.96"
        )
    if options.ray is not None and options.workers is not None:
        raise ConfigError("--workers does nothing with --ray, where the cluster has its own; leave one out")
    defaults = Grid()
    grid = Grid(
        keep=_list("--keep", options.keep, float, defaults.keep),
        frames=_list("--frames", options.frames, int, defaults.frames),
        bits=_list("--bits", options.bits, int, defaults.bits),
    )
    for name, least in (("min_support", 1), ("workers", 1), ("seed", 0)):
        given = getattr(options, name)
        if given is not None and given < least:
            raise ConfigError(f"--{name.replace('_', '-')} is {given}, it must be at least {least}; correct it")
    workers = options.workers or len(os.sched_getaffinity(0))
    return Wish(grid, _epsilons(options), limits, options.delta, options.min_support, workers)


def _epsilons(options: argparse.Namespace) -> tuple[float, ...]:
    """Zero costs nothing without a guarantee, and cannot be guaranteed."""
    delta = options.delta
    if delta is not None and not 0 < delta < 1:
        raise ConfigError(f"--delta is {delta}, it must be above 0 and below 1; leave it out for no guarantee")
    found = _list("--epsilon", options.epsilon, float, EPSILONS if delta is None else EPSILONS[1:])
    least = "0..1" if delta is None else "above 0 and below 1, as no data can show less"
    if wrong := [each for each in found if not 0 <= each <= 1 or (delta is not None and each in (0, 1))]:
        raise ConfigError(f"--epsilon holds {wrong[0]:g}, it must be {least}; correct it")
    return tuple(sorted(set(found)))


def _limits(options: argparse.Namespace) -> Limits:
    found: dict[str, float] = {}
    for key, (option, _, dimension, _) in LIMITS.items():
        written = getattr(options, key)
        if written is not None:
            try:
                found[key] = amount(written, dimension)
            except ValueError as error:
                raise ConfigError(f"{option}: {error}") from error
    if (accuracy := found.get("min_accuracy", 0.0)) > 1:
        meant = accuracy / 100 if accuracy <= 100 else 0.96
        raise ConfigError(
            f"--min-accuracy is {options.min_accuracy}, the limit is 100 %; write {meant:g} or {100 * meant:g}%"
        )
    return Limits(**found)


def _require_known(limits: Limits, hardware: CostProfile) -> None:
    energies = any(value is not None for name, value in hardware.costs().items() if not name.startswith("time."))
    for key, known, what in (("max_energy", energies, "energy"), ("max_time", hardware.timed, "time")):
        if getattr(limits, key) is not None and not known:
            raise ConfigError(
                f"{LIMITS[key][0]}: {hardware.name} does not say what {what} anything takes; leave it out"
            )


def _require_files(options: argparse.Namespace) -> None:
    inputs = [options.file, *named_files([options.hw]), *given_path(options.data), *given_path(options.test_data)]
    require_outputs({"-o": options.output, "--csv": options.csv}, inputs)
    if options.resume is not None and options.resume.exists() and not options.resume.is_dir():
        raise ConfigError(f"--resume {options.resume}: it is a file; name a folder")


def _list(
    option: str, written: str | None, kind: Callable[[Any], Number], default: tuple[Number, ...]
) -> tuple[Number, ...]:
    if written is None:
        return default
    try:
        return tuple(kind(part) for part in written.split(","))
    except ValueError as error:
        raise ConfigError(f"{option} is {written!r}; give numbers with commas between them") from error
