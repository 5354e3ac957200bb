"""A person reads what a conversion did in 80 columns, nothing cut off, every reason once."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console, Group

from evsnn_lava.export.netx.groups import Decision
from evsnn_lava.export.nir.report import LayerFacts, ParameterFact
from evsnn_lava.reporting.conversion_tables import decision_table, feature_table, parameter_table, weight_table

GOLDEN = Path(__file__).parent / "golden" / "conversion_tables.txt"
LATE = "acts 3 steps before the first frame reaches the layer"
ORDER = "the current acts in the step in which it arrives, forward Euler would wait a step"
LAYERS = (
    LayerFacts(
        "conv1", 800, -0.34385, 0.31203, 744.5, 0.00134, 0.00067, 0, 27,
        (
            ParameterFact("weights", "-0.3439..0.312", "-256..232", 0.0039, "approximate"),
            ParameterFact("threshold", "1", "744", 0.0, "faithful"),
            ParameterFact("current decay", "0.2", "819", 0.00024, "approximate", ORDER),
        ),
    ),
    LayerFacts(
        "a_layer_with_a_long_name", 131072, -0.00123456, 0.00654321, 38956.7, 1.3e-5, 6.4e-6, 12, 3550,
        (
            ParameterFact("weights", "-0.001235..0.006543", "-48..254", 0.0039, "approximate"),
            ParameterFact("bias", "-0.0001235..0.0006543", "-4096..4095", 0.012, "approximate", LATE),
            ParameterFact("current decay", "1", "4096", 0.0, "approximate", ORDER),
            ParameterFact("range of the current", "unlimited", "24 bits", 0.0, "approximate", "wraps at 2^23"),
        ),
    ),
)  # fmt: skip
FEATURES = (
    ParameterFact("weights, thresholds", "", "", 0.0, "faithful", "divided by 64; evsnn_scale gives the integers back"),
    ParameterFact("provenance, quantisation facts", "", "", 0.0, "unsupported", "left out"),
)
DECISIONS = (
    Decision("/layer/0", "an input neuron gets 36 x value + 34, the transform in the file"),
    Decision("/layer/10/neuron", "a neuron with the threshold 131071; only a voltage within 63 of saturation [red]"),
)


def drawn(*parts, width=80):
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(Group(*(part for part in parts if part is not None)))
    return "".join(line.rstrip() + "\n" for line in console.export_text().splitlines())


@pytest.fixture
def text():
    return drawn(weight_table(LAYERS), parameter_table(LAYERS), feature_table(FEATURES), decision_table(DECISIONS))


def test_the_tables_are_those_of_the_golden_file(text):
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_nothing_is_cut_off_but_long_names(text):
    assert max(map(len, text.splitlines())) <= 80
    assert [line.split()[0] for line in text.splitlines() if "…" in line] == ["a_layer_w…"] * 5
    for layer in LAYERS:
        for fact in layer.parameters:
            assert fact.status == "faithful" or (fact.value in text and fact.stored in text)


def test_every_reason_stands_once(text):
    joined = " ".join(text.split())
    for reason in ("rounded to whole numbers", LATE, ORDER, "wraps at 2^23"):
        assert joined.count(reason) == 1


def test_there_are_no_empty_tables():
    exact = LayerFacts("fc", 2, 1.0, 1.0, 64.0, 0.0, 0.0, 0, 0, (ParameterFact("bias", "0", "0", 0.0, "faithful"),))
    assert parameter_table([exact]) is None
    assert decision_table([]) is None
