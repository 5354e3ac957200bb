"""Drawing so that the same results make the same file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from evsnn_lava._files import atomic_write

Data = Any
Draw = Callable[[Any, Data], None]

STYLE: Final = {"svg.hashsalt": "evsnn_lava", "svg.fonttype": "none", "font.size": 9, "path.simplify": True}
COLOURS: Final = ("#1b6ca8", "#d1495b", "#3a7d44", "#8d5a97", "#e09f3e", "#5b5b5b", "#24b8c4", "#a44a3f", "#7a7a00")
"""They keep their order: the first is what a plot is about."""
IN_A_ROW: Final = 3
"""Panels, so that a page shows them large enough to read."""


def digest(data: Data) -> str:
    """Hash of what is plotted, which stands in the file."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def write_svg(path: Path, data: Data, draw: Draw, panels: int, size: tuple[float, float]) -> None:
    """Draw panels in rows on white, readable on dark pages as well.

    Parameters
    ----------
    path : pathlib.Path
        An SVG file; its folder is made.
    data : Any
        What is plotted, of types that JSON knows.
    draw : callable
        ``draw(axes, data)`` with a list of axes.
    panels : int
        How many axes.
    size : (float, float)
        Width and height of one panel in inches.
    """
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        columns, rows = min(panels, IN_A_ROW), -(-panels // IN_A_ROW)
        inches = (size[0] * columns, size[1] * rows)
        figure, grid = pyplot.subplots(
            rows, columns, figsize=inches, layout="constrained", squeeze=False, facecolor="white"
        )
        axes = list(grid.flat)
        draw(axes[:panels], data)
        for empty in axes[panels:]:
            empty.remove()
        with atomic_write(path, make_folders=True) as temporary:
            metadata = {"Date": None, "Creator": None, "Description": digest(data)}
            figure.savefig(temporary, format="svg", metadata=metadata)
        pyplot.close(figure)
