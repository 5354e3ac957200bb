"""Frames are left out as long as the network does not miss them; what is left is what the class can be told from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava._torch import torch
from evsnn_lava.training.batches import FrameBatches
from evsnn_lava.training.choosing import choose_masks
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.elimination import ThinnedStage, eliminated, most_missed
from evsnn_lava.training.model import EventNetwork

pytestmark = pytest.mark.torch

STEPS, CLASSES = 8, 2
TELLING = [3, 4, 6]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30, unique=True), st.data())
def test_frames_that_count_for_themselves_are_left_by_their_worth(worths, data):
    worth, count = np.array(worths), data.draw(st.integers(1, len(worths)))
    kept = most_missed(np.arange(len(worth)), count, lambda frames: -float(worth[frames].sum()), blocks=len(worth))
    assert kept.tolist() == sorted(np.argsort(-worth)[:count].tolist())


@given(st.integers(1, 60), st.integers(1, 20), st.data())
def test_every_frame_can_be_left_out_and_the_number_is_right(steps, blocks, data):
    count, last = data.draw(st.integers(1, steps)), data.draw(st.integers(0, steps - 1))
    kept = most_missed(np.arange(steps), count, lambda frames: float((frames == last).sum()), blocks)
    assert len(kept) == count == len(set(kept.tolist()))
    assert (np.diff(kept) > 0).all()
    assert last not in kept or count == steps


def config(**masks):
    return RunConfig.model_validate(
        {
            "name": "n",
            "data": {"dataset": "d"},
            "network": {"layers": [{"type": "dense", "units": 4}], "head": "sums"},
            "train": {"evidence": "count", "logit_scale": 0.3},
            "masks": {"method": "elimination", **masks},
        }
    )


def network():
    """Every input neuron has a hidden one that fires with it, and speaks for its own class."""
    found = EventNetwork(config().network, (1, 1, CLASSES), CLASSES)
    with torch.no_grad():
        for block, weight in zip(found.blocks, (np.eye(4, CLASSES) * 3.9, np.eye(CLASSES, 4)), strict=True):
            synapse = block.input_synapse if hasattr(block, "input_synapse") else block.synapse
            synapse.weight.copy_(torch.from_numpy(weight).float().reshape(synapse.weight.shape))
    return found


def samples():
    """The class in three frames, its opposite nowhere, noise elsewhere."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, 200)
    frames = rng.random((200, 1, 1, CLASSES, STEPS)) < 0.3
    for frame in TELLING:
        frames[..., frame] = np.arange(CLASSES) == labels[:, None, None, None]
    return FrameBatches(frames, labels)


@pytest.mark.parametrize("semantics", ["skip", "mute"])
def test_frames_that_tell_the_class_are_left(semantics):
    masks = eliminated(network(), config(semantics=semantics), [3, 3], samples())
    assert [np.flatnonzero(mask).tolist() for mask in masks] == [TELLING] * 2


def test_deeper_layers_choose_among_the_frames_of_the_one_before():
    masks = eliminated(network(), config(), [4, 2], samples())
    assert masks.sum(1).tolist() == [4, 2]
    assert not (masks[1] & ~masks[0]).any()
    assert set(TELLING) <= set(np.flatnonzero(masks[0]))


@pytest.mark.parametrize("rewind", [True, False])
def test_the_network_is_first_trained_on_recordings_that_lack_frames(rewind):
    plain, stages = network(), []
    before = {name: value.clone() for name, value in plain.state_dict().items()}

    def fit(stage):
        stages.append(stage)
        with torch.no_grad():
            plain.blocks[-1].synapse.weight.mul_(1.5)

    chosen = config(rewind=rewind, soft_epochs=3, anytime_weight=0.25)
    found = choose_masks(chosen, chosen.masks, plain, [3, 3], samples(), fit)
    assert [type(stage) for stage in stages] == [ThinnedStage]
    assert (stages[0].epochs, stages[0].config.train.anytime_weight) == (3, 0.25)
    assert np.flatnonzero(found.keep[0]).tolist() == TELLING
    assert found.facts() == {"method": "elimination", "keep": found.keep.astype(int).tolist()}
    assert all(torch.equal(value, before[name]) for name, value in plain.state_dict().items()) == rewind


def test_masks_that_drop_nothing_need_no_stage():
    chosen, stages = config(), []
    found = choose_masks(chosen, chosen.masks, network(), [STEPS] * 2, samples(), stages.append)
    assert not stages
    assert found.keep.all()


@pytest.mark.parametrize("semantics", ["skip", "mute"])
def test_a_thinned_stage_shows_fewer_frames_in_training_and_all_of_them_in_validation(semantics):
    seen, plain = [], network()
    stage = ThinnedStage(plain, config(semantics=semantics), [3, 3], STEPS)
    forward = plain.forward
    plain.forward = lambda frames, *gate: seen.append(frames) or forward(frames, *gate)
    frames = torch.ones(2, 1, 1, CLASSES, STEPS)
    torch.manual_seed(0)
    for _ in range(40):
        stage.train().gated(frames)
    assert {int(each[0].sum()) // CLASSES for each in seen} == set(range(3, STEPS + 1))
    assert {each.shape[-1] for each in seen} == (set(range(3, STEPS + 1)) if semantics == "skip" else {STEPS})
    seen.clear()
    stage.eval().gated(frames)
    assert torch.equal(seen[0], frames)
