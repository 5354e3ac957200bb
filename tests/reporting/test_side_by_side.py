"""Files and profiles side by side: what stands in the table, and that it fits on a terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from rich.console import Console

from evsnn_lava.errors import ConfigError
from evsnn_lava.profiling import Estimate
from evsnn_lava.reporting.named_report import NamedReport
from evsnn_lava.reporting.side_by_side import FileGroup, MeasuredRow, coverage, side_by_side
from evsnn_lava.reporting.units import format_si

from .named_reports import BARE, POWER, PROFILES, SILENT, WHOLE, named, report_of, reports

GOLDEN = Path(__file__).parent / "golden"


def text_of(renderable, width=80):
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None, legacy_windows=False).print(renderable)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def group(*given, file="net", measured=()):
    report = given[0].report
    return FileGroup(file, report.exit_steps, report.steps, report.accuracy, given, measured)


@pytest.fixture(name="groups")
def fixture_groups():
    runs = {"plain": ([9, 9, 9], 0.98), "masked": ([3, 5, 9], None)}
    host = MeasuredRow("measured-host", "measured on this machine; no RAPL", Estimate.exact(2e-3))
    metered = MeasuredRow("metered", "package-0", *(Estimate.exact(each) for each in (2e-3, 3e-2, -1e-4, 4e-2)))
    return [
        group(
            *(named(report_of(hardware, steps, accuracy), file) for hardware in PROFILES),
            file=file,
            measured=(host, metered) if file == "plain" else (host,),
        )
        for file, (steps, accuracy) in runs.items()
    ]


@pytest.mark.parametrize("width", [80, 100])
def test_it_looks_as_recorded(groups, width):
    assert text_of(side_by_side(groups), width) == (GOLDEN / f"side_by_side_{width}.txt").read_text()


def test_80_columns_show_every_number_that_wide_terminals_show(groups):
    narrow, wide = text_of(side_by_side(groups)), text_of(side_by_side(groups), 200)
    assert max(map(len, narrow.splitlines())) <= 80
    assert "…" not in narrow
    assert set(wide.replace("─", "").split()) <= set(narrow.split())


@given(reports())
def test_nothing_unknown_is_printed_as_zero(report):
    """Every profile has events here, so a zero could only be a price that is not known."""
    lines = text_of(side_by_side([group(named(report))])).splitlines()
    row = next(line for line in lines if line.startswith(f"   {report.hardware.name}"))
    assert " 0 J" not in row
    assert " 0 s" not in row
    if report.hardware.timed:
        assert format_si(report.time_s.distribution().mean.value, "s") in row


@pytest.mark.parametrize(
    ("hardware", "said"),
    [
        (WHOLE, "prices per core; static power per chip; time without message"),
        (
            POWER,
            "power while working per core; static power per core; operations have no price of their own; "
            "time without synop, neuron_update, message",
        ),
        (
            BARE,
            "prices per core; without static power; without time; no price for neuron_update_active, "
            "neuron_update_idle, spike, message, hop_x, hop_y, io, barrier, host_operation",
        ),
    ],
)
def test_the_notes_say_what_a_profile_covers(hardware, said):
    assert coverage(report_of(hardware)) == said


def test_profiles_that_cover_the_same_share_a_note(groups):
    twin = group(NamedReport("plain", "twin", "plain.net", report_of(WHOLE)))
    notes = text_of(side_by_side([*groups, twin])).partition("covers:")[2]
    assert notes.count("prices per core; static power per chip") == 1
    assert "twin" in notes


def test_a_profile_without_any_price_has_no_energy():
    report = report_of(SILENT)
    row = next(line for line in text_of(side_by_side([group(named(report))])).splitlines() if "silent" in line)
    time = format_si(report.time_s.distribution().mean.value, "s")
    assert row.split() == ["silent", *time.split(), "not", "not", "not", "—"]


def test_names_are_printed_as_they_are():
    report = report_of()
    shown = text_of(side_by_side([group(NamedReport("x", "[red]p", "a", report), file="[bold]a")]))
    assert "[bold]a" in shown
    assert "[red]p" in shown


def test_what_was_measured_stands_alone_too():
    report = report_of()
    host = MeasuredRow("measured-host", "no counters here", Estimate.exact(2e-3))
    alone = FileGroup("net", report.exit_steps, report.steps, None, (), (host,))
    shown = text_of(side_by_side([alone]))
    row = next(line for line in shown.splitlines() if line.startswith("   measured-host"))
    assert row.split() == ["measured-host", "2.00", "ms", "not", "—", "—", "—"]
    assert "no counters here" in shown


def test_nothing_to_show_is_refused():
    report = report_of()
    for nothing in ([], [FileGroup("net", report.exit_steps, report.steps, None, ())]):
        with pytest.raises(ConfigError, match="no report"):
            side_by_side(nothing)
