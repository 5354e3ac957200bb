"""What stopping early buys: by policy and epsilon, in frames and in steps of the hardware."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np

from benchmarks.papers.loaded import (
    Record,
    Results,
    accuracy,
    certifiable_epsilon,
    certified_cutoff,
    chosen_cutoff,
    cutoff_row,
    recipe_cutoff,
    recipe_epsilon,
)
from benchmarks.papers.plan import EPSILONS, HEADLINE, POLICY_NAMES
from benchmarks.papers.tables.words import NOTHING, both, micro, number, percents, points, spread, table, times, title
from benchmarks.papers.variants import PLAIN, WITHOUT_RCS

BEST: Final = "certified"
"""The guaranteed policy at the smallest epsilon that the number of validation samples can certify."""

RECIPE: Final = "recipe"
"""The guaranteed policy at the epsilon of the configuration."""

NO_LABEL: Final[dict[str, tuple[Callable[[Record], float | None], Callable[[Record], Record]]]] = {
    BEST: (certifiable_epsilon, certified_cutoff),
    RECIPE: (recipe_epsilon, recipe_cutoff),
}
"""Rows whose epsilon no label has a part in: that epsilon, and what it reaches."""

COLUMNS: Final[dict[str, Callable[[list[Record]], str]]] = {
    "Accuracy, %": lambda rows: percents(row["accuracy"] for row in rows),
    "Lost, points": lambda rows: points(row["loss"] for row in rows),
    "Exit, mean": lambda rows: spread(row["exit"]["mean"] for row in rows),
    "p50": lambda rows: spread([float(np.mean([row["exit"]["p50"] for row in rows]))]),
    "p95": lambda rows: spread([float(np.mean([row["exit"]["p95"] for row in rows]))]),
    "Fewer frames": lambda rows: times(row["gain"] for row in rows),
    "Fewer hardware steps": lambda rows: times(row["hardware_gain"] for row in rows),
    "Energy loihi2, uJ": lambda rows: micro(row["chips"]["loihi2"]["energy_j"][0] for row in rows),
    "loihi1, uJ": lambda rows: micro(row["chips"]["loihi1"]["energy_j"][0] for row in rows),
}


def _cells(rows: Iterable[Record]) -> tuple[str, ...]:
    found = list(rows)
    return tuple(write(found) for write in COLUMNS.values())


def cutoff(results: Results) -> list[str]:
    """Every policy at the epsilon that the validation samples chose, seed by seed."""
    rows = [
        (title(study), policy, _epsilons(results, study, policy), *_cells(_chosen(results, study, policy)))
        for study in results.events(PLAIN)
        for policy in (*POLICY_NAMES, *_no_label(results, study))
    ]
    return table(("Data set", "Policy", "Epsilon by seed", *COLUMNS), rows)


def _chosen(results: Results, study: str, policy: str, variant: str = PLAIN) -> list[Record]:
    records = results.seeds(study, variant).values()
    if policy in NO_LABEL:
        return [NO_LABEL[policy][1](record) for record in records]
    return [chosen_cutoff(record, policy) for record in records]


def _no_label(results: Results, study: str) -> list[str]:
    """The rows whose epsilon no label has a part in; the second one where that epsilon is another."""
    same = _epsilons(results, study, BEST) == _epsilons(results, study, RECIPE)
    return [BEST] if same else list(NO_LABEL)


def _epsilons(results: Results, study: str, policy: str) -> str:
    records = results.seeds(study, PLAIN).values()
    found = [NO_LABEL[policy][0](record) if policy in NO_LABEL else record["chosen"][policy] for record in records]
    return ", ".join("none" if epsilon is None else f"{epsilon:g}" for epsilon in found)


def cutoff_grid(results: Results) -> list[str]:
    """Every policy at every epsilon."""
    rows = [
        (title(study), policy, f"{epsilon:g}", *_cells(_at(results, study, policy, epsilon)))
        for study in results.events(PLAIN)
        for policy in POLICY_NAMES
        for epsilon in EPSILONS
    ]
    return table(("Data set", "Policy", "Epsilon", *COLUMNS), rows)


def _at(results: Results, study: str, policy: str, epsilon: float) -> list[Record]:
    found = (cutoff_row(record, policy, epsilon) for record in results.seeds(study, PLAIN).values())
    return [row["test"] for row in found if row is not None]


RCS_COLUMNS: Final[dict[str, Callable[[Record], Any]]] = {
    "Accuracy, %": lambda record: 100 * accuracy(record),
    "Area below the curve, %": lambda record: 100 * record["test"]["area"],
    "Optimal cutoff time": lambda record: record["test"]["oct"]["mean"],
    "Exit, mean": lambda record: chosen_cutoff(record, HEADLINE)["exit"]["mean"],
    "Lost, points": lambda record: 100 * chosen_cutoff(record, HEADLINE)["loss"],
}


def regulariser(results: Results) -> list[str]:
    """Networks trained with and without RCS, of the same seeds, and what the Top-K gap makes of them."""
    rows = []
    for study in results.events(WITHOUT_RCS):
        networks = both(results.seeds(study, PLAIN), results.seeds(study, WITHOUT_RCS))
        for word, found in zip(("with", "without"), networks, strict=True):
            if not found:
                continue
            rows.append((title(study), word, *(spread(map(pick, found)) for pick in RCS_COLUMNS.values())))
    return table(("Data set", "RCS", *RCS_COLUMNS), rows)


def cutoff_words(results: Results) -> list[str]:
    """Whether twice fewer frames at half a point are reached, by the paper's policy and by those without a label."""
    lines: list[str] = []
    for study in results.events(PLAIN):
        lines += [_sentence(results, study, policy) for policy in (HEADLINE, *_no_label(results, study))]
        lines += _others(results, study)
    return lines or [NOTHING]


def _means(rows: list[Record]) -> tuple[float, float, bool]:
    """Fewer frames, accuracy lost, and whether that is what was asked for."""
    gain, loss = (float(np.mean([row[key] for row in rows])) for key in ("gain", "loss"))
    return gain, loss, gain >= 2.0 and loss <= 0.005 + 1e-9


def _others(results: Results, study: str) -> list[str]:
    """Which of the further policies reach it, if any does."""
    further = [policy for policy in POLICY_NAMES if policy != HEADLINE]
    means = {policy: _means(_chosen(results, study, policy)) for policy in further}
    reached = [
        f"{policy} ({gain:.2f} x, {100 * loss:.2f} points)" for policy, (gain, loss, is_so) in means.items() if is_so
    ]
    if not reached:
        return []
    return [
        f"- {title(study)}: of the {len(further)} further policies of the table, {', '.join(reached)} reached "
        "2 x at 0.5 points."
    ]


def _sentence(results: Results, study: str, policy: str) -> str:
    rows = _chosen(results, study, policy)
    _, loss, is_reached = _means(rows)
    fewer, hardware = (times(row[key] for row in rows) for key in ("gain", "hardware_gain"))
    idle = sum(row["gain"] == 1.0 for row in rows)
    never = f" ({idle} of {number(len(rows), 'seed')} never stop)" if idle else ""
    reached = "reached" if is_reached else "NOT reached"
    return (
        f"- {title(study)}, {policy}: {fewer} fewer frames{never}, {hardware} fewer hardware steps, "
        f"{100 * loss:.2f} points lost against all frames; 2 x at 0.5 points was asked for: {reached}."
    )
