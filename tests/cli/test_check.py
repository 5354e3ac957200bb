"""``evsnn check``: exit codes for a pipeline, a table for people, JSON for programs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evsnn_lava.export.calibration_file import with_guarantee
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.simulation import record_golden

GOLDEN = Path(__file__).parent / "golden"


def network(du=0, keep=(1, 1, 0, 1)):
    layers = tuple(
        Layer(name, DenseSynapse([[2, -4], [4, 6]]), CubaNeuron(3, du, 128), (2,)) for name in ("first", "second")
    )
    masks = FrameMasks("skip", ([1, 1, 0, 1], keep))
    recipe = InputRecipe(1, 1, steps=4, dt_us=1000)
    whole = NetworkDescription(
        "tiny", layers, recipe, masks, CutoffPolicy("topk_gap", [1, 1, 1]), ("off", "on"), provenance={"seed": "7"}
    )
    frames = np.random.default_rng(1).random((2, 2, 1, 1, 4)) < 0.5
    return replace(whole, golden=record_golden(whole, frames))


@pytest.fixture
def good(tmp_path):
    write_net(network(), tmp_path / "good.net")
    return tmp_path / "good.net"


@pytest.fixture
def bad(tmp_path):
    write_net(network(du=-1, keep=(1, 0, 0, 1)), tmp_path / "bad.net")
    return tmp_path / "bad.net"


def test_a_network_that_fits(evsnn, good):
    code, out, err = evsnn("check", good)
    assert (code, err) == (0, "")
    assert "good.net is ready for Loihi 2: 0 errors, 0 warnings, 2 notes" in " ".join(out.split())


def test_a_network_that_does_not(evsnn, bad, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    code, out, _ = evsnn("check", bad)
    assert code == 1
    assert out == (GOLDEN / "check.txt").read_text(encoding="utf-8")


def test_all_rules(evsnn, good):
    code, out, _ = evsnn("check", good, "--all")
    assert code == 0
    assert out.count("\nok ") > 15
    assert "lava-nc" not in evsnn("check", good)[1]


def test_json(evsnn, bad):
    code, out, _ = evsnn("check", bad, "--json")
    found = json.loads(out)
    assert code == 1
    assert (found["fits"], found["hardware"], found["counts"]["error"]) == (False, "loihi2", 3)
    errors = [finding for finding in found["findings"] if finding["level"] == "error"]
    assert {finding["rule"] for finding in errors} == {"du", "hidden_masks"}
    assert all(finding["change"]["words"] and finding["source"] for finding in errors)
    assert {"rule", "object", "fact", "value", "limit", "margin", "basis", "source", "change"} <= set(errors[0])
    assert any(finding["level"] == "ok" and finding["margin"] for finding in found["findings"])


def test_other_chips(evsnn, good):
    assert evsnn("check", good, "--hw", "loihi1")[0] == 0
    code, out, _ = evsnn("check", good, "--hw", "speck", "--json")
    errors = {each["rule"] for each in json.loads(out)["findings"] if each["level"] == "error"}
    assert (code, errors) == (1, {"du", "dv"}), "its neurons do not leak"
    code, _, err = evsnn("check", good, "--hw", "loihi3")
    assert (code, "choose one of: " in err, "loihi2" in err, "speck" in err) == (2, True, True, True)


def test_several_chips(evsnn, good):
    code, out, _ = evsnn("check", good, "--hw", "loihi2,speck")
    assert code == evsnn("check", good, "--hw", "speck,loihi2")[0] == 1, "one of them is enough"
    assert evsnn("check", good, "--hw", "loihi1,loihi2")[0] == 0
    assert out.startswith("Loihi 2\n")
    assert out.endswith(f"\n\nSpeck\n{evsnn('check', good, '--hw', 'speck')[1]}")
    assert out.index(evsnn("check", good)[1]) < out.index(evsnn("check", good, "--hw", "speck")[1])
    found = json.loads(evsnn("check", good, "--hw", "loihi2,speck", "--json")[1])
    assert [(each["hardware"], each["fits"]) for each in found] == [("loihi2", True), ("speck", False)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none.net",), "cannot read none.net: No such file"),
        ((".",), "cannot read .: it is a folder"),
        (("/dev/null",), "cannot read /dev/null: it is not a regular file"),
        (("x" * 5000,), "File name too long"),
        (("--chips", 0), "--chips is 0"),
        (("--hw", ","), "--hw names no profile; choose of: loihi1, loihi2, speck or TOML files"),
    ],
)
def test_what_a_user_gets_wrong(evsnn, good, arguments, words):
    code, out, err = evsnn("check", *arguments, *([good] if arguments[0].startswith("--") else []))
    assert (code, out) == (2, "")
    assert words in err


def test_a_damaged_file_is_a_finding_and_no_error(evsnn, good):
    good.write_bytes(good.read_bytes()[:-7])
    code, out, err = evsnn("check", good)
    assert (code, err) == (1, "")
    assert "readable" in out


@pytest.mark.parametrize("masks", ["input", "last"])
def test_the_remedy_for_hidden_masks_makes_a_file_that_passes(evsnn, bad, tmp_path, masks):
    """The decays of that file stay what they are; the masks are no finding any more."""
    target = tmp_path / "one.net"
    code, out, _ = evsnn("export", bad, "--masks", masks, "-o", target)
    assert code == 0
    assert "was trained, and its cutoff fitted, with others" in " ".join(out.split())
    kept = read_net(target).masks
    old = read_net(bad).masks.keep
    assert [mask.tolist() for mask in kept.keep] == [old[0 if masks == "input" else -1].tolist()] * 2
    findings = json.loads(evsnn("check", target, "--json")[1])["findings"]
    assert {each["rule"] for each in findings if each["level"] == "error"} == {"du"}


@pytest.mark.parametrize("sentence", ["", "Early exit costs at most 5 %."])
def test_a_guarantee_does_not_go_with_the_masks_in_silence(evsnn, bad, tmp_path, sentence):
    thresholds = CutoffPolicy("topk_gap", [3] * read_net(bad).masks.stream_steps)
    write_net(with_guarantee(read_net(bad).with_cutoff(thresholds), sentence), tmp_path / "sure.net")
    code, out, _ = evsnn("export", tmp_path / "sure.net", "--masks", "input", "-o", tmp_path / "one.net")
    assert code == 0
    said = " ".join(out.split())
    assert ("the guarantee of its cutoff is gone: `evsnn calibrate FILE -o NEW.net" in said) == bool(sentence)
    assert read_net(tmp_path / "one.net").guarantee == ""
