"""Reading results: every seed of every variant."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.papers.plan import DELTA, EPSILONS, GUARANTEED
from benchmarks.papers.records import read_record
from benchmarks.papers.units import EVENTS

Record = dict[str, Any]
BySeed = Mapping[int, Record]
SEED: Final = re.compile(r"^(?P<name>.+)-s(?P<seed>\d+)$")


@dataclass(frozen=True)
class Results:
    """The results in a folder.

    Parameters
    ----------
    records : mapping
        Result by study, name of the variant, and seed.
    """

    records: Mapping[str, Mapping[str, BySeed]]

    @classmethod
    def read(cls, folder: Path) -> Results:
        """Read all of them, in the order of studies, variants and seeds."""
        found: dict[str, dict[str, dict[int, Record]]] = {}
        for path in sorted(folder.glob("*/*.json")):
            parts = SEED.match(path.stem)
            record = read_record(path)
            if parts and record is not None:
                found.setdefault(path.parent.name, {}).setdefault(parts["name"], {})[int(parts["seed"])] = record
        ordered = {
            study: {name: dict(sorted(seeds.items())) for name, seeds in sorted(variants.items())}
            for study, variants in sorted(found.items())
        }
        return cls(ordered)

    def some(self, studies: Sequence[str] | None = None, seeds: int | None = None) -> Results:
        """Those of some data sets, and of the first seeds; None takes all."""
        found = {
            study: {
                name: {seed: record for seed, record in by_seed.items() if seeds is None or seed <= seeds}
                for name, by_seed in variants.items()
                if studies is None or any(each in (study, name.partition("-")[0]) for each in studies)
            }
            for study, variants in self.records.items()
        }
        return Results({study: variants for study, variants in found.items() if variants})

    def events(self, variant: str) -> tuple[str, ...]:
        """Studies of event networks that have this variant, the large ones first."""
        ordered = [*EVENTS, *(study for study in self.records if study not in EVENTS)]
        return tuple(study for study in ordered if self.seeds(study, variant))

    def seeds(self, study: str, variant: str) -> BySeed:
        """Results of a variant by seed; empty where there is none."""
        return self.records.get(study, {}).get(variant, {})

    def values(self, study: str, variant: str, pick: Callable[[Record], float]) -> dict[int, float]:
        """One number of every seed."""
        return {seed: pick(record) for seed, record in self.seeds(study, variant).items()}


def accuracy(record: Record) -> float:
    """Test accuracy after all steps."""
    return float(record["test"]["accuracy"])


def validation_accuracy(record: Record) -> float:
    """That of the validation samples."""
    return float(record["validation"]["accuracy"])


def cutoff_row(record: Record, policy: str, epsilon: float | None) -> Record | None:
    """What a policy reaches at an epsilon; None where it is not in the grid."""
    rows = (row for row in record["cutoffs"] if row["policy"] == policy and row["epsilon"] == epsilon)
    return next(rows, None)


def run_to_end(record: Record) -> Record:
    """What a network reaches that is never stopped, in the words of a cutoff's test part."""
    sent = float(record["network"]["sent"])
    return {
        "accuracy": record["test"]["accuracy"],
        "loss": 0.0,
        "exit": {"mean": sent, "p50": sent, "p95": sent},
        "hardware_steps": record["full"]["hardware_steps"],
        "gain": 1.0,
        "hardware_gain": 1.0,
        "chips": record["full"]["chips"],
    }


def chosen_cutoff(record: Record, policy: str) -> Record:
    """What a policy reaches on the test samples at the epsilon that the validation samples chose."""
    row = cutoff_row(record, policy, record["chosen"][policy])
    found: Record = run_to_end(record) if row is None else row["test"]
    return found


def certifiable_epsilon(record: Record) -> float | None:
    """The smallest epsilon of the grid that so many validation samples can certify at all: ``(1 - e)^n <= delta``.

    It follows from the number of samples alone, whatever they are.
    """
    samples = int(record["validation"]["samples"])
    return next((epsilon for epsilon in EPSILONS if (1 - epsilon) ** samples <= DELTA), None)


def certified_cutoff(record: Record) -> Record:
    """What the guaranteed policy reaches on the test samples at that epsilon."""
    return _guaranteed(record, certifiable_epsilon(record))


def recipe_epsilon(record: Record) -> float:
    """The epsilon of the configuration, which was there before any network was trained."""
    return float(record["config"]["cutoff"]["epsilon"])


def recipe_cutoff(record: Record) -> Record:
    """What the guaranteed policy reaches on the test samples at that epsilon."""
    return _guaranteed(record, recipe_epsilon(record))


def _guaranteed(record: Record, epsilon: float | None) -> Record:
    row = cutoff_row(record, GUARANTEED, epsilon)
    found: Record = run_to_end(record) if row is None else row["test"]
    return found
