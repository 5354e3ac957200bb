"""A unit of a search says what the network that is written would do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.cli.loads import core_load
from evsnn_lava.cli.search_work import Job, Part, answer
from evsnn_lava.export.calibrate import calibrate_cutoff
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.search.candidates import Candidate, derive
from evsnn_lava.export.search.rows import Figures, Policy
from evsnn_lava.network import CutoffPolicy
from evsnn_lava.profiling import profile_run
from evsnn_lava.simulation.engine import Engine

from .search_tasks import jobs_of, task_of, write_halves

WAY = Candidate(0.5, (1, 3, 5, 7), 5)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return read_net(write_halves(tmp_path_factory.mktemp("work")))


@pytest.fixture(scope="module")
def task(network):
    return task_of(network)


def judged(task, part):
    found = task.parts[part]
    return np.concatenate(list(found.blocks()))[found.judged], found.labels[found.judged]


def test_figures_are_those_of_the_network_itself(network, task):
    rows = answer(task, Job("selection", WAY, (0.1,), with_never=True))["rows"]
    assert [row["policy"]["name"] for row in rows] == ["never", "0.1"]
    frames, labels = judged(task, "selection")
    means = []
    for row in rows:
        made = derive(network, WAY).with_cutoff(Policy.of_json(row["policy"]).cutoff)
        report = profile_run(
            made, Engine(made).run(frames), task.hardware, labels, core_load(made, [frames], task.hardware)
        )
        found, spread = Figures.of_json(row["figures"]), report.distributions
        assert found.accuracy.value == report.accuracy
        assert found.p95_steps.value == spread["steps"].p95.value
        for name, key in (("exit_step", "exit_steps"), ("mean_steps", "steps"), ("energy_j",) * 2, ("time_s",) * 2):
            assert getattr(found, name).value == pytest.approx(spread[key].mean.value)
        means.append(found.exit_step.value)
    assert means[1] < means[0] == 4


def test_thresholds_are_fitted_on_their_part_alone(network, task):
    part = task.parts["selection"]
    frames = np.concatenate(list(part.blocks()))[part.fitted]
    policy = answer(task, Job("selection", WAY, (0.1,)))["rows"][0]["policy"]
    expected = calibrate_cutoff(derive(network, WAY), frames, part.labels[part.fitted], 0.1, task.min_support)
    assert policy["thresholds"] == expected.thresholds.tolist()
    assert policy["calibration_samples"] == len(part.fitted) == 16
    assert not set(part.fitted) & set(part.judged)
    other = replace(task, parts={"selection": replace(part, labels=1 - part.labels)})
    assert answer(other, Job("selection", WAY, (0.1,)))["rows"][0]["policy"]["thresholds"] != policy["thresholds"]


def test_the_test_part_has_intervals_and_needs_no_fitting(network, task):
    policies = (Policy.of("file", network.cutoff), Policy.of("fixed", CutoffPolicy.fixed(2, 8)))
    own = Candidate(1.0, tuple(range(8)), 8)
    first, second = (
        Figures.of_json(row["figures"]) for row in answer(task, Job("test", own, policies=policies))["rows"]
    )
    frames, labels = judged(task, "test")
    assert first.samples == len(labels) == 40
    assert first.accuracy.value == Engine(network).run(frames).accuracy(labels)
    assert first.energy_j.low < first.energy_j.value < first.energy_j.high
    assert second.p95_steps.value == second.mean_steps.high == 4
    assert second.energy_j.value < first.energy_j.value


def test_a_guarantee_is_asked_for_with_delta(network):
    loose, tight = (
        answer(task_of(network, delta=delta), Job("selection", WAY, (0.3,)))["rows"][0]["policy"]
        for delta in (0.4, 1e-9)
    )
    assert tight["kind"] == "never"
    assert loose["kind"] == "topk_gap"


def test_frames_are_packed_and_come_back():
    random = np.random.default_rng(0)
    labels, none = np.zeros(70, int), np.zeros(0, int)
    for frames in (random.random((70, 3, 5, 1, 7)) < 0.3, random.integers(-9, 9, (70, 3, 5, 1, 7)).astype(np.int32)):
        part = Part.of(frames, labels, none)
        back = np.concatenate(list(part.blocks()))
        assert back.dtype == frames.dtype
        assert np.array_equal(back, frames)


def test_the_digest_knows_everything_an_answer_depends_on(network, task):
    part = task.parts["test"]
    packed = part.packed.copy()
    packed[3, 1] ^= 4
    others = [
        replace(task, seed=2),
        replace(task, delta=0.1),
        replace(task, min_support=5),
        replace(task, resamples=49),
        replace(task, content="0"),
        replace(task, hardware=task.hardware.model_copy(update={"name": "other"})),
        replace(task, parts={**task.parts, "test": replace(part, labels=1 - part.labels)}),
        replace(task, parts={**task.parts, "test": replace(part, packed=packed)}),
        replace(task, parts={**task.parts, "test": replace(part, fitted=np.array([1]))}),
    ]
    assert len({task.digest, *(other.digest for other in others)}) == 1 + len(others)
    assert task_of(network).digest == task.digest
    assert len(jobs_of(network)) == len(set(jobs_of(network))) >= 8
