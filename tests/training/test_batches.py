"""Batches come in a seeded order, and augmentation keeps frames binary."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava._torch import torch
from evsnn_lava.training.batches import FrameBatches, augment

pytestmark = pytest.mark.torch


def frames(count=7, rate=0.3):
    random = np.random.default_rng(1)
    return random.random((count, 2, 6, 5, 4)) < rate


@pytest.fixture
def batches():
    return FrameBatches(frames(), np.arange(7))


def test_a_batch_has_the_frames_of_its_samples(batches):
    x, labels = batches[[4, 0]]
    assert x.dtype == torch.float32
    np.testing.assert_array_equal(x.numpy(), frames()[[4, 0]])
    assert labels.tolist() == [4, 0]


def test_validation_serves_every_sample_once_and_in_order(batches):
    served = [labels.tolist() for _, labels in batches.loader(3, shuffle=False)]
    assert served == [[0, 1, 2], [3, 4, 5], [6]]


def order(batches, seed):
    torch.manual_seed(seed)
    loader = batches.loader(3, shuffle=True)
    return [[labels.tolist() for _, labels in loader] for _ in range(2)]


def test_training_order_is_seeded_changes_and_leaves_the_rest_out(batches):
    first, second = order(batches, 1)
    assert [first, second] == order(batches, 1)
    assert first != second
    assert [first, second] != order(batches, 2)
    assert [len(batch) for batch in first] == [3, 3]
    assert len({*first[0], *first[1]}) == 6


def test_a_set_smaller_than_a_batch_is_one_batch(batches):
    assert [len(labels) for _, labels in batches.loader(32, shuffle=True)] == [7]


def test_no_shift_and_no_drop_change_nothing(batches):
    x, _ = batches[[0, 1]]
    assert torch.equal(augment(x, 0, 0.0), x)


@given(st.integers(0, 4), st.floats(0, 1), st.integers(0, 1000))
def test_augmented_frames_are_binary_and_have_no_event_more(shift, drop, seed):
    torch.manual_seed(seed)
    x = torch.from_numpy(frames(3)).float()
    before = x.clone()
    found = augment(x, shift, drop)
    assert found.shape == x.shape
    assert torch.equal(x, before)
    assert torch.isin(found, torch.tensor([0.0, 1.0])).all()
    assert (found.sum((1, 2, 3)) <= x.sum((1, 2, 3))).all()  # per sample and step


@given(st.floats(0, 45), st.floats(0, 0.3), st.integers(0, 1000))
def test_rotated_and_resized_frames_are_binary(rotate, zoom, seed):
    torch.manual_seed(seed)
    x = torch.from_numpy(frames(3)).float()
    found = augment(x, 1, 0.0, rotate, zoom)
    assert found.shape == x.shape
    assert torch.isin(found, torch.tensor([0.0, 1.0])).all()


def test_shift_moves_every_event_of_a_sample_alike_and_within_the_limit():
    torch.manual_seed(1)
    x = torch.zeros(200, 1, 9, 9, 2)
    x[:, :, 4, 4, 0] = x[:, :, 4, 5, 1] = 1
    places = augment(x, 2, 0.0).nonzero()
    first, second = places[places[:, 4] == 0], places[places[:, 4] == 1]
    assert len(first) == len(second) == 200
    shifts = first[:, 2:4] - 4
    assert torch.equal(second[:, 2:4] - torch.tensor([4, 5]), shifts)
    assert {tuple(shift) for shift in shifts.tolist()} == {(y, x) for y in range(-2, 3) for x in range(-2, 3)}


def test_what_leaves_the_sensor_is_lost():
    torch.manual_seed(1)
    x = torch.zeros(100, 1, 5, 5, 1)
    x[:, :, 0, 0] = 1
    left = augment(x, 1, 0.0)
    assert 0 < left.sum() < 100
    assert not left[:, :, 2:].any()
    assert not left[:, :, :, 2:].any()


def test_share_of_dropped_events_lies_between_none_and_the_limit():
    torch.manual_seed(1)
    lost = 1 - augment(torch.ones(200, 1, 20, 20, 5), 0, 0.4).mean((1, 2, 3, 4))
    assert lost.max() < 0.4 + 0.05
    assert lost.min() < 0.05
    assert float(lost.mean()) == pytest.approx(0.2, abs=0.03)


def marked(number=200, steps=20):
    """Every frame holds its own number, from 1."""
    return torch.arange(1.0, steps + 1).expand(number, 1, 1, 1, steps)


def test_shifts_in_time_move_whole_recordings():
    torch.manual_seed(1)
    moved = augment(marked(), 0, 0.0, shift_steps=3)[:, 0, 0, 0]
    gaps = {tuple(torch.unique(frame[frame > 0] - torch.arange(1.0, 21)[frame > 0]).tolist()) for frame in moved}
    assert gaps == {(float(shift),) for shift in range(-3, 4)}
    assert (moved > 0).sum(1).min() == 17


def test_stretched_recordings_show_frames_near_the_shared_first_one():
    torch.manual_seed(1)
    moved = augment(marked(), 0, 0.0, stretch=0.25)[:, 0, 0, 0]
    assert (moved[:, 0] == 1).all()
    at_ten = moved[:, 10] - 1  # 10 / 1.25 = 8 to 10 / 0.75 = 13.3
    assert (at_ten.min(), at_ten.max()) == (8, 13)
    lasts = (moved > 0).sum(1)
    assert (lasts.min(), lasts.max()) == (15, 20), "a faster recording ends earlier, a slower one is cut"
    shown = [frame[frame > 0] for frame in moved]
    assert all((frame.diff() >= 0).all() and (frame.diff() <= 2).all() for frame in shown)


def test_a_recording_is_shifted_and_stretched_at_once():
    torch.manual_seed(1)
    moved = augment(marked(), 0, 0.0, shift_steps=3, stretch=0.25)[:, 0, 0, 0]
    first = moved[:, 0]
    assert set(first.tolist()) == {0, 1, 2, 3, 4, 5}, "some begin late, some have begun"
    both = [frame for frame in moved if frame[0] == 1]
    assert len({int(frame[-1]) for frame in both}) > 3, "those that begin on time end at several moments"


def test_what_is_switched_off_takes_no_random_number():
    drawn = []
    for options in ({}, {"stretch": 0.0}, {"shift_steps": 2}, {"shift_steps": 2, "stretch": 0.0}):
        torch.manual_seed(5)
        augment(marked(), 0, 0.0, **options)
        drawn.append(float(torch.rand(())))
    torch.manual_seed(5)
    assert drawn[:2] == [float(torch.rand(()))] * 2
    torch.manual_seed(5)
    torch.randint(-2, 3, (200, 1))
    assert drawn[2:] == [float(torch.rand(()))] * 2


def test_augmentation_is_seeded():
    x = torch.from_numpy(frames()).float()
    results = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        results.append(augment(x, 2, 0.3, shift_steps=1, stretch=0.2))
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])
