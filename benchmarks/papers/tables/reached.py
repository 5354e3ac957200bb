"""What was asked for and reached, out of all sentences of the other tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from benchmarks.papers.loaded import Results
from benchmarks.papers.tables.baseline import baseline_words
from benchmarks.papers.tables.cutoff import cutoff_words
from benchmarks.papers.tables.hoyer import hoyer_words
from benchmarks.papers.tables.masks import masks_words
from benchmarks.papers.tables.together import together_words
from benchmarks.papers.tables.words import NOTHING, number

SENTENCES: Final[tuple[Callable[[Results], list[str]], ...]] = (
    *(baseline_words, masks_words, cutoff_words, hoyer_words, together_words),
)
YES: Final = (": reached.", " reached 2 x at 0.5 points.")
NO: Final = ": NOT reached."


def reached(results: Results) -> list[str]:
    """The sentences that end well, and how many do not."""
    said = [line for words in SENTENCES for line in words(results)]
    good, bad = [line for line in said if line.endswith(YES)], [line for line in said if line.endswith(NO)]
    if not good and not bad:
        return [NOTHING]
    return [*good, f"- Not reached by {number(len(bad), 'other way')}, which the lists below name."]
