"""Energy step by step: what the ledger charges, where in time it falls."""

from __future__ import annotations

import numpy as np

from evsnn_lava.profiling.counts import FloatArray, IntArray
from evsnn_lava.profiling.ledger import CHIP, INPUT, READOUT, layer_events
from evsnn_lava.profiling.report import CostReport


def step_energies(report: CostReport) -> dict[str, FloatArray]:
    """Energy of every step by thread, priced as the ledger prices it.

    Parameters
    ----------
    report : CostReport
        The report.

    Returns
    -------
    dict of str to numpy.ndarray of float64, shape (N, K)
        Joules of the input, every layer, and the chip: barriers, output, power.
    """
    counts, paid = report.counts, {(row.layer, row.kind): row for row in report.ledger.rows}

    def priced(layer: str, kind: str, events: FloatArray | IntArray) -> FloatArray:
        row, total = paid.get((layer, kind)), float(events.sum())
        return np.asarray(events * (row.energy_j / total if row and total else 0.0), dtype=np.float64)

    energies = {INPUT: priced(INPUT, "message", counts.load.input_copies) + priced(INPUT, "io", counts.input_events)}
    for index, layer in enumerate(counts.layers):
        each = [priced(layer, kind, events[:, index]) for kind, events in layer_events(counts).items()]
        energies[layer] = np.sum(each, axis=0)
    energies[CHIP] = (
        priced(CHIP, "barrier", counts.executed.astype(np.int64))
        + priced(READOUT, "io", counts.messages[:, -1])
        + priced(CHIP, "working", report.step_times.value)
        + priced(CHIP, "static", report.step_times.value)
    )
    return energies
