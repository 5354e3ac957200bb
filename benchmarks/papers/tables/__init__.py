"""Every block of docs/results.md: tables, and sentences with figures in them, written from the results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from benchmarks.papers.loaded import Results
from benchmarks.papers.tables.baseline import baseline, baseline_words
from benchmarks.papers.tables.cutoff import cutoff, cutoff_grid, cutoff_words, regulariser
from benchmarks.papers.tables.guarantee import guarantee, guarantee_words
from benchmarks.papers.tables.heads import heads
from benchmarks.papers.tables.hoyer import hoyer, hoyer_words
from benchmarks.papers.tables.knowable import knowable
from benchmarks.papers.tables.masks import masks, masks_tests, masks_words
from benchmarks.papers.tables.progress import progress
from benchmarks.papers.tables.reached import reached
from benchmarks.papers.tables.together import together, together_words
from benchmarks.papers.tables.use import use

Block = Callable[[Results], list[str]]

BLOCKS: Final[dict[str, dict[str, Block]]] = {
    "baseline": {"baseline": baseline, "baseline_words": baseline_words},
    "masks": {"masks": masks, "masks_tests": masks_tests, "masks_words": masks_words},
    "cutoff": {
        "cutoff": cutoff,
        "cutoff_words": cutoff_words,
        "heads": heads,
        "regulariser": regulariser,
        "knowable": knowable,
        "cutoff_grid": cutoff_grid,
    },
    "together": {"use": use, "together": together, "together_words": together_words},
    "hoyer": {"hoyer": hoyer, "hoyer_words": hoyer_words},
    "guarantee": {"guarantee": guarantee, "guarantee_words": guarantee_words},
    "page": {"progress": progress, "reached": reached},
}
"""The blocks of each table of the command line, by their names in the page; those of ``page`` stand there alone."""
