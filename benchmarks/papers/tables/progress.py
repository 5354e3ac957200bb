"""How much of the study has been run: what a table does not show is not there yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from benchmarks.papers.hoyer_units import CIFAR
from benchmarks.papers.loaded import SEED, Results
from benchmarks.papers.tables.words import table, title
from benchmarks.papers.units import DATASETS, SEEDS, TABLES, tasks_of

HEADINGS: Final = ("Data set", "Units", "All five seeds", "Some seeds", "Not yet")

Count = tuple[int, int]
"""Seeds that have a result, and all of them."""


def progress(results: Results) -> list[str]:
    """One row per data set; names are those of ``--units``, without the seed."""
    counts = _counts(results) if results.records else {}
    return table(HEADINGS, [_row(*each) for each in counts.items()])


def _counts(results: Results) -> dict[str, dict[str, Count]]:
    """Of every data set, how many seeds of a unit there are."""
    tasks = {
        (task.study, task.name): task
        for name in TABLES
        for task in tasks_of(name, (*DATASETS, CIFAR), range(1, SEEDS + 1))
    }
    found: dict[str, dict[str, Count]] = {}
    for study, unit in tasks:
        parts = SEED.match(unit)
        if parts is None:
            continue
        units = found.setdefault(study, {})
        there, wanted = units.get(parts["name"], (0, 0))
        units[parts["name"]] = (there + (int(parts["seed"]) in results.seeds(study, parts["name"])), wanted + 1)
    return found


def _row(study: str, counts: Mapping[str, Count]) -> tuple[str, ...]:
    complete = [name for name, (there, wanted) in counts.items() if there == wanted]
    begun = [f"{name} ({there})" for name, (there, wanted) in counts.items() if 0 < there < wanted]
    missing = [name for name, (there, _) in counts.items() if not there]
    done, wanted = (sum(count[place] for count in counts.values()) for place in (0, 1))
    return (title(study), f"{done} of {wanted}", *(", ".join(names) for names in (complete, begun, missing)))
