"""When samples stop: a histogram for every file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from evsnn_lava.reporting.html.chart import Chart, Json, axis, heading, rows, series
from evsnn_lava.reporting.html.study import FileStudy, Study
from evsnn_lava.reporting.html.words import label, rounded

ROW: Final = 120
GAP: Final = 34
FOOT: Final = 52


def exit_chart(study: Study) -> Chart:
    """Share of the samples that are decided after every frame, a row for every file."""
    bands = rows([ROW] * len(study.files), GAP)
    longest = max(_last_frame(file) for file in study.files)
    layout: Json = {
        "xaxis": axis("frames seen by the decision", range=[0.4, longest + 0.6], anchor=f"y{len(study.files)}"),
        "showlegend": False,
        "annotations": [],
        "shapes": [],
        "margin": {"l": 56, "r": 16, "t": 4, "b": FOOT},
    }
    traces = []
    for index, (file, band) in enumerate(zip(study.files, bands, strict=True)):
        name = f"y{index + 1}" if index else "y"
        layout["yaxis" + name[1:]] = axis("", tickformat=".0%", domain=list(band), rangemode="tozero", nticks=4)
        layout["annotations"].append(heading(_words(file), band[1] + 6 / (ROW * len(bands) + GAP * len(bands))))
        layout["shapes"].append(_mean_line(file, name))
        traces.append(_bars(index, file, name))
    height = len(study.files) * (ROW + GAP) + FOOT + 4
    return Chart("exit-histogram", "When samples stop", " ".join(_summary(study)), traces, layout, height)


def _bars(index: int, file: FileStudy, yaxis: str) -> Json:
    steps = file.reports[0].exit_steps.tolist()
    counts = Counter(steps)
    frames = sorted(counts)
    return {
        "type": "bar",
        "name": label(file.name),
        "x": frames,
        "y": [rounded(counts[frame] / len(steps)) for frame in frames],
        "yaxis": yaxis,
        "width": 0.85,
        "marker": {"color": series(index)},
        "hovertext": [
            f"<b>{label(file.name)}</b><br>after frame {frame}: {counts[frame]} of {len(steps)}" for frame in frames
        ],
        "hoverinfo": "text",
    }


def _mean_line(file: FileStudy, yaxis: str) -> Json:
    mean = rounded(file.own.frames)
    return {
        "type": "line",
        "x0": mean,
        "x1": mean,
        "yref": f"{yaxis} domain",
        "y0": 0,
        "y1": 1,
        "line": {"color": "@ink", "width": 1.5, "dash": "dash"},
    }


def _words(file: FileStudy) -> str:
    found = file.reports[0].distributions["exit_steps"]
    return f"<b>{label(file.name)}</b>  mean {found.mean.value:.3g} of {_last_frame(file)}"


def _last_frame(file: FileStudy) -> int:
    return file.raster.frames - len(file.raster.skipped)


def _summary(study: Study) -> Iterator[str]:
    yield "Dashed: the mean."
    for file in study.files:
        found = file.reports[0].distributions["exit_steps"]
        yield (
            f"{file.name}: half of the samples stop after at most {found.p50.value:.0f} frames, "
            f"95\N{NO-BREAK SPACE}% after at most {found.p95.value:.0f}, "
            f"the last after {found.max.value:.0f} of {_last_frame(file)} that are sent."
        )
