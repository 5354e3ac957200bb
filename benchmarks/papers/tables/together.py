"""All methods side by side: accuracy, steps, energy and time of the deployed integers, each against plain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.papers.loaded import Record, Results, certified_cutoff, run_to_end
from benchmarks.papers.plan import GUARANTEED
from benchmarks.papers.tables.words import NOTHING, both, micro, number, percents, points, spread, table, times, title
from benchmarks.papers.variants import (
    CONTINUED,
    CONTROL_MASK,
    HEADLINE_MASK,
    HOYER_INIT,
    HOYER_MASK,
    KEEPS,
    PLAIN,
    WINDOW_MASK,
    WITHOUT_RCS,
    Variant,
)

LARGEST_LOSS: Final = 0.005
"""Of the mean validation accuracy, for the share of frames that is chosen."""


@dataclass(frozen=True)
class Way:
    """One row: a network, and whether it is stopped early.

    Parameters
    ----------
    label : str
        Its name.
    variant : str
        The network.
    cut : bool
        Whether the cutoff stops it, with the policy that the validation samples choose.
    """

    label: str
    variant: str
    cut: bool

    def rows(self, results: Results, study: str) -> dict[int, Record]:
        """What it reaches on the test samples, by seed."""
        found = results.seeds(study, self.variant).items()
        if self.cut:
            return {seed: certified_cutoff(record) for seed, record in found if GUARANTEED in record["chosen"]}
        return {seed: run_to_end(record) for seed, record in found}


WAYS: Final = (
    Way("plain", PLAIN, False),
    Way("masks", HEADLINE_MASK.name, False),
    Way("cutoff", PLAIN, True),
    Way("masks + cutoff", HEADLINE_MASK.name, True),
    Way("uniform masks", CONTROL_MASK.name, False),
    Way("uniform masks + cutoff", CONTROL_MASK.name, True),
    Way("window (0.75) + cutoff", WINDOW_MASK.name, True),
    Way("Hoyer init", HOYER_INIT, False),
    Way("Hoyer init + masks + cutoff", HOYER_MASK.name, True),
    Way("plain, trained on", CONTINUED.name, False),
    Way("plain, no RCS", WITHOUT_RCS, False),
    Way("cutoff, no RCS", WITHOUT_RCS, True),
)
BOTH: Final = WAYS[3]

CHIPS: Final = ("loihi2", "loihi1")
BySeed = Mapping[int, Record]

RUN: Final[dict[str, Callable[[BySeed, BySeed], str]]] = {
    "Accuracy, %": lambda found, _: percents(row["accuracy"] for row in found.values()),
    "Against plain, points": lambda found, plain: points(
        one["accuracy"] - other["accuracy"] for one, other in _paired(found, plain)
    ),
    "Frames": lambda found, _: spread(row["exit"]["mean"] for row in found.values()),
    "Hardware steps": lambda found, _: spread(row["hardware_steps"] for row in found.values()),
}
"""What is said of a way, given the plain network, both by seed."""

COST: Final[dict[str, Callable[[BySeed, BySeed, str], str]]] = {
    "uJ": lambda found, _, chip: micro(energy(row, chip)[0] for row in found.values()),
    "uJ (range)": lambda found, _, chip: _range(found, chip),
    "less": lambda found, plain, chip: times(
        energy(one, chip)[0] and energy(other, chip)[0] / energy(one, chip)[0] for one, other in _paired(found, plain)
    ),
    "us": lambda found, _, chip: micro(row["chips"][chip]["time_s"][0] for row in found.values()),
}
"""The same for every chip."""


def ways(results: Results, study: str) -> tuple[Way, ...]:
    """The rows of a data set, among them the smallest share of frames that the validation samples allow."""
    keep = chosen_keep(results, study)
    if keep is None or keep == HEADLINE_MASK.keep:
        return WAYS
    name = Variant(PLAIN, HEADLINE_MASK.method, keep, HEADLINE_MASK.layout).name
    chosen = Way(f"masks ({keep:g}, by validation) + cutoff", name, True)
    return (*WAYS[:4], chosen, *WAYS[4:])


def chosen_keep(results: Results, study: str) -> float | None:
    """The smallest share whose learned masks cost at most ``LARGEST_LOSS`` on the validation samples.

    Means of the seeds that both have.
    """
    before = _validation(results, study, PLAIN)
    for keep in sorted(KEEPS):
        name = Variant(PLAIN, HEADLINE_MASK.method, keep, HEADLINE_MASK.layout).name
        plain, masked = both(before, _validation(results, study, name))
        if masked and np.mean(plain) - np.mean(masked) <= LARGEST_LOSS + 1e-9:
            return keep
    return None


def _validation(results: Results, study: str, variant: str) -> dict[int, float]:
    return results.values(study, variant, lambda record: float(record["validation"]["accuracy"]))


def together(results: Results) -> list[str]:
    """One row per data set and way, with everything that is known of it."""
    return ways_table(results, ways, tuple(RUN), ("uJ (range)", "less", "us"))


def ways_table(
    results: Results,
    ways_of: Callable[[Results, str], Sequence[Way]],
    run: Sequence[str],
    cost: Sequence[str],
) -> list[str]:
    """One row per data set and way; what was not measured has none.

    Parameters
    ----------
    results : Results
        Where the figures are.
    ways_of : callable
        The ways of a data set.
    run, cost : sequence of str
        Columns, of ``RUN`` and of ``COST``, the latter for every chip.

    Returns
    -------
    list of str
        Lines of Markdown.
    """
    headings = [f"{chip}, {name}" if name == cost[0] else name for chip in CHIPS for name in cost]
    rows = []
    for study in results.events(PLAIN):
        plain = WAYS[0].rows(results, study)
        for way in ways_of(results, study):
            if found := way.rows(results, study):
                said = [RUN[name](found, plain) for name in run]
                priced = [COST[name](found, plain, chip) for chip in CHIPS for name in cost]
                rows.append((title(study), way.label, *said, *priced))
    return table(("Data set", "Variant", *run, *headings), rows)


def _paired(found: BySeed, plain: BySeed) -> list[tuple[Record, Record]]:
    """A way and the plain network, seed by seed."""
    return list(zip(*both(found, plain), strict=True))


def energy(row: Record, chip: str) -> list[float]:
    """Joules per inference: value, lowest, highest."""
    found: list[float] = row["chips"][chip]["energy_j"]
    return found


def _range(found: BySeed, chip: str) -> str:
    value, low, high = (micro(energy(row, chip)[place] for row in found.values()) for place in range(3))
    return f"{value} ({low}..{high})"


def together_words(results: Results) -> list[str]:
    """Whether masks and cutoff together save three times the energy at one point."""
    lines = []
    for study in results.events(PLAIN):
        for way in [each for each in ways(results, study) if each.cut and each.variant not in (PLAIN, WITHOUT_RCS)]:
            lines += _verdict(results, study, way)
    return lines or [NOTHING]


def _verdict(results: Results, study: str, way: Way) -> list[str]:
    paired = _paired(way.rows(results, study), WAYS[0].rows(results, study))
    if not paired:
        return []
    less = float(np.mean([energy(plain, "loihi2")[0] / energy(found, "loihi2")[0] for found, plain in paired]))
    fewer = float(np.mean([plain["exit"]["mean"] / found["exit"]["mean"] for found, plain in paired]))
    loss = float(np.mean([plain["accuracy"] - found["accuracy"] for found, plain in paired]))
    reached = "reached" if less >= 3 and loss <= 0.01 + 1e-9 else "NOT reached"
    return [
        f"- {title(study)}, {way.label}: {fewer:.2f} x fewer frames, {less:.2f} x less energy on loihi2, "
        f"{100 * loss:.2f} points lost against plain, {number(len(paired), 'seed')}; 3 x less "
        f"energy at one point lost was asked for: {reached}."
    ]
