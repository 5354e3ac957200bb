"""What a user has of it: a few ways per network, in joules and seconds, each against the plain network."""

from __future__ import annotations

from typing import Final

from benchmarks.papers.loaded import Results
from benchmarks.papers.tables.together import WAYS, Way, ways_table
from benchmarks.papers.variants import ELIMINATION_MASK, PLAIN, WINDOW_MASK

USED: Final = (
    WAYS[0],
    Way("cutoff", PLAIN, True),
    Way("window (0.75)", WINDOW_MASK.name, False),
    Way("window (0.75) + cutoff", WINDOW_MASK.name, True),
    Way("elimination (0.5)", ELIMINATION_MASK.name, False),
    Way("elimination (0.5) + cutoff", ELIMINATION_MASK.name, True),
)


def use(results: Results) -> list[str]:
    """One row per data set and way, with what decides between them."""
    return ways_table(results, lambda *_: USED, ("Accuracy, %", "Against plain, points", "Frames"), ("uJ", "us"))
