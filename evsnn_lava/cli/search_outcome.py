"""What a search found: as JSON, as CSV, and as the network that was chosen."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from evsnn_lava._files import atomic_write
from evsnn_lava.cli.search_options import Wish
from evsnn_lava.export.calibration_file import with_guarantee
from evsnn_lava.export.search.candidates import derive
from evsnn_lava.export.search.intervals import Interval
from evsnn_lava.export.search.rows import Figures, Row
from evsnn_lava.export.slayer.ranges import may_overflow
from evsnn_lava.network import NetworkDescription
from evsnn_lava.network.policy import GUARANTEE
from evsnn_lava.simulation import record_golden

FIGURES: Final = ("accuracy", "exit_step", "mean_steps", "p95_steps", "energy_j", "time_s")


@dataclass(frozen=True)
class Outcome:
    """What a search found.

    Parameters
    ----------
    own : Row
        The file as it is.
    tried : tuple of Row
        Everything else, in the order of the grid; the Pareto set with its test figures.
    pareto : tuple of Row
        Of all that take part, what nothing else beats on the selection part, the cheapest first.
    chosen : Row or None
        Of these, the cheapest that keeps all limits there.
    own_takes_part : bool
        Whether the file as it is is a way like any other.
    """

    own: Row
    tried: tuple[Row, ...]
    pareto: tuple[Row, ...]
    chosen: Row | None
    own_takes_part: bool = True

    @property
    def ways(self) -> tuple[Row, ...]:
        """Everything that takes part; of equals the first one is taken, so a file is only changed for something."""
        return (self.own, *self.tried) if self.own_takes_part else self.tried


def takes_part(own: Row, wish: Wish) -> bool:
    """Where a guarantee is asked for, a cutoff that has none stays out; one that never stops early needs none."""
    return wish.delta is None or own.policy.kind == "never" or bool(own.policy.granted)


def outcome_facts(outcome: Outcome, wish: Wish, about: dict[str, Any]) -> dict[str, Any]:
    """Everything, for JSON.

    Parameters
    ----------
    outcome : Outcome
        What was found.
    wish : Wish
        What was asked for.
    about : dict
        What was searched on what.

    Returns
    -------
    dict
        ``as_it_is``, ``pareto``, ``chosen``, ``broken_on_test`` and ``tried``, beside the settings.
    """
    chosen = outcome.chosen
    return {
        **about,
        "limits": wish.limits.given,
        "delta": wish.delta,
        "min_support": wish.min_support,
        "as_it_is": row_facts(outcome.own),
        "pareto": [row_facts(row) for row in outcome.pareto],
        "chosen": None if chosen is None else row_facts(chosen),
        "broken_on_test": list(broken_on_test(outcome, wish)),
        "tried": [row_facts(row) for row in outcome.tried],
    }


def broken_on_test(outcome: Outcome, wish: Wish) -> tuple[str, ...]:
    """Limits that the chosen way does not keep on the test part, by name."""
    chosen = outcome.chosen
    return () if chosen is None or chosen.test is None else wish.limits.broken(chosen.test)


def row_facts(row: Row) -> dict[str, Any]:
    """A way with all its figures."""
    return {
        "keep": row.candidate.keep,
        "frames": list(row.candidate.frames),
        "bits": row.candidate.bits,
        "cutoff": asdict(row.policy),
        "selection": _without_ends(row.selection),
        "test": None if row.test is None else asdict(row.test),
    }


def _without_ends(figures: Figures) -> dict[str, Any]:
    """Figures of the selection part: nothing but the accuracy has an interval there."""
    facts = asdict(figures)
    values = {name: {"value": facts[name]["value"]} for name in FIGURES if facts[name] and name != "accuracy"}
    return facts | values


def write_csv(outcome: Outcome, path: Path) -> None:
    """Write a row for everything that was tried, the file as it is first; test figures where they were measured.

    Parameters
    ----------
    outcome : Outcome
        What was found.
    path : pathlib.Path
        The file.
    """
    rows = [_flat(row, outcome) for row in (outcome.own, *outcome.tried)]
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def chosen_network(network: NetworkDescription, row: Row, facts: dict[str, Any]) -> NetworkDescription:
    """The network that was chosen, with what the search says of it.

    Parameters
    ----------
    network : NetworkDescription
        That of the file.
    row : Row
        What was chosen.
    facts : dict
        Of the search, for the provenance.

    Returns
    -------
    NetworkDescription
        With the golden frames of the file, their answers recorded anew; where the file as it is was chosen, just that.
    """
    said = {"search": json.dumps(facts, separators=(",", ":"))}
    if row.is_file:
        return replace(network, provenance={**network.provenance, **said})
    made = derive(network, row.candidate).with_cutoff(row.policy.cutoff)
    kept = {key: value for key, value in network.provenance.items() if key not in ("may_overflow", GUARANTEE)}
    proven = may_overflow(made.layers, made.max_steps, made.recipe.value_range)
    made = with_guarantee(replace(made, provenance={**kept, **proven, **said}), row.policy.granted)
    if network.golden is None:
        return made
    return replace(made, golden=record_golden(made, network.golden.frames))


def _flat(row: Row, outcome: Outcome) -> dict[str, Any]:
    return {
        "keep": row.candidate.keep,
        "frames_sent": len(row.candidate.frames),
        "bits": row.candidate.bits,
        "cutoff": row.policy.name,
        "as_it_is": int(row is outcome.own),
        "pareto": int(_among(row, outcome.pareto)),
        "chosen": int(row is outcome.chosen),
        **_columns("selection", row.selection, ends=False),
        **_columns("test", row.test, ends=True),
    }


def _among(row: Row, rows: Sequence[Row]) -> bool:
    return any(row is other for other in rows)


def _columns(part: str, figures: Any, ends: bool) -> dict[str, Any]:
    """A column per figure, and two more for its interval; empty where it is not known."""
    columns: dict[str, Any] = {}
    for name in FIGURES:
        found: Interval | None = getattr(figures, name, None)
        columns[f"{part}_{name}"] = "" if found is None else found.value
        if ends:
            columns |= {f"{part}_{name}_{end}": "" if found is None else getattr(found, end) for end in ("low", "high")}
    return columns
