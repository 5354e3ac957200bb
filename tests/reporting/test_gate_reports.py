"""What the gate prints and writes: terminal, Markdown, JUnit, JSON."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from evsnn_lava.reporting.gate import Budget, Verdict, gate_facts, gate_junit, gate_markdown, gate_tables, judge

from .gate_profiles import BASE, profile

GOLDEN = Path(__file__).parent / "golden"
TWICE = {**BASE, "conv1": (50_000, 1600), "conv2": (80_000, 600), "dense": (6000, 24)}
HOSTILE = "a|b\n## x</failure>\x00\x1b[31m]]>&\ud800\ufffe [/b] @me `c` <img src=x>"


def text_of(verdict: Verdict, width: int) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None, legacy_windows=False).print(gate_tables(verdict))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


@pytest.fixture(name="failing", scope="module")
def fixture_failing() -> Verdict:
    budget = Budget.model_validate(
        {
            "min_accuracy": "93 %",
            "max_energy": "7 uJ",
            "max_cores": 6,
            "max_layer_growth": "10 %",
            "max_layer_spike_growth": "20 %",
            "max_accuracy_loss": "0.5 points",
            "max_growth": {"energy": "5 %", "time": "5 %"},
        }
    )
    return judge(profile(TWICE, accuracy=None, samples=30), profile(), budget)


def cells(markdown: str) -> list[list[str]]:
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in markdown.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("width", [80, 100])
def test_the_terminal_looks_as_recorded(failing, width):
    assert text_of(failing, width) == (GOLDEN / f"gate_{width}.txt").read_text(encoding="utf-8")


def test_a_budget_alone_looks_as_recorded():
    verdict = judge(profile(), None, Budget.model_validate({"max_energy": "6 uJ", "min_accuracy": 0.9}))
    assert text_of(verdict, 80) == (GOLDEN / "gate_budget_alone.txt").read_text(encoding="utf-8")


def test_the_markdown_looks_as_recorded(failing):
    assert gate_markdown(failing) == (GOLDEN / "gate.md").read_text(encoding="utf-8")


def test_80_columns_are_enough_for_every_number(failing):
    narrow, wide = (text_of(failing, width) for width in (80, 200))
    assert "…" not in narrow
    assert max(map(len, narrow.splitlines())) <= 80
    assert set(wide.replace("─", "").split()) <= set(narrow.split())


def test_every_output_names_the_layer_that_is_the_cause_and_the_one_that_follows(failing):
    for said in (text_of(failing, 100), gate_markdown(failing), gate_junit(failing)):
        assert "cause: conv1" in said
        assert "conv2 grew most" in said
        assert "The cause is conv1: it sends 2.00 times the spikes (800 ->" in said.replace("&gt;", ">")
    assert gate_facts(failing)["cause"] == "conv1"
    assert gate_facts(failing)["grew_most"]["layer"] == "conv2"


def test_junit_has_a_case_for_every_limit_and_every_layer(failing):
    root = ElementTree.fromstring(gate_junit(failing))
    cases = root.findall(".//testcase")
    limits, layers = (
        [case for case in cases if case.get("classname") == f"evsnn.gate.{kind}"] for kind in ("budget", "layer")
    )
    assert len(limits) == len(failing.checks) == 6
    assert [case.get("name") for case in layers] == list(BASE)
    failures = {case.get("name"): case.find("failure") for case in cases if case.find("failure") is not None}
    assert [root.get("tests"), root.get("failures")] == [str(len(cases)), str(len(failures))]
    assert failures["energy <= 7.00 uJ"].get("message") == "energy is 7.85 uJ, the limit is <= 7.00 uJ"
    kinds = {name: failures[name].get("type") for name in BASE if name in failures}
    assert kinds == {"conv1": "cause", "conv2": "follows", "dense": "follows"}
    assert failures["conv1"].get("message") == "spikes sent 800 -> 1600 (+100.0 %), allowed <= +20.0 %"
    assert failures["conv2"].get("message").startswith("follows conv1: energy 841 nJ -> 1.64 uJ (+95.2 %), allowed")
    assert "accuracy of the profile is not known" in failures["accuracy >= 93.0 %"].text


def test_a_pass_is_green_everywhere():
    verdict = judge(profile(), profile())
    assert ElementTree.fromstring(gate_junit(verdict)).findall(".//failure") == []
    assert gate_markdown(verdict).startswith("### evsnn gate: PASSED: 12 of 12 limits hold\n")
    assert "OVER" not in text_of(verdict, 80)
    assert "No layer grew." in text_of(verdict, 80)
    facts = gate_facts(verdict)
    assert (facts["passed"], facts["cause"], facts["grew_most"]) == (True, None, None)


@settings(max_examples=30)
@given(st.text(max_size=30) | st.just(HOSTILE), st.text(max_size=30) | st.just(HOSTILE))
def test_whatever_names_contain_the_outputs_are_valid(layer, network):
    layer = layer or "x"
    before = {"(input)": (0, 10), layer: (100, 10)}
    verdict = judge(profile({**before, layer: (100, 20)}, network=network), profile(before))
    root = ElementTree.fromstring(gate_junit(verdict).encode("utf-8"))
    assert len(root.findall(".//testcase")) == 10
    written = gate_markdown(verdict)
    assert {len(row) for row in cells(written)} == {6, 7}
    plain = re.sub(r"</?(details|summary)>", "", written)
    assert "<" not in plain.replace("<= ", "").replace("&lt;", "")
    assert "@" not in plain
    assert "\x1b" not in text_of(verdict, 80)
    json.dumps(gate_facts(verdict), allow_nan=False)
