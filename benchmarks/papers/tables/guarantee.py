"""Whether the guarantee of the cutoff holds: violations over many splits, beside thresholds that promise nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from benchmarks.papers.loaded import BySeed, Results
from benchmarks.papers.tables.words import NOTHING, table, title

STUDY: Final = "guarantee"

HEADINGS: Final = (
    "Data set",
    "Epsilon",
    "Delta",
    "True loss too large, mean of the networks",
    "worst network",
    "Other half too large, mean",
    "worst",
    "Lost, %",
    "Exit, mean",
    "Splits that stop early",
)

Row = tuple[str, list[dict[str, Any]]]


def bounds(results: Results) -> Iterator[Row]:
    """For every data set and bound what each network gave."""
    for study, networks in results.records.get(STUDY, {}).items():
        for rows in zip(*(record["bounds"] for record in networks.values()), strict=True):
            yield study, list(rows)


def guarantee(results: Results) -> list[str]:
    """Rate of violations by data set, epsilon and delta."""
    return table(HEADINGS, [_row(*row) for row in bounds(results)])


def _row(study: str, rows: list[dict[str, Any]]) -> tuple[str, ...]:
    keys = ("true_rate", "rate", "mean_loss", "mean_exit", "early")
    true, rates, losses, exits, early = ([row[key] for row in rows] for key in keys)
    delta = rows[0]["delta"]
    return (
        title(study),
        f"{rows[0]['epsilon']:g}",
        "no guarantee" if delta is None else f"{delta:g}",
        f"{100 * np.mean(true):.1f} %",
        f"{100 * max(true):.1f} %",
        f"{100 * np.mean(rates):.1f} %",
        f"{100 * max(rates):.1f} %",
        f"{100 * np.mean(losses):.2f}",
        f"{np.mean(exits):.1f}",
        f"{100 * np.mean(early):.0f} %",
    )


def guarantee_words(results: Results) -> list[str]:
    """In how many cases the rate stays below delta."""
    return [_sentence(*each) for each in results.records.get(STUDY, {}).items()] or [NOTHING]


def _sentence(study: str, networks: BySeed) -> str:
    record = next(iter(networks.values()))
    bound = [row for each in networks.values() for row in each["bounds"] if row["delta"] is not None]
    idle = sum(not row["early"] for row in bound)
    why = f" ({idle} of them because nothing can be certified and nothing ever stops)" if idle else ""
    true, halves = (sum(row[key] <= row["delta"] for row in bound) for key in ("true_rate", "rate"))
    return (
        f"- {title(study)}: {record['splits']} draws and {record['splits']} splits of {record['samples']} samples for "
        f"each of {len(networks)} networks; the true loss exceeds epsilon at most as often as delta says in {true} of "
        f"{len(bound)} cases{why}; the loss on the other half, which is finite and exceeds epsilon by chance, too, in "
        f"{halves} of {len(bound)}."
    )
