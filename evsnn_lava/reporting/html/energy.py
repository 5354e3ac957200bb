"""Where the energy goes: by layer and kind of operation, and beside it what the chip draws anyway."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from evsnn_lava.profiling import KINDS, CostReport, Estimate
from evsnn_lava.reporting.html.chart import Chart, Json, axis, series
from evsnn_lava.reporting.html.study import Study
from evsnn_lava.reporting.html.words import label, rounded, scale, si, spread

BAR: Final = 30
GAP: Final = 66
FOOT: Final = 56
LEGEND: Final = 46
CHIP: Final = "(chip)"
"""Rows of the ledger that belong to no layer; drawn apart, they dwarf the rest."""
TOGETHER: Final = "all layers"

Bars = list[tuple[str, Estimate]]


def has_energy(study: Study, chip: int) -> bool:
    """Whether the profile of a chip gives any inference of the study an energy."""
    return any(file.reports[chip].ledger.total.high > 0 for file in study.files)


def energy_chart(study: Study, index: int, chip: int, notes: str) -> Chart:
    """A stacked bar for every layer, and below dynamic beside static energy; a chip without either has one part."""
    report = study.files[index].reports[chip]
    every = [file.reports[chip] for file in study.files]
    layers, bars = _layers(report), _chip_bars(report)
    heights = [BAR * len(part) + 10 if part else 0 for part in (layers, bars)]
    inside = sum(heights) + GAP * bool(layers)
    traces, layout = _chip_panel(bars, max(map(_whole, every)), (0.0, heights[1] / inside))
    if layers:
        more, part = _layer_panel(report, max(map(_largest, every)), (1 - heights[0] / inside, 1.0))
        traces, layout = more + traces, part | layout
    layout |= {
        "barmode": "stack",
        "margin": {"l": 10, "r": 16, "t": LEGEND if layers else 4, "b": FOOT},
        "legend": {"traceorder": "normal"},
    }
    title = f"Energy by layer and kind: {study.files[index].name}"
    height = inside + FOOT + layout["margin"]["t"]
    return Chart(f"energy-{index}-{chip}", title, " ".join(_summary(report)), traces, layout, height, notes)


def _layer_panel(report: CostReport, largest: float, band: tuple[float, float]) -> tuple[list[Json], Json]:
    """The stacked bars and their axes."""
    (factor, unit), layers = scale(largest, "J"), _layers(report)
    traces = [_bar(report, kind, number, layers, factor) for number, kind in enumerate(_kinds(report))]
    layout = {
        "xaxis": _energies(f"dynamic energy per inference [{unit}]", largest * factor, "y"),
        "yaxis": _names([label(name) for name in layers], band, "x"),
    }
    return [*traces, _ranges(report, layers, factor)], layout


def _chip_panel(bars: Bars, most: float, band: tuple[float, float]) -> tuple[list[Json], Json]:
    """The bars of the whole chip and their axes."""
    factor, unit = scale(most, "J")
    layout = {
        "xaxis2": _energies(f"energy per inference [{unit}]", most * factor, "y2"),
        "yaxis2": _names([name for name, _ in bars], band, "x2"),
    }
    return [_totals(bars, factor)], layout


def _energies(title: str, most: float, anchor: str) -> Json:
    return axis(title, range=[0, rounded(1.05 * most) or 1], anchor=anchor)


def _layers(report: CostReport) -> list[str]:
    """Layers in the order of the ledger, those that cost something."""
    return list(dict.fromkeys(row.layer for row in report.ledger.rows if row.layer != CHIP and row.energy_j))


def _kinds(report: CostReport) -> list[str]:
    used = {row.kind for row in report.ledger.rows if row.layer != CHIP and row.energy_j}
    return [kind for kind in KINDS if kind in used]


def _energy(report: CostReport, layer: str, kinds: Sequence[str] = tuple(KINDS)) -> Estimate:
    return report.ledger.per_inference(report.ledger.energy(layer, kinds))


def _largest(report: CostReport) -> float:
    return max((_energy(report, layer).high for layer in _layers(report)), default=0.0)


def _bar(report: CostReport, kind: str, number: int, layers: list[str], factor: float) -> Json:
    energies = [_energy(report, layer, [kind]) for layer in layers]
    return {
        "type": "bar",
        "orientation": "h",
        "name": words_of(kind),
        "x": [rounded(energy.value * factor) for energy in energies],
        "y": list(range(len(layers))),
        "marker": {"color": series(number), "line": {"width": 1, "color": "@paper"}},
        "hovertext": [
            f"<b>{label(layer)}</b>: {words_of(kind)}<br>{si(energy.value, 'J')} ({spread(energy, 'J')})"
            for layer, energy in zip(layers, energies, strict=True)
        ],
        "hoverinfo": "text",
    }


def words_of(kind: str) -> str:
    """A kind of the ledger for people.

    Examples
    --------
    >>> words_of("neuron_update_idle")
    'neuron update idle'
    """
    return kind.replace("_", " ")


def _ranges(report: CostReport, layers: list[str], factor: float) -> Json:
    energies = [_energy(report, layer) for layer in layers]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "range of the sum",
        "x": [rounded(energy.value * factor) for energy in energies],
        "y": list(range(len(layers))),
        "marker": {"color": "@ink", "size": 5},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [rounded((energy.high - energy.value) * factor) for energy in energies],
            "arrayminus": [rounded((energy.value - energy.low) * factor) for energy in energies],
            "color": "@ink",
            "thickness": 1.2,
            "width": 4,
        },
        "hovertext": [
            f"<b>{label(layer)}</b>, together<br>{si(energy.value, 'J')} ({spread(energy, 'J')})"
            for layer, energy in zip(layers, energies, strict=True)
        ],
        "hoverinfo": "text",
    }


def _chip_bars(report: CostReport) -> Bars:
    """All layers together, then every row of the chip; what costs nothing is left out."""
    layers = Estimate.sum(_energy(report, layer) for layer in _layers(report))
    paid = [row for row in report.ledger.rows if row.layer == CHIP and row.energy_j]
    chip = [(words_of(row.kind), report.ledger.per_inference(row.energy)) for row in paid]
    return ([(TOGETHER, layers)] if layers.value else []) + chip


def _whole(report: CostReport) -> float:
    return max((energy.value for _, energy in _chip_bars(report)), default=0.0)


def _totals(bars: Bars, factor: float) -> Json:
    return {
        "type": "bar",
        "orientation": "h",
        "showlegend": False,
        "name": "together",
        "x": [rounded(energy.value * factor) for _, energy in bars],
        "y": list(range(len(bars))),
        "xaxis": "x2",
        "yaxis": "y2",
        "marker": {"color": ["@c0" if name == TOGETHER else "@dim" for name, _ in bars]},
        "hovertext": [f"<b>{name}</b><br>{si(energy.value, 'J')} ({spread(energy, 'J')})" for name, energy in bars],
        "hoverinfo": "text",
    }


def _names(names: list[str], band: tuple[float, float], anchor: str) -> Json:
    return axis(
        "",
        domain=list(band),
        anchor=anchor,
        tickvals=list(range(len(names))),
        ticktext=names,
        range=[len(names) - 0.4, -0.6],
        automargin=True,
        showgrid=False,
        zeroline=False,
    )


def _summary(report: CostReport) -> Iterator[str]:
    total = report.distributions["energy_j"].mean
    yield f"{si(total.value, 'J')} per inference ({spread(total, 'J')}) on {report.hardware.title}:"
    bars = _chip_bars(report)
    yield ", ".join(f"{name} {si(energy.value, 'J')}" for name, energy in bars) + "."
    layers = _layers(report)
    if not layers:
        yield "The profile of the chip does not say what an operation costs."
        return
    kinds = ((kind, Estimate.sum(_energy(report, layer, [kind]) for layer in layers)) for kind in _kinds(report))
    yield "By kind: " + ", ".join(f"{words_of(kind)} {si(energy.value, 'J')}" for kind, energy in kinds) + "."
    most = max(layers, key=lambda layer: _energy(report, layer).value)
    yield f"Of the layers, {most} takes most, {si(_energy(report, most).value, 'J')}. Whiskers: range of the constants."
