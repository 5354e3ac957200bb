"""The guarantee: its arithmetic, and that it holds on data that it has not seen, where a careless one does not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.policies import Certificate, Confidence, Conformal, Fixed, Guaranteed, TopKGap, violation_rate
from evsnn_lava.export.policies.guarantee import Losses
from evsnn_lava.export.policies.risk import binomial_tail, random_halves, samples_needed
from evsnn_lava.network import CutoffPolicy

EPSILON, DELTA = 0.03, 0.1


@given(samples=st.integers(1, 60), errors=st.integers(0, 60), hundredths=st.integers(1, 99))
def test_the_tail_is_that_of_the_binomial_distribution(samples, errors, hundredths):
    p = hundredths / 100
    expected = sum(comb(samples, k) * p**k * (1 - p) ** (samples - k) for k in range(min(errors, samples) + 1))
    assert binomial_tail(errors, samples, p) == pytest.approx(expected)


@given(epsilon=st.floats(0.001, 0.5), delta=st.floats(0.001, 0.9))
def test_so_many_samples_and_not_one_less(epsilon, delta):
    needed = samples_needed(epsilon, delta)
    assert binomial_tail(0, needed, epsilon) <= delta * (1 + 1e-9)
    assert needed == 1 or binomial_tail(0, needed - 1, epsilon) > delta * (1 - 1e-9)


@given(seed=st.integers(0, 99), samples=st.integers(1, 40))
def test_halves_are_halves(seed, samples):
    first, second = random_halves(samples, seed)
    assert sorted([*first, *second]) == list(range(samples))
    assert 0 <= len(second) - len(first) <= 1


def test_halves_do_not_share_their_classes():
    """A family that is fitted to the share of each class would otherwise be tested on these very shares."""
    labels = np.repeat(np.arange(48), 8)
    counts = [np.bincount(labels[random_halves(len(labels), seed)[0]], minlength=48) for seed in range(20)]
    assert np.std(counts, axis=0).mean() > 1


def test_a_family_without_members_says_so():
    found = Guaranteed(TopKGap(), EPSILON, DELTA).fit(np.zeros((50, 1, 3), int), np.zeros(50, int))
    assert found.certificate_.tested == 0
    assert "no way to stop" in found.certificate_.sentence


@pytest.mark.parametrize("base", [TopKGap(), Fixed(), Confidence(temperature=1.5)])
def test_a_family_goes_from_careful_to_bold_and_no_label_has_a_part_in_it(base, draw):
    scores, _ = draw(1, 300)
    exits = [policy.exit_step(scores).mean() for policy in base.unfitted_family(scores)]
    assert len(exits) > 8
    assert (np.diff(exits) <= 0).all()
    assert exits[0] > 17
    assert exits[-1] < 6


def test_the_last_before_the_first_failure_is_taken(draw):
    """By hand: every member's errors and p-value."""
    scores, labels = draw(2, 300)
    found = Guaranteed(TopKGap(), EPSILON, DELTA).fit(scores, labels)
    right = scores.argmax(axis=-1) == labels[:, None]
    passed = []
    for policy in TopKGap().unfitted_family(scores):
        exits = policy.exit_step(scores)
        errors = int((right[:, -1] & ~right[np.arange(300), exits - 1]).sum())
        if binomial_tail(errors, 300, EPSILON) > DELTA:
            break
        passed.append((policy, errors))
    policy, errors = passed[-1]
    certificate = found.certificate_
    assert found.policy_.thresholds.tolist() == policy.thresholds.tolist()
    assert (certificate.granted, certificate.errors, certificate.samples) == (True, errors, 300)
    assert certificate.tested == len(passed) + 1
    assert found.policy_.epsilon == EPSILON
    assert (np.diff(found.policy_.thresholds) <= 0).all()


