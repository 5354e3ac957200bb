"""From the words of a user to a policy."""

from __future__ import annotations

import typing

import pytest

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.policies import Confidence, Conformal, Fixed, Guaranteed, PolicyChoice, TopKGap
from evsnn_lava.export.policies.choice import MAKERS

MADE = {
    "gap": (PolicyChoice(epsilon=0.02, min_support=9, monotone=True), TopKGap(0.02, 9, True)),
    "confidence": (PolicyChoice("confidence", 0.03, 8), Confidence(0.03, 8)),
    "conformal": (PolicyChoice("conformal", 0.1, monotone=True), Conformal(0.1, monotone=True)),
    "fixed": (PolicyChoice("fixed", steps=7), Fixed(7)),
    "guaranteed": (PolicyChoice("fixed", 0.02, delta=0.2), Guaranteed(Fixed(epsilon=0.02), 0.02, 0.2)),
}


@pytest.mark.parametrize("name", MADE)
def test_a_choice_makes_its_policy(name):
    choice, expected = MADE[name]
    assert repr(choice.make()) == repr(expected)


def test_command_line_and_configuration_know_every_kind():
    cli = pytest.importorskip("evsnn_lava.cli.calibrate")
    config = pytest.importorskip("evsnn_lava.training.config")
    assert set(cli.POLICIES) == set(MAKERS)
    assert set(typing.get_args(typing.get_type_hints(config.CutoffConfig)["policy"])) == set(MAKERS)


IDLE = {
    "conformal support": ({}, {"policy": "conformal", "min_support": 9}, "min_support is 9 and would have no effect"),
    "fixed support": ({"policy": "fixed"}, {"min_support": 9}, "need a number of samples, policy is fixed"),
    "guaranteed gap": ({"delta": 0.1}, {"min_support": 9}, "with delta, the thresholds of topk_gap are not fitted"),
    "monotone gap": ({}, {"delta": 0.1, "monotone": True}, "monotone is True and would have no effect: with delta"),
    "monotone fixed": ({"policy": "fixed"}, {"monotone": True}, "no thresholds that could be monotone"),
    "epsilon of steps": ({}, {"policy": "fixed", "steps": 3, "epsilon": 0.1}, "with a number of steps nothing is"),
}


@pytest.mark.parametrize("name", IDLE)
def test_what_was_given_must_have_an_effect(name):
    defaults, given, words = IDLE[name]
    with pytest.raises(ConfigError, match=words):
        PolicyChoice.of(defaults, given)


@pytest.mark.parametrize("name", IDLE)
def test_defaults_without_effect_are_left_out(name):
    defaults, given, _ = IDLE[name]
    steps = {key: value for key, value in given.items() if key in ("policy", "delta", "steps")}
    settings = {"epsilon": 0.1, "min_support": 9, "monotone": True, **defaults}
    choice, rest = PolicyChoice.of(settings, steps), {**defaults, **steps}
    assert (choice.policy, choice.delta) == (rest.get("policy", "topk_gap"), rest.get("delta"))
    assert choice.monotone == (choice.policy == "conformal")
    assert choice.min_support == PolicyChoice.min_support


def test_a_number_of_steps_takes_the_place_of_a_configured_guarantee():
    assert PolicyChoice.of({"delta": 0.1}, {"policy": "fixed", "steps": 3}) == PolicyChoice("fixed", steps=3)
    with pytest.raises(ConfigError, match="without delta"):
        PolicyChoice.of({}, {"policy": "fixed", "steps": 3, "delta": 0.1})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"policy": "best"}, "unknown policy 'best'"),
        ({"epsilon": 1.1}, "epsilon is 1.1, it must be 0..1"),
        ({"min_support": 0}, "min_support is 0, it must be at least 1"),
        ({"steps": 3}, "a number of steps goes with policy fixed"),
        ({"policy": "fixed", "steps": 3, "delta": 0.1}, "without delta"),
        ({"policy": "fixed", "monotone": True}, "no thresholds that could be monotone"),
    ],
)
def test_what_does_not_go_together_is_refused(options, words):
    with pytest.raises(ConfigError, match=words):
        PolicyChoice(**options)
