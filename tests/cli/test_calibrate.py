"""``evsnn calibrate`` with every policy, for a run and for a file."""

from __future__ import annotations

import json
import shutil

import pytest

from evsnn_lava.export.netfile.reader import read_net

pytestmark = pytest.mark.torch


@pytest.fixture
def own_run(trained, tmp_path):
    """A copy of the run that a test may calibrate anew."""
    return shutil.copytree(trained, tmp_path / "run")


def calibrated(folder, variant="masked"):
    return json.loads((folder / "calibration.json").read_text(encoding="utf-8"))["variants"][variant]


WORDS = {
    "confidence": ("--policy", "confidence", "--epsilon", 0.2, "--min-support", 5),
    "conformal": ("--policy", "conformal", "--epsilon", 0.4),
    "fixed": ("--policy", "fixed", "--steps", 2),
    "topk_gap": ("--policy", "topk_gap", "--epsilon", 0.3, "--min-support", 5, "--monotone"),
}


@pytest.mark.parametrize("kind", WORDS)
def test_every_policy_goes_from_the_run_into_the_file(kind, own_run, evsnn, tmp_path):
    code, out, _ = evsnn("calibrate", own_run, *WORDS[kind])
    assert code == 0
    heads = "variant frames sent all steps cutoff loss exit mean/p50/p95 speed-up on hardware"
    assert " ".join(out.splitlines()[0].split()) == heads
    found = calibrated(own_run)
    assert found["kind"] == kind
    assert evsnn("export", own_run, "-o", tmp_path / "a.net")[0] == 0
    cutoff = read_net(tmp_path / "a.net").cutoff
    assert (cutoff.kind, cutoff.thresholds.tolist()) == (kind, found["thresholds"])
    assert cutoff.softmax.tolist() == found.get("softmax", [])
    assert found["summary"]["mean_exit"] == found["mean_exit_step"]
    assert found["summary"]["hardware_steps"] == found["mean_exit_step"] + 2


def test_a_guarantee_goes_with_the_file(own_run, evsnn, tmp_path):
    code, out, _ = evsnn("calibrate", own_run, "--epsilon", 0.3, "--delta", 0.1, "--quiet")
    assert code == 0
    certificate = calibrated(own_run)["certificate"]
    assert (certificate["epsilon"], certificate["delta"], certificate["samples"]) == (0.3, 0.1, 30)
    said = "With probability at least 90 %" if certificate["granted"] else "Nothing can be guaranteed"
    assert f"masked: {said}" in " ".join(out.split())
    path = tmp_path / "a.net"
    assert evsnn("export", own_run, "-o", path)[0] == 0
    assert read_net(path).provenance["cutoff guarantee"] == certificate["sentence"]
    assert evsnn("export", path, "--cutoff", "none", "-o", tmp_path / "b.net")[0] == 0
    assert "cutoff guarantee" not in read_net(tmp_path / "b.net").provenance


def test_too_few_samples_guarantee_nothing(own_run, evsnn):
    code, out, _ = evsnn("calibrate", own_run, "--epsilon", 0.01, "--delta", 0.1)
    assert code == 0
    assert "it takes 230 samples" in " ".join(out.split())
    assert calibrated(own_run)["kind"] == "never"


def test_a_file_is_calibrated_like_the_run_it_came_from(own_run, net, evsnn, tmp_path):
    path, words = tmp_path / "new.net", WORDS["confidence"]
    assert evsnn("calibrate", own_run, *words)[0] == 0
    code, out, err = evsnn("calibrate", net, "-o", path, *words)
    assert (code, "calibrating on 30 held-out samples: confidence" in err) == (0, True)
    assert out.splitlines()[1].split()[:4] == ["bars", "4", "of", "6"]
    before, made, found = read_net(net), read_net(path), calibrated(own_run)
    assert made.cutoff.thresholds.tolist() == found["thresholds"]
    assert made.cutoff.calibration_hash == found["calibration_hash"]
    assert made.golden.frames.tolist() == before.golden.frames.tolist()
    code, out, _ = evsnn("verify", path, "--backends", "reference,engine")
    assert (code, out.count("the same")) == (0, 2)
    assert "confidence > " in evsnn("inspect", path)[1]


def test_a_file_keeps_its_kind_of_cutoff(net, evsnn, tmp_path):
    once, twice = tmp_path / "once.net", tmp_path / "twice.net"
    assert evsnn("calibrate", net, "-o", once, *WORDS["confidence"])[0] == 0
    assert evsnn("calibrate", once, "-o", twice, "--min-support", 5)[0] == 0
    before, after = read_net(once).cutoff, read_net(twice).cutoff
    assert (after.kind, after.epsilon) == (before.kind, before.epsilon)
    assert after.thresholds.tolist() == before.thresholds.tolist()


def test_what_does_not_go_together_is_refused(own_run, net, evsnn, tmp_path):
    chip, new = tmp_path / "chip.net", tmp_path / "new.net"
    assert evsnn("export", net, "--cutoff", "on-chip", "-o", chip)[0] == 0
    for arguments, words in {
        (net,): "say with -o where to write",
        (own_run, "-o", new): "go with a .net file",
        (tmp_path / "none.net", "-o", new): "cannot read",
        (chip, "-o", new): "its last layers decide",
        (own_run, "--steps", 3): "goes with policy fixed",
        (own_run, "--delta", 1.5): "delta is 1.5",
        (net, "-o", new, "--data", tmp_path / "none"): "none",
    }.items():
        code, _, err = evsnn("calibrate", *arguments)
        assert (code, words in err) == (2, True), err
    assert not new.exists()
