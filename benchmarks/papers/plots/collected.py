"""What the plots show, taken from the results; nothing is computed while drawing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from benchmarks.papers.loaded import Record, Results, accuracy
from benchmarks.papers.statistics import t_interval
from benchmarks.papers.tables.guarantee import bounds
from benchmarks.papers.tables.together import energy, ways
from benchmarks.papers.tables.words import title
from benchmarks.papers.variants import HEADLINE_MASK, HOYER_INIT, KEEPS, METHODS, PLAIN, WITHOUT_RCS, Variant

Spread = list[float]
"""Mean, lowest and highest of the 95 % interval."""

CURVES = {"plain": PLAIN, "without RCS": WITHOUT_RCS, "masks": HEADLINE_MASK.name, "Hoyer init": HOYER_INIT}


def spread_of(values: Iterable[float]) -> Spread:
    """Mean and interval; both ends are the mean where there is one seed."""
    found = list(values)
    if len(found) < 2:
        return [found[0]] * 3
    interval = t_interval(found)
    return [interval.value, interval.low, interval.high]


def curves(results: Results) -> dict[str, Any]:
    """Accuracy over the frames of the recording that have passed, by data set and network."""
    return {
        title(study): {
            label: _curve(list(found.values()))
            for label, variant in CURVES.items()
            if (found := results.seeds(study, variant))
        }
        for study in results.events(PLAIN)
    }


def _curve(records: list[Record]) -> list[list[float]]:
    """The mean curve; a masked network stays at what it knew until its next frame."""
    rows = []
    for record in records:
        sent = np.cumsum([bit == "1" for bit in record["network"]["masks"][0]])
        known = np.concatenate([[0.0], record["test"]["curve"]])
        rows.append(known[np.minimum(sent, len(known) - 1)])
    return [list(range(1, len(rows[0]) + 1)), np.mean(rows, axis=0).tolist()]


def energies(results: Results) -> dict[str, Any]:
    """Accuracy and energy on loihi2 of everything that is set side by side."""
    return {
        title(study): {
            way.label: [
                spread_of(1e6 * energy(row, "loihi2")[0] for row in found.values()),
                spread_of(row["accuracy"] for row in found.values()),
            ]
            for way in ways(results, study)
            if (found := way.rows(results, study))
        }
        for study in results.events(PLAIN)
    }


def kept_frames(results: Results) -> dict[str, Any]:
    """Which frames the learned masks keep at the input, a row per share and seed."""
    return {
        title(study): [
            [f"{keep:g}, seed {seed}", record["network"]["masks"][0]]
            for keep in KEEPS
            for seed, record in results.seeds(study, Variant(PLAIN, METHODS[0], keep, "input").name).items()
        ]
        for study in results.events(Variant(PLAIN, METHODS[0], HEADLINE_MASK.keep, "input").name)
    }


def keep_shares(results: Results) -> dict[str, Any]:
    """Accuracy over the share of frames, by data set and method, masks at the input."""
    found: dict[str, Any] = {}
    for study in results.events(HEADLINE_MASK.name):
        methods = {}
        for method in METHODS:
            shares = {
                keep: list(results.values(study, Variant(PLAIN, method, keep, "input").name, accuracy).values())
                for keep in sorted(KEEPS)
            }
            methods[method] = [[keep, *spread_of(values)] for keep, values in shares.items() if values]
        plain = [1.0, *spread_of(results.values(study, PLAIN, accuracy).values())]
        found[title(study)] = {"plain": [plain], **methods}
    return found


def violations(results: Results) -> dict[str, Any]:
    """Rate of violations over epsilon, by data set and delta; None promises nothing."""
    found: dict[str, Any] = {}
    for study, rows in bounds(results):
        line = found.setdefault(title(study), {}).setdefault(str(rows[0]["delta"]), [])
        line.append(
            [rows[0]["epsilon"], float(np.mean([row["rate"] for row in rows])), max(row["rate"] for row in rows)]
        )
    return found
