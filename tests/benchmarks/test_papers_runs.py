"""Units of the papers' study: what is measured, who does it, and that nothing is done twice."""

import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest

from benchmarks.papers.__main__ import chosen, main, parser
from benchmarks.papers.cutoffs import (
    EPSILONS,
    FOLDS,
    POLICIES,
    chosen_epsilon,
    decide,
    every_cutoff,
    held_out_exits,
    right_at,
)
from benchmarks.papers.deployed import Part, read_scores, save_scores
from benchmarks.papers.guarantee import Bound, condensed, drawn_losses
from benchmarks.papers.locks import held
from benchmarks.papers.places import CONFIGS, Places
from benchmarks.papers.records import read_record, unpacked
from benchmarks.papers.runner import BusyError, forget, is_done, run_tasks, states
from benchmarks.papers.units import KIN, SPIKES, STRETCHED, SUMS, EventUnit, event_units, tasks_of
from benchmarks.papers.variants import HOYER_INIT, METHODS, PLAIN, WITHOUT_RCS, Variant
from evsnn_lava.cli.loads import core_load
from evsnn_lava.cli.study_stops import stopped
from evsnn_lava.data import bin_set, load
from evsnn_lava.errors import RunError
from evsnn_lava.export.policies import Guaranteed, TopKGap, violation_rate
from evsnn_lava.network import (
    CutoffPolicy,
    top2_gap,
)
from evsnn_lava.simulation.engine import Engine
from evsnn_lava.training.config import read_config

from .papers_networks import part

ROOT = Path(__file__).resolve().parents[2]


def test_a_run_that_is_stopped_afterwards_is_the_run_that_stops(deployed):
    policy = CutoffPolicy("topk_gap", np.full(6, 1))
    exit_step = policy.exit_step(deployed.test.scores)
    ours = stopped(deployed.full, deployed.test.scores, exit_step, deployed.network.depth)
    frames = bin_set(load("digits", "test"), deployed.network.recipe)
    real = Engine(deployed.network.with_cutoff(policy)).run(frames)
    assert len(np.unique(exit_step)) > 1
    for name in ("exit_step", "decision", "scores", "steps", "input_events", "messages", "synops"):
        assert (getattr(ours, name) == getattr(real, name)).all(), name
    loads = [core_load(deployed.network, [frames], chip.hardware) for chip in deployed.chips]
    for chip, load_of in zip(deployed.chips, loads, strict=True):
        assert (chip.load.busiest_synops == load_of.busiest_synops).all()
        assert (chip.load.copies == load_of.copies).all()


def test_cutoffs_are_measured_at_every_epsilon(deployed):
    found = every_cutoff(deployed, support=20, policies=("topk_gap", "fixed", "guaranteed"))
    assert [row["epsilon"] for row in found["cutoffs"]] == [*EPSILONS] * 3
    for row in found["cutoffs"]:
        test = row["test"]
        assert test["gain"] >= test["hardware_gain"] >= 1
        assert test["accuracy"] == pytest.approx(deployed.full.accuracy(deployed.test.labels) - test["loss"])
        assert all(low <= value <= high for value, low, high in (c["energy_j"] for c in test["chips"].values()))
    rows = [row["test"] for row in found["cutoffs"]]
    ranked = sorted((row["hardware_steps"], row["chips"]["loihi2"]["energy_j"][0]) for row in rows)
    assert ranked[0][0] < ranked[-1][0]
    assert ranked[0][1] < ranked[-1][1]


def test_scores_survive(deployed, tmp_path):
    save_scores(tmp_path / "scores.npz", deployed)
    for before, after in zip((deployed.validation, deployed.test), read_scores(tmp_path / "scores.npz"), strict=True):
        assert (before.scores == after.scores).all()
        assert (before.labels == after.labels).all()


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_decides(name):
    exit_step = decide(name, 0.05, 20, part(), part(seed=1))
    assert exit_step.shape == (200,)
    assert 1 <= exit_step.min() <= exit_step.max() <= 8


def test_too_few_samples_stop_nothing():
    assert (decide("topk_gap", 0.5, 500, part(), part()) == 8).all()


def test_held_out_exits_know_nothing_of_their_own_sample():
    before = part()
    folds = before.folds(FOLDS)
    assert np.sum([cut for *_, cut in folds], axis=0).tolist() == [1] * 200
    changed = Part(before.labels.copy(), before.scores)
    changed.labels[0] = (changed.labels[0] + 1) % 4  # another label of a sample moves thresholds of others only
    own, others = (held_out_exits("topk_gap", 0.05, 20, each.folds(FOLDS)) for each in (before, changed))
    assert own[0] == others[0]


