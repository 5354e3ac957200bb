from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from evsnn_lava.hw_profiles import load_profile, profile_names
from evsnn_lava.profiling import KINDS, Estimate, Estimates, EventCounts, Ledger, build_ledger, even_load
from evsnn_lava.profiling.ledger import EVENT_KINDS, PRICE_OF, energy_per_sample, power_energy

PATIENT = settings(max_examples=60)
SHAPE = (3, 2, 4)
PROFILES = st.sampled_from(profile_names())
EVENTS = arrays(np.int64, SHAPE, elements=st.integers(0, 10**6))
NEURONS = np.array([500, 20])


@st.composite
def event_counts(draw) -> EventCounts:
    steps = draw(arrays(np.int64, SHAPE[0], elements=st.integers(1, SHAPE[2])))
    executed = (np.arange(SHAPE[2]) < steps[:, None])[:, None, :]
    inputs = draw(arrays(np.int64, (SHAPE[0], SHAPE[2]), elements=st.integers(0, 1000))) * executed[:, 0]
    messages, synops = draw(EVENTS) * executed, draw(EVENTS) * executed
    load = even_load(inputs, messages, synops, NEURONS, np.array([2, 1]))
    hops = draw(EVENTS) * executed
    share = draw(arrays(np.float64, SHAPE, elements=st.floats(0, 1)))
    return EventCounts(
        layers=("first", "second"),
        neurons=NEURONS,
        exit_step=steps,
        steps=steps,
        input_events=inputs,
        messages=messages,
        synops=synops,
        active_updates=(share * NEURONS[None, :, None]).astype(np.int64) * executed,
        readout_additions=steps * 10,
        cutoff_comparisons=steps * 10,
        mask_gates=steps,
        load=replace(load, copies=load.copies + hops, hops_x=hops, hops_y=2 * hops),
        convolutions=draw(st.sampled_from([(), ("first",)])),
    )


def ledger_of(counts: EventCounts, name: str) -> Ledger:
    return build_ledger(counts, load_profile(name), seconds_of(counts))


def seconds_of(counts: EventCounts) -> Estimates:
    return Estimates.exact(counts.steps).times(Estimate(1e-5, 0.5e-5, 2e-5))


def times(counts: EventCounts, factor: int) -> EventCounts:
    names = ("input_events", "messages", "synops", "active_updates", "readout_additions", "cutoff_comparisons")
    scaled = {name: getattr(counts, name) * factor for name in (*names, "mask_gates")}
    load = {name: getattr(counts.load, name) * factor for name in ("input_copies", "copies", "hops_x", "hops_y")}
    return replace(counts, **scaled, neurons=counts.neurons * factor, load=replace(counts.load, **load))


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
    samples = energy_per_sample(counts, load_profile(name), seconds_of(counts)).total()
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
    events = [kind for kind in EVENT_KINDS if kind != "barrier"]  # steps are not scaled
    for end in ("value", "high"):
        scaled, single = (getattr(each.energy(kinds=events), end) for each in (many, one))
        assert scaled == pytest.approx(factor * single, rel=1e-12)
    assert many.count(kinds=["synop"]) == factor * one.count(kinds=["synop"])


def test_the_sum_of_a_hand_made_case(network, result, counted):
    counts = counted(network, result)
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


def test_unpublished_work_is_counted_and_charged_nothing(network, result, counted):
    ledger = build_ledger(counted(network, result), load_profile("loihi2"), Estimates.exact(result.steps))
    rows = {row.kind: row for row in ledger.rows if row.kind in ("readout", "cutoff", "mask")}
    assert set(rows) == {"readout", "cutoff", "mask"}
    assert rows["readout"].count == 6 * 3
    assert all(row.high_j == 0 and "not published" in row.note for row in rows.values())


def test_every_kind_has_a_meaning(network, result, counted):
    ledger = build_ledger(counted(network, result), load_profile("loihi2"), Estimates.exact(result.steps))
    assert {row.kind for row in ledger.rows} == set(KINDS) - {"working"}


def test_two_chips_draw_twice_the_static_power(result):
    hardware, time_s = load_profile("loihi1"), Estimates.exact(result.steps)
    assert np.allclose(power_energy(hardware.static_power, time_s, 2).value, 2 * 0.104 * result.steps)


def test_a_price_that_is_missing_is_named_with_its_reason(network, result, counted):
    hardware = load_profile("loihi2")
    for row in build_ledger(counted(network, result), hardware, Estimates.exact(result.steps)).rows:
        unpriced = PRICE_OF[row.kind] in hardware.unpriced
        assert row.note == (hardware.unpriced[PRICE_OF[row.kind]] if unpriced else "")
        assert not (unpriced and row.high_j)


def test_a_convolution_has_a_price_of_its_own(network, result, counted):
    counts, hardware = counted(network, result), load_profile("loihi1:fitted")
    ledger = build_ledger(counts, hardware, Estimates.exact(result.steps))
    assert counts.convolutions == ("conv",)
    assert ledger.energy("conv", ["synop"]).value == ledger.count("conv", ["synop"]) * 24.0e-12
    assert ledger.energy("dense", ["synop"]).value == ledger.count("dense", ["synop"]) * 35.5e-12


def test_power_while_working_is_dynamic(network, result, counted):
    hardware = load_profile("xylo")
    ledger = build_ledger(counted(network, result), hardware, Estimates.exact(np.array([1, 2])))
    assert ledger.dynamic.value == pytest.approx(3 * hardware.working_power.si)
    assert ledger.static.value == pytest.approx(3 * hardware.static_power.si)
