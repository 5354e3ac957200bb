"""Learned frame masks against the same number of frames chosen without learning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from benchmarks.papers.loaded import Record, Results, accuracy, validation_accuracy
from benchmarks.papers.statistics import PairedComparison, compare, holm
from benchmarks.papers.tables.words import NOTHING, both, chance, number, percents, points, table, title
from benchmarks.papers.variants import HEADLINE_MASK, KEEPS, LAYOUTS, METHODS, PLAIN, Variant
from evsnn_lava.training.mask_controls import STATIC

LEARNED: Final = METHODS[0]
CONTROLS: Final = METHODS[1:]
LEVEL: Final = 0.05
ASKED: Final = 0.01 + 1e-9
"""Accuracy that half of the frames may cost."""

Place = tuple[str, str, float]
Pick = Callable[[Record], float]

PARTS: Final[tuple[Pick, ...]] = (accuracy, validation_accuracy)
"""Of the test samples and of the validation samples."""


def _places(results: Results) -> Iterator[Place]:
    """Data set, layout and share of which there are learned masks."""
    for study in results.events(PLAIN):
        for layout in LAYOUTS:
            for keep in KEEPS:
                if results.seeds(study, _name(LEARNED, keep, layout)):
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
    "Control",
    "Seeds",
    "Learned - control, points",
    "the same, validation",
    "t",
    "t, Holm",
    "Wilcoxon",
    "permutation",
    "least possible",
)


def masks_tests(results: Results) -> list[str]:
    """Paired tests of learned masks against every control."""
    rows = (
        _test(results, place, control, corrected)
        for study in results.events(PLAIN)
        for control in CONTROLS
        for place, corrected in compared_shares(results, study, control).items()
    )
    return table(TEST_HEADINGS, rows)


def compared_shares(results: Results, study: str, control: str) -> dict[Place, float]:
    """Every share at which learned masks can be compared: p-value of the t-test, corrected for their number."""
    places = [place for place in _places(results) if place[0] == study]
    found = {place: test.t_p for place in places if (test := compared(results, place, control))}
    return dict(zip(found, holm(list(found.values())), strict=True))


def _test(results: Results, place: Place, control: str, corrected: float) -> tuple[str, ...]:
    found = compare(*_pairs(results, place, control), "greater")
    tests = (found.t_p, corrected, found.wilcoxon_p, found.sign_flip_p, found.smallest_p)
    study, layout, keep = place
    gains = (points(_differences(results, study, *_names(place, control), pick)) for pick in PARTS)
    head = (title(study), layout, f"{keep:g}", control, str(found.pairs))
    return (*head, *gains, *map(chance, tests))


def _names(place: Place, control: str) -> tuple[str, str]:
    _, layout, keep = place
    return _name(LEARNED, keep, layout), _name(control, keep, layout)


def _pairs(results: Results, place: Place, control: str) -> Pair:
    return _pair(results, place[0], *_names(place, control))


def compared(results: Results, place: Place, control: str) -> PairedComparison | None:
    """Learned masks against a control, whether they are better; None with fewer than two seeds."""
    learned, other = _pairs(results, place, control)
    return compare(learned, other, "greater") if len(learned) > 1 else None


def masks_words(results: Results) -> list[str]:
    """What may be said: what half of the frames cost, and at which shares learned masks beat others."""
    return [line for study in results.events(PLAIN) for line in _verdicts(results, study)] or [NOTHING]


def _verdicts(results: Results, study: str) -> list[str]:
    against = [line for control in CONTROLS for line in _against(results, study, control)]
    return [*_half(results, study), *against]


def _against(results: Results, study: str, control: str) -> list[str]:
    corrected = compared_shares(results, study, control)
    found = {place: compare(*_pairs(results, place, control), "greater") for place in corrected}
    if not found:
        return []
    gains = {place: test for place, test in found.items() if test.difference.value > 0}
    better = [_words(place) for place, test in gains.items() if test.sign_flip_p < LEVEL]
    sure = [_words(place) for place in gains if corrected[place] < LEVEL]
    worse = [_words(place) for place, test in found.items() if test.difference.high < 0]
    return [
        f"- {title(study)}, learned against {control} masks, {number(len(found), 'share')}: better with p < {LEVEL} "
        f"(permutation) at {_list(better)}, by the t-test after Holm's correction at {_list(sure)}; worse (95 % "
        f"interval) at {_list(worse)}."
    ]


def _half(results: Results, study: str) -> list[str]:
    changes = [_differences(results, study, HEADLINE_MASK.name, PLAIN, pick) for pick in PARTS]
    if not changes[0]:
        return []
    loss, held_out = (-float(np.mean(change)) for change in changes)
    verdict = "reached" if loss <= ASKED else "NOT reached"
    return [
        f"- {title(study)}: without half of the frames learned masks lose {100 * loss:.1f} points on the test samples "
        f"and {100 * held_out:.1f} on the validation samples, {number(len(changes[0]), 'seed')}; at most one was asked "
        f"for: {verdict}. Of the static controls, {_list(_within(results, study))} lose at most one."
    ]


def _within(results: Results, study: str) -> list[str]:
    """Static controls that lose no more than was asked for without half of the frames, and how much."""
    names = {method: _name(method, HEADLINE_MASK.keep, HEADLINE_MASK.layout) for method in STATIC}
    losses = {method: _differences(results, study, PLAIN, name) for method, name in names.items()}
    means = {method: float(np.mean(found)) for method, found in losses.items() if found}
    return [
        f"{method} ({100 * loss:.1f}, {number(len(losses[method]), 'seed')})"
        for method, loss in means.items()
        if loss <= ASKED
    ]


def _words(place: Place) -> str:
    return f"{place[1]} {place[2]:g}"


def _list(found: Sequence[str]) -> str:
    return ", ".join(found) if found else "none"
