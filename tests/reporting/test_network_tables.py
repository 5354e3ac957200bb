"""A person reads everything about a network in 100 columns."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from evsnn_lava.export.inspect import summarise
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
from evsnn_lava.reporting.network_tables import mask_blocks, network_tables, threshold_runs


@pytest.fixture
def network():
    steps = 90
    keep = np.arange(steps) % 3 != 1
    layers = (
        Layer(
            "a_convolution_with_a_long_name",
            ConvSynapse(np.full((16, 2, 5, 5), 2), (2, 2), (2, 2), (1, 1)),
            CubaNeuron(131071, 4095, 4096, [-4096] * 8 + [4095] * 8),
            (16, 17, 17),
        ),
        Layer("[red]", DenseSynapse(np.full((10, 4624), 2)), CubaNeuron(80, 1023, 128), (10,)),
    )
    return NetworkDescription(
        "digits",
        layers,
        InputRecipe(34, 34, steps, dt_us=2500, dataset="event digits"),
        FrameMasks("skip", (keep, keep)),
        CutoffPolicy("topk_gap", [NEVER] * 10 + [4] * 20 + [2] * 30, 0.02, "0123456789abcdef" * 4, 1000),
        tuple("0123456789"),
        tuple(QuantisationFacts(layer.name, 64.0, 0.0078, 0, 12) for layer in layers),
        {"config": "[train]\nepochs = 3\n" * 40, "[bold]": "x"},
    )


def drawn(network, width=100):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(network_tables(summarise(network)))
    return console.export_text()


def test_everything_fits_into_100_columns(network):
    text = drawn(network)
    assert max(map(len, text.splitlines())) <= 100
    for word in ("digits", "16x17x17", "-4096..4095", "46.2 k", "gap > 4", "11-30", "60 of 90", "[bold]", "[red]"):
        assert word in text, word
    assert text.count("█") == 120
    assert "2.5 ms" in text


def test_optional_parts_are_left_out(network):
    text = drawn(replace(network, quantisation=(), provenance={}))
    assert "Quantisation" not in text
    assert "Provenance" not in text
    assert "golden   none" in text


def test_masks_and_thresholds():
    assert mask_blocks("0110").plain == "░██░"
    assert threshold_runs([None, -1, -1, 5]) == [("1", "never"), ("2-4", "always")]
    assert threshold_runs([0]) == [("1", "always")]