def test_the_chosen_epsilon_loses_little_on_the_way_up():
    assert chosen_epsilon([0.0, 0.003, 0.0031, 0.0], [0, 1, 2, 3]) == 1
    assert chosen_epsilon([0.01, 0.0], [0, 1]) is None
    assert chosen_epsilon([-0.01] * len(EPSILONS)) == EPSILONS[-1]


def test_right_at_the_last_step_is_the_accuracy():
    found = part()
    assert right_at(found, np.full(200, 8)).mean() == np.mean(found.scores[:, -1].argmax(-1) == found.labels)


@pytest.mark.parametrize("policy", [TopKGap(0.05, min_support=20), Guaranteed(TopKGap(), 0.05, 0.1)])
def test_three_classes_say_the_same_of_a_guarantee(policy):
    whole = part(samples=300)
    small = condensed(whole)
    assert (top2_gap(whole.scores) == top2_gap(small.scores)).all()
    right = [each.scores.argmax(-1) == each.labels[:, None] for each in (whole, small)]
    assert (right[0] == right[1]).all()
    found = [violation_rate(each.scores, each.labels, policy, 0.05, splits=5) for each in (whole, small)]
    assert found[0] == found[1]


def test_the_true_loss_stays_within_the_guarantee():
    population, bound = condensed(part(samples=1000, seed=5)), Bound(0.05, 0.1)
    losses = np.array(drawn_losses(population, bound.policy(20), draws=60))
    assert losses.max() > 0
    assert (losses > 0.05).mean() <= 0.2  # 6 of 60 are expected at most, 12 are 2.6 standard deviations away
    bold = np.array(drawn_losses(population, Bound(0.5, None).policy(20), draws=20))
    assert (bold > 0.05).all()


class Toy:
    """A unit that counts how often it is done."""

    study = "toys"

    def __init__(self, name, fails=False, busy=0):
        self.name, self.fails, self.busy, self.trained, self.measured = name, fails, busy, 0, 0

    def identity(self):
        return {"name": self.name}

    def is_of(self, found):
        return found["name"] == self.name

    def is_trained(self, places):
        return (places.folder(self.study, self.name) / "plain.pt").exists()

    def train(self, places):
        if self.busy:
            self.busy -= 1
            raise BusyError
        if self.fails:
            raise RunError("it diverged; lower the rate")
        self.trained += 1
        places.folder(self.study, self.name).mkdir(parents=True)
        (places.folder(self.study, self.name) / "plain.pt").touch()

    def measure(self, places):
        self.measured += 1
        return {"accuracy": 0.5}


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.papers.runner.WAIT_S", 0.01)
    return Places(tmp_path / "results", tmp_path / "work")


def test_a_unit_with_a_result_is_left_alone(places):
    toys = [Toy("a"), Toy("b")]
    assert [state for _, state in states(toys, places)] == ["missing", "missing"]
    run_tasks(toys, places, train_only=True)
    assert [state for _, state in states(toys, places)] == ["trained", "trained"]
    for _ in range(2):
        assert run_tasks(toys, places) == []
    assert [(toy.trained, toy.measured) for toy in toys] == [(1, 1), (1, 1)]
    forget(toys[:1], places, networks=False)
    run_tasks(toys, places)
    assert [(toy.trained, toy.measured) for toy in toys] == [(1, 2), (1, 1)]
    assert [state for _, state in states(toys, places)] == ["done", "done"]


def test_a_failure_stops_no_other_unit_and_is_said(places, capsys):
    toys = [Toy("a", fails=True), Toy("b")]
    assert run_tasks(toys, places) == ["toys/a: it diverged; lower the rate"]
    assert is_done(toys[1], places)
    assert not is_done(toys[0], places)
    assert "lower the rate" in capsys.readouterr().out


def test_what_another_one_makes_is_waited_for(places):
    toy = Toy("a", busy=2)
    assert run_tasks([toy], places) == []
    assert toy.measured == 1


def test_what_another_process_has_taken_is_left_to_it(places):
    toy = Toy("a")
    lock = places.lock("toys", "a")
    lock.parent.mkdir(parents=True)
    script = f"import fcntl, sys; f = open({str(lock)!r}, 'w'); fcntl.flock(f, 2); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        assert states([toy], places) == [("toys/a", "taken")]
        with held(lock) as mine:
            assert not mine
        waiting = threading.Thread(target=run_tasks, args=([toy], places))
        waiting.start()
        waiting.join(0.1)
        assert toy.trained == 0
        other.kill()  # a lock ends with its process, whatever it was doing
    waiting.join(10)
    assert toy.measured == 1


