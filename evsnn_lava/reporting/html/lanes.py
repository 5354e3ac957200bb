"""What the layers send: the spikes of one sample, and the mean of all, over the frames of a recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from evsnn_lava.reporting.html.chart import Chart, Json, axis, heading, rows
from evsnn_lava.reporting.html.shades import axis_key, muted_bands, skipped_bands, stop_line, stop_words, y_axis
from evsnn_lava.reporting.html.study import FileStudy, Lane, Raster
from evsnn_lava.reporting.html.words import label, rounded

GAP: Final = 26
FOOT: Final = 52
LOWEST: Final = 56
HIGHEST: Final = 150
ROW_PIXELS: Final = 1.6
"""Pixels of a lane of the raster, and of one of its rows in between."""
ACTIVITY: Final = 76


def raster_chart(index: int, file: FileStudy) -> Chart:
    """Every message of one sample, a lane for the input and for every layer."""
    raster = file.raster
    heights = [min(HIGHEST, max(LOWEST, ROW_PIXELS * len(lane.cells))) for lane in raster.lanes]
    traces = [_heat(lane, raster, number) for number, lane in enumerate(raster.lanes)]
    chart = _lanes(f"raster-{index}", "Spikes of one sample", file, heights, traces, _raster_words(file))
    chart.layout["shapes"] += stop_line(raster)
    chart.layout["annotations"].append(stop_words(raster))
    for number, lane in enumerate(raster.lanes):
        chart.layout[axis_key("yaxis", number)] |= {
            "range": [lane.neurons - 0.5, -0.5],
            "nticks": 4,
            "rangemode": "normal",
        }
    return chart


def activity_chart(index: int, file: FileStudy) -> Chart:
    """Mean messages per step, a lane for the input and for every layer."""
    raster = file.raster
    traces = [trace for number, lane in enumerate(raster.lanes) for trace in _means(lane, raster, number)]
    heights: list[float] = [ACTIVITY] * len(raster.lanes)
    title = "Messages per step, mean of all samples"
    chart = _lanes(f"activity-{index}", title, file, heights, traces, _mean_words(file))
    chart.layout["hovermode"] = "x"
    return chart


def _lanes(
    key: str, title: str, file: FileStudy, heights: Sequence[float], traces: list[Json], words: Iterator[str]
) -> Chart:
    raster, bands = file.raster, rows(heights, GAP)
    height, end = sum(heights) + GAP * len(heights), raster.positions[-1] + 0.5
    layout: Json = {
        "xaxis": axis("frame of the recording", range=[-0.5, end], anchor=y_axis(len(heights) - 1)),
        "showlegend": False,
        "bargap": 0.1,
        "annotations": [],
        "shapes": list(skipped_bands(raster)),
        "margin": {"l": 56, "r": 16, "t": 4, "b": FOOT},
    }
    for number, (lane, band) in enumerate(zip(raster.lanes, bands, strict=True)):
        layout[axis_key("yaxis", number)] = axis("", domain=list(band), nticks=3, rangemode="tozero")
        head = f"<b>{label(lane.name)}</b>  {lane.neurons} {'values' if not number else 'neurons'}"
        layout["annotations"].append(heading(head, band[1] + 2 / height))
        layout["shapes"] += muted_bands(lane, raster, number)
    return Chart(key, f"{title}: {file.name}", " ".join(words), traces, layout, round(height) + FOOT + 4)


def _heat(lane: Lane, raster: Raster, number: int) -> Json:
    places, columns = _places(raster)
    per_row = lane.neurons / len(lane.cells)
    cells = [[row[columns[at]] or None if at in columns else None for at in places] for row in lane.cells]
    starts = [round(index * per_row) for index in range(len(lane.cells) + 1)]
    return {
        "type": "heatmap",
        "z": cells,
        "x": places,
        "y": [rounded((low + high - 1) / 2) for low, high in pairwise(starts)],
        "yaxis": y_axis(number),
        "zmin": 0,
        "zmax": max(1, *(max(row) for row in lane.cells)),
        "colorscale": "@heat",
        "showscale": False,
        "hoverongaps": False,
        "xgap": 0.5,
        "name": label(lane.name),
        "steps": [columns.get(at, -1) for at in places],
        "rowstarts": starts,
    }


def _places(raster: Raster) -> tuple[list[int], dict[int, int]]:
    """All places of the axis, and the step at each of them that has one."""
    return list(range(raster.positions[-1] + 1)), {at: step for step, at in enumerate(raster.positions)}


def _means(lane: Lane, raster: Raster, number: int) -> Iterator[Json]:
    both = (("to the last step", lane.mean, "@c0"), ("with the cutoff", lane.mean_cut, "@c1"))
    places, steps = _places(raster)
    for words, values, colour in both:
        if not values:
            continue
        line = words == "with the cutoff"
        yield {
            "type": "scatter" if line else "bar",
            **({"mode": "lines+markers", "line": {"color": colour, "width": 2}} if line else {}),
            "marker": {"color": colour, "size": 4} if line else {"color": colour, "opacity": 0.55},
            "x": places,
            "y": [None if at not in steps else rounded(values[steps[at]], 4) for at in places],
            "yaxis": y_axis(number),
            "name": words,
            "hovertext": [
                f"<b>{label(lane.name)}</b>, {words}<br>step {steps[at]}: {values[steps[at]]:.4g} messages"
                if at in steps
                else ""
                for at in places
            ],
            "hoverinfo": "text",
        }


def _raster_words(file: FileStudy) -> Iterator[str]:
    raster = file.raster
    truth = f", which is {raster.label}" if raster.label else ""
    yield (
        f"Sample {raster.sample}{truth}: class {raster.decision} is chosen after {raster.exit_step} frames and the "
        "steps by which the layers delay them, at the vertical line; what is right of it would not be executed."
    )
    yield from _mask_words(raster)
    if any(lane.neurons > len(lane.cells) for lane in raster.lanes):
        yield "Where there are many neurons, neighbours share a row, which is stronger the more of them send."
    sums = [(lane.name, sum(map(sum, lane.cells))) for lane in raster.lanes]
    yield f"Messages up to the last step: {', '.join(f'{name} {count}' for name, count in sums)}."


def _mean_words(file: FileStudy) -> Iterator[str]:
    lanes = file.raster.lanes
    both = "Bars: every sample run to its last step. Line: stopped by the cutoff."
    yield both if lanes[0].mean else "With the cutoff."
    yield from _mask_words(file.raster)
    sums = ", ".join(f"{lane.name} {sum(lane.mean_cut):.0f}" for lane in lanes)
    yield f"Messages per inference with the cutoff: {sums}."


def _mask_words(raster: Raster) -> Iterator[str]:
    if raster.skipped:
        yield f"Shaded: {len(raster.skipped)} of {raster.frames} frames are masked and never sent, they take no step."
    muted = sum(sum(lane.muted) for lane in raster.lanes)
    if muted:
        steps = "1 step" if muted == 1 else f"{muted} steps"
        yield f"Shaded within a lane: a mask holds back what it would send, in {steps}."
    if not raster.skipped and not muted:
        yield "No frame is masked."
