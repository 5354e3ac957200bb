"""The plots of docs/results.md, from the results alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.papers.loaded import Results
from benchmarks.papers.plots.collected import curves, energies, keep_shares, kept_frames, violations
from benchmarks.papers.plots.drawing import Draw, digest, write_svg
from benchmarks.papers.plots.figures import (
    draw_curves,
    draw_energies,
    draw_keep_shares,
    draw_kept_frames,
    draw_violations,
)
from benchmarks.papers.tables.words import NOTHING

__all__ = ["FOLDER", "PLOTS", "Plot", "digest", "shown", "write_plot"]

FOLDER: Final = "img"
"""Beside the page."""


@dataclass(frozen=True)
class Plot:
    """A drawing.

    Parameters
    ----------
    words : str
        What a reader is told who does not see it.
    collect : callable
        What it shows, from the results; a panel per key.
    draw : callable
        Draws that.
    size : (float, float)
        Of a panel, in inches.
    """

    words: str
    collect: Callable[[Results], dict[str, Any]]
    draw: Draw
    size: tuple[float, float] = (3.6, 3.0)


PLOTS: Final[dict[str, Plot]] = {
    "results_curves": Plot("Accuracy after every frame", curves, draw_curves),
    "results_energy": Plot("Accuracy over energy", energies, draw_energies, (4.0, 3.4)),
    "results_frames": Plot("Frames that learned masks keep", kept_frames, draw_kept_frames, (4.0, 2.6)),
    "results_masks": Plot("Accuracy over the share of frames", keep_shares, draw_keep_shares),
    "results_guarantee": Plot("Violations over epsilon", violations, draw_violations),
}


def shown(name: str, results: Results) -> list[str]:
    """The line of Markdown that shows a plot; a sentence where there is nothing to show."""
    plot = PLOTS[name]
    return [f"![{plot.words}]({FOLDER}/{name}.svg)" if plot.collect(results) else NOTHING]


def write_plot(name: str, results: Results, folder: Path) -> Path | None:
    """Draw a plot; None, and no file, where there is nothing to show."""
    plot = PLOTS[name]
    data = plot.collect(results)
    if not data:
        return None
    path = folder / f"{name}.svg"
    write_svg(path, data, plot.draw, len(data), plot.size)
    return path
