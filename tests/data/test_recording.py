"""A recording that cannot be true is refused with one clear line."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import numpy as np
import pytest

from evsnn_lava.data import EventSet, Recording
from evsnn_lava.errors import ConfigError, FormatError

GOOD: dict[str, Any] = {
    "t_us": [0, 5, 5, 2, 9],
    "x": [0, 6, 3, 1, 2],
    "y": [0, 4, 1, 1, 0],
    "p": [1, 0, 1, 1, 0],
    "offset": [0, 3, 5],
    "label": [1, 0],
    "sample_id": [7, 8],
}


def build(**changes: Any) -> EventSet:
    return EventSet("set", (5, 7), ("a", "b"), source="events.npz", **{**GOOD, **changes})


def test_recordings_are_views_of_the_flat_arrays() -> None:
    events = build()
    assert [len(recording) for recording in events] == [3, 2]
    assert (events[1].label, events[1].sample_id, events[-1].sample_id) == (0, 8, 8)
    np.testing.assert_array_equal(events[1].t_us, [2, 9])
    assert np.shares_memory(events[1].x, events.x)
    assert (events.t_us.dtype, events.x.dtype, events.p.dtype) == (np.int32, np.uint16, np.uint8)


def test_arrays_are_read_only_and_the_callers_array_stays_writable() -> None:
    times = np.array(GOOD["t_us"], np.int32)
    events = build(t_us=times)
    with pytest.raises(ValueError, match="read-only"):
        events.t_us[0] = 3
    times[0] = 0


BROKEN = {
    "column out of range": ({"x": [0, 6, 3, 7, 2]}, "events.npz, sample 8, event 0: x is 7, the range is 0..6"),
    "row out of range": ({"y": [0, 5, 1, 1, 0]}, "sample 7, event 1: y is 5, the range is 0..4"),
    "negative column": ({"x": [0, -1, 3, 1, 2]}, "sample 7, event 1: x is -1"),
    "negative time": ({"t_us": [0, 5, 5, -2, 9]}, "sample 8, event 0: t_us is -2"),
    "time too large": ({"t_us": [0, 5, 1 << 31, 2, 9]}, "sample 7, event 2: t_us is 2147483648"),
    "unsorted times": ({"t_us": [0, 5, 4, 2, 9]}, "sample 7, event 2: t_us falls from 5 to 4; sort"),
    "polarity -1": ({"p": [1, -1, 1, 1, 0]}, "sample 7, event 1: p is -1, the range is 0..1; write ON as 1"),
    "polarity 2": ({"p": [1, 0, 1, 1, 2]}, "sample 8, event 1: p is 2"),
    "NaN": ({"t_us": [0, 5, np.nan, 2, 9]}, r"t_us\[2\] is nan, it must be a whole number"),
    "infinity": ({"x": [0, 6, 3, 1, np.inf]}, r"x\[4\] is inf"),
    "fraction": ({"x": [0, 6, 3, 1, 2.5]}, r"x\[4\] is 2.5"),
    "text": ({"x": list("abcde")}, "x is of type <U1, it must hold integers"),
    "two dimensions": ({"x": [[0, 6, 3, 1, 2]]}, "x has 2 dimensions"),
    "lengths": ({"x": [0, 6]}, r"differ in length \(t_us: 5, x: 2, y: 5, p: 5\)"),
    "empty recording": ({"offset": [0, 5, 5]}, "sample 8: no events, at least 1 is needed"),
    "offsets fall": ({"offset": [0, 6, 5]}, "offset runs from 0 to 5, it must rise"),
    "offsets end late": ({"offset": [0, 3, 6]}, "offset runs from 0 to 6, it must rise from 0 to the 5 events"),
    "offsets start late": ({"offset": [1, 3, 5]}, "offset runs from 1"),
    "no recordings": ({"offset": [0], "label": [], "sample_id": []}, "it holds no recordings"),
    "too few labels": ({"label": [1]}, "1 labels for 2 recordings"),
    "too few ids": ({"sample_id": [1]}, "1 labels or sample ids for 2 recordings"),
    "label without a class": ({"label": [1, 2]}, "sample 8: label is 2, there are 2 classes"),
}


@pytest.mark.parametrize(("changes", "message"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_true_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        build(**changes)
    assert str(caught.value).startswith("events.npz")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"t_us": [3, 1]}, "scratch, sample 4, event 1: t_us falls from 3 to 1"),
        ({"t_us": [], "x": [], "y": [], "p": []}, "scratch, sample 4: no events"),
        ({"x": [0, 1 << 16]}, "x is 65536"),
        ({"p": [0, 3]}, "p is 3"),
    ],
)
def test_a_single_recording_is_checked_too(changes: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"t_us": [1, 3], "x": [0, 1], "y": [0, 1], "p": [0, 1]}
    with pytest.raises(FormatError, match=message):
        Recording(**{**good, **changes}, sample_id=4, source="scratch")


def test_an_unknown_label_is_allowed() -> None:
    assert build(label=[-1, 0])[0].label == -1


def test_select_keeps_the_order_asked_for(event_set: EventSet) -> None:
    chosen = event_set.select([4, 0, 4], name="some")
    assert chosen.name == "some"
    np.testing.assert_array_equal(chosen.sample_id, [104, 100, 104])
    np.testing.assert_array_equal(chosen[1].t_us, event_set[0].t_us)
    np.testing.assert_array_equal(chosen.events_per_recording, event_set.events_per_recording[[4, 0, 4]])


@pytest.mark.parametrize("index", [6, -7])
def test_an_index_that_does_not_exist(event_set: EventSet, index: int) -> None:
    with pytest.raises(ConfigError, match=f"recording {index} of 6 does not exist"):
        event_set[index]


def test_a_set_of_nothing_is_refused(event_set: EventSet) -> None:
    with pytest.raises(FormatError, match="holds no recordings"):
        event_set.select([])


def test_four_million_events_are_checked_in_less_than_a_second() -> None:
    count, recordings = 4_000_000, 1000
    random = np.random.default_rng(0)
    big = EventSet(
        "big",
        (34, 34),
        ("a",),
        t_us=np.tile(np.arange(count // recordings, dtype=np.int32), recordings),
        x=random.integers(0, 34, count, dtype=np.uint8),
        y=random.integers(0, 34, count, dtype=np.uint8),
        p=random.integers(0, 2, count, dtype=np.uint8),
        offset=np.arange(recordings + 1) * (count // recordings),
        label=np.zeros(recordings, int),
        sample_id=np.arange(recordings),
    )
    start = time.process_time()
    dataclasses.replace(big)
    assert time.process_time() - start < 0.5


def test_repeated_sample_ids_are_numbered() -> None:
    dot = Recording(t_us=[1], x=[0], y=[0], p=[1], label=0)
    assert EventSet.from_recordings([dot, dot, dot], "dots", (2, 2), ["dot"]).sample_id.tolist() == [0, 1, 2]
    named = [dataclasses.replace(dot, sample_id=number) for number in (9, 4)]
    assert EventSet.from_recordings(named, "dots", (2, 2), ["dot"]).sample_id.tolist() == [9, 4]


def test_a_repr_is_one_short_line() -> None:
    events = build()
    assert repr(events) == "EventSet('set', 2 recordings, 2 classes ('a', 'b'), sensor 5 x 7, 5 events)"
    assert repr(events[1]) == "Recording(sample 8, label 0, 2 events in 10 us, source 'events.npz')"
    many = dataclasses.replace(events, class_names=tuple(f"class\n{number}" for number in range(101)))
    assert "101 classes ('class\\n0', " in repr(many)
    assert len(repr(many)) < 150
    assert "\n" not in repr(many)


@pytest.mark.parametrize(
    ("t_us", "remedy"),
    [
        ([0.0, 0.0125, 0.3], "it looks like seconds, microseconds are expected: multiply by 1e6 and round"),
        ([0.0, 12_500.5], "remove or round it"),
        ([0.5, np.nan], "remove or round it"),
    ],
)
def test_times_with_fractions(t_us: list[float], remedy: str) -> None:
    rest = [0] * len(t_us)
    with pytest.raises(FormatError, match=f"must be a whole number; {remedy}"):
        Recording(t_us=t_us, x=rest, y=rest, p=rest)
