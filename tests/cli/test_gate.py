"""``evsnn gate`` on networks that really run: one layer made twice as active is found and named."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import numpy as np
import pytest

from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import CubaNeuron, CutoffPolicy, DenseSynapse, FrameMasks, InputRecipe, Layer
from evsnn_lava.network import NetworkDescription as Network

SIZES, STEPS, CLASSES = (16, 24, 20, 4), 12, ("a", "b", "c", "d")
NAMES = ("first", "second", "last")
THRESHOLDS, LOW = (200, 300, 600), (100, 120, 300)
"""With a low threshold a layer sends twice the spikes, as the test below checks."""


def network(active="") -> Network:
    """Three dense layers, one of them with a low threshold; everything else stays the same."""
    rng = np.random.default_rng(5)
    thresholds = [low if name == active else high for name, low, high in zip(NAMES, LOW, THRESHOLDS, strict=True)]
    layers = [
        Layer(
            name, DenseSynapse(2 * rng.integers(-12, 22, (after, before))), CubaNeuron(threshold, 1023, 400), (after,)
        )
        for name, before, after, threshold in zip(NAMES, SIZES[:-1], SIZES[1:], thresholds, strict=True)
    ]
    recipe = InputRecipe.frames((SIZES[0], 1, 1), steps=STEPS)
    masks, never = FrameMasks.all_kept(STEPS, len(layers)), CutoffPolicy.never(STEPS)
    return Network("seeded", tuple(layers), recipe, masks, never, CLASSES)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The network, copies of it with one layer twice as active, and samples."""
    folder, rng = tmp_path_factory.mktemp("gate"), np.random.default_rng(0)
    write_net(network(), folder / "base.net")
    for name in NAMES:
        write_net(network(name), folder / f"{name}.net")
    labels = rng.integers(0, 4, 8)
    np.savez(folder / "test.npz", frames=rng.random((8, SIZES[0], STEPS)) < 0.15, labels=labels)
    np.savez(folder / "unlabelled.npz", frames=rng.random((8, SIZES[0], STEPS)) < 0.15)
    return folder


@pytest.fixture
def gate(files, evsnn):
    """Gate one of the files on the samples."""

    def call(name, *arguments, data="test.npz"):
        return evsnn("gate", files / name, "--data", files / data, "--quiet", *arguments)

    return call


@pytest.fixture
def profiled(files, evsnn, tmp_path):
    """The JSON of a profile of the network."""
    code, out, _ = evsnn("profile", files / "base.net", "--data", files / "test.npz", "--quiet", "--json")
    assert code == 0
    (tmp_path / "old.json").write_text(out)
    return tmp_path / "old.json"


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_twice_as_active_fails_the_gate_and_is_named(name, files, evsnn, tmp_path):
    arguments = ("--baseline", files / "base.net", "--data", files / "test.npz")
    paths = tmp_path / "gate.md", tmp_path / "gate.xml"
    code, out, _ = evsnn("gate", files / f"{name}.net", *arguments, "--markdown", paths[0], "--junit", paths[1])
    assert code == 1
    facts = json.loads(evsnn("gate", files / f"{name}.net", *arguments, "--json")[1])
    layers = {each["name"]: each for each in facts["layers"]}
    assert layers[name]["new_spikes"] / layers[name]["old_spikes"] == pytest.approx(2, abs=0.15)
    assert all(layers[each]["new_spikes"] == layers[each]["old_spikes"] for each in NAMES[: NAMES.index(name)])

    assert facts["cause"] == name
    assert [each["name"] for each in facts["layers"] if each["role"] == "cause"] == [name]
    most = max(layers, key=lambda each: (layers[each]["new_j"] - layers[each]["old_j"]) * (each in NAMES))
    assert facts["grew_most"]["layer"] == most
    assert set(facts["grew_most"]["followers"]) <= set(NAMES[NAMES.index(name) + 1 :])
    root = ElementTree.parse(paths[1]).getroot()
    failures = {case.get("name"): case.find("failure") for case in root.iter("testcase")}
    assert [each for each in NAMES if failures[each] is not None and failures[each].get("type") == "cause"] == [name]
    for text in (out, paths[0].read_text(), paths[1].read_text()):
        assert f"cause: {name}" in text
        assert f"{most} grew most" in text
        assert not any(f"cause: {other}" in text or f"The cause is {other}" in text for other in NAMES if other != name)


