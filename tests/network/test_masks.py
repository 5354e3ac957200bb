"""Frame masks: nesting, the two semantics, gates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError
from evsnn_lava.network import FrameMasks, evenly


@pytest.mark.parametrize(
    ("semantics", "keep", "message"),
    [
        ("drop", ([1],), "unknown mask semantics 'drop'; choose one of: mute, skip"),
        ("skip", (), "FrameMasks: expected one mask of T bits for every layer, all of the same length"),
        (
            "skip",
            ([1, 1], [1]),
            "FrameMasks: expected one mask of T bits for every layer, all of the same length",
        ),
        ("skip", ([[1, 1]],), "FrameMasks: expected one mask of T bits for every layer, all of the same length"),
        (
            "mute",
            ([1, 1], [1, 0], [1, 1]),
            "FrameMasks: mask 2 keeps a frame that mask 1 drops; nest the masks",
        ),
        ("skip", ([1, 0], [0, 0]), "FrameMasks: the last mask keeps no frame at all; keep at least one"),
        ("mute", ([],), "FrameMasks: the last mask keeps no frame at all; keep at least one"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(semantics, keep, message):
    with pytest.raises(ConfigError) as caught:
        FrameMasks(semantics, keep)
    assert str(caught.value) == message


@st.composite
def masks(draw):
    steps = draw(st.integers(1, 8))
    rows = draw(st.lists(st.lists(st.booleans(), min_size=steps, max_size=steps), min_size=1, max_size=4))
    keep = np.logical_and.accumulate(np.array(rows), axis=0)
    keep[:, draw(st.integers(0, steps - 1))] = True
    return FrameMasks(draw(st.sampled_from(["skip", "mute"])), tuple(keep))


@given(masks=masks(), seed=st.integers(0, 99))
def test_stream_and_gates_frame_by_frame(masks, seed):
    frames = np.random.default_rng(seed).random((2, 3, masks.steps)) < 0.7
    sent = [t for t in range(masks.steps) if masks.semantics == "mute" or masks.keep[0][t]]
    stream = masks.stream(frames)
    assert masks.stream_steps == stream.shape[-1] == len(sent)
    assert masks.sent_frames.tolist() == sent
    for position, t in enumerate(sent):
        assert np.array_equal(stream[..., position], frames[..., t] & masks.keep[0][t])
    for layer, keep in enumerate(masks.keep):
        assert masks.gate(layer).tolist() == [bool(keep[t]) for t in sent]


@given(masks=masks(), data=st.data())
def test_a_frame_kept_inside_a_dropped_one_is_refused(masks, data):
    dropped = [(layer, t) for layer, keep in enumerate(masks.keep[:-1]) for t in np.flatnonzero(~keep)]
    if not dropped:
        return
    layer, t = data.draw(st.sampled_from(dropped))
    keep = [mask.copy() for mask in masks.keep]
    keep[layer + 1][t] = True
    with pytest.raises(ConfigError, match=f"^FrameMasks: mask {layer + 1} keeps a frame that mask {layer} drops"):
        FrameMasks(masks.semantics, tuple(keep))


def test_frames_of_another_length_are_refused():
    with pytest.raises(ConfigError) as caught:
        FrameMasks.all_kept(3, 1).stream(np.ones((2, 4), dtype=bool))
    assert str(caught.value) == "frames have 4 steps, the masks 3; bin with the file's recipe"


@pytest.mark.parametrize("semantics", ["skip", "mute"])
def test_all_kept_drops_nothing(semantics):
    masks = FrameMasks.all_kept(3, 2, semantics)
    frames = np.array([[True, False, True], [False, True, True]])
    assert (masks.semantics, len(masks.keep), masks.steps, masks.stream_steps) == (semantics, 2, 3, 3)
    assert np.array_equal(masks.stream(frames), frames)


def test_masks_cannot_be_changed():
    mine = np.array([True, True])
    masks = FrameMasks("skip", (mine,))
    mine[0] = False
    assert masks.keep[0].all()
    with pytest.raises(ValueError, match="read-only"):
        masks.keep[0][0] = False


@given(st.data(), st.integers(1, 200))
def test_evenly_spaced_frames_have_gaps_that_differ_by_one_and_margins_of_half_a_gap(data, total):
    count = data.draw(st.integers(1, total))
    places = evenly(count, total)
    gaps = np.diff(places)
    assert len(places) == count
    assert gaps.size == 0 or gaps.max() - gaps.min() <= 1
    assert gaps.size == 0 or gaps.min() >= 1
    for margin in (places[0], total - 1 - places[-1]):
        assert abs(margin - (total / count - 1) / 2) <= 1
