"""What ``evsnn diff`` says, to the letter where it is text; read the text again before you change it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from rich.console import Console

from evsnn_lava.cli.comparison import comparison_tables
from evsnn_lava.cli.diff import compare_costs, shared_frames
from evsnn_lava.errors import ConfigError
from evsnn_lava.export.comparison.networks import compare
from evsnn_lava.export.netfile.schema import FORMAT_VERSION
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.network import (
    NEVER,
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.profiling import profile_run
from evsnn_lava.simulation import record_golden, run

GOLDEN = Path(__file__).parent / "golden"
VERSION_1 = Path(__file__).parents[1] / "export" / "data" / "version1.net"
FRAMES = np.indices((2, 2, 8, 8, 8)).sum(0) % 7 == 0


def build(frames=FRAMES):
    """A network that depends on nothing but this text."""
    first = ConvSynapse(2 * (np.arange(4 * 2 * 9).reshape(4, 2, 3, 3) % 41 - 20), stride=(2, 2), padding=(1, 1))
    second = DenseSynapse(2 * (np.arange(3 * 64).reshape(3, 64) % 29 - 14))
    layers = (
        Layer("conv1", first, CubaNeuron(80, 1023, 122), (4, 4, 4)),
        Layer("dense2", second, CubaNeuron(80, 1023, 122), (3,)),
    )
    network = NetworkDescription(
        name="before",
        layers=layers,
        recipe=InputRecipe(8, 8, steps=8, dt_us=1000, dataset="bars"),
        masks=FrameMasks.all_kept(8, 2),
        cutoff=CutoffPolicy("topk_gap", [NEVER, NEVER, 3, 3, 2, 2, 1, 1], 0.01, "a" * 64, 150),
        class_names=("left", "middle", "right"),
        provenance={"seed": "1", "variant": "plain", "config": "[train]\nepochs = 3\nseed = 1\n"},
    )
    return replace(network, golden=record_golden(network, frames))


def changed(before):
    """The same one pruned, with another threshold, two dropped frames, another cutoff, another variant."""
    conv, fc = before.layers
    weights = conv.synapse.weights
    pruned = replace(conv.synapse, weights=np.where(np.abs(weights) < 12, 0, weights))
    keep = np.array([1, 1, 0, 1, 1, 1, 0, 1], dtype=bool)
    after = replace(
        before,
        name="after",
        layers=(replace(conv, synapse=pruned), replace(fc, name="fc", neuron=replace(fc.neuron, vth_mant=70))),
        masks=FrameMasks("skip", (keep, keep & (np.arange(8) != 4))),
        cutoff=CutoffPolicy("topk_gap", [NEVER, 3, 2, 2, 1, 1], 0.01, "b" * 64, 150),
        provenance={
            "seed": "1",
            "variant": "masked",
            "tool": "evsnn_lava",
            "config": "[train]\nepochs = 5\nseed = 1\n[masks]\n",
        },
        golden=None,
    )
    return replace(after, golden=record_golden(after, before.golden.frames))


@pytest.fixture
def files(tmp_path):
    """Paths of both."""
    paths = tmp_path / "before.net", tmp_path / "after.net"
    write_net(build(), paths[0])
    write_net(changed(build()), paths[1])
    return paths


def test_text_to_the_letter(files, evsnn, monkeypatch):
    monkeypatch.chdir(files[0].parent)
    code, out, err = evsnn("diff", *(path.name for path in files))
    assert code == 1
    assert err == "running the golden frames of both files in the engine, for the cost (--quiet leaves it out)\n"
    assert [line.rstrip() for line in out.splitlines()] == (GOLDEN / "diff.txt").read_text("utf-8").splitlines()
    assert all(len(line) <= 100 for line in out.splitlines())


def test_json_says_the_same(files, evsnn):
    code, out, _ = evsnn("diff", *files, "--json", "--quiet")
    assert code == 1
    found = json.loads(out)
    assert (found["files"], found["versions"]) == ([str(path) for path in files], [FORMAT_VERSION] * 2)
    assert found["same"] is False
    assert [(layer["before"], layer["after"]) for layer in found["layers"]] == [("conv1", "conv1"), ("dense2", "fc")]
    assert found["layers"][0]["newly_dropped"] == [2, 6]
    assert found["layers"][1]["newly_dropped"] == [2, 4, 6]
    assert set(found["sections"]) == {"network", "masks", "cutoff", "provenance", "golden"}
    assert found["cost"]["samples"] == 2
    costs = {change["what"]: change for change in found["cost"]["changes"]}
    assert costs["energy"]["after"] < costs["energy"]["before"]


def test_the_same_content_in_other_bytes_is_the_same_network(files, evsnn, tmp_path):
    copy = tmp_path / "copy.net"
    with h5py.File(files[0]) as source, h5py.File(copy, "w", libver="latest") as target:
        for name in reversed(list(source)):
            source.copy(name, target)
    assert copy.read_bytes() != files[0].read_bytes()
    code, out, err = evsnn("diff", files[0], copy)
    assert (code, out, err) == (0, f"{files[0]} -> {copy}\nthe same network\n", "")
    assert evsnn("diff", files[0], copy, "--quiet") == (0, "the same network\n", "")
    assert json.loads(evsnn("diff", files[0], copy, "--json")[1])["same"] is True


def test_costs_are_those_of_profile(files):
    hardware, before = load_profile("loihi2"), build()
    after = changed(before)
    costs = compare_costs(before, after, hardware)
    for network, side in ((before, "before"), (after, "after")):
        result = run(network, FRAMES)
        report = profile_run(network, result, hardware)
        found = {change.what.strip(): getattr(change, side) for change in costs.changes}
        assert found["synops"] == result.synops.sum() / 2
        assert found["steps, hardware"] == result.steps.mean()
        assert found["energy"] == pytest.approx(report.energy_j.value.mean())
        assert found["time"] == pytest.approx(report.time_s.value.mean())
    assert costs.changes[0].ratio == costs.changes[0].after / costs.changes[0].before
    same = (run(before, FRAMES).decision == run(after, FRAMES).decision).sum()
    assert costs.same_decisions == same


def test_frames_of_both_files_are_taken_once():
    other = np.roll(FRAMES, 1, axis=-1)[:1]
    before, after = build(), build(np.concatenate([other, FRAMES[1:]]))
    frames = shared_frames(before, after)
    assert np.array_equal(frames, np.concatenate([FRAMES, other]))
    assert np.array_equal(shared_frames(replace(before, golden=None), after), after.golden.frames)
    with pytest.raises(ConfigError, match="neither file carries golden vectors"):
        shared_frames(replace(before, golden=None), replace(after, golden=None))


def test_networks_of_other_frames_are_compared_without_costs(files, evsnn, tmp_path):
    before = build()
    recipe = replace(before.recipe, steps=9)
    other = replace(before, recipe=recipe, masks=FrameMasks.all_kept(9, 2), cutoff=CutoffPolicy.never(9), golden=None)
    write_net(other, tmp_path / "other.net")
    code, out, _ = evsnn("diff", files[0], tmp_path / "other.net")
    said = " ".join(out.split())
    assert code == 1
    assert "Cost not compared: network before takes frames" in said
    assert "steps 8 9" in said
    assert isinstance(json.loads(evsnn("diff", files[0], tmp_path / "other.net", "--json")[1])["cost"], str)


def test_quiet_prints_the_verdict_and_runs_nothing(files, evsnn, monkeypatch):
    monkeypatch.setattr("evsnn_lava.cli.diff.compare_costs", None)
    said = "the networks differ in layers conv1, fc; in network, masks, cutoff, provenance, golden\n"
    assert evsnn("diff", *files, "--quiet") == (1, said, "")


def test_format_versions_are_said_where_they_differ(evsnn, tmp_path):
    assert evsnn("migrate", VERSION_1, "-o", tmp_path / "new.net")[0] == 0
    code, out, _ = evsnn("diff", VERSION_1, tmp_path / "new.net")
    assert (code, out.splitlines()[1]) == (0, f"the same network, in format versions 1 and {FORMAT_VERSION}")
    found = json.loads(evsnn("diff", VERSION_1, tmp_path / "new.net", "--json")[1])
    assert (found["same"], found["versions"]) == (True, [1, FORMAT_VERSION])


def test_help_names_the_exit_codes(evsnn):
    said = " ".join(evsnn("diff", "--help")[1].split())
    assert "Exit codes: 0 the same network, 1 the networks differ, 2 nothing could be compared." in said


def texts(before, after, width=100):
    """What is printed about two networks at a width."""
    console = Console(width=width, file=io.StringIO())
    console.print(comparison_tables(compare(before, after)))
    return console.file.getvalue()


def configured(network, **config):
    return replace(network, provenance={"config": json.dumps(config)})


def test_a_configuration_is_compared_by_key():
    before = configured(build(), data="d" * 300, train={"epochs": 3, "seed": 1})
    after = configured(build(), data="d" * 300, train={"epochs": 1, "seed": 1})
    said = " ".join(texts(before, after).split())
    assert "provenance config: train.epochs 3 1" in said
    assert "seed" not in said
    assert "ddd" not in said


@pytest.mark.parametrize("width", [80, 100])
def test_a_long_text_is_cut_to_the_first_difference(width):
    before, after = (replace(build(), provenance={"note": "a" * 500 + middle + "b" * 500}) for middle in "xy")
    said = texts(before, after, width)
    joined = "".join(said.split())
    assert "x" in joined
    assert "y" in joined
    assert "...aaa" in joined
    assert "bbb..." in joined
    assert joined.count("a") < 150
    assert "\u2026" not in said


def test_many_changed_lines_are_counted():
    before, after = (
        replace(build(), provenance={"note": "\n".join(f"{word}{index}" for index in range(30))}) for word in ("u", "w")
    )
    said = texts(before, after)
    assert "u7" in said
    assert "u8" not in said
    assert said.count("... and 22 more") == 2


@pytest.mark.parametrize("width", [80, 100])
def test_the_largest_change_is_found_and_told_whole(width):
    before = build()
    weights = np.array(before.layers[1].synapse.weights)
    weights[2, 60] += 16
    weights[1, 5] -= 8
    synapse = replace(before.layers[1].synapse, weights=weights)
    after = replace(before, layers=(before.layers[0], replace(before.layers[1], synapse=synapse)))
    said = " ".join(texts(before, after, width).split())
    assert "2 changed, by up to 16 at [2, 60]" in said
    assert "the same in both: conv1" in said
    assert "same in both: neurons (67); weights (264)" in said


def test_a_missing_file_is_an_error(files, evsnn, tmp_path):
    code, out, err = evsnn("diff", files[0], tmp_path / "none.net")
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
