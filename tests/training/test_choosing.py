"""Masks are chosen by the method's name; learning them leaves the network as it was, unless told otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava._torch import torch
from evsnn_lava.training.batches import FrameBatches
from evsnn_lava.training.choosing import choose_masks
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.model import EventNetwork

pytestmark = pytest.mark.torch

STEPS = 6


@pytest.fixture
def chosen():
    """Choose masks with a fit that changes every parameter."""

    def choose(counts=(3, 2), **masks):
        values = {"name": "n", "data": {"dataset": "d"}, "network": {"layers": [{"type": "dense", "units": 3}]}}
        config = RunConfig.model_validate({**values, "masks": masks})
        network, stages = EventNetwork(config.network, (1, 2, 2), 2), []
        before = {name: value.clone() for name, value in network.state_dict().items()}
        samples = np.random.default_rng(1).random((5, 1, 2, 2, STEPS)) < 0.5

        def fit(stage):
            stages.append(stage)
            with torch.no_grad():
                for parameter in stage.parameters():
                    parameter += 1 + torch.rand_like(parameter)

        batches = FrameBatches(samples, np.zeros(5, dtype=int))
        found = choose_masks(config, config.masks, network, list(counts), batches, fit)
        same = [name for name, value in network.state_dict().items() if torch.equal(value, before[name])]
        return found, stages, len(same) == len(before)

    return choose


@pytest.mark.parametrize("rewind", [True, False])
def test_the_network_comes_out_as_it_went_in_if_it_is_rewound(rewind, chosen):
    found, stages, same = chosen(rewind=rewind)
    assert same is rewind
    assert len(stages) == 1
    assert found.keep.sum(1).tolist() == [3, 2]
    assert found.keep[0, np.argmax(found.scores[0])]
    assert found.facts()["scores"] == found.scores.round(6).tolist()


@pytest.mark.parametrize("method", ["uniform", "first", "random", "window"])
def test_controls_learn_nothing(method, chosen):
    found, stages, same = chosen(method=method)
    assert (stages, same, found.scores) == ([], True, None)
    assert found.facts() == {"method": method, "keep": found.keep.astype(int).tolist()}


def test_masks_that_drop_nothing_are_not_learned(chosen):
    found, stages, _ = chosen(counts=(STEPS, STEPS))
    assert not stages
    assert found.keep.all()


def test_a_threshold_keeps_what_is_more_open_than_shut(chosen):
    found, _, _ = chosen(harden="threshold", counts=(3, 3))
    np.testing.assert_array_equal(found.keep[0], found.scores[0] > 0.5)


def test_a_window_lies_where_the_training_set_has_most_events():
    frames = np.zeros((3, 1, 2, 2, STEPS), dtype=bool)
    frames[..., 3:5], frames[0, ..., 0] = True, True
    batches = FrameBatches(frames, np.zeros(3, dtype=int))
    assert batches.events.tolist() == pytest.approx([4 / 3, 0, 0, 4, 4, 0])
    values = {"name": "n", "data": {"dataset": "d"}, "masks": {"method": "window"}}
    config = RunConfig.model_validate(values)
    found = choose_masks(config, config.masks, EventNetwork(config.network, (1, 2, 2), 2), [2], batches, lambda _: None)
    assert found.keep.astype(int).tolist() == [[0, 0, 0, 1, 1, 0]]
