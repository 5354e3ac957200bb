"""How good the networks are before anything is saved."""

from __future__ import annotations

from typing import Final

import numpy as np

from benchmarks.papers.loaded import Results, accuracy
from benchmarks.papers.tables.words import NOTHING, listed, micro, number, percents, spread, table, title
from benchmarks.papers.units import KIN
from benchmarks.papers.variants import PLAIN

HEADINGS: Final = (
    "Data set",
    "Network",
    "Frames",
    "Validation, %",
    "Test, %",
    "Test by seed, %",
    "Energy loihi2, uJ",
    "of it dynamic",
    "us",
    "loihi1, uJ",
    "us",
)

WANTED: Final = {"nmnist_small": 0.96, "braille_recurrent": 0.94}
"""Mean test accuracy that was to be reached, by all studies of the same network."""

ASKED: Final = {study: share for base, share in WANTED.items() for study in KIN[base].values()}


def baseline(results: Results) -> list[str]:
    """Accuracy of the integer networks, all frames sent, no cutoff."""
    return table(HEADINGS, [_row(results, study) for study in results.events(PLAIN)])


def _row(results: Results, study: str) -> tuple[str, ...]:
    found = results.seeds(study, PLAIN)
    network = next(iter(found.values()))["network"]
    costs = [[record["full"]["chips"][chip][quantity][0] for record in found.values()] for chip, quantity in COSTS]
    return (
        title(study),
        "-".join(layer.split()[1] for layer in network["layers"]),
        str(network["steps"]),
        percents(record["validation"]["accuracy"] for record in found.values()),
        percents(accuracy(record) for record in found.values()),
        listed(results.values(study, PLAIN, accuracy), 100),
        *map(micro, costs),
    )


COSTS: Final = (
    *(("loihi2", quantity) for quantity in ("energy_j", "dynamic_j", "time_s")),
    *(("loihi1", quantity) for quantity in ("energy_j", "time_s")),
)
"""Chip and quantity of the last columns."""


def baseline_words(results: Results) -> list[str]:
    """Whether the accuracies that were asked for are reached."""
    return [_sentence(results, study) for study in results.events(PLAIN)] or [NOTHING]


def _sentence(results: Results, study: str) -> str:
    found = results.values(study, PLAIN, accuracy)
    record = next(iter(results.seeds(study, PLAIN).values()))
    sizes = f"{record['test']['samples']} test and {record['validation']['samples']} validation samples"
    text = (
        f"- {title(study)}: {spread(found.values(), 100)} % on the test samples, {number(len(found), 'seed')}, {sizes}"
    )
    if study not in ASKED:
        return text + "."
    reached = float(np.mean(list(found.values()))) >= ASKED[study] - 1e-9
    return f"{text}; {100 * ASKED[study]:.0f} % were asked for: {'reached' if reached else 'NOT reached'}."
