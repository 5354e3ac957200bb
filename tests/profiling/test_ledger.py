from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from evsnn_lava.hw_profiles import load_profile, profile_names
from evsnn_lava.profiling import KINDS, Estimates, EventCounts, Ledger, build_ledger, count_events
from evsnn_lava.profiling.ledger import energy_per_sample, prices, static_energy

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
SHAPE = (3, 2, 4)
PROFILES = st.sampled_from(profile_names())
EVENTS = arrays(np.int64, SHAPE, elements=st.integers(0, 10**6))
NEURONS = np.array([500, 20])


@st.composite
def event_counts(draw) -> EventCounts:
    steps = draw(arrays(np.int64, SHAPE[0], elements=st.integers(1, SHAPE[2])))
    executed = (np.arange(SHAPE[2]) < steps[:, None])[:, None, :]
    share = draw(arrays(np.float64, SHAPE, elements=st.floats(0, 1)))
    return EventCounts(
        layers=("first", "second"),
        neurons=NEURONS,
        exit_step=steps,
        steps=steps,
        input_events=draw(arrays(np.int64, (SHAPE[0], SHAPE[2]), elements=st.integers(0, 1000))) * executed[:, 0],
        messages=draw(EVENTS) * executed,
        synops=draw(EVENTS) * executed,
        active_updates=(share * NEURONS[None, :, None]).astype(np.int64) * executed,
        readout_additions=steps * 10,
        cutoff_comparisons=steps * 10,
        mask_gates=steps,
    )


def ledger_of(counts: EventCounts, name: str) -> Ledger:
    time_s = Estimates.exact(counts.steps).times(prices(load_profile(name).energy)["synop"])
    return build_ledger(counts, load_profile(name), time_s)


def times(counts: EventCounts, factor: int) -> EventCounts:
    names = ("input_events", "messages", "synops", "active_updates", "readout_additions", "cutoff_comparisons")
    scaled = {name: getattr(counts, name) * factor for name in names}
    return EventCounts(**{**vars(counts), **scaled, "neurons": counts.neurons * factor})


@PATIENT
@given(event_counts(), PROFILES)
def test_rows_sum_to_the_total_exactly(counts, name):
    ledger = ledger_of(counts, name)
    assert math.fsum(row.energy_j for row in ledger.rows) == ledger.total.value
    assert math.fsum(row.low_j for row in ledger.rows) == ledger.total.low
    assert math.fsum(row.high_j for row in ledger.rows) == ledger.total.high
    assert ledger.dynamic.value + ledger.static.value == pytest.approx(ledger.total.value, rel=1e-15)


@PATIENT
@given(event_counts(), PROFILES)
def test_samples_and_rows_tell_the_same_sum(counts, name):
    ledger = ledger_of(counts, name)
    samples = energy_per_sample(counts, load_profile(name).energy).total()
    for end in ("value", "low", "high"):
        assert getattr(samples, end) == pytest.approx(getattr(ledger.dynamic, end), rel=1e-12)


@PATIENT
@given(event_counts(), PROFILES)
def test_the_range_brackets_every_row(counts, name):
    for row in ledger_of(counts, name).rows:
        assert 0 <= row.low_j <= row.energy_j <= row.high_j


@PATIENT
@given(event_counts(), PROFILES, st.integers(0, 1000))
def test_dynamic_energy_is_linear_in_the_counts(counts, name, factor):
    one, many = ledger_of(counts, name), ledger_of(times(counts, factor), name)
    assert many.dynamic.value == pytest.approx(factor * one.dynamic.value, rel=1e-12)
    assert many.dynamic.high == pytest.approx(factor * one.dynamic.high, rel=1e-12)
    assert many.count(kinds=["synop"]) == factor * one.count(kinds=["synop"])


def test_the_sum_of_a_hand_made_case(network, result):
    counts = count_events(network, result)
    hardware = load_profile("loihi1")
    ledger = build_ledger(counts, hardware, Estimates.exact(np.array([1, 2])))
    synops = 30 + 24 + 6 + 12 + 18 + 24
    assert ledger.count("conv", ["synop"]) == synops
    assert ledger.energy("conv", ["synop"]).value == synops * 23.6e-12
    assert ledger.energy("conv", ["synop"]).high == synops * 35.5e-12
    assert ledger.energy("(input)").value == pytest.approx(19 * 1.7e-12, rel=1e-15)
    assert ledger.static.value == pytest.approx(3 * 0.104)
    active, idle = (ledger.count(kinds=[f"neuron_update_{kind}"]) for kind in ("active", "idle"))
    assert active + idle == (4 + 6) * 21
    updates = ledger.energy(kinds=["neuron_update_active", "neuron_update_idle"])
    assert updates.value == pytest.approx(active * 81e-12 + idle * 52e-12)
    # Which updates were active is not recorded: the range reaches from all idle to all active.
    assert updates.low == pytest.approx((active + idle) * 51.2e-12)
    assert updates.high == pytest.approx((active + idle) * 81e-12)


def test_unpublished_work_is_counted_and_charged_nothing(network, result):
    ledger = build_ledger(count_events(network, result), load_profile("loihi2"), Estimates.exact(result.steps))
    rows = {row.kind: row for row in ledger.rows if row.kind in ("readout", "cutoff", "mask")}
    assert set(rows) == {"readout", "cutoff", "mask"}
    assert rows["readout"].count == 6 * 3
    assert all(row.high_j == 0 and "not published" in row.note for row in rows.values())


def test_every_kind_has_a_meaning(network, result):
    ledger = build_ledger(count_events(network, result), load_profile("loihi2"), Estimates.exact(result.steps))
    assert {row.kind for row in ledger.rows} == set(KINDS)


def test_two_chips_draw_twice_the_static_power(result):
    hardware, time_s = load_profile("loihi1"), Estimates.exact(result.steps)
    assert np.allclose(static_energy(hardware, time_s, 2).value, 2 * 0.104 * result.steps)
