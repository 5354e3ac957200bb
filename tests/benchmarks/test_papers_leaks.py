"""What the study must not know: test samples have no part in a choice. And what it must: a guarantee's whole loss."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.papers.cutoffs import POLICIES as CUTOFFS
from benchmarks.papers.cutoffs import every_cutoff
from benchmarks.papers.deployed import Part
from benchmarks.papers.guarantee import EVERY, Bound, condensed, drawn_losses
from benchmarks.papers.plan import POLICY_NAMES, has_cutoffs
from benchmarks.papers.trees import windows
from benchmarks.papers.units import EventUnit, GuaranteeUnit
from benchmarks.papers.variants import Variant
from evsnn_lava.data import bin_set, load
from evsnn_lava.export.policies import Guaranteed, TopKGap
from evsnn_lava.simulation.engine import Engine

from .papers_networks import part
from .papers_results import guarantee_record, record

POLICIES = ("topk_gap", "guaranteed", "fixed")
EPSILONS = (0.0, 0.05, 0.3)


def test_the_parts_are_those_of_the_data_set(deployed):
    for split, found in (("validation", deployed.validation), ("test", deployed.test)):
        events = load("digits", split)
        assert found.labels.tolist() == events.labels.tolist()
        assert (found.scores == Engine(deployed.network).scores(bin_set(events, deployed.network.recipe))).all()


def test_test_labels_have_no_part_in_thresholds_and_epsilons(deployed):
    shuffled = Part(np.random.default_rng(0).permutation(deployed.test.labels), deployed.test.scores)
    before, after = (
        every_cutoff(each, 20, POLICIES, EPSILONS) for each in (deployed, replace(deployed, test=shuffled))
    )
    assert after["chosen"] == before["chosen"]
    assert [row["test"]["exit"] for row in after["cutoffs"]] == [row["test"]["exit"] for row in before["cutoffs"]]
    assert [row["validation"] for row in after["cutoffs"]] == [row["validation"] for row in before["cutoffs"]]
    assert [row["test"]["accuracy"] for row in after["cutoffs"]] != [
        row["test"]["accuracy"] for row in before["cutoffs"]
    ]


def test_validation_labels_have_one(deployed):
    shuffled = Part(np.random.default_rng(0).permutation(deployed.validation.labels), deployed.validation.scores)
    before, after = (
        every_cutoff(each, 20, POLICIES, EPSILONS) for each in (deployed, replace(deployed, validation=shuffled))
    )
    assert [row["test"]["exit"] for row in after["cutoffs"]] != [row["test"]["exit"] for row in before["cutoffs"]]


def test_hardware_steps_are_frames_and_depth(deployed):
    depth, steps = deployed.network.depth, deployed.test.steps
    for row in every_cutoff(deployed, 20, POLICIES, EPSILONS)["cutoffs"]:
        test = row["test"]
        assert test["hardware_steps"] == pytest.approx(test["exit"]["mean"] + depth)
        assert test["gain"] == pytest.approx(steps / test["exit"]["mean"])
        assert test["hardware_gain"] == pytest.approx((steps + depth) / (test["exit"]["mean"] + depth))


@pytest.mark.parametrize("bound", EVERY)
def test_a_bound_is_what_is_fitted(bound):
    policy = bound.policy(30)
    base = policy.base if isinstance(policy, Guaranteed) else policy
    assert isinstance(base, TopKGap)
    assert (base.epsilon, base.min_support) == (bound.epsilon, 30)
    assert getattr(policy, "delta", None) == bound.delta
    assert policy.epsilon == bound.epsilon


def test_a_result_that_lacks_something_is_not_done():
    whole, unit = record(Variant(), 1), EventUnit("nmnist_small", Variant(), 1)
    assert has_cutoffs(whole, Variant())
    assert not has_cutoffs({**whole, "cutoffs": whole["cutoffs"][1:]}, Variant())
    assert not has_cutoffs({}, Variant())
    config = unit.config().model_dump(mode="json")
    assert unit.is_of({**whole, "config": config})
    assert not unit.is_of({"config": config})
    bounds = guarantee_record(1)
    assert GuaranteeUnit(unit).is_of({**bounds, "config": config})
    assert not GuaranteeUnit(unit).is_of({**bounds, "splits": 3, "config": config})
    assert not GuaranteeUnit(unit).is_of({**bounds, "bounds": [], "config": config})


def test_trees_see_the_share_and_nothing_behind_it():
    """The class shows in the second half alone."""
    frames = np.zeros((40, 1, 1, 2, 10), bool)
    frames[np.arange(40), 0, 0, np.arange(40) % 2, 7] = True
    assert not windows(frames, 0.5, 3).any()
    seen = windows(frames, 0.8, 3)
    assert seen.shape == (40, 3 * 2)
    assert (seen.argmax(axis=1) - 4 == np.arange(40) % 2).all()


def test_policies_are_those_that_are_planned():
    assert tuple(CUTOFFS) == POLICY_NAMES


def test_the_true_loss_is_that_of_the_whole_population():
    population, policy = condensed(part(samples=300, seed=5)), Bound(0.1, 0.1).policy(20)
    random, right = np.random.default_rng(1), population.scores.argmax(-1) == population.labels[:, None]
    for found in drawn_losses(population, policy, draws=4):
        drawn = random.integers(0, 300, 150)
        fitted = replace(policy).fit(population.scores[drawn], population.labels[drawn])
        at_exit = right[np.arange(300), fitted.decide(population.scores).exit_step - 1]
        assert found == pytest.approx(np.mean(right[:, -1] & ~at_exit))
