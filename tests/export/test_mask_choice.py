"""Input masks instead of hidden masks: all of them measured, the best one offered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.mask_choice import closest_input_mask, has_hidden_masks, with_input_mask
from evsnn_lava.network import (
    NEVER,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.simulation import run

STEPS = 6
KEEP = ([1, 1, 1, 0, 1, 1], [1, 1, 1, 0, 0, 1], [1, 1, 1, 0, 0, 1], [0, 1, 1, 0, 0, 1])


def relays(semantics="skip", keep=KEEP):
    """Two pixels that reach the output through four layers; a hidden mask makes their spikes disappear."""
    pairs = DenseSynapse(20 * np.eye(2, dtype=int))
    layers = tuple(Layer(f"relay{index}", pairs, CubaNeuron(9, 4095, 4096), (2,)) for index in range(4))
    masks = FrameMasks(semantics, keep)
    policy = CutoffPolicy("topk_gap", [2, 1, 1, NEVER, 0, 0][: masks.stream_steps], 0.02, "a" * 64, 99)
    return NetworkDescription("relays", layers, InputRecipe(1, 1, STEPS, 1000), masks, policy, ("off", "on"))


def spikes(*when):
    """One recording for each argument: frames in which ON fires; OFF fires in frame 4, which layer 1 drops."""
    frames = np.zeros((len(when), 2, 1, 1, STEPS), dtype=bool)
    for sample, steps in enumerate(when):
        frames[sample, 1, 0, 0, list(steps)] = True
    frames[:, 0, 0, 0, 4] = True
    return frames


def test_every_different_mask_is_a_candidate():
    network, frames, labels = relays(), spikes([0, 1], [1, 2], [5]), np.array([1, 1, 1])
    choice = closest_input_mask(network, frames, labels)
    assert [candidate.name for candidate in choice.candidates] == [
        "mask of the input for all",
        "mask of relay1 for all",
        "mask of relay3 for all",
    ]
    assert [candidate.frames_sent for candidate in choice.candidates] == [5, 4, 3]
    assert [candidate.accuracy for candidate in choice.candidates] == [2 / 3, 1, 1]  # frame 4 makes a tie
    assert choice.reference.accuracy == 1
    assert choice.best.name == "mask of relay3 for all"  # of two that are right the one with fewer operations


def test_what_is_measured_is_what_runs():
    network, frames = relays(), spikes([0, 1], [1, 2], [5])
    choice = closest_input_mask(network, frames, np.array([1, 1, 0]))
    for candidate in (choice.reference, *choice.candidates):
        result = run(candidate.network, frames)
        assert candidate.accuracy == result.accuracy(np.array([1, 1, 0]))
        assert candidate.exit_step == result.exit_step.mean()
        assert candidate.steps == result.steps.mean()
        assert candidate.synops == result.synops.sum() / 3


def test_thresholds_stay_with_their_frames():
    """The stream of five frames 0, 1, 2, 4, 5 loses frame 4, or 0 and 4."""
    network = relays()
    keep = network.masks.keep
    assert with_input_mask(network, keep[0]).cutoff.thresholds.tolist() == [2, 1, 1, NEVER, 0]
    assert with_input_mask(network, keep[1]).cutoff.thresholds.tolist() == [2, 1, 1, 0]
    assert with_input_mask(network, keep[3]).cutoff.thresholds.tolist() == [1, 1, 0]
    assert with_input_mask(network, keep[3]).cutoff.epsilon == 0.02


def test_muted_frames_become_a_shorter_stream():
    """Relays pass nothing on in a muted frame, but neurons that remember would: only a shorter stream needs no gate."""
    network = relays("mute", (KEEP[0],) * 4)
    assert has_hidden_masks(network.masks)
    choice = closest_input_mask(network, spikes([0, 1]), np.array([1]))
    assert [candidate.name for candidate in choice.candidates] == ["every frame for all", "mask of the input for all"]
    assert [candidate.frames_sent for candidate in choice.candidates] == [6, 5]
    assert [candidate.network.masks.semantics for candidate in choice.candidates] == ["skip", "skip"]
    assert choice.candidates[1].network.cutoff.thresholds.tolist() == [2, 1, 1, 0, 0]


def test_a_cutoff_can_be_fitted_again():
    choice = closest_input_mask(
        relays(), spikes([0, 1]), np.array([1]), lambda candidate: CutoffPolicy.fixed(2, candidate.masks.stream_steps)
    )
    assert [candidate.exit_step for candidate in choice.candidates] == [2, 2, 2]
    assert choice.reference.exit_step == 5


def test_a_candidate_has_no_hidden_masks():
    network, frames = relays(), spikes([0])
    choice = closest_input_mask(network, frames, np.array([1]))
    assert has_hidden_masks(network.masks)
    assert not any(has_hidden_masks(candidate.network.masks) for candidate in choice.candidates)


def test_nothing_to_choose_is_refused():
    with pytest.raises(ConfigError, match="every layer takes every frame"):
        closest_input_mask(relays(keep=(KEEP[0],) * 4), spikes([0]), np.array([1]))
    with pytest.raises(ConfigError, match="1 recordings and 2 labels"):
        closest_input_mask(relays(), spikes([0]), np.array([1, 1]))
    with pytest.raises(ConfigError, match="0 recordings"):
        closest_input_mask(replace(relays()), spikes(), np.array([], dtype=int))
