"""``evsnn profile``: what an inference costs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from evsnn_lava.cli.console import Output
from evsnn_lava.cli.evaluation import add_run_arguments, backend_options, run_samples
from evsnn_lava.cli.recordings import load_samples
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.hw_profiles import load_profile, profile_names
from evsnn_lava.profiling import CostReport, profile_run
from evsnn_lava.profiling.measured import Readings, read_readings
from evsnn_lava.reporting import cost_tables
from evsnn_lava.reporting.measured_tables import compare, measured_table
from evsnn_lava.runtime.backends import backend


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_run_arguments(parser)
    names = ", ".join(profile_names())
    parser.add_argument("--hw", default="loihi2", help=f"hardware profile: {names} or a TOML file (default: loihi2)")
    parser.add_argument("--measured", type=Path, metavar="FILE", help="readings of a chip, to set beside the estimate")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Run, count and print the costs."""
    hardware, told = load_profile(options.hw), backend_options(options)
    readings = None if options.measured is None else read_readings(options.measured)
    backend(options.backend).require(**told)
    network = read_net(options.file)
    samples = load_samples(network, options.data, options.split, options.limit)
    result = run_samples(network, samples, options.backend, output, not options.no_cutoff, **told)
    output.note(str(samples))
    report = profile_run(network, result, hardware, samples.known)
    if options.json:
        output.show_json({**report_facts(report), **({} if readings is None else measured_facts(report, readings))})
    else:
        output.show(cost_tables(report))
        if readings is not None:
            output.show("")
            output.show(measured_table(report, readings))
    return 0


def report_facts(report: CostReport) -> dict[str, Any]:
    """A cost report as plain numbers.

    Parameters
    ----------
    report : CostReport
        The report.

    Returns
    -------
    dict
        Totals per inference, distributions over the samples and all rows of the ledger.
    """
    return {
        "network": report.network,
        "backend": report.backend,
        "hardware": report.hardware.name,
        "accuracy": report.accuracy,
        "samples": report.samples,
        "chips": report.chips,
        "cores": {layer.name: layer.cores for layer in report.layers if layer.cores},
        "distributions": report.distributions,
        "energy_per_inference_j": report.ledger.per_inference(report.ledger.total),
        "dynamic_energy_per_inference_j": report.ledger.per_inference(report.ledger.dynamic),
        "static_energy_per_inference_j": report.static_j,
        "ledger": report.ledger.rows,
        "constants": report.constants,
    }


def measured_facts(report: CostReport, readings: Readings) -> dict[str, Any]:
    """Readings beside a cost report as plain numbers.

    Parameters
    ----------
    report : CostReport
        The report.
    readings : Readings
        What was measured.

    Returns
    -------
    dict
        ``measured``: the readings, every quantity with its estimate and the ratio of both, and the doubts.
    """
    rows = [
        {
            "quantity": row.name.strip(),
            "domain": row.domain,
            "unit": row.unit,
            "measured": row.measured,
            "estimated": row.estimate,
            "ratio": row.ratio,
        }
        for row in compare(report, readings)
    ]
    return {"measured": {"readings": readings, "quantities": rows, "doubts": readings.doubts}}
