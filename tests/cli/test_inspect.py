"""What ``evsnn inspect`` prints about a fixed network, to the letter; read the text again before you change it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evsnn_lava.export.netfile.writer import write_net
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
    QuantisationFacts,
)
from evsnn_lava.simulation import record_golden

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def fixed(tmp_path):
    """The file of a network that depends on nothing but this text."""
    keep = np.array([1, 1, 0, 1, 1, 1, 0, 1], dtype=bool)
    deeper = keep & (np.arange(8) != 4)
    first = ConvSynapse(2 * (np.arange(4 * 2 * 9).reshape(4, 2, 3, 3) % 41 - 20), stride=(2, 2), padding=(1, 1))
    second = DenseSynapse(2 * (np.arange(3 * 64).reshape(3, 64) % 29 - 14))
    layers = (
        Layer("conv1", first, CubaNeuron(80, 1023, 122), (4, 4, 4)),
        Layer("dense2", second, CubaNeuron(80, 1023, 122), (3,)),
    )
    network = NetworkDescription(
        name="fixed",
        layers=layers,
        recipe=InputRecipe(8, 8, steps=8, dt_us=1000, dataset="bars"),
        masks=FrameMasks("skip", (keep, deeper)),
        cutoff=CutoffPolicy("topk_gap", [NEVER, NEVER, 3, 2, 2, 1], 0.01, "a" * 64, 150),
        class_names=("left", "middle", "right"),
        quantisation=(QuantisationFacts("conv1", 64.0, 0.015, 2, 5), QuantisationFacts("dense2", 64.0, 0.01, 0, 0)),
        provenance={"seed": "1", "tool": "evsnn_lava", "variant": "masked"},
    )
    places = np.indices((2, 2, 8, 8, 8)).sum(0)
    network = replace(network, golden=record_golden(network, places % 7 == 0))
    write_net(network, tmp_path / "fixed.net")
    return tmp_path / "fixed.net"


def test_tables_to_the_letter(fixed, evsnn):
    code, out, err = evsnn("inspect", fixed)
    assert (code, err) == (0, "")
    assert [line.rstrip() for line in out.splitlines()] == (GOLDEN / "inspect.txt").read_text("utf-8").splitlines()


def test_json_to_the_letter(fixed, evsnn):
    code, out, _ = evsnn("inspect", fixed, "--json")
    assert code == 0
    assert json.loads(out) == json.loads((GOLDEN / "inspect.json").read_text(encoding="utf-8"))
