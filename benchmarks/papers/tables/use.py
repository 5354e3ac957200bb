"""What a user has of it: a few ways per network, in joules and seconds, each against the plain network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from benchmarks.papers.loaded import Record, Results
from benchmarks.papers.tables.together import WAYS, Way, energy
from benchmarks.papers.tables.words import both, micro, percents, points, spread, table, title
from benchmarks.papers.variants import ELIMINATION_MASK, PLAIN, WINDOW_MASK

USED: Final = (
    WAYS[0],
    Way("cutoff", PLAIN, True),
    Way("window (0.75)", WINDOW_MASK.name, False),
    Way("window (0.75) + cutoff", WINDOW_MASK.name, True),
    Way("elimination (0.5)", ELIMINATION_MASK.name, False),
    Way("elimination (0.5) + cutoff", ELIMINATION_MASK.name, True),
)
HEADINGS: Final = (
    *("Data set", "Way", "Accuracy, %", "Against plain, points", "Frames"),
    *("loihi2, uJ", "us", "loihi1, uJ", "us"),
)


def use(results: Results) -> list[str]:
    """One row per data set and way; what was not measured has none."""
    rows = [
        _row(study, way, found, USED[0].rows(results, study))
        for study in results.events(PLAIN)
        for way in USED
        if (found := way.rows(results, study))
    ]
    return table(HEADINGS, rows)


def _row(study: str, way: Way, found: Mapping[int, Record], plain: Mapping[int, Record]) -> tuple[str, ...]:
    pairs = zip(*both(found, plain), strict=True)
    costs = []
    for chip in ("loihi2", "loihi1"):
        costs += [micro(energy(row, chip)[0] for row in found.values())]
        costs += [micro(row["chips"][chip]["time_s"][0] for row in found.values())]
    return (
        title(study),
        way.label,
        percents(row["accuracy"] for row in found.values()),
        points(one["accuracy"] - other["accuracy"] for one, other in pairs) if way != USED[0] else "",
        spread(row["exit"]["mean"] for row in found.values()),
        *costs,
    )
