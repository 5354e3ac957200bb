"""``evsnn diff``: what changed between two ``.net`` files, and what that does to size and cost."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.cli.comparison import comparison_tables, cost_change_table, verdict
from evsnn_lava.cli.console import Output
from evsnn_lava.cli.loads import core_load
from evsnn_lava.errors import ConfigError, EvsnnError
from evsnn_lava.export.comparison.networks import NetworkComparison, compare
from evsnn_lava.export.netfile.reader import read_lifted
from evsnn_lava.hw_profiles import CostProfile, load_profile, profile_names
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.profiling import CostReport, profile_run
from evsnn_lava.runtime.backends import backend


@dataclass(frozen=True)
class CostChange:
    """A cost of one inference in both networks, mean over the same frames.

    Parameters
    ----------
    what, unit : str
        Name; ``J``, ``s`` or empty for counts.
    before, after : float
        In that unit.
    """

    what: str
    unit: str
    before: float
    after: float

    @property
    def ratio(self) -> float | None:
        """After over before; None when there was nothing before."""
        return self.after / self.before if self.before else None


@dataclass(frozen=True)
class CostComparison:
    """What both networks cost on the same frames.

    Parameters
    ----------
    hardware : str
        Title of the hardware profile.
    samples, same_decisions : int
        Golden frames that were run, and on how many both choose the same class index.
    changes : tuple of CostChange
        The costs.
    """

    hardware: str
    samples: int
    same_decisions: int
    changes: tuple[CostChange, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("before", type=Path, help="a .net file")
    parser.add_argument("after", type=Path, help="another one")
    names = ", ".join(profile_names())
    parser.add_argument("--hw", default="loihi2", help=f"hardware profile: {names} or a TOML file (default: loihi2)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.epilog = "Exit codes: 0 the same network, 1 the networks differ, 2 nothing could be compared."


def execute(options: argparse.Namespace, output: Output) -> int:
    """Print the verdict and the changes; 1 if there are any."""
    hardware = load_profile(options.hw)
    (before, old), (after, new) = (read_lifted(path) for path in (options.before, options.after))
    comparison = compare(before, after)
    said, costs = verdict(comparison, (old.version, new.version)), None
    if not comparison.same and (options.json or not output.quiet):
        costs = _costs_or_reason(before, after, hardware, output)
    if options.json:
        output.show_json(_facts(options, (old.version, new.version), comparison, costs))
        return int(not comparison.same)
    if not output.quiet:
        output.show(f"{options.before} -> {options.after}")
    output.show(said)
    if costs is not None:
        output.show(comparison_tables(comparison))
        output.show(cost_change_table(costs) if isinstance(costs, CostComparison) else f"\nCost not compared: {costs}")
    return int(not comparison.same)


def _facts(
    options: argparse.Namespace,
    versions: tuple[int, int],
    comparison: NetworkComparison,
    costs: CostComparison | str | None,
) -> dict[str, Any]:
    files = [str(options.before), str(options.after)]
    cost = asdict(costs) if isinstance(costs, CostComparison) else costs
    return {"same": comparison.same, "files": files, "versions": versions, **asdict(comparison), "cost": cost}


def _costs_or_reason(
    before: NetworkDescription, after: NetworkDescription, hardware: CostProfile, output: Output
) -> CostComparison | str:
    output.note("running the golden frames of both files in the engine, for the cost (--quiet leaves it out)")
    try:
        return compare_costs(before, after, hardware)
    except EvsnnError as error:
        return str(error)


def compare_costs(before: NetworkDescription, after: NetworkDescription, hardware: CostProfile) -> CostComparison:
    """Run both networks on the golden frames of both, in the engine, and price the runs.

    Parameters
    ----------
    before, after : NetworkDescription
        The networks.
    hardware : CostProfile
        What to price with.

    Returns
    -------
    CostComparison
        Means over the frames.

    Raises
    ------
    ConfigError
        If neither has golden vectors, or they take different frames.
    """
    frames = shared_frames(before, after)
    results = [backend("engine").run(network, frames) for network in (before, after)]
    pairs = zip((before, after), results, strict=True)
    reports = [
        profile_run(network, result, hardware, load=core_load(network, [frames], hardware)) for network, result in pairs
    ]
    costs = [_costs(report, result) for report, result in zip(reports, results, strict=True)]
    return CostComparison(
        hardware.title,
        samples=len(frames),
        same_decisions=int((results[0].decision == results[1].decision).sum()),
        changes=tuple(CostChange(*key, costs[0][key], costs[1][key]) for key in costs[0]),
    )


def shared_frames(before: NetworkDescription, after: NetworkDescription) -> npt.NDArray[Any]:
    """Golden frames of both networks, each once.

    Parameters
    ----------
    before, after : NetworkDescription
        The networks.

    Returns
    -------
    numpy.ndarray, shape (N, C, H, W, T)
        Those of the first one first.

    Raises
    ------
    ConfigError
        If neither has golden vectors, or they take different frames.
    """
    recipes = [(*net.input_shape, net.recipe.steps, net.recipe.value_range) for net in (before, after)]
    if recipes[0] != recipes[1]:
        raise ConfigError(
            f"network {before.name} takes frames {recipes[0][:4]} of values {recipes[0][4]}, network {after.name} "
            f"{recipes[1][:4]} of {recipes[1][4]}; profile each on frames of its own"
        )
    golden = [net.golden.frames for net in (before, after) if net.golden is not None]
    if not golden:
        raise ConfigError("neither file carries golden vectors; export with --golden 2 or more")
    every = np.concatenate(golden)
    _, first = np.unique(every.reshape(len(every), -1), axis=0, return_index=True)
    return every[np.sort(first)]


def _costs(report: CostReport, result: RunResult) -> dict[tuple[str, str], float]:
    spread, samples = report.distributions, result.samples
    return {
        ("steps, algorithmic", ""): spread["exit_steps"].mean.value,
        ("steps, hardware", ""): spread["steps"].mean.value,
        ("messages", ""): float(result.messages.sum() / samples),
        ("synops", ""): float(result.synops.sum() / samples),
        ("time", "s"): spread["time_s"].mean.value,
        ("energy", "J"): spread["energy_j"].mean.value,
        ("energy, dynamic", "J"): spread["dynamic_j"].mean.value,
    }
