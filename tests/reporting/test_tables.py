from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from evsnn_lava.errors import ConfigError
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.profiling import CostReport, EventCounts, cost_of_counts, even_load
from evsnn_lava.reporting import comparison_table, constants_table, cost_tables
from evsnn_lava.reporting.tables import layer_table

GOLDEN = Path(__file__).parent / "golden"


def report_of(profile: str, exit_steps: list[int], rate: int, accuracy: float | None) -> CostReport:
    """A network of a convolution and a dense layer, the same events in every step."""
    exits = np.array(exit_steps)
    steps = exits + 2
    live = (np.arange(12) < steps[:, None])[:, None, :]
    neurons, inputs = np.array([2_312, 10]), rate * live[:, 0]
    messages, synops = (np.array(each)[None, :, None] * live for each in ([rate * 3, 2], [rate * 50, rate * 30]))
    counts = EventCounts(
        layers=("conv", "dense"),
        neurons=neurons,
        exit_step=exits,
        steps=steps,
        input_events=inputs,
        messages=messages,
        synops=synops,
        active_updates=np.array([rate * 8, 10])[None, :, None] * live,
        readout_additions=exits * 10,
        cutoff_comparisons=exits * 10,
        mask_gates=steps * 0,
        load=even_load(inputs, messages, synops, neurons, np.array([2, 1])),
    )
    hardware = load_profile(profile)
    return cost_of_counts(counts, hardware, network="digits", backend="engine", accuracy=accuracy)


def text_of(renderable, width: int = 100) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None, legacy_windows=False).print(renderable)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


@pytest.fixture(name="report")
def fixture_report() -> CostReport:
    return report_of("loihi2", [4, 5, 5, 10], 100, 0.975)


@pytest.fixture(name="rows")
def fixture_rows(report) -> list[tuple[str, CostReport]]:
    return [
        ("plain", report_of("loihi2", [10] * 4, 100, 0.98)),
        ("masks", report_of("loihi2", [6] * 4, 100, 0.97)),
        ("cutoff", report),
        ("masks + cutoff", report_of("loihi2", [3, 3, 4, 6], 100, None)),
    ]


def test_the_tables_look_as_recorded(report):
    assert text_of(cost_tables(report)) == (GOLDEN / "cost_tables.txt").read_text()


def test_a_cutoff_on_chip_has_a_row_of_its_own(report):
    """Below the total, because its layers are counted above."""
    decided = dataclasses.replace(report, cutoff_layers=1)
    host, chip = ([line.split() for line in text_of(layer_table(each)).splitlines()] for each in (report, decided))
    dense = next(words for words in host if words[:1] == ["dense"])
    last = next(index for index, words in enumerate(chip) if words[:1] == ["total"])
    assert chip[last + 1] == ["cutoff", "on", "chip", *dense[1:]]
    assert not any("chip" in words for words in host[: last + 1])


def test_the_comparison_looks_as_recorded(rows):
    assert text_of(comparison_table(rows)) == (GOLDEN / "comparison_table.txt").read_text()


def test_100_columns_are_enough_for_every_number(report, rows):
    for renderable in (cost_tables(report), comparison_table(rows)):
        narrow, wide = (text_of(renderable, width) for width in (100, 200))
        assert "…" not in narrow
        assert max(map(len, narrow.splitlines())) <= 100
        # Whatever a wider terminal shows is also on the narrower one.
        assert set(wide.replace("─", "").split()) <= set(narrow.split())


def test_notes_explain_the_ranges(report):
    explanation = "unconstrained."
    assert explanation not in text_of(constants_table(report))
    assert explanation in text_of(constants_table(report, notes=True))


def test_a_report_without_labels_shows_no_accuracy(rows):
    assert "accuracy" not in text_of(cost_tables(rows[-1][1]))


def test_the_change_is_against_the_first_row(rows):
    line = next(line for line in text_of(comparison_table(rows)).splitlines() if line.strip().startswith("masks "))
    plain, masks = (report.distributions["energy_j"].mean.value for _, report in rows[:2])
    assert f"{100 * (masks / plain - 1):.0f} %" in line


def test_two_profiles_do_not_compare(report):
    with pytest.raises(ConfigError, match="2 hardware profiles"):
        comparison_table([("a", report), ("b", report_of("loihi1", [4], 100, None))])


def test_no_rows_do_not_compare():
    with pytest.raises(ConfigError, match="0 hardware profiles"):
        comparison_table([])


def test_names_that_look_like_markup_are_only_names():
    report = report_of("loihi2", [2, 3], 1, 0.5)
    strange = dataclasses.replace(
        report, network="[/b] x", layers=tuple(dataclasses.replace(layer, name="[/x]l") for layer in report.layers)
    )
    text = text_of(cost_tables(strange))
    assert "[/b] x on" in text
    assert "[/x]l" in text
