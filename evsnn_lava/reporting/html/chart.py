"""One chart: what Plotly draws, and the same in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from evsnn_lava.reporting.html.words import script_json, text

SERIES: Final = tuple(f"@c{index}" for index in range(8))
"""Colours by name; the script of the page puts in those of the light or the dark theme."""

SYMBOLS: Final = ("circle", "square", "triangle-up", "diamond", "cross", "pentagon", "hexagon", "x")

Json = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart and its words.

    Parameters
    ----------
    key : str
        Made by us, not by a user: the id of its element.
    title, summary : str
        Plain texts; the summary says what the chart shows to somebody who does not see it.
    traces : list of dict
        For Plotly. A colour is a name such as ``@c0``.
    layout : dict
        For Plotly, without what all charts share.
    height : int
        Pixels.
    notes : str
        Footnote marks, as markup.
    views : dict
        What buttons beside the chart change in its layout, by the words on them; the first is how it begins.
    """

    key: str
    title: str
    summary: str
    traces: list[Json]
    layout: Json
    height: int
    notes: str = ""
    views: dict[str, Json] = field(default_factory=dict)

    def drawing(self) -> Json:
        """What the script of the page draws."""
        return {"id": self.key, "traces": self.traces, "layout": {**self.layout, "height": self.height}}

    def markup(self, level: int = 3) -> str:
        """The place of the chart on the page, under a heading of a level."""
        said = f"{self.title}. {self.summary}"
        buttons = "".join(
            f'<button type="button" data-plot="{self.key}" data-view="{text(script_json(view))}" '
            f'aria-pressed="{str(not index).lower()}">{text(name)}</button>'
            for index, (name, view) in enumerate(self.views.items())
        )
        group = f'<div class="controls chips" role="group" aria-label="Part shown">{buttons}</div>' if buttons else ""
        return (
            f'<figure class="chart"><figcaption><h{level}>{text(self.title)}{self.notes}</h{level}>'
            f"<p>{text(self.summary)}</p></figcaption>{group}"
            f'<div class="plot" id="{self.key}" style="height:{self.height}px" role="img" '
            f'aria-label="{text(said)}"></div></figure>'
        )


def series(index: int) -> str:
    """Colour of the file or kind with a number."""
    return SERIES[index % len(SERIES)]


def axis(title: str = "", **more: Any) -> Json:
    """An axis with a title, and anything else that Plotly knows."""
    return {"title": {"text": title, "standoff": 8}, **more}


def heading(words: str, y: float) -> Json:
    """A line of text at the left above a part of a chart, `y` in shares of its height."""
    return {
        "text": words,
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": y,
        "yref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 12},
    }


def rows(heights: Sequence[float], gap: float) -> list[tuple[float, float]]:
    """Where the rows of a chart lie, from the top: shares of its height, with a gap above each.

    Parameters
    ----------
    heights : sequence of float
        Of the rows, in pixels.
    gap : float
        Pixels above each of them.

    Returns
    -------
    list of (float, float)
        Bottom and top.

    Examples
    --------
    >>> rows([50, 50], gap=0)
    [(0.5, 1.0), (0.0, 0.5)]
    """
    whole, top, found = sum(heights) + gap * len(heights), 1.0, []
    for height in heights:
        top -= gap / whole
        bottom = max(0.0, top - height / whole)
        found.append((round(bottom, 6), round(top, 6)))
        top = bottom
    return found
