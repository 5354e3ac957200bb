"""Controls: nested masks of the right size; the busiest frames of each recording."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from evsnn_lava.errors import ConfigError
from evsnn_lava.training.mask_controls import STATIC, busiest_frames, static_masks


@st.composite
def counts_of(draw):
    steps = draw(st.integers(1, 30))
    return sorted(draw(st.lists(st.integers(1, steps), min_size=1, max_size=4)), reverse=True), steps


@given(counts_of(), st.sampled_from(sorted(STATIC)), st.integers(0, 99))
def test_static_masks_are_nested_and_keep_what_was_asked_for(sizes, method, seed):
    counts, steps = sizes
    events = np.random.default_rng(seed).random(steps)
    masks = static_masks(method, counts, events, np.random.default_rng(seed))
    assert masks.shape == (len(counts), steps)
    assert masks.sum(1).tolist() == counts
    assert not (masks[1:] & ~masks[:-1]).any()
    again = static_masks(method, counts, events, np.random.default_rng(seed))
    np.testing.assert_array_equal(masks, again)


def test_first_is_first_and_random_depends_on_the_seed():
    first = static_masks("first", [3, 2], np.ones(6), np.random.default_rng(1))
    assert first.astype(int).tolist() == [[1, 1, 1, 0, 0, 0], [1, 1, 0, 0, 0, 0]]
    drawn = {static_masks("random", [5], np.ones(20), np.random.default_rng(seed)).tobytes() for seed in range(5)}
    assert len(drawn) == 5


def test_a_window_has_more_events_than_any_other_and_the_earliest_of_equals_wins():
    events = np.array([0.1, 0.2, 0.3, 5.0, 0.1, 0.6, 0.1])
    masks = static_masks("window", [4, 2], events, np.random.default_rng(1))
    assert masks.astype(int).tolist() == [[0, 0, 1, 1, 1, 1, 0], [0, 0, 1, 1, 0, 0, 0]]
    assert static_masks("window", [3], np.full(9, 0.1), np.random.default_rng(1))[0, :3].all()


def test_a_control_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match="learned"):
        static_masks("learned", [1], np.ones(2), np.random.default_rng(1))


recordings = arrays(
    np.bool_, st.tuples(st.integers(1, 4), st.integers(1, 2), st.just(3), st.just(2), st.integers(1, 8))
)


@given(recordings, st.data())
def test_busiest_frames_are_no_quieter_than_those_left_out_and_stay_in_order(frames, data):
    keep = data.draw(st.integers(1, frames.shape[-1]))
    chosen = busiest_frames(frames, keep)
    assert chosen.shape == (*frames.shape[:-1], keep)
    assert chosen.dtype == frames.dtype
    for recording, shorter in zip(frames, chosen, strict=True):
        events = recording.sum((0, 1, 2))
        best = sorted(sorted(range(len(events)), key=lambda t: (-events[t], t))[:keep])
        np.testing.assert_array_equal(shorter, recording[..., best])


@pytest.mark.parametrize("keep", [0, 4])
def test_more_frames_than_there_are_cannot_be_kept(keep):
    with pytest.raises(ConfigError, match=f"keep is {keep}, the recordings have 3 frames"):
        busiest_frames(np.ones((1, 1, 1, 1, 3), dtype=bool), keep)
