"""A profile as a gate reads it: from the JSON of ``evsnn profile --json``, checked key by key."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from evsnn_lava._files import read_regular
from evsnn_lava.errors import FormatError, printable
from evsnn_lava.profiling.ledger import INPUT
from evsnn_lava.reporting.gate.profile_schema import Price, Report
from evsnn_lava.reporting.gate.quantities import QUANTITIES

LARGEST_BYTES: Final = 2**26
SENT: Final = ("spike", "io", "message")
"""Kinds that say how many spikes a layer or the input sends, the best one first; a message is a copy for a core."""


@dataclass(frozen=True)
class Spent:
    """What one layer spends on one kind of operation, per inference.

    Parameters
    ----------
    count : float
        Operations.
    energy_j : float
        Joules.
    """

    count: float = 0.0
    energy_j: float = 0.0


@dataclass(frozen=True)
class Part:
    """One layer, or what stands beside the layers, per inference.

    Parameters
    ----------
    name : str
        As the ledger calls it.
    is_layer : bool
        Whether it is a layer or the input, and not for example the readout.
    kinds : mapping of str to Spent
        By kind of operation.
    """

    name: str
    is_layer: bool
    kinds: Mapping[str, Spent]

    @property
    def energy_j(self) -> float:
        """Energy of all kinds in joules."""
        return sum(spent.energy_j for spent in self.kinds.values())

    @property
    def spikes(self) -> float:
        """Spikes that it sends."""
        return next((self.kinds[kind].count for kind in SENT if kind in self.kinds), 0.0)


@dataclass(frozen=True)
class Profile:
    """What one inference costs, mean over the samples.

    Parameters
    ----------
    network, hardware : str
        Names.
    samples : int
        How many were run.
    data : str
        Which they were; empty if not said.
    values : mapping of str to float or None
        By the names of ``QUANTITIES``; None where not known.
    parts : tuple of Part
        In the order of the ledger.
    constants : mapping of str to str
        What it was priced with.
    """

    network: str
    hardware: str
    samples: int
    data: str
    values: Mapping[str, float | None]
    parts: tuple[Part, ...]
    constants: Mapping[str, str]

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers, without the input."""
        return tuple(part.name for part in self.parts if part.is_layer and part.name != INPUT)


def read_profile(path: Path) -> Profile:
    """Read what ``evsnn profile --json`` wrote.

    Parameters
    ----------
    path : pathlib.Path
        A file.

    Returns
    -------
    Profile
        What is in it.

    Raises
    ------
    ConfigError
        If there is no such file.
    FormatError
        If it is no JSON, or a key is missing, negative, infinite or not a number.
    """
    content = read_regular(path, LARGEST_BYTES)
    try:
        facts = json.loads(content.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        reason = printable(" ".join(str(error).split()), 100)
        raise FormatError(f"{path} is not JSON ({reason}); write it with `evsnn profile --json`") from error
    return profile_of(facts, str(path))


def profile_of(facts: Any, origin: str) -> Profile:
    """Check the facts of a profile.

    Parameters
    ----------
    facts : object
        What JSON gives.
    origin : str
        Where they come from, for messages.

    Returns
    -------
    Profile
        Per inference.

    Raises
    ------
    FormatError
        If something is missing or impossible.
    """
    try:
        report = Report.model_validate(facts)
    except ValidationError as error:
        raise FormatError(_complaint(origin, error)) from error
    _require_sum(report, origin)
    return Profile(
        network=report.network,
        hardware=report.hardware,
        samples=report.samples,
        data=report.data,
        values=_values(report),
        parts=_parts(report),
        constants={each.name: _price(each.quantity) for each in report.constants},
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, none of whose keys may be said twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"key {next(name for name in names if names.count(name) > 1)!r} stands there twice")
    return found


def _require_sum(report: Report, origin: str) -> None:
    """Refuse a ledger that is not the whole, or more than that."""
    total = report.energy_per_inference_j.value
    summed = math.fsum(row.energy_j for row in report.ledger) / report.samples
    if not math.isclose(total, summed, rel_tol=1e-9):
        raise FormatError(
            f"{origin}: its ledger sums to {summed:.9g} J an inference, energy_per_inference_j is {total:.9g}; "
            "write it with `evsnn profile --json`"
        )


def _complaint(origin: str, error: ValidationError) -> str:
    problems = error.errors(include_url=False)
    first, more = problems[0], f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    where = printable(".".join(str(part) for part in first["loc"]) or "the whole", 80)
    said = "is missing" if first["type"] == "missing" else f"is wrong: {first['msg']}"
    return f"{origin}: {where} {said}{more}; write it with `evsnn profile --json`"


def _values(report: Report) -> dict[str, float | None]:
    spread = report.distributions
    found = {
        "accuracy": report.accuracy,
        "mean_steps": spread.steps.mean.value,
        "p95_steps": spread.steps.p95.value,
        "p95_exit_steps": spread.exit_steps.p95.value,
        "time": spread.time_s.mean.value if spread.time_s is not None and _timed(report) else None,
        "energy": report.energy_per_inference_j.value,
        "dynamic_energy": report.dynamic_energy_per_inference_j.value,
        "cores": float(sum(report.cores.values())) if report.cores else None,
    }
    return {name: found[name] for name in QUANTITIES}


def _timed(report: Report) -> bool:
    """A chip of which no time is published has no constant of time, and its time is 0."""
    spread = report.distributions.time_s
    named = any(constant.name.startswith("time.") for constant in report.constants)
    return named or (spread is not None and spread.mean.value > 0)


def _parts(report: Report) -> tuple[Part, ...]:
    totals: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    for row in report.ledger:
        spent = totals[row.layer][row.kind]
        spent[0] += row.count
        spent[1] += row.energy_j
    return tuple(
        Part(
            name,
            name == INPUT or name in (report.cores or {}) or not (name.startswith("(") and name.endswith(")")),
            {kind: Spent(count / report.samples, energy / report.samples) for kind, (count, energy) in kinds.items()},
        )
        for name, kinds in totals.items()
    )


def _price(price: Price) -> str:
    ends = [price.value if end is None else end for end in (price.low, price.high)]
    return f"{price.value:.6g} ({ends[0]:.6g}..{ends[1]:.6g}) {price.unit}"
