"""Cost reports as plain numbers, for the JSON of ``evsnn profile``."""

from __future__ import annotations

from typing import Any

from evsnn_lava.profiling import CostReport, Distribution, Estimates
from evsnn_lava.profiling.measured import Readings
from evsnn_lava.reporting.measured_tables import compare


def report_facts(report: CostReport) -> dict[str, Any]:
    """A cost report as plain numbers.

    Parameters
    ----------
    report : CostReport
        The report.

    Returns
    -------
    dict
        Totals per inference, distributions over the samples, all layers and all rows of the ledger. What a profile does
        not publish stands under ``unpriced`` and is 0 in the sums; static energy and ``step_time_s`` are null and
        ``power_w`` is empty where nothing is known of them.
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
        "static_energy_per_inference_j": report.static_j if report.knows("static") else None,
        "power_w": report.power_w,
        "step_time_s": step_time_facts(report),
        "layers": report.layers,
        "unpriced": report.hardware.unpriced,
        "ledger": report.ledger.rows,
        "constants": report.constants,
    }


def step_time_facts(report: CostReport) -> Distribution | None:
    """How long steps take: the distribution over every executed step of every sample; None without published times."""
    if not report.hardware.timed:
        return None
    times, executed = report.step_times, report.counts.executed
    return Estimates(times.value[executed], times.low[executed], times.high[executed]).distribution()


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