def test_with_too_few_samples_it_never_stops_and_says_so(draw):
    scores, labels = draw(3, 75)
    found = Guaranteed(TopKGap(), EPSILON, DELTA).fit(scores, labels)
    assert samples_needed(EPSILON, DELTA) == 76
    assert found.policy_.kind == "never"
    assert not found.certificate_.granted
    assert found.certificate_.sentence == (
        "Nothing can be guaranteed, so it never stops early: the most careful policy fails (0 of 75 samples lost, "
        "p = 0.1); without a single loss it takes 76 samples."
    )


def test_the_sentence_names_every_number():
    certificate = Certificate("learn_then_test", 0.01, 0.05, 648, 2, 0.0423, True, 9)
    assert certificate.sentence == (
        "With probability at least 95 % over the draw of the calibration data, early exit costs at most 1 % of "
        "accuracy on new data of the same kind (2 of 648 samples lost, p = 0.042)."
    )
    assert replace(certificate, method="risk_control").sentence.startswith("On average over draws")


@pytest.mark.parametrize("base", [TopKGap(), Fixed(), Conformal(), Confidence(min_support=5)])
def test_the_number_of_samples_that_it_takes_is_the_smallest(draw, base):
    """Of samples without a loss: so many are enough, one less is not."""
    asked = Guaranteed(base, 0.1, 0.1)
    needed = asked.fit(*easy(draw, 15)).certificate_.needed
    assert needed == (22 if isinstance(base, TopKGap | Fixed) else 43)
    granted = [asked.fit(*easy(draw, count)).certificate_ for count in (needed - 1, needed)]
    assert [each.granted for each in granted] == [False, True]
    assert granted[0].errors == granted[1].errors == 0
    assert ("topk_gap" in granted[0].remedy, granted[1].remedy) == (needed == 43, "")


def easy(draw, count):
    """Scores of samples that are right from the first step on, by a lead that differs."""
    scores, labels = draw(3, count)
    lead = np.arange(1, scores.shape[1] + 1)[None, :, None] * (1 + np.arange(count) % 3)[:, None, None]
    return lead * (np.arange(scores.shape[2]) == labels[:, None, None]), labels


def test_a_fitted_half_is_said():
    certificate = Certificate("learn_then_test", 0.01, 0.1, 150, 2, 0.042, True, 9, fitted=149)
    assert "(2 lost of the 150 samples that tested, 149 others fitted; p = 0.042)" in certificate.sentence
    words = "without a single loss it takes 459 samples, half of them to test."
    assert words in replace(certificate, granted=False).sentence


def test_a_fitted_family_is_tested_on_the_other_half(draw):
    scores, labels = draw(4, 401)
    found = Guaranteed(TopKGap(min_support=10), EPSILON, DELTA, family="fitted").fit(scores, labels)
    half, rest = random_halves(len(labels), 0)
    family = [p.thresholds.tolist() for p in TopKGap(min_support=10).fitted_family(scores[half], labels[half])]
    assert found.policy_.thresholds.tolist() in family
    at_exit, at_end = (
        policy.decide(scores[rest]).decision for policy in (found, Fixed(scores.shape[1]).fit(scores, labels))
    )
    lost = (at_end == labels[rest]) & (at_exit != labels[rest])
    assert found.certificate_.granted
    assert (found.certificate_.samples, found.certificate_.errors) == (len(rest), lost.sum())
    for base in (Confidence(min_support=10), Conformal()):  # which have no other family
        assert Guaranteed(base, EPSILON, DELTA).fit(scores, labels).certificate_.samples == len(rest)


