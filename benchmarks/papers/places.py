"""Where configurations, results and trained networks lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.worker import ROOT

CONFIGS: Final = ROOT / "benchmarks" / "papers" / "configs"
RESULTS: Final = ROOT / "benchmarks" / "papers" / "results"
WORK: Final = ROOT / "build" / "papers"


@dataclass(frozen=True)
class Places:
    """Two folders.

    Parameters
    ----------
    results : pathlib.Path
        One JSON per unit, in a folder per study; these are committed.
    work : pathlib.Path
        Trained networks, scores of every sample, locks; these are not.
    """

    results: Path = RESULTS
    work: Path = WORK

    def result(self, study: str, unit: str) -> Path:
        """The JSON of a unit."""
        return self.results / study / f"{unit}.json"

    def folder(self, study: str, unit: str) -> Path:
        """The folder in which a unit trains."""
        return self.work / study / unit

    def scores(self, study: str, unit: str) -> Path:
        """The scores of a unit, sample by sample and step by step."""
        return self.folder(study, unit) / "scores.npz"

    def lock(self, study: str, unit: str) -> Path:
        """The file that a process holds while it works on a unit."""
        return self.work / "locks" / study / f"{unit}.lock"
