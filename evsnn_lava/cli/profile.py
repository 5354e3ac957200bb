"""``evsnn profile``: what an inference costs, on one chip or on several side by side."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evsnn_lava._files import atomic_write
from evsnn_lava.cli.console import Output
from evsnn_lava.cli.evaluation import backend_options
from evsnn_lava.cli.fitness import misfit
from evsnn_lava.cli.neurobench_facts import neurobench_facts, write_neurobench
from evsnn_lava.cli.profile_facts import measured_facts, report_facts
from evsnn_lava.cli.profile_host import HostRun, host_facts, host_row, measure_file
from evsnn_lava.cli.profile_options import TRACE_SAMPLES, declare, named_hardware, require_sense
from evsnn_lava.cli.profile_runs import FileRun, price, read_files, read_profiles, require_run, run_file
from evsnn_lava.cli.profile_trace import traced
from evsnn_lava.cli.recordings import load_samples
from evsnn_lava.hw_profiles import Chip
from evsnn_lava.profiling.measured import Readings, read_readings
from evsnn_lava.reporting import constants_table, cost_tables
from evsnn_lava.reporting.ledger_csv import ledger_csv
from evsnn_lava.reporting.measured_tables import measured_table
from evsnn_lava.reporting.named_report import NamedReport
from evsnn_lava.reporting.side_by_side import FileGroup, side_by_side
from evsnn_lava.reporting.trace_events import trace_events
from evsnn_lava.runtime.backends import backend

__all__ = ["add_arguments", "execute", "measured_facts", "report_facts"]


@dataclass(frozen=True, eq=False)
class Costs:
    """What a file costs.

    Parameters
    ----------
    run : FileRun
        The file and its run.
    reports : tuple of NamedReport
        One for each profile.
    host : HostRun or None
        Readings of this machine.
    """

    run: FileRun
    reports: tuple[NamedReport, ...]
    host: HostRun | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    declare(parser)


def execute(options: argparse.Namespace, output: Output) -> int:
    """Refuse what cannot be, then run, count, write and print."""
    names, host = named_hardware(options)
    profiles = read_profiles(names)
    require_sense(options, len(profiles), host)
    readings = None if options.measured is None else read_readings(options.measured)
    told = backend_options(options)
    backend(options.backend).require(**told)
    files = read_files([options.file, *options.more], cutoff=not options.no_cutoff)
    for file in files:
        require_run(file, profiles.values())
    samples = [load_samples(file.network, options.data, options.split, options.limit) for file in files]
    costs = []
    for file, part in zip(files, samples, strict=True):
        run = run_file(file, part, options.backend, output, told)
        output.note(f"{file.label}: {part}" if options.more else str(part))
        measured = measure_file(run, output) if host else None
        costs.append(Costs(run, tuple(price(run, profiles, output)), measured))
    for cost in costs:
        _say_what_cannot_run(cost, output)
    _write(costs, options, output)
    _show(costs, readings, options, output)
    return 0


def _say_what_cannot_run(cost: Costs, output: Output) -> None:
    """A price says nothing about whether the chip takes the network."""
    network = cost.run.file.network
    for named in cost.reports:
        chip, label, chips = named.report.hardware, cost.run.file.label, named.report.chips
        if chips > 1 and isinstance(chip, Chip):
            output.note(f"{label} takes {chips} chips of {chip.title}")
        if said := misfit(label, network, chip, chips):
            output.note(said)


def _write(costs: list[Costs], options: argparse.Namespace, output: Output) -> None:
    texts: dict[Path | None, Callable[[], str]] = {
        options.csv: lambda: ledger_csv([named for cost in costs for named in cost.reports]),
        options.trace: lambda: json.dumps(_trace(costs, options.trace_samples or TRACE_SAMPLES)),
    }
    for path, made in texts.items():
        if path is not None:
            text = made()
            with atomic_write(path) as temporary:
                temporary.write_text(text, encoding="utf-8")
            output.note(f"wrote {path}: {len(text.encode()) / 1e3:.1f} kB")
    if options.neurobench is not None:
        run, named = costs[0].run, costs[0].reports[0]
        facts = neurobench_facts(run.file.network, run.samples, run.result, named.report, output)
        write_neurobench(options.neurobench, facts)
        output.note(f"wrote {options.neurobench}")


def _trace(costs: list[Costs], samples: int) -> dict[str, Any]:
    return trace_events([traced(cost.run, named, samples) for cost in costs for named in cost.reports])


def _show(costs: list[Costs], readings: Readings | None, options: argparse.Namespace, output: Output) -> None:
    if options.json:
        output.show_json(_facts(costs, readings, options))
    elif _alone(costs):
        report = costs[0].reports[0].report
        output.show(cost_tables(report, constants=options.constants))
        if readings is not None:
            output.show("")
            output.show(measured_table(report, readings))
    else:
        output.show(side_by_side([_group(cost) for cost in costs]))
        for named in costs[0].reports if options.constants else ():
            output.show("")
            output.show(constants_table(named.report))


def _alone(costs: list[Costs]) -> bool:
    """Whether there is one file on one profile and nothing beside it."""
    return len(costs) == len(costs[0].reports) == 1 and costs[0].host is None


def _group(cost: Costs) -> FileGroup:
    run, labels = cost.run, cost.run.samples.known
    return FileGroup(
        run.file.label,
        run.result.exit_step,
        run.result.steps,
        None if labels is None else run.result.accuracy(labels),
        cost.reports,
        () if cost.host is None else (host_row(cost.host),),
    )


def _facts(costs: list[Costs], readings: Readings | None, options: argparse.Namespace) -> dict[str, Any]:
    """One report as it is, several in a list."""
    reports = [_report(cost.run, named, options.data) for cost in costs for named in cost.reports]
    if _alone(costs):
        measured = {} if readings is None else measured_facts(costs[0].reports[0].report, readings)
        return {**reports[0], **measured}
    hosts = [host_facts(cost.host) for cost in costs if cost.host is not None]
    return {"reports": reports, **({"measured_host": hosts} if hosts else {})}


def _report(run: FileRun, named: NamedReport, data: str | None) -> dict[str, Any]:
    source = data or run.file.network.recipe.dataset
    return {"file": named.path, "data": f"{source}, {run.samples}", **report_facts(named.report)}
