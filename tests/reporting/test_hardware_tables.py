from __future__ import annotations

import pytest
from rich.console import Console

from evsnn_lava.hw_profiles import Quantity
from evsnn_lava.profiling import Constant
from evsnn_lava.reporting.hardware_tables import ProfileFacts, ProfileLine, fault_table, list_table, profile_tables

FACTS = {"source": "a [bold]data[/bold] sheet", "year": 2020, "scope": "chip", "status": "measured"}
PROFILE = ProfileFacts(
    "mine",
    "Mine [red]",
    "a chip, 1 nm",
    "\nTwo\nlines.",
    "recorded",
    (
        Constant("energy.synop", Quantity(value=23.6, unit="pJ", high=35.5, note="A\nminimum.", **FACTS)),
        Constant("energy.barrier", Quantity(value=0, unit="pJ", **FACTS)),
        Constant("static_power", Quantity(value=104, unit="mW", **FACTS)),
        Constant("limits.cores_per_chip", Quantity(value=128, unit="count", **FACTS)),
    ),
    {"energy.io": "what a spike between host and chip costs is not published"},
)
LINE = ProfileLine(
    "mine",
    "Mine",
    {"energy": "2/10", "time": "recorded", "static": "yes", "limits": "no"},
    {"assumed": 2, "measured": 1},
)


def printed(what, width):
    console = Console(width=width)
    with console.capture() as capture:
        console.print(what)
    return [line.rstrip() for line in capture.get().splitlines()]


@pytest.mark.parametrize("width", [80, 100])
def test_everything_about_a_number_is_shown_at_any_width(width):
    lines = printed(profile_tables(PROFILE), width)
    assert max(map(len, lines)) <= width
    words = " ".join(" ".join(lines).split())
    for part in ("23.6 pJ", "(23.6..35.5)", "measured, chip", "(2020)", "A minimum.", "104 mW", "energy.io"):
        assert part in words
    assert "a [bold]data[/bold] sheet" in words
    assert lines[0] == "Mine [red] (mine): a chip, 1 nm"
    assert "  Two lines." in lines
    assert "A step lasts as long as the events that it shows." in words
    assert "128 count" not in words
    assert "(0..0)" not in words


def test_numbers_stand_under_their_group():
    lines = printed(profile_tables(PROFILE), 100)
    first = [line.split()[0] for line in lines if line.strip()]
    order = ["energy", "synop", "barrier", "static_power", "limits", "cores_per_chip", "energy.io"]
    assert [word for word in first if word in order] == order
    assert [line.count("energy") for line in lines if line.strip() == "energy"] == [1]


def test_a_profile_with_everything_misses_nothing():
    whole = ProfileFacts("a", "A", "a", "A.", "free", PROFILE.constants, {})
    words = " ".join(printed(profile_tables(whole), 100))
    assert "Not known" not in words
    assert "as long as the events" not in words


def test_a_list_has_a_line_each():
    lines = printed(list_table([LINE, LINE]), 100)
    assert [line.split() for line in lines if "mine" in line] == [
        ["mine", "Mine", "2/10", "recorded", "yes", "no", "1", "measured,", "2", "assumed"]
    ] * 2


def test_faults_are_counted():
    assert printed(fault_table("a.toml", []), 80) == ["a.toml: no faults"]
    assert printed(fault_table("a.toml", [("energy.io", "is [red]missing")]), 80) == [
        "a.toml: 1 fault",
        "  energy.io  is [red]missing",
    ]
    assert printed(fault_table("a.toml", [("a", "b"), ("c", "d")]), 80)[0] == "a.toml: 2 faults"
