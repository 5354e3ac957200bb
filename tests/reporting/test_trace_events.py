"""The trace: what Perfetto asks of it, and that its numbers are those of the report."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest
from hypothesis import given

from evsnn_lava.profiling.ledger import CHIP, INPUT
from evsnn_lava.profiling.step_energy import step_energies
from evsnn_lava.reporting.trace_events import CLOCK, NO_CLOCK, MaskedFrame, Traced, trace_events

from .named_reports import BARE, WHOLE, named, report_of, reports

NEEDED = {
    "M": {"name", "ph", "pid", "tid", "ts", "args"},
    "X": {"name", "cat", "ph", "ts", "dur", "pid", "tid", "args"},
    "C": {"name", "ph", "ts", "pid", "tid", "args"},
    "i": {"name", "cat", "ph", "s", "ts", "pid", "tid", "args"},
}


def traced(report, samples=None, masked=()):
    titles = tuple(f"sample {index}" for index in range(samples or report.samples))
    return Traced(named(report), titles, masked)


def events_of(report, phase, **chosen):
    found = trace_events([traced(report, **chosen)])["traceEvents"]
    return [event for event in found if event["ph"] == phase]


def in_ns(microseconds):
    return round(microseconds * 1000)


@given(reports())
def test_perfetto_can_draw_it(report):
    trace = json.loads(json.dumps(trace_events([traced(report), traced(report)])))
    assert trace["displayTimeUnit"] in ("ms", "ns")
    latest, ends = defaultdict(float), defaultdict(int)
    threads = {(each["pid"], each["tid"]) for each in trace["traceEvents"] if each["name"] == "thread_name"}
    processes = {each["pid"] for each in trace["traceEvents"] if each["name"] == "process_name"}
    assert len(processes) == 2 * report.samples
    for event in trace["traceEvents"]:
        assert set(event) == NEEDED[event["ph"]]
        assert type(event["pid"]) is type(event["tid"]) is int
        assert event["ts"] >= latest[event["pid"]]
        latest[event["pid"]] = event["ts"]
        if event["ph"] == "X":
            place = event["pid"], event["tid"]
            assert event["dur"] >= 0
            assert place in threads
            assert in_ns(event["ts"]) == ends[place], "steps of a thread follow each other"
            ends[place] = in_ns(event["ts"]) + in_ns(event["dur"])
        if event["ph"] == "i":
            assert event["s"] in ("g", "p", "t")


@given(reports())
def test_the_last_step_ends_with_the_sample(report):
    ends = defaultdict(float)
    for event in events_of(report, "X"):
        ends[event["pid"]] = max(ends[event["pid"]], event["ts"] + event["dur"])
    expected = report.time_s.value * 1e6 if report.hardware.timed else report.steps.astype(float)
    assert list(ends.values()) == pytest.approx(expected.tolist(), abs=1e-3)


@given(reports())
def test_the_energies_of_all_steps_are_drawn(report):
    drawn = sum(event["args"]["energy_j"] for event in events_of(report, "X"))
    assert drawn == pytest.approx(sum(each.sum() for each in step_energies(report).values()))


def test_steps_carry_the_counts_of_their_layer():
    report = report_of()
    tids = {each["args"]["name"]: each["tid"] for each in events_of(report, "M") if each["name"] == "thread_name"}
    assert list(tids) == [INPUT, "layer0", "layer1", CHIP]
    steps = [event for event in events_of(report, "X") if event["tid"] == tids["layer1"] and event["pid"] == 2]
    counts = report.counts
    assert [each["name"] for each in steps] == [f"step {step}" for step in range(6)]
    assert [each["args"]["synops"] for each in steps] == counts.synops[1, 1, :6].tolist()
    assert [each["args"]["spikes"] for each in steps] == counts.messages[1, 1, :6].tolist()
    assert [each["args"]["updates"] for each in steps] == [int(counts.neurons[1])] * 6
    assert [each["args"]["messages"] for each in steps] == counts.load.copies[1, 1, :6].tolist()


def test_counters_end_at_zero():
    report = report_of()
    counters = [event["args"] for event in events_of(report, "C") if event["pid"] == 1]
    assert len(counters) == report.steps[0] + 1
    assert [each["layer0"] for each in counters[:-1]] == report.counts.messages[0, 0, : report.steps[0]].tolist()
    assert set(counters[-1].values()) == {0}


def test_only_the_samples_asked_for_are_drawn():
    assert {event["pid"] for event in events_of(report_of(), "X", samples=2)} == {1, 2}


def test_masked_frames_and_the_exit_are_instants():
    report = report_of(steps=[4, 9])
    masked = (MaskedFrame(2, INPUT, "layer0", 3), MaskedFrame(5, "layer0", "layer1", 4))
    instants = events_of(report, "i", masked=masked)
    frames = [(event["pid"], event["tid"], event["args"]["frame"]) for event in instants if event["s"] == "t"]
    assert sorted(frames) == [(1, 0, 3), (2, 0, 3), (2, 1, 4)], "the first sample stops before step 5"
    exits = [event for event in instants if event["name"] == "exit"]
    assert [event["args"]["frames seen"] for event in exits] == report.exit_steps.tolist()
    assert [event["ts"] for event in exits] == pytest.approx((report.time_s.value * 1e6).tolist(), abs=1e-3)


def test_a_profile_without_time_draws_steps_of_a_microsecond_and_says_so():
    bare, whole = report_of(BARE), report_of(WHOLE)
    assert {event["dur"] for event in events_of(bare, "X")} == {1.0}
    said = [trace_events([traced(report)])["otherData"] for report in (bare, whole)]
    assert [each[f"net on {name}"]["clock"] for each, name in zip(said, ("bare", "whole"), strict=True)] == [
        NO_CLOCK,
        CLOCK,
    ]
