"""Learned frame masks against the same number of frames chosen without learning, or in another way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.papers.loaded import Record, Results, accuracy, validation_accuracy
from benchmarks.papers.statistics import PairedComparison, compare, holm
from benchmarks.papers.tables.words import NOTHING, both, chance, number, percents, points, table, title
from benchmarks.papers.variants import CONTROL_MASK, HEADLINE_MASK, KEEPS, LAYOUTS, METHODS, PLAIN, Variant
from evsnn_lava.training.mask_controls import STATIC

LEARNED: Final = HEADLINE_MASK.method
JUDGED: Final = (LEARNED, "elimination")
"""What is held against the others; elimination only where there are results of it."""
LEVEL: Final = 0.05
ASKED: Final = 0.01 + 1e-9
"""Accuracy that half of the frames may cost."""

Place = tuple[str, str, float]
"""Data set, layout and share."""
Pick = Callable[[Record], float]

PARTS: Final[tuple[Pick, ...]] = (accuracy, validation_accuracy)
"""Of the test samples and of the validation samples."""


def _places(results: Results, method: str = LEARNED) -> Iterator[Place]:
    """Where there are masks of a method."""
    for study in results.events(PLAIN):
        for layout in LAYOUTS:
            for keep in KEEPS:
                if results.seeds(study, _name(method, keep, layout)):
                    yield study, layout, keep


def _name(method: str, keep: float, layout: str) -> str:
    return Variant(PLAIN, method, keep, layout).name


def masks(results: Results) -> list[str]:
    """Test accuracy of every method at every share, and what learned masks lose on both kinds of held-out samples."""
    methods = (f"{method}, %" for method in METHODS)
    headings = ("Data set", "Masks", "Kept", "Plain, %", *methods, "Learned - plain", "the same, validation")
    return table(headings, [_accuracies(results, *place) for place in _places(results)])


def _accuracies(results: Results, study: str, layout: str, keep: float) -> tuple[str, ...]:
    found = {method: results.values(study, _name(method, keep, layout), accuracy) for method in METHODS}
    plain = results.values(study, PLAIN, accuracy)
    name = _name(LEARNED, keep, layout)
    return (
        title(study),
        layout,
        f"{keep:g}",
        percents(plain.values()),
        *(percents(values.values()) for values in found.values()),
        *(points(_differences(results, study, name, PLAIN, pick)) for pick in PARTS),
    )


Pair = tuple[list[float], list[float]]


def _pair(results: Results, study: str, first: str, second: str, pick: Pick = accuracy) -> Pair:
    """What two variants reach, over the seeds that both have."""
    return both(results.values(study, first, pick), results.values(study, second, pick))


def _differences(results: Results, study: str, first: str, second: str, pick: Pick = accuracy) -> list[float]:
    found: list[float] = np.subtract(*_pair(results, study, first, second, pick)).tolist()
    return found


TEST_HEADINGS: Final = (
    "Data set",
    "Masks",
    "Kept",
    "Learned by",
    "Against",
    "Seeds",
    "Difference, points",
    "the same, validation",
    "t",
    "t, Holm",
    "Wilcoxon",
    "permutation",
    "least possible",
)


@dataclass(frozen=True)
class Match:
    """Masks of a method against those of another, with the same number of frames.

    Parameters
    ----------
    study : str
        The data set.
    method, other : str
        Of ``METHODS``; the first one is expected to be better.
    """

    study: str
    method: str
    other: str

    def pair(self, results: Results, place: Place, pick: Pick = accuracy) -> Pair:
        """What both reach at one share."""
        _, layout, keep = place
        return _pair(results, self.study, *(_name(name, keep, layout) for name in (self.method, self.other)), pick)

    def compared(self, results: Results, place: Place) -> PairedComparison | None:
        """Whether the first one is better; None with fewer than two seeds."""
        found = self.pair(results, place)
        return compare(*found, "greater") if len(found[0]) > 1 else None

    def shares(self, results: Results) -> dict[Place, tuple[PairedComparison, float]]:
        """Every share at which they can be compared, with the p-value of the t-test corrected for their number."""
        places = [place for place in _places(results, self.method) if place[0] == self.study]
        found = {place: test for place in places if (test := self.compared(results, place))}
        corrected = holm([test.t_p for test in found.values()])
        return {place: (test, p) for (place, test), p in zip(found.items(), corrected, strict=True)}


def _matches(results: Results) -> Iterator[Match]:
    for study in results.events(PLAIN):
        for method in JUDGED:
            for other in METHODS:
                if other not in JUDGED[: JUDGED.index(method) + 1]:
                    yield Match(study, method, other)


def masks_tests(results: Results) -> list[str]:
    """Paired tests of learned masks against every other."""
    rows = (
        _test(results, match, place, *found)
        for match in _matches(results)
        for place, found in match.shares(results).items()
    )
    return table(TEST_HEADINGS, rows)


def _test(results: Results, match: Match, place: Place, found: PairedComparison, corrected: float) -> tuple[str, ...]:
    tests = (found.t_p, corrected, found.wilcoxon_p, found.sign_flip_p, found.smallest_p)
    study, layout, keep = place
    gains = (points(np.subtract(*match.pair(results, place, pick)).tolist()) for pick in PARTS)
    head = (title(study), layout, f"{keep:g}", match.method, match.other, str(found.pairs))
    return (*head, *gains, *map(chance, tests))


def masks_words(results: Results) -> list[str]:
    """What may be said: what half of the frames cost, and at which shares learned masks beat others."""
    return [line for study in results.events(PLAIN) for line in _verdicts(results, study)] or [NOTHING]


def _verdicts(results: Results, study: str) -> list[str]:
    halves = [line for method in JUDGED for line in _half(results, study, method)]
    matches = [match for match in _matches(results) if match.study == study and match.shares(results)]
    said = {match: _against(results, match) for match in matches}
    return [*halves, *_within(results, study), *filter(None, said.values()), *_silent([m for m in said if not said[m]])]


def _against(results: Results, match: Match) -> str:
    """At which shares masks are better or worse than others; nothing where neither is shown anywhere."""
    found = match.shares(results)
    gains = {place: each for place, each in found.items() if each[0].difference.value > 0}
    ways = {
        f"better with p < {LEVEL} (permutation)": [p for p, (test, _) in gains.items() if test.sign_flip_p < LEVEL],
        "better by the t-test after Holm's correction": [p for p, (_, corrected) in gains.items() if corrected < LEVEL],
        "worse (95 % interval)": [p for p, (test, _) in found.items() if test.difference.high < 0],
    }
    shown = [f"{way} at {_list([*map(_words, places)])}" for way, places in ways.items() if places]
    if not shown:
        return ""
    shares = number(len(found), "share")
    return f"- {title(match.study)}, {match.method} against {match.other} masks, {shares}: {'; '.join(shown)}."


def _silent(matches: Sequence[Match]) -> list[str]:
    """One sentence for all comparisons of a method in which neither side is shown to be better."""
    methods = dict.fromkeys(match.method for match in matches)
    others = {method: [match.other for match in matches if match.method == method] for method in methods}
    return [
        f"- {title(matches[0].study)}, {method} against {_list(names)} masks: no difference is shown at any share."
        for method, names in others.items()
    ]


def _half(results: Results, study: str, method: str) -> list[str]:
    """What half of the frames cost, and whether masks of a method reach both halves of what was asked for."""
    name = _name(method, HEADLINE_MASK.keep, HEADLINE_MASK.layout)
    changes = [_differences(results, study, name, PLAIN, pick) for pick in PARTS]
    if not changes[0]:
        return []
    loss, held_out = (0.0 - round(float(np.mean(change)), 4) for change in changes)  # no -0.0
    better = _beats_uniform(results, study, method)
    verdict = "reached" if loss <= ASKED and better else "NOT reached"
    return [
        f"- {title(study)}: without half of the frames {method} masks lose {100 * loss:.1f} points on the test samples "
        f"and {100 * held_out:.1f} on the validation samples, {number(len(changes[0]), 'seed')}, and are "
        f"{'' if better else 'not '}better than uniform ones with p < {LEVEL} (permutation); at most one point and to "
        f"be better were asked for: {verdict}."
    ]


def _beats_uniform(results: Results, study: str, method: str) -> bool:
    place = (study, HEADLINE_MASK.layout, HEADLINE_MASK.keep)
    found = Match(study, method, CONTROL_MASK.method).compared(results, place)
    return found is not None and found.sign_flip_p < LEVEL


def _within(results: Results, study: str) -> list[str]:
    """Static controls that lose no more than was asked for without half of the frames, and how much."""
    names = {method: _name(method, HEADLINE_MASK.keep, HEADLINE_MASK.layout) for method in STATIC}
    losses = {method: _differences(results, study, PLAIN, name) for method, name in names.items()}
    means = {method: float(np.mean(found)) for method, found in losses.items() if found}
    found = [
        f"{method} ({100 * loss:.1f}, {number(len(losses[method]), 'seed')})"
        for method, loss in means.items()
        if loss <= ASKED
    ]
    return [f"- {title(study)}: of the static controls, {_list(found)} lose at most one point."] if means else []


def _words(place: Place) -> str:
    return f"{place[1]} {place[2]:g}"


def _list(found: Sequence[str]) -> str:
    return ", ".join(found) if found else "none"
