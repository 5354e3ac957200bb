"""The table of a search, and its answer in words."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from evsnn_lava.export.search.candidates import Candidate
from evsnn_lava.export.search.intervals import Interval
from evsnn_lava.export.search.rows import Figures, Limits, Policy, Row
from evsnn_lava.reporting.search_tables import search_table, search_verdict

GOLDEN = Path(__file__).parent / "golden"


def figures(accuracy, steps, energy_j, time_s):
    def around(value, share):
        return Interval(value, value * (1 - share), value * (1 + share))

    known = [None if each is None else around(each, 0.04) for each in (energy_j, time_s)]
    return Figures(
        300,
        Interval(accuracy, accuracy - 0.03, accuracy + 0.02),
        around(steps, 0.1),
        around(steps, 0.1),
        around(steps, 0.2),
        *known,
    )


def row(keep, frames, bits, stop, *numbers):
    candidate, policy = Candidate(keep, tuple(range(frames)), bits), Policy(stop, "topk_gap", (1,) * frames)
    measured = figures(*numbers)
    return Row(candidate, policy, replace(measured, accuracy=Interval(numbers[0] + 0.01, 0, 1)), measured)


OWN = row(1.0, 30, 8, "file", 0.96, 33, 72.9e-6, 254e-6)
CHEAP = row(0.5, 1, 6, "0.1", 0.9, 7, 25.7e-6, 91e-6)
GOOD = row(0.5, 15, 8, "0.02", 0.955, 12, 34.1e-6, 118e-6)
WHOLE = row(1.0, 30, 8, "never", 0.965, 33, 134e-6, 463e-6)
LIMITS = Limits(min_accuracy=0.96, max_p95_steps=20, max_energy=60e-6)


def printed(what):
    console = Console(file=io.StringIO(), width=100)
    console.print(what)
    return "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().splitlines())


def test_the_table_is_the_golden_one():
    table = search_table("net on Loihi 2: 3 of 144 ways", OWN, [CHEAP, GOOD, WHOLE], GOOD)
    text = printed(table) + "\n" + search_verdict(LIMITS, [CHEAP, GOOD, WHOLE], GOOD) + "\n"
    assert text == (GOLDEN / "search.txt").read_text(encoding="utf-8")


def test_what_a_profile_does_not_know_is_a_question_mark():
    bare = row(1.0, 30, 8, "never", 0.9, 33, None, None)
    lines = printed(search_table("n", bare, [bare], None)).splitlines()
    assert [line.split()[-2:] for line in lines if "90.0 %" in line] == [["?", "?"]] * 2


@pytest.mark.parametrize(
    ("limits", "chosen", "said"),
    [
        (Limits(), None, "no limit, so nothing is chosen: give one, such as --min-accuracy 0.96"),
        (
            Limits(min_accuracy=0.99, max_time=1e-4),
            None,
            "nothing that was tried keeps all limits on the selection part (accuracy >= 99.0 %, time <= 100 us); the "
            "best of each, not together: accuracy at most 97.5 %, time at least 91.0 us",
        ),
        (
            Limits(max_energy=40e-6),
            GOOD,
            "chosen: keep 0.5, 15 frames, 8 bits, epsilon 0.02, the cheapest that keeps all limits on the selection "
            "part (energy <= 40.0 uJ); on the test part it keeps them, too: energy 34.1 uJ (95 %: 32.7 uJ .. 35.5 uJ)",
        ),
        (
            Limits(min_accuracy=0.97, max_p95_steps=40),
            WHOLE,
            "chosen: keep 1, 30 frames, 8 bits, no cutoff, the cheapest that keeps all limits on the selection part "
            "(accuracy >= 97.0 %, p95 steps <= 40); ON THE TEST PART IT DOES NOT KEEP the limit of accuracy: accuracy "
            "96.5 % (95 %: 93.5 % .. 98.5 %)",
        ),
    ],
)
def test_the_answer_in_words(limits, chosen, said):
    assert search_verdict(limits, [CHEAP, GOOD, WHOLE], chosen) == said
