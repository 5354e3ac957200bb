"""Fitting and applying the policies: what each promises of the data that it was fitted on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import CalibrationError, ConfigError
from evsnn_lava.export.policies import Confidence, Conformal, Fixed, Guaranteed, TopKGap, decide
from evsnn_lava.export.policies.confidence import EVEN, TEMPERATURES, fit_temperature
from evsnn_lava.export.policies.settled import settled_right
from evsnn_lava.export.policies.thresholds import fit_thresholds, never_rising
from evsnn_lava.network import NEVER, CutoffPolicy, confidence, top2_gap

SEEDS = st.integers(0, 2**32 - 1)
KINDS = {
    "gap": TopKGap(0.05, 10),
    "monotone": TopKGap(0.05, 10, monotone=True),
    "confidence": Confidence(0.05, 10),
    "conformal": Conformal(0.1),
    "fixed": Fixed(epsilon=0.05),
    "guaranteed": Guaranteed(TopKGap(), 0.05, 0.2),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_policy_is_fitted_and_applied_alike(name, draw):
    scores, labels = draw(1, 150)
    before = replace(KINDS[name])
    with pytest.raises(CalibrationError, match="is not fitted; call fit"):
        before.decide(scores)
    policy = before.fit(scores, labels)
    assert policy is before
    assert policy.policy_.calibration_samples == 150
    assert len(policy.policy_.calibration_hash) == 64
    found = policy.decide(scores)
    assert found.exit_step.min() >= 1
    assert found.exit_step.mean() < scores.shape[1], "it never stops early: nothing was tried"
    at_exit = scores[np.arange(150), found.exit_step - 1]
    assert found.decision.tolist() == at_exit.argmax(axis=-1).tolist()
    again = replace(KINDS[name]).fit(scores.astype(np.int16), labels.astype(np.int8))
    assert again.policy_.thresholds.tolist() == policy.policy_.thresholds.tolist()
    assert again.policy_.calibration_hash == policy.policy_.calibration_hash


@pytest.mark.parametrize("name", ["gap", "monotone", "confidence", "conformal", "guaranteed"])
def test_a_tie_never_stops(name, draw):
    scores, labels = draw(2, 150)
    policy = replace(KINDS[name]).fit(scores, labels).policy_
    ties = np.full((1, scores.shape[1], 4), 9)
    assert policy.exit_step(ties).tolist() == [scores.shape[1]]


@settings(max_examples=40)
@given(seed=SEEDS, low=st.integers(0, 30), more=st.integers(0, 30))
@pytest.mark.parametrize("kind", [TopKGap, Confidence, Fixed])
def test_more_tolerance_never_stops_later(kind, draw, seed, low, more):
    scores, labels = draw(seed, 40, steps=8, hard=0.3)
    options = {} if kind is Fixed else {"min_support": 4}
    strict, loose = (kind(epsilon=e / 100, **options).fit(scores, labels) for e in (low, low + more))
    assert (loose.decide(scores).exit_step <= strict.decide(scores).exit_step).all()


@settings(max_examples=40)
@given(seed=SEEDS, hundredths=st.integers(0, 40), support=st.integers(1, 30), monotone=st.booleans())
@pytest.mark.parametrize("kind", [TopKGap, Confidence])
def test_at_every_step_enough_samples_stop_and_enough_of_them_are_right(
    kind, draw, seed, hundredths, support, monotone
):
    scores, labels = draw(seed, 40, steps=8, hard=0.3)
    policy = kind(hundredths / 100, support, monotone=monotone).fit(scores, labels).policy_
    lead, settled = policy.lead(scores), settled_right(scores, labels)
    for step, threshold in enumerate(policy.thresholds[:-1]):
        stopped = lead[:, step] > threshold
        if threshold < NEVER and (not monotone or stopped.sum() >= support):
            assert stopped.sum() >= support
            assert settled[stopped, step].sum() * 100 >= (100 - hundredths) * stopped.sum()


@settings(max_examples=60)
@given(thresholds=st.lists(st.integers(0, 9) | st.just(NEVER), min_size=1, max_size=8))
def test_thresholds_that_never_rise_are_the_lowest_above_the_given(thresholds):
    found = never_rising(np.array(thresholds))
    assert (np.diff(found) <= 0).all()
    expected = [max(thresholds[step:-1]) for step in range(len(thresholds) - 1)]
    assert found[:-1].tolist() == expected


@settings(max_examples=40)
@given(seed=SEEDS, hundredths=st.integers(0, 20))
def test_a_fixed_stop_is_the_first_that_loses_no_more_than_epsilon(draw, seed, hundredths):
    scores, labels = draw(seed, 50, steps=8, hard=0.3)
    found = Fixed(epsilon=hundredths / 100).fit(scores, labels).decide(scores)
    right = (scores.argmax(axis=-1) == labels[:, None]).sum(axis=0)
    fine = 100 * (right[-1] - right) <= hundredths * 50
    assert set(found.exit_step.tolist()) == {int(np.argmax(fine)) + 1}
    assert Fixed(steps=3).fit(scores, labels).decide(scores).exit_step.tolist() == [3] * 50


def test_a_given_number_of_steps_is_fitted_on_nothing(draw):
    scores, labels = draw(0, 50)
    given, found = (Fixed(steps=steps).fit(scores, labels).policy_ for steps in (3, None))
    assert (given.calibration_samples, given.calibration_hash, given.epsilon) == (0, "", 0)
    assert (found.calibration_samples, len(found.calibration_hash), found.epsilon) == (50, 64, 0.01)


@pytest.mark.parametrize("target", ["label", "last"])
def test_a_conformal_set_holds_its_target_as_often_as_it_says(draw, target):
    """Coverage on average over calibration data, which Bonferroni makes hold over all looks together."""
    missed = []
    for seed in range(60):
        scores, labels = draw(seed, 160)
        policy = Conformal(0.1, looks=3, target=target).fit(scores[:100], labels[:100])
        test, known = scores[100:], labels[100:]
        found = policy.decide(test)
        aim = known if target == "label" else test[:, -1].argmax(axis=-1)
        missed.append(((found.decision != aim) & (found.exit_step < test.shape[1])).mean())
    assert 0 < np.mean(missed) <= 0.1


def test_a_conformal_set_has_one_member_exactly_when_the_gap_exceeds_the_quantile(draw):
    scores, labels = draw(3, 200)
    policy = Conformal(0.1, looks=4).fit(scores, labels).policy_
    assert policy.kind == "conformal"
    assert (policy.thresholds < NEVER).sum() == 4
    behind = scores.max(axis=-1, keepdims=True) - scores
    members = (behind <= policy.thresholds[:, None]).sum(axis=-1)
    looks = policy.thresholds < NEVER
    assert ((members == 1) == (top2_gap(scores) > policy.thresholds))[:, looks].all()


def test_few_samples_allow_few_looks_and_too_few_none(draw):
    scores, labels = draw(4, 400)
    looks = {n: (Conformal(0.05).fit(scores[:n], labels[:n]).policy_.thresholds < NEVER).sum() for n in (18, 19, 399)}
    assert looks == {18: 0, 19: 1, 399: 10}


def test_the_temperature_is_the_likeliest_of_the_grid(draw):
    scores, labels = draw(5, 120)

    def cost(temperature):
        logits = scores / temperature
        right = np.take_along_axis(logits, labels[:, None, None], axis=-1)[..., 0]
        return (np.log(np.exp(logits - logits.max()).sum(axis=-1)) + logits.max() - right).mean()

    found = fit_temperature(scores, labels)
    assert found == TEMPERATURES[int(np.argmin([cost(t) for t in TEMPERATURES]))]
    assert Confidence(min_support=10).fit(scores, labels).temperature_ == found


def test_scores_too_large_for_a_table_are_refused():
    """Graded output: leads of thousands that are wrong a third of the time."""
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 10**6, (90, 3, 4))
    labels = np.where(rng.random(90) < 0.6, scores[:, -1].argmax(axis=-1), 0)
    with pytest.raises(CalibrationError, match=r"softmax temperature of .* use a gap policy"):
        Confidence().fit(scores, labels)
    assert (TopKGap(0.3, 10).fit(scores, labels).policy_.thresholds > 64).any()  # and a gap policy is quick with them


def test_a_confidence_that_two_classes_could_share_is_no_threshold(draw):
    scores, labels = draw(6, 100)
    policy = Confidence(epsilon=1.0, min_support=1).fit(scores, labels).policy_
    assert policy.thresholds.min() == EVEN
    assert int(confidence(np.array([5, 5, 0]), policy.softmax)) <= EVEN
    lead = np.array([[EVEN - 5], [EVEN], [EVEN + 1]])
    assert fit_thresholds(lead, np.ones((3, 1), bool), 1.0, 1, EVEN).tolist() == [EVEN]


REFUSED = {
    "epsilon above 1": (lambda s, y: TopKGap(1.5).fit(s, y), "TopKGap: epsilon is 1.5, it must be 0..1"),
    "no number": (lambda s, y: Conformal(float("nan")).fit(s, y), "Conformal: epsilon is nan"),
    "target": (lambda s, y: Conformal(target="all").fit(s, y), "Conformal: target is 'all'"),
    "no look": (lambda s, y: Conformal(looks=0).fit(s, y), "Conformal: looks is 0"),
    "stop": (lambda s, y: Fixed(steps=21).fit(s, y), "stop step is 21"),
    "temperature": (lambda s, y: Confidence(temperature=0.0).fit(s, y), "softmax temperature is 0"),
    "floats": (lambda s, y: TopKGap().fit(s / 2, y), "scores are float64 of shape"),
    "rank": (lambda s, y: TopKGap().fit(s[0], y), "scores are int64 of shape"),
    "labels": (lambda s, y: TopKGap().fit(s, y[:-1]), "100 samples and 99 labels"),
    "class": (lambda s, y: TopKGap().fit(s, y - 1 - y.min()), "labels such as -1 are none of the"),
    "steps": (lambda s, y: decide(CutoffPolicy.never(3), s), "the policy is for .samples, 3 steps, classes"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_in_one_line(name, draw):
    call, words = REFUSED[name]
    with pytest.raises(ConfigError, match=words) as caught:
        call(*draw(0, 100))
    assert "\n" not in str(caught.value)
