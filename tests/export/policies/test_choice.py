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


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"policy": "best"}, "unknown policy 'best'"),
        ({"epsilon": 1.1}, "they must be 0..1 and at least 1"),
        ({"min_support": 0}, "they must be 0..1 and at least 1"),
        ({"steps": 3}, "a number of steps goes with policy fixed"),
        ({"policy": "fixed", "steps": 3, "delta": 0.1}, "without delta"),
        ({"policy": "fixed", "monotone": True}, "no thresholds that could be monotone"),
    ],
)
def test_what_does_not_go_together_is_refused(options, words):
    with pytest.raises(ConfigError, match=words):
        PolicyChoice(**options)
