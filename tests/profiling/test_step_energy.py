"""Energies of steps are those of the ledger, spread over time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given

from evsnn_lava.profiling.ledger import CHIP, INPUT, READOUT, layer_events
from evsnn_lava.profiling.step_energy import step_energies

from ..reporting.named_reports import report_of, reports


@given(reports())
def test_energies_of_the_steps_sum_to_the_ledger(report):
    energies, ledger = step_energies(report), report.ledger
    for layer in (INPUT, *report.counts.layers):
        assert energies[layer].sum() == pytest.approx(ledger.energy(layer).value)
    chip = ledger.energy(CHIP).value + ledger.energy(READOUT, ["io"]).value
    assert energies[CHIP].sum() == pytest.approx(chip)


@given(reports())
def test_steps_that_were_not_executed_cost_nothing(report):
    for energy in step_energies(report).values():
        assert energy.shape == report.counts.executed.shape
        assert not energy[~report.counts.executed].any()


def test_every_kind_of_a_layer_is_spread():
    report = report_of()
    kinds = {row.kind for row in report.ledger.rows if row.layer == "layer1"}
    assert kinds == set(layer_events(report.counts))


def test_a_step_costs_what_happened_in_it():
    report = report_of()
    rows = {row.kind: row for row in report.ledger.rows if row.layer == "layer1"}
    prices = {kind: row.energy_j / row.count for kind, row in rows.items() if row.count}
    step = {kind: events[1, 1, 2] for kind, events in layer_events(report.counts).items()}
    expected = sum(prices.get(kind, 0.0) * happened for kind, happened in step.items())
    assert step_energies(report)["layer1"][1, 2] == pytest.approx(expected)


def test_nothing_that_happened_divides_nothing():
    report = report_of()
    silent = dataclasses.replace(report.counts, synops=np.zeros_like(report.counts.synops))
    assert np.isfinite(step_energies(dataclasses.replace(report, counts=silent))["layer0"]).all()
