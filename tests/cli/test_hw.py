"""``evsnn hw``: what there is, what is in it, and what is wrong with one's own."""

from __future__ import annotations

import argparse
import json
from importlib.resources import files

import pytest

from evsnn_lava.cli import hw
from evsnn_lava.cli.console import Output
from evsnn_lava.errors import ConfigError, FormatError
from evsnn_lava.hw_profiles import load_profile, profile_names

LOIHI1 = files("evsnn_lava.hw_profiles").joinpath("loihi1.toml").read_text()


@pytest.fixture
def run(capsys):
    """Call the verb; give exit code and stdout."""

    def call(*arguments):
        parser = argparse.ArgumentParser()
        hw.add_arguments(parser)
        code = hw.execute(parser.parse_args([str(argument) for argument in arguments]), Output())
        return code, capsys.readouterr().out

    return call


@pytest.fixture
def mine(tmp_path):
    def write(text):
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return path

    return write


def test_list_has_every_profile(run):
    code, out = run("list")
    assert code == 0
    assert [
        line.split()[0] for line in out.splitlines() if line.split()[:1] and line.split()[0] in profile_names()
    ] == [*profile_names()]


def test_list_says_what_is_known(run):
    lines = {line["name"]: line for line in json.loads(run("list", "--json")[1])}
    assert set(lines) == set(profile_names())
    assert lines["loihi2"]["known"] == {"energy": "7/10", "time": "4/4", "static": "yes", "limits": "yes"}
    assert lines["xylo"]["known"] == {"energy": "0/10", "time": "recorded", "static": "yes", "limits": "no"}
    assert lines["cpu-45nm"]["known"] == {"energy": "6/10", "time": "0/4", "static": "no", "limits": "no"}
    assert lines["truenorth"]["statuses"] == {"measured": 2, "published": 2}


@pytest.mark.parametrize("name", profile_names())
def test_show_has_every_number_and_every_reason(run, name):
    code, out = run("show", name)
    words, profile = " ".join(out.split()), load_profile(name)
    assert code == 0
    for key, quantity in profile.quantities().items():
        assert f" {key.rpartition('.')[2]} {quantity.value:.6g} {quantity.unit}".removesuffix(" count") in words
        assert f"{quantity.status}, {quantity.scope}" in words
    assert all(f" {key} " in words for key in profile.unpriced)


def test_show_takes_several_and_files(run, mine):
    path = mine(LOIHI1.replace('title = "Loihi 1"', 'title = "My own"', 1))
    _, out = run("show", "xylo", f"{path}:fitted", path)
    titles = [line for line in out.splitlines() if line.endswith(("one chip", "(SYNS61210)"))]
    assert [title.partition(":")[0] for title in titles] == [
        "Xylo Audio 2 (xylo)",
        "Loihi 1, fitted on silicon (loihi1",
        "My own (loihi1)",
    ]


def test_show_as_json(run):
    (facts,) = json.loads(run("show", "loihi1:fitted", "--json")[1])
    assert facts["constants"]["energy.synop"] == {
        **{"value": 35.5, "low": 33.6, "high": None, "unit": "pJ", "year": 2025, "scope": "core", "status": "fitted"},
        "source": "SANA-FE 2.2.9, arch/loihi.yaml: fits to micro-benchmarks on a Nahuku board, IEEE TCAD 2025",
        "note": "Dense. Low: sparse synapses.",
    }
    assert set(facts["unpriced"]) == {"energy.io", "energy.barrier", "energy.host_operation"}
    assert (facts["name"], facts["pace"]) == ("loihi1:fitted", "free")


def test_a_chip_without_costs_is_shown_too(run, mine):
    whole = LOIHI1[: LOIHI1.index("[energy.synop]")] + LOIHI1[LOIHI1.index("[limits.") : LOIHI1.index("[variants.")]
    code, out = run("show", mine(whole))
    assert code == 0
    assert "neurons_per_core" in out
    assert "Not known" not in out
    lines = [hw.line_of(hw.load_any(mine(whole)))]
    assert lines[0].known == {"energy": "no", "time": "no", "static": "no", "limits": "yes"}


def test_validate(run, mine):
    assert run("validate", mine(LOIHI1)) == (0, f"{mine(LOIHI1)}: no faults\n")


def test_validate_says_every_fault_at_once(run, mine):
    path = mine(LOIHI1.replace('unit = "pJ"', 'unit = "ps"').replace('"energy.io" =', "# ="))
    code, out = run("validate", path)
    assert code == 1
    faults = json.loads(run("validate", path, "--json")[1])[str(path)]
    assert len(faults) == LOIHI1.count('unit = "pJ"') + 1
    assert f"{path}: {len(faults)} faults" in out.replace("\n", "")
    assert {fault["key"] for fault in faults} >= {"energy.io", "energy.synop", "variants.fitted.energy.synop"}


def test_one_bad_file_among_good_ones_is_a_finding(run, mine, tmp_path):
    (tmp_path / "other.toml").write_text('name = "other"\n')
    code, out = run("validate", mine(LOIHI1), tmp_path / "other.toml", "--json")
    assert code == 1
    assert [bool(faults) for faults in json.loads(out).values()] == [False, True]


def test_what_cannot_be_read_is_no_finding(run, mine, tmp_path):
    with pytest.raises(FormatError, match="is not a TOML file"):
        run("validate", mine("[energy"))
    with pytest.raises(ConfigError, match="No such file"):
        run("validate", tmp_path / "nothing.toml")


def test_a_task_is_asked_for(run, capsys):
    with pytest.raises(SystemExit):
        run()
    assert "TASK" in capsys.readouterr().err


def test_a_new_profile_is_a_copy_that_replaces_nothing(evsnn, tmp_path):
    path = tmp_path / "mine.toml"
    assert evsnn("hw", "new", path, "--like", "loihi1:fitted")[0] == 0
    assert load_profile(path) == load_profile("loihi1")
    assert load_profile(f"{path}:fitted") == load_profile("loihi1:fitted")
    before = path.read_bytes()
    for arguments in ((path,), (tmp_path / "mine.txt",), (tmp_path / "other.toml", "--like", "loihi9")):
        assert evsnn("hw", "new", *arguments)[0] == 2
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["mine.toml"]
