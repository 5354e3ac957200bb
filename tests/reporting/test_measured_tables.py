"""Measured beside estimated."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.profiling import EventCounts, cost_of_counts, even_load
from evsnn_lava.profiling.measured import IO_BOUND, Readings
from evsnn_lava.reporting.measured_tables import COVERED, compare, measured_table

LIF = Readings(0.679234, 0.252728, 0.422127, 0.004379, 152.8e-6, 10_000, 16, static_total_w=0.232078, board="oheogulch")


@pytest.fixture
def report():
    """PilotNet-LIF as one layer with all its operations, 16 steps."""
    ones, one, inputs = np.ones((1, 1, 16), dtype=np.int64), np.array([16]), np.zeros((1, 16), dtype=np.int64)
    neurons, messages, synops = np.array([158_509]), 34_600 * ones, 2_270_000 * ones
    counts = EventCounts(
        layers=("all",),
        neurons=neurons,
        exit_step=one,
        steps=one,
        input_events=inputs,
        messages=messages,
        synops=synops,
        active_updates=118_909 * ones,
        readout_additions=0 * one,
        cutoff_comparisons=0 * one,
        mask_gates=0 * one,
        load=even_load(inputs, messages, synops, neurons, np.array([74])),
    )
    return cost_of_counts(counts, load_profile("loihi2"), network="PilotNet-LIF")


def printed(report, readings):
    console = Console(width=100, file=io.StringIO())
    console.print(measured_table(report, readings))
    return console.file.getvalue()


def test_every_quantity_has_its_domain_and_its_ratio(report):
    rows = {row.name.strip(): row for row in compare(report, LIF)}
    assert rows["dynamic"].ratio == pytest.approx(1.0932e-3 / report.distributions["dynamic_j"].mean.value, rel=1e-3)
    assert 1.0 < rows["dynamic"].ratio < 1.1
    assert rows["dynamic"].domain == rows["energy"].domain == "VDD+VDDM+VDDIO"
    assert rows["steps"].ratio == 1
    assert [rows[f"power {rail}"].estimate for rail in ("total", "vdd", "vddm", "vddio")] == [None] * 4
    text = printed(report, LIF)
    assert COVERED[:40] in " ".join(text.split())
    assert re.search(r"dynamic +VDD\+VDDM\+VDDIO +1\.09 mJ +1\.0\d mJ", text)


def test_an_unusable_measurement_is_not_printed_as_an_energy(report):
    bound = replace(LIF, total_w=0.2)
    rows = {row.name.strip(): row for row in compare(report, bound)}
    assert rows["energy"].measured is rows["dynamic"].measured is rows["energy"].ratio is None
    text = printed(report, bound)
    assert len(re.findall("unusable", text)) == 3
    assert IO_BOUND[1:30] in " ".join(text.split())


def test_no_rail_of_negative_power_is_printed(report):
    """A board of eight chips at 8 W of which one is used, and 1 W in all: minus six."""
    readings = Readings(1.0, 0.5, 0.4, 0.1, 1e-4, 10_000, 16, static_total_w=8.0, chips=1, board_chips=8)
    assert readings.power_w("total") < 0
    (total,) = [each for each in compare(report, readings) if each.name == "power total"]
    assert total.measured is None
