"""``evsnn place``: tables, JSON and a picture that opens anywhere."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import numpy as np
import pytest

from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.export.placement import place
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)

from ..export.foreign_files import dense, input_block, write

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def placed(tmp_path):
    """A convolution that takes two cores and a dense layer, whose names have to be escaped."""
    neuron = CubaNeuron(vth_mant=5, du=4095, dv=300, bias_mant=[1, 2])
    conv = Layer("a<b>&", ConvSynapse(np.full((2, 2, 3, 3), 2)), neuron, (2, 48, 48))
    dense = Layer("fc", DenseSynapse(np.full((2, 2 * 48 * 48), 2)), CubaNeuron(5, 4095, 300), (2,))
    recipe = InputRecipe(50, 50, steps=4, dt_us=1000)
    masks = FrameMasks.all_kept(4, 2)
    network = NetworkDescription("n<1>", (conv, dense), recipe, masks, CutoffPolicy.never(4), ("off", "on"))
    write_net(network, tmp_path / "a.net")
    return tmp_path / "a.net"


def test_tables(evsnn, placed):
    code, out, err = evsnn("place", placed)
    assert (code, err) == (0, "")
    plan = place(read_net(placed), load_profile("loihi2")).layers[0]
    words = max((core.words for core in plan.cores), key=lambda words: words.total)
    rows = [line.split() for line in out.splitlines() if line.strip().startswith("a<b>&")]
    assert rows[0][:4] == ["a<b>&", f"{len(plan.cores)}", "2x48x16", "4608"]
    assert rows[0][4:6] == ["neurons", "38%"]
    counts = (words.synapse, words.neuron, words.axon_in, words.axon_map, words.total)
    assert rows[1] == ["a<b>&", "2", "1", *map(str, counts)]
    assert "compiler 2022" in out
    assert "fewest cores" in out
    assert "balanced" in out
    assert "biases alone" in " ".join(out.split())


def test_json_adds_up(evsnn, placed):
    found = json.loads(evsnn("place", placed, "--json")[1])
    for way in ("compiler", "fewest", "balanced"):
        placement = found["placements"][way]
        cores = [core for layer in placement["layers"] for core in layer["cores"]]
        assert placement["cores"] == len(cores)
        assert max(core["synops"] for core in cores) == placement["busiest_synops"]
    balanced, compiler = (found["placements"][way] for way in ("balanced", "compiler"))
    assert balanced["busiest_synops"] < compiler["busiest_synops"]
    assert balanced["step_s"] <= compiler["step_s"]


def test_a_file_of_lava_dl(evsnn, tmp_path):
    path = write(tmp_path / "f.net", input_block(), dense())
    assert evsnn("place", path)[0] == 0


@pytest.mark.parametrize("suffix", [".svg", ".html"])
def test_pictures(evsnn, placed, tmp_path, suffix):
    target = tmp_path / f"chip{suffix}"
    code, _, err = evsnn("place", placed, "--show", "balanced", "-o", target)
    assert (code, err.strip()) == (0, f"wrote {target}")
    text = target.read_text(encoding="utf-8")
    assert "http" not in text.replace("http://www.w3.org/2000/svg", ""), "nothing is fetched from elsewhere"
    assert "<script" not in text
    svg = ElementTree.fromstring(text[text.index("<svg") : text.index("</svg>") + len("</svg>")])
    cores = [rect for rect in svg.iter(f"{SVG}rect") if rect.get("class") == "core"]
    found = json.loads(evsnn("place", placed, "--json")[1])["placements"]["balanced"]
    assert len(cores) == 2 * found["cores"]
    titles = [rect.find(f"{SVG}title").text for rect in cores]
    assert titles[0].startswith("a<b>&: channels ")
    assert titles[: found["cores"]] == titles[found["cores"] :], "both panels show the same cores"
    places = {(rect.get("x"), rect.get("y")) for rect in cores}
    assert len(places) == len(cores), "no core lies on another"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-o", "chip.png"), ".html, .svg"),
        (("-o", "none/chip.svg"), "none"),
        (("--cores", "1"), "takes at least 3"),
        (("--hw", "speck"), "choose one of: loihi1, loihi1:fitted, loihi2"),
    ],
)
def test_what_a_user_gets_wrong(evsnn, placed, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    code, out, err = evsnn("place", placed, *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert sorted(tmp_path.iterdir()) == before


def test_what_fits_nowhere_is_said_first(evsnn, tmp_path):
    layer = Layer("wide", DenseSynapse(np.full((2, 13_000), 2)), CubaNeuron(5, 4095, 300), (2,))
    network = NetworkDescription(
        "n",
        (layer,),
        InputRecipe.frames((1, 1, 13_000), 2, 0),
        FrameMasks.all_kept(2, 1),
        CutoffPolicy.never(2),
        ("off", "on"),
    )
    write_net(network, tmp_path / "wide.net")
    code, out, _ = evsnn("place", tmp_path / "wide.net")
    assert code == 0
    assert out.startswith("does not fit on a core: wide; `evsnn check` says what helps")
