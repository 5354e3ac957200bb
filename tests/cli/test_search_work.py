"""A unit of a search says what the network that is written would do."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.cli.loads import core_load
from evsnn_lava.cli.search_store import LARGEST_BYTES, Store
from evsnn_lava.cli.search_work import Job, Part, answer
from evsnn_lava.errors import FormatError
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
    assert tight["guarantee"].startswith("Nothing can be guaranteed")
    assert "early exit costs at most 30 %" in loose["guarantee"]


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


UNIT = Job("selection", WAY, (0.1,), with_never=True)


@pytest.fixture(scope="module")
def whole(task):
    return answer(task, UNIT)


@pytest.fixture
def stored(whole, tmp_path):
    """A store with one unit, its file, and what must be said of it after it was damaged."""
    store = Store(tmp_path, "task")
    store.put(UNIT, whole)
    (path,) = tmp_path.iterdir()

    def refuse(content, said, unit=UNIT):
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        with pytest.raises(FormatError, match="is no unit of a search; remove it") as found:
            store.get(unit)
        message = str(found.value)
        assert message.startswith(f"{path}: ")
        assert said in message
        assert message.isprintable()

    return store, path, refuse


def test_a_unit_comes_back_from_its_file_as_it_was(stored, whole, network, task, tmp_path):
    assert stored[0].get(UNIT) == whole
    file = Policy.of("file", network.cutoff)
    known = (file, Policy.of("0.1", CutoffPolicy.fixed(2, 8)))
    for unit in (*jobs_of(network)[:3], Job("test", Candidate(1.0, tuple(range(8)), 8), policies=known)):
        found = answer(task, unit)
        stored[0].put(unit, found)
        assert json.dumps(stored[0].get(unit)) == json.dumps(found)
    assert Store(tmp_path, "another task").get(UNIT) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("\x00\xff", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "its content: "),
        ('{"answer": null}', "unit: "),
        ('{"answer": {"rows": []}}', "unit: "),
        ('{"unit": "", "key": "", "answer": {"rows": [1]}}', "answer.rows.0: "),
        ('{"unit": "", "key": "", "answer": {"rows": [{}]}}', "answer.rows.0.policy: "),
        ('{"unit": "", "key": "", "answer": {"rows": []}, "\\u001b": 1}', "?: "),
        ('{"unit": "", "key": "", "answer": {"rows": []}}', "another unit than keep 0.5, 4 frames, 5 bits (selection)"),
    ],
)
def test_a_file_of_something_else_is_refused(content, said, stored):
    stored[2](content, said)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1", None, True, -0.1, 1.5, 10**400, [], {}])
def test_a_figure_that_is_none_is_refused(value, stored):
    content = json.loads(stored[1].read_text())
    content["answer"]["rows"][1]["figures"]["accuracy"]["value"] = value
    stored[2](content, "answer.rows.1.figures.accuracy.value: ")


def clear(rows):
    rows.clear()


def forget_energy(rows):
    rows[0]["figures"]["energy_j"] = None


def shorten(rows):
    rows[1]["policy"]["thresholds"].pop()


def stop_at_once(rows):
    rows[0]["policy"]["thresholds"][0] = -1


def misname(rows):
    rows[1]["policy"]["kind"] = "gut feeling"


def overflow(rows):
    rows[1]["policy"]["thresholds"][0] = 2**63


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (clear, "it has 0 rows, not those of never, 0.1"),
        (list.pop, "it has 1 rows"),
        (list.reverse, "not those of never, 0.1"),
        (lambda rows: rows.append(rows[0]), "it has 3 rows"),
        (forget_energy, "not of the same samples and kinds of figures"),
        (stop_at_once, "other policies than were asked for"),
        (shorten, "another length than 4 frames"),
        (misname, "gut feeling"),
        (overflow, "thresholds.0: "),
        (lambda rows: rows[1]["policy"].pop("guarantee"), "answer.rows.1.policy.guarantee: "),
    ],
)
def test_rows_of_other_ways_to_stop_are_refused(damage, said, stored):
    content = json.loads(stored[1].read_text())
    damage(content["answer"]["rows"])
    stored[2](content, said)


def test_the_file_of_another_unit_or_task_under_this_name_is_refused(stored, whole, tmp_path):
    store, path, refuse = stored
    own = path.read_text()
    for other, unit in ((store, replace(UNIT, epsilons=(0.2,))), (Store(tmp_path, "another task"), UNIT)):
        before = set(tmp_path.iterdir())
        other.put(unit, whole)
        (there,) = set(tmp_path.iterdir()) - before
        refuse(there.read_text(), "another unit than")
        path.write_text(own)


def test_a_file_without_end_is_refused(stored):
    store, path, _ = stored
    with path.open("r+b") as file:
        file.truncate(LARGEST_BYTES + 1)
    with pytest.raises(FormatError, match=f"more than {LARGEST_BYTES} bytes, so it is no unit of a search; remove it"):
        store.get(UNIT)
