"""``evsnn search``: what is chosen, what is said of it, what is written, and what is refused."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.cli.search_data import NOTHING, overlap
from evsnn_lava.cli.search_outcome import chosen_network
from evsnn_lava.cli.search_store import Store
from evsnn_lava.cli.search_work import Job, Part
from evsnn_lava.errors import ConfigError
from evsnn_lava.export.calibration_file import with_guarantee
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.export.search.candidates import Candidate
from evsnn_lava.export.search.rows import Policy, Row
from evsnn_lava.network import CutoffPolicy
from evsnn_lava.network.policy import GUARANTEE
from evsnn_lava.simulation import record_golden

from .search_tasks import PARTS, halves, write_halves

GRID = ("--bits", "8,5", "--keep", "1,0.5", "--epsilon", "0,0.2")
LOOSE = ("--min-accuracy", "55 %", "--max-energy", "1 J")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_halves(tmp_path_factory.mktemp("search"))


@pytest.fixture
def search(file, evsnn):
    """Search around the network of the file, in this process."""

    def call(*arguments, file=file):
        return evsnn("search", file, "--workers", 1, "--min-support", 4, *GRID, *arguments)

    return call


@pytest.fixture
def found(search, tmp_path):
    """A search with all its outputs."""
    code, out, err = search(*LOOSE, "-o", tmp_path / "best.net", "--csv", tmp_path / "all.csv", "--json")
    assert code == 0, err
    return json.loads(out), tmp_path


def energy(row, part="selection"):
    return row[part]["energy_j"]["value"]


def test_the_cheapest_within_the_limits_is_chosen_and_measured_elsewhere(found):
    facts, _ = found
    allowed = [row for row in facts["tried"] if row["selection"]["accuracy"]["value"] >= 0.55]
    chosen = facts["chosen"]
    assert energy(chosen) == min(map(energy, allowed))
    assert chosen in facts["pareto"]
    assert energy(chosen) < 0.8 * energy(facts["as_it_is"])
    assert {row["test"]["samples"] for row in facts["pareto"]} == {PARTS["test"]}
    assert {row["selection"]["samples"] for row in facts["tried"]} == {PARTS["validation"] // 2}
    assert facts["as_it_is"]["test"]["samples"] == PARTS["test"]
    assert facts["limits"] == {"min_accuracy": 0.55, "max_energy": 1.0}
    for accuracy in (chosen["selection"]["accuracy"], chosen["test"]["accuracy"], chosen["test"]["energy_j"]):
        assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    assert set(chosen["selection"]["energy_j"]) == {"value"}  # nothing was drawn again there
    assert facts["verdict"].startswith("chosen: keep")


def test_the_written_network_does_what_was_measured(found, file, evsnn):
    facts, folder = found
    made, chosen = read_net(folder / "best.net"), facts["chosen"]
    assert made.masks.sent_frames.tolist() == chosen["frames"]
    assert made.cutoff.thresholds.tolist() == chosen["cutoff"]["thresholds"]
    assert made.cutoff.calibration_samples == PARTS["validation"] // 2
    assert np.array_equal(made.golden.frames, read_net(file).golden.frames)
    code, out, _ = evsnn("verify", folder / "best.net", "--backends", "reference,engine")
    assert code == 0, out
    code, out, _ = evsnn("profile", folder / "best.net", "--json", "--quiet")
    report = json.loads(out)
    assert report["accuracy"] == chosen["test"]["accuracy"]["value"]
    spread = report["distributions"]
    assert spread["energy_j"]["mean"]["value"] == pytest.approx(energy(chosen, "test"))
    assert spread["steps"]["p95"]["value"] == chosen["test"]["p95_steps"]["value"]
    said = json.loads(made.provenance["search"])
    assert said["limits"] == facts["limits"]
    assert said["chosen"]["test"] == chosen["test"]
    assert made.provenance["seed"] == "3"
    assert "may_overflow" not in made.provenance  # these weights cannot


def test_the_csv_holds_everything(found):
    facts, folder = found
    with (folder / "all.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1 + len(facts["tried"])
    assert [row["as_it_is"] for row in rows].count("1") == 1
    assert [row["pareto"] for row in rows].count("1") == len(facts["pareto"])
    (chosen,) = [row for row in rows if row["chosen"] == "1"]
    assert float(chosen["test_energy_j_high"]) == facts["chosen"]["test"]["energy_j"]["high"]
    assert all((row["test_accuracy"] != "") == (row["pareto"] == "1" or row["as_it_is"] == "1") for row in rows)


def test_the_table_has_the_file_and_the_pareto_set(search):
    code, out, err = search(*LOOSE)
    assert code == 0
    assert "the file as it is" in out
    assert out.count(" *") == 2  # the chosen one, and what the mark means
    assert max(map(len, out.splitlines()[:-1])) <= 100
    assert "validation" in err
    assert "24 to fit thresholds on, 24 to compare ways on" in err
    assert "40 of 40 recordings (split test): the Pareto set is measured on them, nothing is chosen with them" in err


def test_quiet_says_the_answer_alone(search):
    code, out, err = search(*LOOSE, "--quiet")
    assert code == 0
    assert err == ""
    assert out.count("\n") == 1
    assert out.startswith("chosen: keep ")


def test_without_limits_nothing_is_chosen(search):
    code, out, _ = search("--json", "--quiet")
    facts = json.loads(out)
    assert code == 0
    assert facts["chosen"] is None
    assert len(facts["pareto"]) > 1
    assert "nothing is chosen" in facts["verdict"]


def test_a_chip_that_cannot_run_it_is_named(search, tmp_path):
    code, _, err = search(*LOOSE[:2], "-o", tmp_path / "best.net", "--hw", "speck:live")
    said = " ".join(err.split())
    assert code == 0, said
    for name in ("halves", "best"):
        assert f"{name} does not run on Speck" in said
    assert "does not run" not in search(*LOOSE)[2]


def test_limits_that_nothing_keeps_are_an_exit_code(search, tmp_path):
    code, out, _ = search("--max-p95-steps", "1", "--max-time", "1 s", "--quiet", "-o", tmp_path / "best.net")
    assert code == 1
    assert "nothing that was tried keeps all limits on the selection part (p95 steps <= 1, time <= 1.00 s)" in out
    assert "found there: lowest p95 steps " in out
    assert not (tmp_path / "best.net").exists()


def test_limits_that_hold_by_luck_alone_are_an_exit_code(search, tmp_path):
    """The most accurate of all on the selection part is not so on the test part; the file is written and says so."""
    code, out, _ = search("--json", "--quiet")
    lucky = [row for row in json.loads(out)["tried"] if row["test"] and worse(row)]
    limit = max(row["selection"]["accuracy"]["value"] for row in lucky)
    code, out, _ = search("--min-accuracy", repr(limit), "--json", "--quiet", "-o", tmp_path / "best.net")
    facts = json.loads(out)
    assert code == 1
    assert facts["broken_on_test"] == ["min_accuracy"]
    assert "ON THE TEST PART IT DOES NOT KEEP the limit of accuracy" in facts["verdict"]
    said = json.loads(read_net(tmp_path / "best.net").provenance["search"])
    assert said["broken_on_test"] == ["min_accuracy"]


def worse(row):
    return row["test"]["accuracy"]["value"] < row["selection"]["accuracy"]["value"]


def test_a_search_goes_on_where_it_was_killed(search, tmp_path, monkeypatch):
    whole = search(*LOOSE, "--json", "--quiet")
    put, stored = Store.put, []

    def put_and_die(self, job, answer):
        put(self, job, answer)
        stored.append(job)
        if len(stored) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Store, "put", put_and_die)
    assert search(*LOOSE, "--json", "--quiet", "--resume", tmp_path / "units")[0] == 130
    assert len(list((tmp_path / "units").iterdir())) == 3
    monkeypatch.setattr(Store, "put", lambda self, job, answer: (stored.append(job), put(self, job, answer)))
    assert search(*LOOSE, "--json", "--quiet", "--resume", tmp_path / "units") == whole
    assert len(stored) == len(set(stored))
    before = len(stored)
    assert search(*LOOSE, "--json", "--quiet", "--resume", tmp_path / "units") == whole
    assert len(stored) == before
    search(*LOOSE, "--json", "--quiet", "--seed", 1, "--resume", tmp_path / "units")
    parts = [job.part for job in stored]
    assert parts[before:].count("selection") == parts[:before].count("selection")  # another split: nothing is reused


def test_units_of_somebody_else_are_refused(search, tmp_path):
    search(*LOOSE, "--quiet", "--resume", tmp_path / "units")
    victim = sorted((tmp_path / "units").iterdir())[0]
    for content in ("{", "[]", '{"answer": {"rows": 3}}'):
        victim.write_text(content)
        code, _, err = search(*LOOSE, "--quiet", "--resume", tmp_path / "units")
        assert code == 2
        assert "is no unit of a search; remove it" in err


def test_a_store_without_a_folder_keeps_nothing(tmp_path):
    store, job = Store(None, "task"), Job("test", Candidate(1.0, (0,), 8))
    store.put(job, {"rows": []})
    assert store.get(job) is None


def test_frames_need_a_second_file(search, tmp_path, file):
    rng, network = np.random.default_rng(0), read_net(file)
    for name in ("a", "b"):
        frames = rng.random((30, *network.input_shape, network.recipe.steps)) < 0.2
        np.savez(tmp_path / f"{name}.npz", frames=frames, labels=np.arange(30) % 2)
    code, _, err = search("--data", tmp_path / "a.npz")
    assert code == 2
    assert "has no parts" in err or "have no parts" in err
    code, out, err = search("--data", tmp_path / "a.npz", "--test-data", tmp_path / "b.npz", "--json", "--quiet")
    assert code == 0, err
    assert json.loads(out)["as_it_is"]["test"]["samples"] == 30
    (tmp_path / "again.npz").symlink_to(tmp_path / "a.npz")
    code, _, err = search("--data", tmp_path / "a.npz", "--test-data", tmp_path / "again.npz")
    assert (code, "all 30 test samples that hold events are searched on, too" in err) == (2, True)


def test_shared_samples_are_counted():
    def part(*rows):
        return Part.of(np.array(rows, dtype=bool).reshape(len(rows), 1, 1, 2, 2), NOTHING, NOTHING)

    silent, one, other = (0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 1, 0)
    assert overlap(part(silent, one), part(silent, other)) == []
    assert "1 of 2 test samples are searched on" in overlap(part(silent, one), part(silent, other, one))[0]
    with pytest.raises(ConfigError, match="all 1 test samples"):
        overlap(part(one), part(silent, one))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "x.net"), "without a limit nothing is chosen"),
        (("--min-accuracy", "120 %"), "the limit is 100 %"),
        (("--max-energy", "60"), "--max-energy: '60' has no unit"),
        (("--epsilon", "0,2"), "--epsilon holds 2"),
        (("--epsilon", "0,0.1", "--delta", "0.1"), "--epsilon holds 0, it must be above 0"),
        (("--delta", "1"), "--delta is 1.0"),
        (("--bits", "8,x"), "--bits is '8,x'"),
        (("--bits", "9"), "weight bits are [9]"),
        (("--workers", "0"), "--workers is 0"),
        (("--workers", "2", "--ray", "local"), "--workers does nothing with --ray"),
        (("--min-support", "0"), "--min-support is 0"),
        (("--max-time", "1 s", "--hw", "cpu-45nm"), "does not say what time anything takes"),
        (("--csv", "no/where.csv"), "no folder"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_runs(arguments, said, file, evsnn, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = evsnn("search", file, *arguments)
    assert code == 2
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_too_few_samples_for_the_support_are_said(file, evsnn):
    code, _, err = evsnn("search", file, "--workers", 1)
    assert code == 2
    assert "calibration has 24 samples, min_support asks for 30" in err


@pytest.fixture
def fixed(file, tmp_path):
    """A file that stops after two frames, which is cheaper than anything without a cutoff."""
    network = halves(file.parent).with_cutoff(CutoffPolicy.fixed(2, 8))
    made = replace(network, golden=record_golden(network, np.zeros((1, 2, 4, 4, 8), bool)))
    write_net(made, tmp_path / "fixed.net")
    return tmp_path / "fixed.net"


FEW = ("--workers", 1, "--min-support", 4, "--keep", "1", "--frames", "8", "--bits", "8")


def test_the_file_as_it_is_is_chosen_where_nothing_is_cheaper(fixed, evsnn, tmp_path):
    options = (*FEW, "--epsilon", "0", "--min-accuracy", "50%", "--csv", tmp_path / "all.csv", "--json")
    code, out, err = evsnn("search", fixed, *options, "-o", tmp_path / "best.net")
    facts, (own, *others) = json.loads(out), csv.DictReader((tmp_path / "all.csv").read_text().splitlines())
    assert facts["as_it_is"]["cutoff"]["name"] == "file"
    assert facts["as_it_is"]["test"]["p95_steps"]["value"] == 4
    assert energy(facts["as_it_is"]) < min(map(energy, facts["tried"]))
    assert facts["chosen"] == facts["pareto"][0] == facts["as_it_is"]
    assert facts["verdict"].startswith("chosen: the file as it is, the cheapest that keeps all limits")
    assert (own["pareto"], own["chosen"], {row["chosen"] for row in others}) == ("1", "1", {"0"})
    before, after = read_net(fixed), read_net(tmp_path / "best.net")
    assert after.provenance == {**before.provenance, "search": after.provenance["search"]}
    assert np.array_equal(after.cutoff.thresholds, before.cutoff.thresholds)
    assert code == 0
    assert "searching: 2 networks" in err
    assert "measuring: 1 network " in err


def test_without_a_guarantee_the_file_is_no_choice_where_one_is_asked_for(fixed, evsnn, tmp_path):
    options = (*FEW, "--epsilon", "0.3", "--delta", "1e-9", "--min-accuracy", "50%", "--json", "--quiet")
    facts = json.loads(evsnn("search", fixed, *options)[1])
    assert facts["chosen"]["cutoff"]["name"] == "never"
    assert "keeps all limits, but it is no choice with --delta: its cutoff has no guarantee" in facts["verdict"]
    stated = read_net(fixed)
    write_net(replace(stated, provenance={**stated.provenance, GUARANTEE: "Sure."}), tmp_path / "sure.net")
    facts = json.loads(evsnn("search", tmp_path / "sure.net", *options, "-o", tmp_path / "best.net")[1])
    assert facts["chosen"] == facts["as_it_is"]
    assert facts["verdict"].endswith("guarantee of its cutoff: Sure.")
    assert read_net(tmp_path / "best.net").provenance[GUARANTEE] == "Sure."


def test_the_guarantee_of_the_chosen_cutoff_is_said_and_written(search, tmp_path):
    options = ("--epsilon", "0.3", "--delta", "0.4", "--max-p95-steps", "8", "-o", tmp_path / "best.net")
    facts = json.loads(search(*options, "--json", "--quiet")[1])
    claim = facts["chosen"]["cutoff"]["guarantee"]
    assert claim.startswith("With probability at least 60 % over the draw")
    assert "costs at most 30 % of accuracy" in claim
    assert facts["verdict"].endswith(f"\nguarantee of its cutoff: {claim}")
    assert read_net(tmp_path / "best.net").provenance[GUARANTEE] == claim


def test_a_guarantee_of_another_cutoff_is_not_carried_on(file):
    network, own = read_net(file), tuple(range(8))
    stated = replace(network, provenance={**network.provenance, GUARANTEE: "Sure."})
    refused = "Nothing can be guaranteed, so it never stops early."
    for policy in (Policy.of("0.1", CutoffPolicy.never(8), refused), Policy.of("0.1", CutoffPolicy.fixed(2, 8))):
        made = chosen_network(stated, Row(Candidate(1.0, own, 8), policy, selection=None), {})
        assert GUARANTEE not in made.provenance


@pytest.mark.parametrize("sentence", ["", "Sure."])
def test_a_guarantee_that_goes_is_said(file, search, tmp_path, sentence):
    slow = read_net(file).with_cutoff(CutoffPolicy.fixed(7, 8))
    write_net(with_guarantee(slow, sentence), tmp_path / "slow.net")
    code, _, err = search(*LOOSE, "-o", tmp_path / "best.net", file=tmp_path / "slow.net")
    assert code == 0
    assert ("the guarantee of the file is gone" in " ".join(err.split())) == bool(sentence)