def test_without_labels_half_the_samples_are_enough(draw):
    """Why families that no datum had a part in come first: both test honestly, one on twice as many samples."""
    exits = {"unfitted": [], "fitted": []}
    for seed in range(6):
        scores, labels = draw(seed, 200)
        for family, found in exits.items():
            policy = Guaranteed(TopKGap(min_support=10), EPSILON, DELTA, family=family).fit(scores, labels)
            found.append(policy.decide(scores).exit_step.mean())
    assert np.mean(exits["unfitted"]) < np.mean(exits["fitted"])


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_risk_control_counts_a_sample_that_any_more_careful_policy_loses(draw, seed):
    scores, labels = draw(seed, 150, hard=0.2)
    found = Guaranteed(TopKGap(), EPSILON, method="risk_control").fit(scores, labels)
    losses, ever, errors = Losses(scores, labels), np.zeros(150, bool), 0
    for policy in TopKGap().unfitted_family(scores):
        ever |= losses.of(policy)
        if (ever.sum() + 1) / 151 > EPSILON:
            break
        errors = int(ever.sum())
    assert not found.certificate_.granted or found.certificate_.errors == errors
    assert found.certificate_.delta == 0


@dataclass(eq=False)
class Careless(Guaranteed):
    """Takes the boldest policy whose loss on the calibration data is within epsilon: no test, no correction."""

    def _passes(self, p_value: float) -> bool:
        return p_value <= 0.5


@pytest.fixture(scope="module")
def population(draw):
    return draw(7, 2400)


@pytest.mark.parametrize(
    ("policy", "holds"),
    [
        (Guaranteed(TopKGap(), EPSILON, DELTA), True),
        (Guaranteed(Fixed(), EPSILON, DELTA), True),
        (Guaranteed(TopKGap(min_support=10), EPSILON, DELTA, family="fitted"), True),
        (Careless(TopKGap(), EPSILON, DELTA), False),
        (Fixed(epsilon=EPSILON), False),
    ],
    ids=["gap", "fixed", "fitted", "careless gap", "careless fixed"],
)
def test_over_many_splits_it_is_broken_less_often_than_delta(population, policy, holds):
    found = violation_rate(*population, policy, EPSILON, splits=200, calibration_size=400, seed=3)
    assert (found.splits, found.calibration_size, found.test_size) == (200, 400, 2000)
    assert found.early > 0.5, "a policy that never stops promises nothing"
    assert (found.rate <= DELTA) == holds, found


def test_the_violation_rate_by_hand(draw):
    scores, labels = draw(8, 60)
    policy = Fixed(steps=3)
    right = scores.argmax(axis=-1) == labels[:, None]
    lost = right[:, -1] & ~right[:, 2]
    found = violation_rate(scores, labels, policy, 0.1, splits=9, calibration_size=40, seed=2)
    rng, tests = np.random.default_rng(2), []
    for _ in range(9):
        tests.append(lost[rng.permutation(60)[40:]].mean())
    assert found.rate == np.mean(np.array(tests) > 0.1)
    assert found.mean_loss == pytest.approx(np.mean(tests))
    assert (found.mean_exit, found.early) == (3, 1)
    assert not hasattr(policy, "policy_")


REFUSED = {
    "epsilon": (lambda s, y: Guaranteed(TopKGap(), 0.0).fit(s, y), "Guaranteed: epsilon is 0.0"),
    "delta": (lambda s, y: Guaranteed(TopKGap(), delta=1.0).fit(s, y), "Guaranteed: delta is 1.0"),
    "method": (lambda s, y: Guaranteed(TopKGap(), method="hope").fit(s, y), "unknown method of a guarantee 'hope'"),
    "family": (lambda s, y: Guaranteed(TopKGap(), family="any").fit(s, y), "unknown family of policies 'any'"),
    "no family": (lambda s, y: Guaranteed(Conformal(), family="unfitted").fit(s, y), "Conformal has no policies"),
    "nothing to test": (lambda s, y: violation_rate(s, y, Fixed(), 0.1, calibration_size=100), "100 of 100 samples"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_in_one_line(name, draw):
    call, words = REFUSED[name]
    with pytest.raises(ConfigError, match=words) as caught:
        call(*draw(0, 100))
    assert "\n" not in str(caught.value)


def test_never_loses_nothing(draw):
    scores, labels = draw(9, 50)
    assert not Losses(scores, labels).of(CutoffPolicy.never(20)).any()