def test_the_untouched_network_passes_with_no_growth(gate, files, profiled):
    for baseline in (files / "base.net", profiled):
        code, out, _ = gate("base.net", "--baseline", baseline, "--json")
        facts = json.loads(out)
        assert (code, facts["passed"], facts["cause"], facts["grew_most"]) == (0, True, None, None)
        assert {each["ratio"] for each in facts["layers"]} == {1}
        assert facts["notes"] == []


def test_a_profile_in_json_is_gated_as_the_file_it_is_of(gate, files, profiled, evsnn):
    told = ("--baseline", profiled, "--max-energy", "1pJ", "--json")
    live, kept = json.loads(gate("base.net", *told)[1]), json.loads(evsnn("gate", profiled, *told)[1])
    assert live["profile"].pop("data").endswith("test.npz, 8 of 8 samples")
    kept["profile"].pop("data")
    for each in (live, kept):
        each["baseline"].pop("data")
    assert live == kept
    assert evsnn("gate", profiled, "--max-energy", "1 J")[0] == 0


def test_a_cheaper_network_passes(gate, files):
    assert gate("base.net", "--baseline", files / "first.net")[0] == 0


def test_limits_of_the_command_line_and_of_a_file(gate, tmp_path):
    budget = tmp_path / "budget.toml"
    budget.write_text('max_energy = "1 pJ"\nmin_accuracy = 0\n')
    code, out, _ = gate("base.net", "--budget", budget)
    assert (code, out) == (1, "FAILED: 1 of 2 limits does not hold\n")
    code, out, _ = gate("base.net", "--budget", budget, "--max-energy", "1 J", "--p95-steps", 99, "--max-cores", 3)
    assert (code, out) == (0, "PASSED: 4 of 4 limits hold\n")
    assert gate("base.net", "--min-accuracy", "99.9 %")[0] == 1


def test_an_accuracy_without_labels_fails_with_the_reason(files, evsnn):
    code, out, _ = evsnn("gate", files / "base.net", "--data", files / "unlabelled.npz", "--min-accuracy", 0.1)
    assert code == 1
    assert "accuracy of the profile is not known: not every sample has a label" in out
    assert all(len(line) <= 100 for line in out.splitlines())


def test_markdown_goes_to_stdout_alone(gate, files):
    code, out, err = gate("first.net", "--baseline", files / "base.net", "--markdown", "-")
    assert (code, err) == (1, "")
    assert out.startswith("### evsnn gate: FAILED: ")
    assert out.endswith("</details>\n")


def test_usage_errors(gate, files, profiled, evsnn, tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text(profiled.read_text().replace('"samples": 8', '"samples": NaN'))
    (tmp_path / "growth.toml").write_text('max_layer_growth = "10 %"\n')
    for answer, says in (
        (gate("base.net"), "ConfigError: gate: there is nothing to check"),
        (gate("base.net", "--max-energy", 12), "ConfigError: command line: max_energy: '12' has no unit"),
        (gate("base.net", "--budget", tmp_path / "absent.toml"), "ConfigError: cannot read"),
        (gate("base.net", "--budget", tmp_path / "growth.toml"), "ConfigError: gate: the budget sets max_layer_growth"),
        (gate("base.net", "--baseline", profiled, "--hw", "loihi1"), "profile both with the same --hw"),
        (gate("base.net", "--baseline", profiled, "--json", "--markdown", "-"), "ConfigError: --json and --markdown -"),
        (gate("base.net", "--baseline", profiled, "--junit", tmp_path / "no" / "a.xml"), "ConfigError: cannot write"),
        (gate("base.net", "--baseline", broken), f"FormatError: {broken}: samples is wrong"),
        (gate("absent.net", "--max-cores", 3), "absent.net"),
        (evsnn("gate", profiled, "--max-cores", 3, "--hw", "loihi2"), "ConfigError: --hw does nothing with a profile"),
        (evsnn("gate", tmp_path / "absent.json", "--max-cores", 3), "ConfigError: cannot read"),
    ):
        assert answer[:2] == (2, ""), says
        assert says in answer[2]
        assert len(answer[2].splitlines()) == 1
