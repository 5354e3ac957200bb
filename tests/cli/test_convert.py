"""``evsnn convert``: from NIR and netx to a file of ours, and back to NIR."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from evsnn_lava.cli import main
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.export.nir.storage import write_graph
from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)

nir = pytest.importorskip("nir")


@pytest.fixture
def graph(tmp_path):
    """A NIR file of a small network with leak, bias and a flat input."""
    rng, three, two = np.random.default_rng(3), np.ones(3), np.ones(2)
    nodes = {
        "input": nir.Input(np.array([18])),
        "w": nir.Affine(rng.normal(0, 1, (3, 18)), rng.normal(0, 0.1, 3)),
        "hidden": nir.LIF(three * 0.02, three * 5, 0 * three, three),
        "w2": nir.Linear(rng.normal(0, 1, (2, 3))),
        "out": nir.CubaLIF(two * 0.005, two * 0.02, two * 20, 0 * two, two),
        "output": nir.Output(np.array([2])),
    }
    edges = list(itertools.pairwise(nodes))
    write_graph(nir.NIRGraph(nodes, edges, type_check=False), tmp_path / "a.nir")
    return tmp_path / "a.nir"


@pytest.fixture
def network(tmp_path):
    """A file of ours."""
    layer = Layer("fc", DenseSynapse([[2, -4], [-2, 6]]), CubaNeuron(80, 1023, 128), (2,))
    masks, cutoff = FrameMasks("skip", ([1, 0, 1, 1],)), CutoffPolicy.fixed(2, steps=3)
    recipe = InputRecipe(1, 1, 4, 1000)
    write_net(NetworkDescription("tiny", (layer,), recipe, masks, cutoff, ("a", "b")), tmp_path / "b.net")
    return tmp_path / "b.net"


def convert(*arguments):
    return main(["convert", *map(str, arguments)])


def test_nir_becomes_a_file_with_golden_vectors_that_verify(graph, tmp_path, capsys):
    target = tmp_path / "a.net"
    assert convert(graph, target, "--steps", 9, "--shape", "2,3,3", "--golden", 2) == 0
    said = capsys.readouterr().out
    for text in ("Weights: what rounding did", "hidden", "approximate", "v_reset", f"wrote {target}"):
        assert text in said
    found = read_net(target)
    assert (found.input_shape, found.recipe.steps, found.recipe.dt_us) == ((2, 3, 3), 9, 1000)
    assert found.golden.frames.shape == (2, 2, 3, 3, 9)
    assert "random frames" in found.provenance["golden"]
    assert main(["verify", str(target), "--backends", "reference"]) == 0


def test_json_tells_everything(graph, tmp_path, capsys):
    assert convert(graph, tmp_path / "a.net", "--steps", 9, "--bits", 6, "--dt-ms", 0.5, "--inclusive", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    layers = told["import"]["layers"]
    assert [layer["layer"] for layer in layers] == ["hidden", "out"]
    assert (told["import"]["weight_bits"], told["import"]["dt_s"]) == (6, 0.0005)
    assert {fact["parameter"] for fact in layers[0]["parameters"]} >= {"threshold", "voltage decay", "bias", "reset"}
    assert all(fact["status"] in ("faithful", "approximate") for layer in layers for fact in layer["parameters"])


def test_there_and_back_the_integers_are_the_same(graph, tmp_path, capsys):
    first, middle, last = tmp_path / "a.net", tmp_path / "b.nir", tmp_path / "c.net"
    assert convert(graph, first, "--steps", 9) == convert(first, middle) == convert(middle, last) == 0
    one, two = read_net(first), read_net(last)
    for a, b in zip(one.layers, two.layers, strict=True):
        assert np.array_equal(a.synapse.weights, b.synapse.weights)
        numbers = [(layer.neuron.vth_mant, layer.neuron.du, layer.neuron.dv) for layer in (a, b)]
        assert (a.name, numbers[0]) == (b.name, numbers[1])
    assert one.recipe == two.recipe


def test_what_nir_cannot_say_is_said(network, tmp_path, capsys):
    assert convert(network, tmp_path / "b.nir", "--json") == 0
    features = {fact["parameter"]: fact["status"] for fact in json.loads(capsys.readouterr().out)["export"]["features"]}
    assert features["frame masks"] == features["cutoff"] == "unsupported"
    assert features["decays"] == "faithful"
    assert features["order of a step"] == "approximate"


def test_files_of_netx_are_read(evsnn_data, tmp_path, capsys):
    source = evsnn_data / "networks" / "lava_dl" / "tiny.net"
    assert convert(source, tmp_path / "t.net", "--golden", 1) == 0
    assert read_net(tmp_path / "t.net").golden is not None
    capsys.readouterr()
    assert convert(source, tmp_path / "t.nir", "--json") == 0
    assert json.loads(capsys.readouterr().out)["decisions"][0]["path"] == "/layer/0"


REFUSED = {
    "no steps": (["a.nir", "c.net"], "--steps"),
    "an unknown source": (["a.onnx", "c.net"], "unknown file type '.onnx'"),
    "an unknown target": (["a.nir", "c.txt"], "choose one of: .net, .nir"),
    "a missing file": (["no.nir", "c.net", "--steps", "3"], "cannot read"),
    "a missing .net": (["no.net", "c.net"], "cannot read"),
    "idle bits": (["b.net", "c.nir", "--bits", "8"], "--bits does nothing"),
    "idle dt": (["b.net", "c.net", "--dt-ms", "2"], "--dt-ms does nothing"),
    "idle steps": (["b.net", "c.net", "--steps", "2"], "--steps does nothing"),
    "idle golden": (["b.net", "c.nir", "--golden", "2"], "--golden does nothing"),
    "no golden": (["a.nir", "c.net", "--steps", "3", "--golden", "0"], "--golden is 0"),
    "a shape of two": (["a.nir", "c.net", "--steps", "3", "--shape", "2,3"], "--shape is '2,3'"),
    "a shape of another size": (["a.nir", "c.net", "--steps", "3", "--shape", "2,3,4"], "give a fitting recipe"),
    "a shape alone": (["a.nir", "c.net", "--shape", "2,3,3"], "--shape needs --steps"),
    "too many bits": (["a.nir", "c.net", "--steps", "3", "--bits", "9"], "the limit is 2..8"),
    "a long step": (["a.nir", "c.net", "--steps", "3", "--dt-ms", "6"], "tau_syn goes down to 0.005"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_nothing_is_written_when_it_is_refused(graph, network, tmp_path, capsys, monkeypatch, name):
    arguments, message = REFUSED[name]
    monkeypatch.chdir(tmp_path)
    assert convert(*arguments) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nir", "b.net"]
