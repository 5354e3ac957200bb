"""The picture of a chip: every core where it lies, told apart by colour, on as many chips as there are."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from evsnn_lava.export.placement import place
from evsnn_lava.export.placement.activity import Activity
from evsnn_lava.export.placement.comparison import balance_of
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.reporting.chip_picture import chip_page, chip_picture, layer_colours

SVG = "{http://www.w3.org/2000/svg}"


def balance(layers):
    """A line of layers of one core each, of which each is busier than the one before."""
    made = tuple(
        Layer(f"layer {index}", DenseSynapse(np.full((2, 2), 2)), CubaNeuron(5, 4095, 300), (2,))
        for index in range(layers)
    )
    network = NetworkDescription(
        "[bold]<b>&",
        made,
        InputRecipe.frames((1, 1, 2), 2, 0),
        FrameMasks.all_kept(2, layers),
        CutoffPolicy.never(2),
        ("a", "b"),
    )
    sources = (np.zeros((1, 1, 2)), *(np.full(2, float(index + 1)) for index in range(layers)))
    hardware = load_profile("loihi2")
    return balance_of(network, place(network, hardware), Activity(sources, 1, 1.0), hardware)


def cores_of(text):
    svg = ElementTree.fromstring(text)
    return svg, [rect for rect in svg.iter(f"{SVG}rect") if rect.get("class") == "core"]


def test_colours_tell_layers_apart():
    assert len(set(layer_colours(27))) == 27


@pytest.mark.parametrize("layers", [1, 12, 130])
def test_every_core_is_drawn_once_in_each_panel(layers):
    svg, cores = cores_of(chip_picture(balance(layers), "Loihi 2"))
    assert len(cores) == 2 * layers
    assert len({(core.get("x"), core.get("y")) for core in cores}) == 2 * layers
    width, height = float(svg.get("width")), float(svg.get("height"))
    assert all(0 <= float(core.get("x")) < width - 20 and 0 <= float(core.get("y")) < height - 20 for core in cores)
    heads = [text.text for text in svg.iter(f"{SVG}text") if text.get("class") == "head"]
    assert heads.count("chip 1: layers") == (layers > 120)


def test_the_legend_fits_into_the_picture():
    svg, _ = cores_of(chip_picture(balance(40), "Loihi 2"))
    lowest = max(float(text.get("y")) for text in svg.iter(f"{SVG}text"))
    assert lowest < float(svg.get("height"))


def test_the_busiest_core_has_the_hottest_colour():
    _, cores = cores_of(chip_picture(balance(5), "Loihi 2"))
    loads = [core.get("fill") for core in cores[5:]]
    assert loads[-1] == "#991b1e"
    assert len(set(loads)) == 5


def test_names_are_text_and_no_markup():
    text = chip_page(balance(2), "Loihi 2")
    assert "[bold]&lt;b&gt;&amp;" in text
    assert "<b>" not in text


def test_a_chip_of_more_cores_has_wider_panels():
    wide = balance(200)
    wide = replace(wide, placement=replace(wide.placement, cores_per_chip=256))
    _, cores = cores_of(chip_picture(wide, "Loihi 3"))
    assert len(cores) == 2 * 200
    assert len({(core.get("x"), core.get("y")) for core in cores}) == 2 * 200, "no panel lies on the other"