def test_units_come_after_what_they_begin_with():
    names = [unit.name for unit in event_units("masks", ["nmnist_small"], [1, 2])]
    assert names[0] == "plain-s1"
    assert len(names) == len(set(names)) == 2 * (2 + 3 * 8 + 3 * 4)
    assert not [unit for unit in tasks_of("masks", ["braille_recurrent"], [1]) if "hierarchical" in unit.name]


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        (Variant(PLAIN), (None, None, 0.002)),
        (Variant(WITHOUT_RCS), (None, None, 0.0)),
        (Variant(HOYER_INIT), (None, 1, 0.002)),
        (Variant(PLAIN, "first", 0.5, "hierarchical"), ((0.625, 0.375), None, 0.002)),
        (Variant(HOYER_INIT, "learned", 0.25, "input"), ((0.25,), 1, 0.002)),
    ],
)
def test_a_variant_changes_what_it_is_about(variant, expected):
    config = EventUnit("quick", variant, 7).config()
    hoyer, masks = config.hoyer_init, config.masks
    assert config.seed == 7
    assert (masks and masks.keep, hoyer and hoyer.epochs, config.cutoff.rcs_weight) == expected
    assert masks is None or masks.method == variant.method


def test_masks_are_learned_for_the_last_decision_or_with_the_loss_of_the_other_stages():
    found = {method: EventUnit("quick", Variant(PLAIN, method, 0.5, "input"), 1).config().masks for method in METHODS}
    assert {method: (masks.method, masks.anytime_weight) for method, masks in found.items()} == {
        "learned": ("learned", 0.0),
        "anytime": ("learned", None),
        "elimination": ("elimination", 0.0),
        **{method: (method, None) for method in ("uniform", "first", "random", "window", "energy")},
    }


@pytest.mark.torch
def test_a_table_does_what_it_needs_and_is_printed(tmp_path, capsys):
    folders = ["--results", str(tmp_path / "results"), "--work", str(tmp_path / "work")]
    arguments = ["baseline", "--quick", "--seeds", "1", *folders]
    with warnings.catch_warnings():
        assert main(arguments) == 0
    assert "| quick | 4x12x12-10 | 16 |" in capsys.readouterr().out
    found = read_record(tmp_path / "results" / "quick" / "plain-s1.json")
    assert found["test"]["samples"] == len(unpacked(found["per_sample"]["exit_step"])) == 300
    assert found["test"]["accuracy"] > 0.3
    assert found["test"]["curve"][-1] == found["test"]["accuracy"]
    assert main([*arguments, "--list"]) == 0
    assert capsys.readouterr().out == "done     quick/plain-s1\n"


@pytest.mark.parametrize("pattern", ["plain-s1", "nmnist_small/plain-s1", "nmnist_*/plain-s1"])
def test_a_unit_is_named_with_its_data_set_or_without(pattern):
    options = parser().parse_args(["baseline", "--only", "nmnist_small", "--units", pattern])
    assert [task.name for task in chosen(options)] == ["plain-s1"]


def test_a_pattern_without_a_unit_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["baseline", "--units", "nonsense-*"])
    assert "no unit is called 'nonsense-*'" in capsys.readouterr().err


def test_an_unknown_data_set_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["baseline", "--only", "guarantee"])
    assert "no data set guarantee; choose of nmnist_small" in capsys.readouterr().err


def test_an_unknown_table_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "no table speed; choose of baseline" in capsys.readouterr().err


@pytest.mark.parametrize(("spiking", "sums"), [(kin[SPIKES], kin[SUMS]) for kin in KIN.values()])
def test_networks_with_a_head_of_sums_differ_in_the_head_alone(spiking, sums):
    one, other = (read_config(CONFIGS / f"{study}.toml").model_dump() for study in (spiking, sums))
    heads = [values["network"].pop("head") for values in (one, other)]
    assert heads == ["spikes", "sums"]
    for values in (one, other):
        del values["name"], values["network"]["output_weight_scale"], values["train"]["logit_scale"]
    assert one == other


@pytest.mark.parametrize(
    ("still", "stretched"), [(kin[SUMS], kin[STRETCHED]) for kin in KIN.values() if STRETCHED in kin]
)
def test_networks_of_stretched_recordings_differ_in_these_and_more_epochs_alone(still, stretched):
    one, other = (read_config(CONFIGS / f"{study}.toml").model_dump() for study in (still, stretched))
    assert one["data"].pop("stretch") == 0 < other["data"].pop("stretch")
    assert one["train"].pop("epochs") < other["train"].pop("epochs")
    del one["name"], other["name"]
    assert one == other
