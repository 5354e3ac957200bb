"""What was measured of every way, the limits it has to keep, and which way is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np

from evsnn_lava.export.search.candidates import Candidate
from evsnn_lava.export.search.intervals import Interval
from evsnn_lava.export.search.pareto import pareto_places
from evsnn_lava.network import CutoffPolicy

FILE: Final = "file"
"""Name of the policy that the file itself has."""


@dataclass(frozen=True)
class Policy:
    """When a candidate stops, in a form that JSON holds.

    Parameters
    ----------
    name : str
        What asks for it: ``never``, ``0.02`` for that epsilon, or ``file``.
    kind, thresholds, epsilon, calibration_hash, calibration_samples, softmax
        As of :class:`~evsnn_lava.network.CutoffPolicy`.
    guarantee : str
        What is guaranteed of it, in a sentence, or that nothing can be; empty where nobody asked.
    """

    name: str
    kind: str
    thresholds: tuple[int, ...]
    epsilon: float = 0.0
    calibration_hash: str = ""
    calibration_samples: int = 0
    softmax: tuple[int, ...] = ()
    guarantee: str = ""

    @classmethod
    def of(cls, name: str, cutoff: CutoffPolicy, guarantee: str = "") -> Policy:
        """Write down the policy of a network."""
        return cls(
            name,
            cutoff.kind,
            tuple(cutoff.thresholds.tolist()),
            cutoff.epsilon,
            cutoff.calibration_hash,
            cutoff.calibration_samples,
            tuple(cutoff.softmax.tolist()),
            guarantee,
        )

    @classmethod
    def of_json(cls, facts: Mapping[str, Any]) -> Policy:
        """Read what ``dataclasses.asdict`` wrote, through JSON."""
        found: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()
        }
        return cls(**found)

    @property
    def granted(self) -> str:
        """The sentence of the guarantee; empty where there is none, and where it never stops early and needs none."""
        return "" if self.kind == "never" else self.guarantee

    @property
    def cutoff(self) -> CutoffPolicy:
        """The policy as networks carry it."""
        return CutoffPolicy(
            self.kind,
            np.array(self.thresholds, dtype=np.int64),
            self.epsilon,
            self.calibration_hash,
            self.calibration_samples,
            softmax=np.array(self.softmax, dtype=np.int64),
        )


@dataclass(frozen=True)
class Figures:
    """What some samples took; without an interval, both ends are the value.

    Parameters
    ----------
    samples : int
        How many.
    accuracy : Interval
        Share of right decisions.
    exit_step : Interval
        Frames seen by the decision, mean.
    mean_steps, p95_steps : Interval
        Steps that the chip executes.
    energy_j, time_s : Interval or None
        Mean of an inference; None where the profile does not know it.
    """

    samples: int
    accuracy: Interval
    exit_step: Interval
    mean_steps: Interval
    p95_steps: Interval
    energy_j: Interval | None
    time_s: Interval | None

    @classmethod
    def of_json(cls, facts: Mapping[str, Any]) -> Figures:
        """Read what ``dataclasses.asdict`` wrote."""
        found: dict[str, Any] = {
            name: Interval(**value) if isinstance(value, Mapping) else value for name, value in facts.items()
        }
        return cls(**found)

    @property
    def costs(self) -> tuple[float, float, float, float]:
        """Energy, 95th percentile of the steps, time and wrong decisions: what the Pareto set makes small."""
        energy, time = (0.0 if each is None else each.value for each in (self.energy_j, self.time_s))
        return energy, self.p95_steps.value, time, 1 - self.accuracy.value


@dataclass(frozen=True)
class Row:
    """A candidate with a policy.

    Parameters
    ----------
    candidate : Candidate
        The network.
    policy : Policy
        When it stops.
    selection : Figures
        On the recordings that ways are compared on.
    test : Figures or None
        On recordings that nothing was chosen with.
    """

    candidate: Candidate
    policy: Policy
    selection: Figures
    test: Figures | None = None

    def __str__(self) -> str:
        """How messages call it."""
        if self.is_file:
            return "the file as it is"
        stop = "no cutoff" if self.policy.name == "never" else f"epsilon {self.policy.name}"
        return f"{self.candidate}, {stop}"

    @property
    def is_file(self) -> bool:
        """Whether it is the file as it is."""
        return self.policy.name == FILE


@dataclass(frozen=True)
class Limits:
    """What the chosen way has to keep; None is no limit.

    Parameters
    ----------
    min_accuracy : float, optional
        Share of right decisions.
    max_p95_steps : float, optional
        Executed steps that 95 % of the samples keep.
    max_energy : float, optional
        Mean energy of an inference in joules.
    max_time : float, optional
        Mean time of an inference in seconds.

    Examples
    --------
    >>> one = Interval(0.95, 0.9, 0.97)
    >>> Limits(min_accuracy=0.96).broken(Figures(100, one, one, one, one, None, None))
    ('min_accuracy',)
    """

    min_accuracy: float | None = None
    max_p95_steps: float | None = None
    max_energy: float | None = None
    max_time: float | None = None

    @property
    def given(self) -> dict[str, float]:
        """The limits that there are, by name."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: limit for name, limit in found.items() if limit is not None}

    def broken(self, figures: Figures) -> tuple[str, ...]:
        """Names of the limits that figures do not keep; what is not known keeps none.

        Parameters
        ----------
        figures : Figures
            The figures.

        Returns
        -------
        tuple of str
            Empty if all hold.
        """
        return tuple(name for name, limit in self.given.items() if not _keeps(name, limit, figures))


LIMITED: Final[Mapping[str, str]] = {
    "min_accuracy": "accuracy",
    "max_p95_steps": "p95_steps",
    "max_energy": "energy_j",
    "max_time": "time_s",
}
"""Which figure a limit is for; ``min`` and ``max`` in its name say which side is allowed."""


def _keeps(name: str, limit: float, figures: Figures) -> bool:
    found = getattr(figures, LIMITED[name])
    if found is None:
        return False
    return bool(found.value >= limit if name.startswith("min") else found.value <= limit)


def pareto_rows(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Rows that nothing else beats on the selection recordings, the cheapest first.

    Parameters
    ----------
    rows : sequence of Row
        Everything that was tried.

    Returns
    -------
    tuple of Row
        Of rows with the same figures, the first one.
    """
    kept = [rows[place] for place in pareto_places([row.selection.costs for row in rows])]
    return tuple(sorted(kept, key=lambda row: row.selection.costs))


def cheapest(rows: Sequence[Row], limits: Limits) -> Row | None:
    """The row with least energy of those that keep all limits on the selection recordings.

    Parameters
    ----------
    rows : sequence of Row
        Everything that was tried.
    limits : Limits
        At least one.

    Returns
    -------
    Row or None
        None where no row keeps them. Of rows of the same energy the one with fewer steps, less time, more accuracy.
    """
    allowed = [row for row in rows if not limits.broken(row.selection)]
    return min(allowed, key=lambda row: row.selection.costs, default=None)
