"""Networks of one step, or a few: accuracy in floats and integers, spikes, costs, ablations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from benchmarks.papers.hoyer_units import ABLATIONS, CIFAR, MNIST, MOST_STEPS
from benchmarks.papers.loaded import Record, Results, accuracy
from benchmarks.papers.tables.words import NOTHING, micro, number, percents, table

TITLES: Final = {MNIST: "MNIST", CIFAR: "CIFAR-10"}
WORDS: Final = {
    "both": "loss and extremum",
    "no_loss": "no Hoyer loss",
    "no_extremum": "no extremum",
    "neither": "neither",
}

WANTED: Final = {MNIST: (0.992, 0.25)}
"""Accuracy to be reached and the largest share of spiking neurons; nothing was asked of other sets."""

HEADINGS: Final = (
    "Pictures",
    "Steps",
    "Hoyer",
    "Floats, validation, %",
    "Folded, validation, %",
    "Integers, validation, %",
    "Integers, test, %",
    "Spiking, %",
    "Scores unlike training",
    "loihi2, uJ",
    "us",
    "loihi1, uJ",
    "us",
)


def _rows(results: Results) -> Iterator[tuple[str, str, int, list[Record]]]:
    for study in results.records:
        for name in ABLATIONS:
            for steps in range(1, MOST_STEPS + 1):
                found = list(results.seeds(study, f"{name}-t{steps}").values())
                if found:
                    yield study, name, steps, found


def hoyer(results: Results) -> list[str]:
    """One row per ablation and number of steps."""
    return table(HEADINGS, [_row(*row) for row in _rows(results)])


def _row(study: str, name: str, steps: int, found: list[Record]) -> tuple[str, ...]:
    costs = [
        micro(record["chips"][chip][cost][0] for record in found)
        for chip in ("loihi2", "loihi1")
        for cost in ("energy_j", "time_s")
    ]
    return (
        TITLES.get(study, study),
        str(steps),
        WORDS[name],
        *(percents(_trained(found, fact)) for fact in ("float_accuracy", "folded_accuracy")),
        percents(record["validation"]["accuracy"] for record in found),
        percents(map(accuracy, found), digits=2),
        percents(record["spiking"] for record in found),
        str(sum(record["unlike_training"] for record in found)),
        *costs,
    )


def _trained(found: list[Record], fact: str) -> list[float]:
    return [record["trained"][fact] for record in found if fact in record["trained"]]


def hoyer_words(results: Results) -> list[str]:
    """Whether one step reaches what was asked for, and whether the fold is exact."""
    lines = [_sentence(*row) for row in _rows(results) if row[0] in TITLES and row[2] == 1]
    return lines or [NOTHING]


def _sentence(study: str, name: str, steps: int, found: list[Record]) -> str:
    right, spiking = (float(np.mean([pick(record) for record in found])) for pick in (accuracy, _spiking))
    unlike = sum(record["unlike_training"] for record in found)
    fold = "the engine's scores are those of training" if not unlike else f"{unlike} scores are NOT those of training"
    text = f"- {TITLES[study]}, one step, {WORDS[name]}: {100 * right:.2f} % in integers, {100 * spiking:.1f} % spiking"
    return f"{text}, {number(len(found), 'seed')}; {fold}{_verdict(study, right, spiking)}."


def _verdict(study: str, right: float, spiking: float) -> str:
    """What was asked of a set of pictures, and whether it is reached; nothing where nothing was asked."""
    if study not in WANTED:
        return ""
    least, most = WANTED[study]
    reached = right >= least - 1e-9 and spiking <= most + 1e-9
    asked = f"{100 * least:.1f} % with at most {100 * most:.0f} % were asked for"
    return f"; {asked}: {'reached' if reached else 'NOT reached'}"


def _spiking(record: Record) -> float:
    return float(record["spiking"])
