"""The one public workload that was measured on Loihi 2: PilotNet-LIF, 16 steps an inference.

Measured (lava-dl, netx PilotNet benchmark): 1.093544 mJ dynamic and 1.661103 mJ in total per
inference, 152.8 us a step. The counts below are those of its bias-driven activity, which needs no
data: the input layer is silent, every layer behind it works in every step.
"""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.profiling import CostReport, EventCounts, cost_of_counts

STEPS = 16
DYNAMIC_J, TOTAL_J, STEP_S = 1.093544e-3, 1.661103e-3, 152.8e-6

# name: neurons, cores, synaptic operations a step, spikes a step
LAYERS = {
    "input": (39_600, 13, 0, 0),
    "conv1": (76_032, 25, 0, 26_928),
    "conv2": (26_460, 13, 1_605_000, 6_248),
    "conv3": (8_064, 3, 452_100, 840),
    "conv4": (5_632, 3, 144_600, 433),
    "conv5": (2_560, 2, 63_900, 146),
    "dense": (161, 15, 4_300, 0),
}


@pytest.fixture(name="report", scope="module")
def fixture_report() -> CostReport:
    neurons, cores, synops, spikes = (np.array(column) for column in zip(*LAYERS.values(), strict=True))
    every_step = np.ones((1, 1, STEPS), dtype=np.int64)
    one = np.array([STEPS])
    counts = EventCounts(
        layers=tuple(LAYERS),
        neurons=neurons,
        exit_step=one,
        steps=one,
        input_events=np.zeros((1, STEPS), dtype=np.int64),
        messages=spikes[None, :, None] * every_step,
        synops=synops[None, :, None] * every_step,
        active_updates=(neurons * (np.arange(len(neurons)) > 0))[None, :, None] * every_step,
        readout_additions=one * 0,
        cutoff_comparisons=one * 0,
        mask_gates=one * 0,
    )
    return cost_of_counts(counts, cores, load_profile("loihi2"), network="PilotNet-LIF")


def test_the_counts_are_those_of_the_workload():
    assert sum(layer[0] for layer in LAYERS.values()) == 158_509
    assert sum(layer[1] for layer in LAYERS.values()) == 74
    assert sum(layer[2] for layer in LAYERS.values()) == pytest.approx(2.270e6, rel=1e-4)


def test_published_constants_give_the_published_arithmetic(report):
    synops_j = report.ledger.energy(kinds=["synop"]).value
    updates = 158_509 * STEPS
    assert synops_j + updates * 52e-12 == pytest.approx(0.989e-3, rel=1e-3)
    assert synops_j + updates * 81e-12 == pytest.approx(1.062e-3, rel=1e-3)


def test_dynamic_energy_is_a_little_below_the_measurement_and_the_range_covers_it(report):
    dynamic = report.ledger.dynamic
    assert 0.989e-3 < dynamic.value < 1.064e-3
    assert dynamic.value / DYNAMIC_J == pytest.approx(0.956, abs=0.002)
    assert dynamic.low < DYNAMIC_J < dynamic.high


def test_total_energy_is_within_five_per_cent(report):
    total = report.ledger.total
    assert total.value / TOTAL_J == pytest.approx(0.973, abs=0.003)
    assert total.low < TOTAL_J < total.high


def test_step_time_of_the_busiest_core(report):
    time_s = report.distributions["time_s"].mean.scaled(1 / STEPS)
    assert time_s.value == pytest.approx(STEP_S, rel=0.02)
    assert time_s.low < STEP_S < time_s.high
