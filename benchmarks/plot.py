"""The plot of the growth: one panel for everything that is changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from evsnn_lava._files import atomic_write

PANELS: Final = {
    "neurons": "neurons of the layer",
    "fan_in": "inputs of a neuron",
    "steps": "frames of a sample",
    "rate": "share of the inputs that fire in a step",
}

TIMES_US: Final = (30, 100, 300, 1000)
"""Marks of the time axis."""


def digest(data: Mapping[str, Any]) -> str:
    """Hash of what is plotted, which stands in the file."""
    return hashlib.sha256(json.dumps(data["points"], sort_keys=True).encode()).hexdigest()


def write_growth(data: Mapping[str, Any], path: Path) -> None:
    """Draw seconds per sample, and what is linear in operations and updates, on axes with logarithms.

    Parameters
    ----------
    data : mapping
        From `benchmarks.growth.measure_growth`.
    path : pathlib.Path
        An SVG file; the same data make the same file.
    """
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with pyplot.rc_context({"svg.hashsalt": "evsnn_lava", "svg.fonttype": "none", "font.size": 9}):
        figure, axes = pyplot.subplots(2, 2, figsize=(8, 6), layout="constrained", sharey=True)
        for panel, (axis, words) in zip(axes.flat, PANELS.items(), strict=True):
            _draw(panel, [point for point in data["points"] if point["axis"] == axis], data["fit"])
            panel.set_xlabel(words)
        for panel in axes[:, 0]:
            panel.set_ylabel("microseconds per sample")
        axes[0, 0].legend(frameon=False)
        with atomic_write(path) as temporary:
            metadata = {"Date": None, "Creator": None, "Description": digest(data)}
            figure.savefig(temporary, format="svg", metadata=metadata)
        pyplot.close(figure)


def _draw(panel: Any, points: list[dict[str, Any]], fit: Mapping[str, float]) -> None:
    x = [point["value"] for point in points]
    medians = [point["sample_s"]["median"] * 1e6 for point in points]
    down = [median - point["sample_s"]["min"] * 1e6 for median, point in zip(medians, points, strict=True)]
    up = [point["sample_s"]["max"] * 1e6 - median for median, point in zip(medians, points, strict=True)]
    terms = {"synops": "synop_ns", "updates": "update_ns", "events": "event_ns"}
    fitted = [
        (sum(point[count] * fit[cost] for count, cost in terms.items()) + fit["sample_ns"]) / 1000 for point in points
    ]
    panel.errorbar(x, medians, yerr=[down, up], fmt="o", markersize=4, label="measured")
    panel.plot(x, fitted, "-", linewidth=1, label="linear in operations, events and updates")
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xticks(x, [f"{value:g}" for value in x])
    panel.set_yticks(TIMES_US, [str(value) for value in TIMES_US])
    panel.minorticks_off()
    panel.grid(True, which="major", alpha=0.3)
