"""The drawings: one panel per data set."""

from __future__ import annotations

import re
from typing import Any

from benchmarks.papers.plots.drawing import COLOURS

Axes = list[Any]


def draw_curves(axes: Axes, data: Any) -> None:
    """Lines of accuracy over frames."""
    for panel, (name, lines) in zip(axes, data.items(), strict=True):
        for colour, (label, (x, y)) in zip(COLOURS, lines.items(), strict=False):
            panel.plot(x, [100 * value for value in y], color=colour, linewidth=1.4, label=label)
        _name(panel, name, "frames of the recording", "test accuracy, %")
        panel.legend(frameon=False)


def draw_energies(axes: Axes, data: Any) -> None:
    """Points with their intervals; a way looks the same in every panel, so that one legend below serves all."""
    labels = list(dict.fromkeys(label for points in data.values() for label in points))
    drawn = {}
    for panel, (name, points) in zip(axes, data.items(), strict=True):
        for label, (x, y) in points.items():
            place = labels.index(label)
            look = {"color": _colour(place), "fmt": "os^"[place // len(COLOURS)], "markersize": 4, "linewidth": 0.8}
            drawn[label] = panel.errorbar(x[0], 100 * y[0], xerr=_ends(x, 1), yerr=_ends(y, 100), **look).lines[0]
        _name(panel, name, "energy per inference on loihi2, uJ", "test accuracy, %")
        _follow(panel, [100 * y[0] for _, y in points.values()])
    below = {"loc": "outside lower center", "ncols": 4, "frameon": False, "fontsize": 7}
    axes[0].figure.legend([drawn[label] for label in labels], labels, **below)


def draw_kept_frames(axes: Axes, data: Any) -> None:
    """A bar for every run of frames that are kept."""
    for panel, (name, rows) in zip(axes, data.items(), strict=True):
        for place, (_, mask) in enumerate(rows):
            panel.broken_barh(_runs(mask), (place + 0.1, 0.8), color=COLOURS[0], linewidth=0)
        panel.set_yticks([place + 0.5 for place in range(len(rows))], [label for label, _ in rows], fontsize=6)
        panel.set_xlim(0, len(rows[0][1]))
        panel.invert_yaxis()
        _name(panel, name, "frame of the recording", "share that is kept")


def draw_keep_shares(axes: Axes, data: Any) -> None:
    """Lines of accuracy over the share of frames; methods a little apart, so that intervals can be told apart."""
    for panel, (name, methods) in zip(axes, data.items(), strict=True):
        for place, (label, points) in enumerate(methods.items()):
            if not points:  # a method that nobody has run yet is in no legend
                continue
            x = [share + 0.008 * (place - 2) for share, *_ in points]
            y = [100 * mean for _, mean, *_ in points]
            spread = [[_ends(point[1:], 100)[side][0] for point in points] for side in range(2)]
            panel.errorbar(x, y, yerr=spread, fmt="o-", markersize=3, linewidth=1, color=_colour(place), label=label)
        _name(panel, name, "share of the frames that is sent", "test accuracy, %")
        _follow(panel, [100 * mean for points in methods.values() for _, mean, *_ in points])
        panel.legend(frameon=False, fontsize=7, loc="lower right")


def draw_violations(axes: Axes, data: Any) -> None:
    """Rate of violations over epsilon, with the promised one as a dotted line."""
    for panel, (name, lines) in zip(axes, data.items(), strict=True):
        for place, (delta, points) in enumerate(lines.items()):
            label = "no guarantee" if delta == "None" else f"delta {delta}"
            x, y = [epsilon for epsilon, *_ in points], [100 * rate for _, rate, _ in points]
            panel.plot(x, y, "o-", markersize=3, linewidth=1, color=_colour(place), label=label)
            if delta != "None":
                panel.axhline(100 * float(delta), color=_colour(place), linewidth=0.7, linestyle=":")
        _name(panel, name, "epsilon", "draws with a larger loss, %")
        panel.legend(frameon=False)


def _runs(mask: str) -> list[tuple[int, int]]:
    """Start and length of every run of ones."""
    return [(found.start(), len(found[0])) for found in re.finditer("1+", mask)]


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _ends(spread: list[float], scale: float) -> list[list[float]]:
    """Distances from the mean down and up, as error bars take them."""
    mean, low, high = spread
    return [[scale * (mean - low)], [scale * (high - mean)]]


def _follow(panel: Any, means: list[float]) -> None:
    """Show the means; intervals of few seeds, which may reach far beyond 100 %, leave the panel."""
    low, high = min(means), max(means)
    margin = max(1.0, 0.25 * (high - low))
    panel.set_ylim(low - margin, min(100.0, high + margin))


def _name(panel: Any, title: str, x: str, y: str) -> None:
    panel.set_title(title, fontsize=9)
    panel.set_xlabel(x)
    panel.set_ylabel(y)
    panel.grid(alpha=0.25, linewidth=0.5)
