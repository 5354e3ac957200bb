"""Numbers of a run, as they stand in the results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.export.policies import accuracy_curve
from evsnn_lava.export.policies.settled import optimal_cutoff_time
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.profiling import Estimate

if TYPE_CHECKING:
    from benchmarks.papers.deployed import Deployed, Part
    from evsnn_lava.cli.study_stops import Priced

IntArray = npt.NDArray[np.int64]


def shares(right: npt.NDArray[np.bool_]) -> float:
    """Share of what is true."""
    return float(np.mean(right))


def exits(exit_step: IntArray) -> dict[str, float]:
    """Mean, median and 95th percentile (nearest rank) of exit steps.

    Examples
    --------
    >>> exits(np.array([1, 2, 9]))
    {'mean': 4.0, 'p50': 2.0, 'p95': 9.0}
    """
    percentiles = np.percentile(exit_step, [50, 95], method="inverted_cdf")
    return {"mean": float(exit_step.mean()), "p50": float(percentiles[0]), "p95": float(percentiles[1])}


def costs_of(deployed: Deployed, run: RunResult) -> dict[str, Any]:
    """Joules and seconds per inference of a deployed network on every chip."""
    return costs_on(deployed.network, deployed.chips, run)


def costs_on(
    network: NetworkDescription,
    chips: Iterable[Priced],
    run: RunResult,
    names: Sequence[str] = ("energy_j", "time_s"),
) -> dict[str, Any]:
    """Some costs per inference on chips, mean over the samples: each as value, lowest and highest."""
    reports = {chip.hardware.name: chip.report(network, run, None).distributions for chip in chips}
    return {chip: {name: _ends(found[name].mean) for name in names} for chip, found in reports.items()}


def _ends(estimate: Estimate) -> list[float]:
    return [estimate.value, estimate.low, estimate.high]


def answers(part: Part) -> dict[str, Any]:
    """Accuracy of a part after every frame, the area below it, and when decisions are final.

    Parameters
    ----------
    part : Part
        Labels and scores.

    Returns
    -------
    dict
        ``accuracy`` after all steps; ``curve`` and its mean ``area``; ``oct``, the optimal cutoff time of the paper:
        the first step from which a decision is right and stays right, the last step for a wrong one.
    """
    curve = accuracy_curve(part.scores, part.labels)
    return {
        "samples": len(part.labels),
        "accuracy": curve.settled,
        "area": curve.area,
        "curve": list(curve.accuracy),
        "oct": exits(optimal_cutoff_time(part.scores, part.labels)),
    }


def network_facts(deployed: Deployed) -> dict[str, Any]:
    """Size and masks of a network."""
    network = deployed.network
    return {
        "layers": [f"{layer.name} {'x'.join(map(str, layer.shape))}" for layer in network.layers],
        "depth": network.depth,
        "neurons": sum(layer.neurons for layer in network.layers),
        "steps": network.masks.steps,
        "sent": deployed.test.steps,
        "semantics": network.masks.semantics,
        "masks": ["".join("01"[int(bit)] for bit in mask) for mask in network.masks.keep],
    }
