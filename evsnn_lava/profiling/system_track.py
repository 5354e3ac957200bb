"""An estimate under the names of NeuroBench's system track: powers, execution time and energy of an inference.

The track has no file format; its rules name the quantities (``ASC.md`` and ``report.md`` of
``NeuroBench/system_benchmarks``). They ask for measurements, so nothing here may be submitted: every record says that
it is estimated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evsnn_lava.profiling.estimate import Estimate
from evsnn_lava.profiling.report import LEFT_OUT, CostReport


def system_facts(report: CostReport) -> dict[str, Any]:
    """The quantities of the system track from a cost report.

    Parameters
    ----------
    report : CostReport
        What the inferences cost; samples run one at a time.

    Returns
    -------
    dict
        Means per inference with their ranges, in SI units; None where a chip has no published constant, with the
        reason under ``not_known``. ``energy_per_inference_j`` is active power times execution time.
    """
    return {
        "estimated": True,
        "instrument": "none: counted events times published constants",
        "system": report.hardware.name,
        "chips": report.chips,
        "batch_size": 1,
        "samples": report.samples,
        "accuracy": report.accuracy,
        **_time(report),
        **_power(report),
        "pre_processing": "not part of it: binning of events runs on the host",
        "not_known": dict(report.hardware.unpriced),
        "left_out": list(LEFT_OUT),
    }


def _time(report: CostReport) -> dict[str, Any]:
    """Mean and standard error over the samples; the error says nothing of the constants, the range does."""
    if not report.hardware.timed:
        return {"execution_time_s": None, "execution_time_standard_error_s": None}
    error = None
    if report.samples > 1:
        error = float(np.std(report.time_s.value, ddof=1) / np.sqrt(report.samples))
    mean = report.time_s.distribution().mean
    return {"execution_time_s": _ends(mean), "execution_time_standard_error_s": error}


def _power(report: CostReport) -> dict[str, Any]:
    """Idle is a configured chip that waits; without its power, or a price of any work, nobody knows the active one."""
    power: dict[str, Estimate | None] = {"idle": None, "active": None, "dynamic": None, **report.power_w}
    ledger, whole = report.ledger, "active" in report.power_w
    energies = {
        "energy_per_inference_j": ledger.per_inference(ledger.total) if whole else None,
        "dynamic_energy_per_inference_j": ledger.per_inference(ledger.dynamic) if report.knows_work else None,
    }
    named = {f"{name}_power_w": estimate for name, estimate in power.items()}
    return {name: _ends(estimate) for name, estimate in (named | energies).items()}


def _ends(estimate: Estimate | None) -> dict[str, float] | None:
    if estimate is None:
        return None
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
