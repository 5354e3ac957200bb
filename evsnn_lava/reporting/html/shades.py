"""Marks over the lanes: what is masked, and where the sample is decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evsnn_lava.reporting.html.chart import Json
from evsnn_lava.reporting.html.study import Lane, Raster


def skipped_bands(raster: Raster) -> Iterator[Json]:
    """A band through all lanes for every run of frames that are never sent."""
    for first, last in runs(raster.skipped):
        yield {**_band(first, last), "yref": "paper", "y0": 0, "y1": 1}


def muted_bands(lane: Lane, raster: Raster, number: int) -> Iterator[Json]:
    """A band through a lane for every run of steps in which a mask holds back what it would send."""
    held = [position for position, muted in zip(raster.positions, lane.muted, strict=True) if muted]
    for first, last in runs(held):
        yield {**_band(first, last), "yref": f"{y_axis(number)} domain", "y0": 0, "y1": 1}


def runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of every run of consecutive numbers, which rise.

    Examples
    --------
    >>> runs([1, 2, 3, 7])
    [(1, 3), (7, 7)]
    """
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _band(first: int, last: int) -> Json:
    return {
        "type": "rect",
        "x0": first - 0.5,
        "x1": last + 0.5,
        "fillcolor": "@mask",
        "line": {"width": 0},
        "layer": "below",
    }


def stop_line(raster: Raster) -> Iterator[Json]:
    """A line behind the step that decides."""
    at = _stop_place(raster)
    yield {
        "type": "line",
        "x0": at,
        "x1": at,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": "@stop", "width": 2},
    }


def _stop_place(raster: Raster) -> float:
    return raster.positions[raster.exit_index] + 0.5


def stop_words(raster: Raster) -> Json:
    """What the line is, on the side where there is room."""
    left = _stop_place(raster) > 0.6 * raster.positions[-1]
    return {
        "text": "decided",
        "x": _stop_place(raster),
        "y": 1,
        "yref": "paper",
        "xanchor": "right" if left else "left",
        "yanchor": "top",
        "showarrow": False,
        "xshift": -4 if left else 4,
        "font": {"size": 12, "color": "@stop"},
    }


def axis_key(name: str, number: int) -> str:
    """Key of the axis of a lane in a layout, from 0."""
    return name + (str(number + 1) if number else "")


def y_axis(number: int) -> str:
    """Name by which traces and shapes know the axis of a lane."""
    return axis_key("y", number)
