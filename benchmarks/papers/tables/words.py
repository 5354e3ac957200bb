"""Numbers as text, for tables and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

import numpy as np

from benchmarks.papers.statistics import t_interval
from benchmarks.papers.units import SEEDS

Value = TypeVar("Value")

TITLES: Final[dict[str, str]] = {
    "nmnist_small": "N-MNIST small",
    "nmnist_sums": "N-MNIST small, sums",
    "braille_recurrent": "Braille, recurrent",
    "braille_sums": "Braille, recurrent, sums",
    "braille_stretched": "Braille, recurrent, sums, stretched",
    "braille_forward": "Braille, feed-forward",
}

NOTHING: Final = "Not measured yet."


def title(study: str) -> str:
    """Name of a study."""
    return TITLES.get(study, study)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table; a sentence where there are no rows.

    Examples
    --------
    >>> table(("a", "b"), [("1", "2")])
    ['| a | b |', '|---|---|', '| 1 | 2 |']
    """
    found = list(rows)
    if not found:
        return [NOTHING]
    return [_line(headings), "|" + "---|" * len(headings), *map(_line, found)]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def spread(values: Iterable[float], scale: float = 1.0, digits: int = 1, sign: str = "") -> str:
    """Mean over the seeds and half of its 95 % interval (Student's t); one seed has none, and that of two says nothing.

    Examples
    --------
    >>> spread([0.97, 0.96, 0.98], 100), spread([0.5, 0.7], 100), spread([])
    ('97.0 ± 2.5', '60.0', '')
    """
    found = [scale * value for value in values]
    if not found:
        return ""
    mean = f"{np.mean(found):{sign}.{digits}f}"
    if len(found) < 3:
        return mean
    interval = t_interval(found)
    return f"{mean} ± {interval.high - interval.value:.{digits}f}"


def percents(values: Iterable[float], digits: int = 1) -> str:
    """Accuracies in percent; the number of seeds in brackets where it is not five.

    Examples
    --------
    >>> percents([0.97, 0.96, 0.98, 0.97, 0.97]), percents([0.97, 0.96, 0.98]), percents([])
    ('97.0 ± 0.9', '97.0 ± 2.5 (3)', '')
    """
    found = list(values)
    text = spread(found, 100, digits)
    return text if len(found) in (0, SEEDS) else f"{text} ({len(found)})"


def number(count: int, word: str) -> str:
    """So many of something.

    Examples
    --------
    >>> number(1, "seed"), number(2, "seed")
    ('1 seed', '2 seeds')
    """
    return f"{count} {word}{'' if count == 1 else 's'}"


def points(values: Iterable[float]) -> str:
    """Differences of accuracies in points, with a sign."""
    return spread(values, 100, sign="+")


def times(values: Iterable[float]) -> str:
    """Ratios.

    Examples
    --------
    >>> times([2.0])
    '2.00 x'
    """
    text = spread(values, digits=2)
    return f"{text} x" if text else ""


def micro(values: Iterable[float]) -> str:
    """Joules or seconds as millionths, mean only, three digits and never an exponent.

    Examples
    --------
    >>> micro([1.2345e-6]), micro([1.93266e-3])
    ('1.23', '1933')
    """
    found = list(values)
    mean = 1e6 * float(np.mean(found)) if found else 0.0
    return (f"{mean:.0f}" if mean >= 1000 else f"{mean:.3g}") if found else ""


def chance(p: float) -> str:
    """A p-value.

    Examples
    --------
    >>> chance(0.03125), chance(0.00001)
    ('0.031', '< 0.001')
    """
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def listed(values: Mapping[int, float], scale: float = 1.0, digits: int = 1) -> str:
    """One number per seed, in the order of the seeds."""
    return ", ".join(f"{scale * value:.{digits}f}" for value in values.values())


def both(first: Mapping[int, Value], second: Mapping[int, Value]) -> tuple[list[Value], list[Value]]:
    """Values of the seeds that both have, in the same order."""
    seeds = sorted(first.keys() & second.keys())
    return [first[seed] for seed in seeds], [second[seed] for seed in seeds]
