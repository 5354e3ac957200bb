"""``evsnn calibrate`` with every policy, for a run and for a file."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import CutoffPolicy, FrameMasks

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
    assert code == 1
    assert "it takes 230 samples" in " ".join(out.split())
    assert calibrated(own_run)["kind"] == "never"


def test_the_number_of_samples_counts_those_for_fitting(own_run, evsnn):
    code, out, _ = evsnn("calibrate", own_run, "--policy", "conformal", "--epsilon", 0.01, "--delta", 0.1)
    said = " ".join(out.split())
    assert code == 1
    assert "0 lost of the 15 samples that tested, 15 others fitted" in said
    assert "it takes 459 samples, half of them to test. Remedy: take more samples, a larger epsilon" in said
    assert "or policy topk_gap, which needs no half to be fitted on." in said
    assert said.endswith("of all samples, with those that only early exit gets right set off")
    assert GONE not in evsnn("calibrate", own_run)[2]  # nothing was promised


GONE = "the guarantee of the old cutoff is gone; give --delta for a new one"


def test_a_guarantee_does_not_go_in_silence(own_run, evsnn, tmp_path):
    with_delta, sure, new = ("--epsilon", 0.3, "--delta", 0.1), tmp_path / "sure.net", tmp_path / "new.net"
    assert GONE not in evsnn("calibrate", own_run, *with_delta)[2]
    assert evsnn("export", own_run, "-o", sure)[0] == 0
    assert f"bars: {GONE}" in evsnn("calibrate", sure, "-o", new, "--min-support", 5)[2]
    assert GONE not in evsnn("calibrate", new, "-o", tmp_path / "newer.net", "--min-support", 5)[2]
    assert GONE not in evsnn("calibrate", sure, "-o", new, *with_delta)[2]
    err = evsnn("calibrate", own_run)[2]
    assert (f"plain: {GONE}" in err, f"masked: {GONE}" in err) == (True, True)
    assert GONE not in evsnn("calibrate", own_run)[2]


def test_a_number_of_steps_is_called_fitted_nowhere(own_run, evsnn, tmp_path):
    code, _, err = evsnn("calibrate", own_run, "--policy", "fixed", "--steps", 2)
    assert (code, "epsilon" in err) == (0, False)
    assert "fixed: stops after 2 frames, nothing is fitted; measured on 30 held-out samples" in err
    assert evsnn("export", own_run, "-o", tmp_path / "a.net")[0] == 0
    out = evsnn("inspect", tmp_path / "a.net")[1]
    assert "not fitted on data" in out
    assert "gap:" not in out


def test_one_frame_leaves_nothing_to_stop(net, evsnn, tmp_path):
    once, new = tmp_path / "once.net", tmp_path / "new.net"
    network = read_net(net)
    masks = FrameMasks("skip", np.arange(network.masks.steps)[None] == np.zeros((network.depth, 1), int))
    write_net(replace(network, masks=masks, cutoff=CutoffPolicy.never(1), golden=None), once)
    code, _, err = evsnn("calibrate", once, "-o", new)
    assert (code, "no step reaches" in err) == (0, False)
    assert "bars: a single frame is sent, so there is nothing to stop early" in err
    assert read_net(new).cutoff.kind == "never"


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
        (own_run, "--policy", "conformal", "--min-support", 9): "min_support is 9 and would have no effect",
        (own_run, "--policy", "fixed", "--steps", 2, "--epsilon", 0.1): "with a number of steps nothing is fitted",
        (own_run, "--delta", 1.5): "delta is 1.5",
        (net, "-o", new, "--data", tmp_path / "none"): "none",
    }.items():
        code, _, err = evsnn("calibrate", *arguments)
        assert (code, words in err) == (2, True), err
    assert not new.exists()
