"""A person reads everything about a network in 100 columns."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from evsnn_lava.export.inspect import summarise
from evsnn_lava.export.lowering.cutoff import lower_cutoff
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
    softmax_table,
)
from evsnn_lava.network.policy import COMPARING, GUARANTEE
from evsnn_lava.reporting.network_tables import folded_mask, mask_blocks, network_tables, threshold_runs
from evsnn_lava.simulation import record_golden


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


def test_a_cutoff_in_layers_is_said_and_has_no_mask(network):
    policy = CutoffPolicy("topk_gap", [3] * 60, 0.02, "0123456789abcdef" * 4, 1000)
    text = drawn(lower_cutoff(replace(network, cutoff=policy, golden=None))[0])
    assert "Cutoff (on_chip): the last 2 layers decide" in text
    assert "fitted on 1.00 k samples" in text
    assert "gap >" not in text
    masks = text[text.index("Frame masks") : text.index("Cutoff")]
    assert "cutoff_compare" not in masks


def test_nothing_that_matters_is_cut_at_80_columns(network):
    text = drawn(network, 80)
    assert max(map(len, text.splitlines())) <= 80
    assert "\u2026" not in text
    joined = "".join(text.split())
    for word in ("a_convolution_", "with_a_long_na", "bias=-4096..4095", "60of90", "conv5x5"):
        assert word in joined, word
    assert text.count("█") == 120


def test_masks_that_keep_everything_take_a_line(network):
    kept = replace(network, masks=FrameMasks.all_kept(90, 2), cutoff=CutoffPolicy.never(90))
    text = drawn(kept)
    assert "all 90 frames kept, in every layer" in text
    assert "█" not in text
    deepest = replace(kept, masks=FrameMasks("mute", (np.ones(90, bool), np.arange(90) != 60)))
    text = drawn(deepest)
    assert "every layer" not in text
    assert "89 of 90" in text


def test_long_masks_are_folded():
    assert folded_mask("10" * 25).plain == mask_blocks("10" * 25).plain
    mask = "1" * 110 + "0" + "1" * 39 + "0" * 100 + "1" * 7
    assert folded_mask(mask).plain.splitlines() == [
        "  0: all kept",
        f"100: {'█' * 10}░{'█' * 39}",
        "150: all dropped",
        "250: all kept",
    ]


@given(st.text("01", min_size=1, max_size=400), st.booleans())
def test_folding_shows_every_frame_or_says_it(mask, long_runs):
    mask = "".join(bit * 60 for bit in mask[:8]) if long_runs else mask
    frames, lines = "", folded_mask(mask).plain.splitlines()
    for line in reversed(lines):
        start, _, shown = line.rpartition(": ")
        width = len(mask) - len(frames) - int(start or 0)
        drawn_line = shown.translate(str.maketrans("█░", "10"))
        frames = {"all kept": "1" * width, "all dropped": "0" * width}.get(shown, drawn_line) + frames
    assert frames == mask
    assert max(map(len, lines)) <= 60


def test_one_of_a_thing_is_said_in_the_singular(network):
    layer = Layer("one", DenseSynapse([[2]]), CubaNeuron(80, 1023, 128), (1,))
    small = NetworkDescription(
        "small",
        (layer,),
        InputRecipe.frames((1, 1, 1), 1),
        FrameMasks.all_kept(1, 1),
        CutoffPolicy.never(1),
        ("it",),
    )
    text = drawn(replace(small, golden=record_golden(small, np.ones((1, 1, 1, 1, 1), bool))))
    assert "1 layer, 1 neuron, 1 weight" in text
    assert "1 frame sent + 1 layer = 2 steps at most" in text
    assert "the only frame kept" in text
    assert "golden   1 sample, 0 messages" in text
    assert "2 layers, 4.63 k neurons, 47.0 k weights" in drawn(network)


def test_a_long_value_ends_with_an_ellipsis(network):
    text = drawn(network)
    hint = "...: cut, `evsnn inspect --json` has the whole values"
    value, _, after = text[text.index("Provenance") :].partition(hint)
    assert value.rstrip().endswith("...")
    assert not after.strip()
    assert "config  [train] epochs = 3 [train]" in text
    short = drawn(replace(network, provenance={"a": "b" * 240}))
    assert "..." not in short[short.index("Provenance") :]
    assert short.count("b" * 50) >= 2


@pytest.mark.parametrize(
    ("value", "shown", "is_cut"),
    [
        ('{"seed": 1, "data": {"steps": 3}}', "JSON of seed, data ...", True),
        ("{not json}", "{not json}", False),
        ("{}", "{}", False),
        ("by hand ...", "by hand ...", False),
        ('{"a":' * 100_000, '{"a":{"a":', True),
        (r'{"\u001b[31mred\u202e": 1, "b\n\tc": 2, "\ud800": 3}', "JSON of ?[31mred?, b c, ? ...", True),
    ],
    ids=["json", "no json", "empty", "ellipsis", "deep", "hostile names"],
)
def test_of_json_the_names_at_its_top_are_shown(network, value, shown, is_cut):
    text = drawn(replace(network, provenance={"config": value}))
    assert f"config  {shown}" in text
    assert ("...: cut" in text) == is_cut


def test_a_cutoff_that_compares_nothing_has_no_lead(network):
    stopped = drawn(replace(network, cutoff=CutoffPolicy.fixed(3, 60)))
    assert "\nnot fitted on data" in stopped
    assert "gap:" not in stopped
    found = replace(CutoffPolicy.fixed(3, 60), epsilon=0.02, calibration_hash="ab" * 32, calibration_samples=9)
    text = drawn(replace(network, cutoff=found))
    assert "\nfitted on 9 samples (sha256 abababababababab), epsilon 0.02" in text
    for kind in COMPARING:
        table = softmax_table(2.0) if kind == "confidence" else ()
        lead = "confidence: softmax" if kind == "confidence" else "gap: lead"
        assert lead in drawn(replace(network, cutoff=CutoffPolicy(kind, [3] * 60, softmax=table)))


def test_samples_of_a_guarantee_are_not_all_called_fitted(network):
    text = drawn(replace(network, provenance={GUARANTEE: "With probability at least 90 %"}))
    assert "fitted or tested on 1.00 k samples" in text
    assert "see cutoff guarantee below" in " ".join(text.split())
    assert "fitted on 1.00 k samples" in drawn(network)


def test_optional_parts_are_left_out(network):
    text = drawn(replace(network, quantisation=(), provenance={}))
    assert "Quantisation" not in text
    assert "Provenance" not in text
    assert "golden   none" in text


def test_masks_and_thresholds():
    assert mask_blocks("0110").plain == "░██░"
    assert threshold_runs([None, -1, -1, 5]) == [("1", "never"), ("2-4", "always")]
    assert threshold_runs([0]) == [("1", "always")]
