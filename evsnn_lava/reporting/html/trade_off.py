"""Accuracy over what it costs: every way to stop, and the front of the best ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

from evsnn_lava.reporting.html.chart import SYMBOLS, Chart, Json, axis, series
from evsnn_lava.reporting.html.pareto import pareto_front
from evsnn_lava.reporting.html.study import FileStudy, Study, TradePoint
from evsnn_lava.reporting.html.words import label, percent, rounded, scale, si

HEIGHT: Final = 460
Z95: Final = 1.96
TOP: Final = 0.2
"""The closer view shows accuracies so far below the best one."""
Cost = Callable[[TradePoint], float]


def steps_chart(study: Study) -> Chart:
    """Accuracy over executed steps; the study must have labels."""
    return _chart(study, "trade-steps", "Accuracy over steps", "steps executed per inference", lambda p: p.steps, None)


def energy_chart(study: Study, chip: int, notes: str) -> Chart:
    """Accuracy over energy on the chip with a number; the study must have labels."""
    largest = max(point.energy_j[chip].value for point in all_points(study))
    factor, unit = scale(largest, "J")
    title = f"Accuracy over energy on {study.chips[chip]}"
    axis_title = f"energy per inference [{unit}]"
    return _chart(
        study, f"trade-energy-{chip}", title, axis_title, lambda p: p.energy_j[chip].value * factor, chip, notes
    )


def all_points(study: Study) -> list[TradePoint]:
    """Every way to stop, of all files."""
    return [point for file in study.files for point in file.points]


def has_accuracy(study: Study) -> bool:
    """Whether every sample of every file has a label."""
    return all(point.accuracy is not None for point in all_points(study))


def doubt(study: Study) -> float:
    """Half the width of the 95 % interval (Wilson) of that accuracy of a file's own cutoff that is known worst."""
    return max(_half_interval(file.own.accuracy or 0.0, file.reports[0].samples) for file in study.files)


def _half_interval(share: float, samples: int) -> float:
    spread = math.sqrt(share * (1 - share) / samples + (Z95 / (2 * samples)) ** 2)
    return Z95 * spread / (1 + Z95**2 / samples)


def _chart(study: Study, key: str, title: str, cost_title: str, cost: Cost, chip: int | None, notes: str = "") -> Chart:
    traces = [_front(study, cost)]
    for index, file in enumerate(study.files):
        traces += _file_traces(index, file, cost)
    layout: Json = {
        "xaxis": axis(cost_title, rangemode="tozero"),
        "yaxis": axis("accuracy", tickformat=".0%", automargin=True, range=[0, 1.03]),
        "hovermode": "closest",
        "margin": {"l": 60, "r": 16, "t": 8, "b": 52},
    }
    return Chart(key, title, " ".join(_summary(study, cost, chip)), traces, layout, HEIGHT, notes, _views(study))


def _views(study: Study) -> dict[str, Json]:
    """The whole chart, and the part of it where the good points crowd."""
    best = max(point.accuracy or 0.0 for point in all_points(study))
    low = max(0.0, best - TOP)
    closer = [rounded(low), rounded(best + 0.1 * (best - low))]
    return {"all": {"yaxis.range": [0, 1.03]}, "best 20 points": {"yaxis.range": closer}}


def _front(study: Study, cost: Cost) -> Json:
    points = [(cost(point), point.accuracy or 0.0) for point in all_points(study)]
    front = [points[index] for index in pareto_front(points)]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "Pareto front",
        "x": [rounded(x) for x, _ in front],
        "y": [rounded(y) for _, y in front],
        "line": {"shape": "hv", "width": 7, "color": "@front"},
        "hoverinfo": "skip",
    }


def _file_traces(index: int, file: FileStudy, cost: Cost) -> Iterator[Json]:
    name, colour = label(file.name), series(index)
    if file.curve:
        yield {
            **_points(file, file.curve, cost),
            "mode": "lines+markers",
            "name": f"{name}: fixed stop",
            "line": {"color": colour, "width": 1.5},
            "marker": {"symbol": SYMBOLS[index % len(SYMBOLS)], "size": 6, "color": colour},
        }
    marks = [
        ("its cutoff", file.own, "star", 17),
        *([("no cutoff", file.full, "circle-open", 15)] if file.full else []),
    ]
    for words, point, symbol, size in marks:
        outline = {"width": 2, "color": colour} if symbol.endswith("open") else {"width": 1.5, "color": "@paper"}
        yield {
            **_points(file, (point,), cost),
            "mode": "markers",
            "name": f"{name}: {words}",
            "marker": {"symbol": symbol, "size": size, "color": colour, "line": outline},
        }


def _points(file: FileStudy, points: tuple[TradePoint, ...], cost: Cost) -> Json:
    return {
        "type": "scatter",
        "x": [rounded(cost(point)) for point in points],
        "y": [rounded(point.accuracy or 0.0) for point in points],
        "hovertext": [_hover(file, point) for point in points],
        "hoverinfo": "text",
    }


def _hover(file: FileStudy, point: TradePoint) -> str:
    chips = (
        f"{si(energy.value, 'J')} on {label(report.hardware.title)}"
        for energy, report in zip(point.energy_j, file.reports, strict=True)
    )
    head = f"<b>{label(file.name)}</b>: {label(point.label)}"
    return "<br>".join(
        (head, f"{percent(point.accuracy)} right", f"{point.frames:.3g} frames, {point.steps:.3g} steps", *chips)
    )


def _summary(study: Study, cost: Cost, chip: int | None) -> Iterator[str]:
    for file in study.files:
        own, full = file.own, file.full
        at = f"{own.steps:.3g} steps" if chip is None else si(own.energy_j[chip].value, "J")
        yield f"{file.name} with its cutoff: {percent(own.accuracy)} at {at}"
        if full is not None:
            to = f"{full.steps:.3g} steps" if chip is None else si(full.energy_j[chip].value, "J")
            yield f"(without: {percent(full.accuracy)} at {to})."
        else:
            yield f"({file.no_curve})."
    points = [(file.name, point) for file in study.files for point in file.points]
    front = pareto_front([(cost(point), point.accuracy or 0.0) for _, point in points])
    holders = sorted({points[index][0] for index in front})
    yield f"{len(front)} of {len(points)} ways to stop are on the Pareto front, of {' and '.join(holders)}."
