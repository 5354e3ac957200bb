"""``evsnn convert``: from NIR and netx to a file of ours, and back to NIR."""

from __future__ import annotations

import argparse
import itertools
import json

import numpy as np
import pytest

from evsnn_lava.cli import convert as cli_convert
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

from ..export import foreign_files

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
    for text in ("Weights", "hidden", "approximate", "v_reset", "1 rounded to whole numbers", f"wrote {target}"):
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


def test_the_step_is_told_and_a_guess_is_a_warning(graph, network, tmp_path, capsys):
    guess = "dt 1 ms, assumed: NIR does not say it; give --dt-ms"
    for options, said in (((), guess), (("--dt-ms", 1), "dt 1 ms, given")):
        assert convert(graph, tmp_path / "a.net", "--steps", 9, *options) == 0
        assert said in capsys.readouterr().out.splitlines()
    assert convert(network, tmp_path / "b.nir") == 0
    assert "dt 1 ms, a frame of the recipe" in " ".join(capsys.readouterr().out.split())
    assert convert(tmp_path / "b.nir", tmp_path / "c.net") == 0
    assert "dt 1 ms, read from the file" in capsys.readouterr().out
    assert convert(graph, tmp_path / "a.net", "--steps", 9, "--json") == 0
    assert json.loads(capsys.readouterr().out)["import"]["dt_source"] == "assumed"


def test_a_guess_is_yellow_only_where_it_matters(graph, tmp_path):
    arguments = ["a.nir", "a.net", "--steps", "9"]
    two = np.ones(2)
    nodes = {"input": nir.Input(np.array([2])), "n": nir.IF(two, two), "output": nir.Output(np.array([2]))}
    write_graph(nir.NIRGraph(nodes, list(itertools.pairwise(nodes)), type_check=False), tmp_path / "if.nir")
    for name, warned in (("a.nir", True), ("if.nir", False)):
        parser = argparse.ArgumentParser()
        cli_convert.add_arguments(parser)
        options = parser.parse_args([str(tmp_path / name), *arguments[1:]])
        found = cli_convert.READERS[".nir"](options)
        assert bool(found.warning) is warned
        assert any("assumed" in note for note in found.notes) is not warned


def test_quiet_says_what_was_written(graph, network, evsnn_data, tmp_path, capsys):
    tiny = evsnn_data / "networks" / "lava_dl" / "tiny.net"
    for source, name, options in (
        (graph, "a.net", ("--steps", 9, "--golden", 1)),
        (network, "b.nir", ()),
        (tiny, "t.net", ()),
    ):
        assert convert(source, tmp_path / name, "--quiet", *options) == 0
        captured = capsys.readouterr()
        assert len(captured.out.splitlines()) == 1
        assert captured.out.startswith(f"wrote {tmp_path / name}: ")
        assert captured.err == ""


def test_names(graph, network, tmp_path):
    assert convert(graph, tmp_path / "x.net", "--steps", 9) == 0
    assert read_net(tmp_path / "x.net").name == "a"
    assert convert(graph, tmp_path / "x.net", "--steps", 9, "--name", "mine", "--classes", "left, right") == 0
    found = read_net(tmp_path / "x.net")
    assert (found.name, found.class_names) == ("mine", ("left", "right"))
    assert convert(network, tmp_path / "c.net", "--name", "other") == 0
    assert read_net(tmp_path / "c.net").class_names == ("a", "b")


def test_what_a_netx_file_leaves_open_can_be_said(evsnn_data, tmp_path):
    source, target = evsnn_data / "networks" / "lava_dl" / "tiny.net", tmp_path / "t.net"
    for options, bits, transform in (
        ((), 16, (1, 0)),
        (("--message-bits", 9), 9, (1, 0)),
        (("--message-bits", 9, "--fold-input"), 9, (36, 34)),
        (("--message-bits", 0), 0, (36, 34)),
    ):
        assert convert(source, target, *options) == 0
        found = read_net(target)
        synapse = found.layers[0].synapse
        assert (found.recipe.message_bits, (synapse.weight, synapse.bias)) == (bits, transform)


def test_long_delays_are_cut_on_request(tmp_path, capsys):
    source = foreign_files.write(tmp_path / "d.net", foreign_files.dense(delay=70))
    assert convert(source, tmp_path / "e.net") == 2
    assert convert(source, tmp_path / "e.net", "--clamp-delays") == 0
    assert read_net(tmp_path / "e.net").layers[0].synapse.max_delay == 62


def test_a_source_is_not_written_over(network, tmp_path, capsys):
    before = network.read_bytes()
    (tmp_path / "link.net").symlink_to(network)
    (tmp_path / "hard.net").hardlink_to(network)
    for target in (network, tmp_path / "link.net", tmp_path / "hard.net"):
        assert convert(network, target) == 2
        assert "is the source itself" in capsys.readouterr().err
    assert network.read_bytes() == before


REFUSED = {
    "another step than the recipe's": (["b.net", "c.nir", "--dt-ms", "5"], "network tiny has frames of 1 ms"),
    "no step": (["b.net", "c.nir", "--dt-ms", "0"], "it must be positive"),
    "an empty name": (["b.net", "c.net", "--name", " "], "--name is empty"),
    "another number of classes": (["b.net", "c.net", "--classes", "a,b,c"], "--classes names 3 classes, the network"),
    "a class without a name": (["b.net", "c.net", "--classes", "a,"], "--classes names 1 classes, the network has 2"),
    "idle message bits": (["b.net", "c.net", "--message-bits", "8"], "--message-bits does nothing"),
    "idle clamping": (["b.net", "c.net", "--clamp-delays"], "--clamp-delays does nothing here"),
    "idle folding": (["a.nir", "c.net", "--fold-input"], "--fold-input does nothing from .nir"),
    "no steps": (["a.nir", "c.net"], "--steps"),
    "an unknown source": (["a.onnx", "c.net"], "unknown file type '.onnx'"),
    "an unknown target": (["a.nir", "c.txt"], "choose one of: .net, .nir"),
    "a missing file": (["no.nir", "c.net", "--steps", "3"], "cannot read"),
    "a missing .net": (["no.net", "c.net"], "cannot read"),
    "idle bits": (["b.net", "c.nir", "--bits", "8"], "--bits does nothing"),
    "idle dt": (["b.net", "c.net", "--dt-ms", "2"], "--dt-ms does nothing"),
    "idle steps": (["b.net", "c.net", "--steps", "2"], "--steps does nothing"),
    "idle golden": (["b.net", "c.nir", "--golden", "2"], "--golden does nothing"),
    "a density of nothing": (["b.net", "c.net", "--golden-density", "0.1"], "--golden-density does nothing without"),
    "no density": (["b.net", "c.net", "--golden", "1", "--golden-density", "0"], "density of golden frames is 0.0"),
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


@pytest.fixture
def hard_to_wake(tmp_path):
    """Nothing happens unless many inputs are set."""
    layer = Layer("fc", DenseSynapse(np.full((2, 10), 2)), CubaNeuron(15, 4095, 4096), (2,))
    recipe = InputRecipe.frames((10, 1, 1), 12)
    parts = (recipe, FrameMasks.all_kept(12, 1), CutoffPolicy.never(12), ("a", "b"))
    write_net(NetworkDescription("hard", (layer,), *parts), tmp_path / "hard.net")
    return tmp_path / "hard.net"


def test_golden_frames_wake_the_layers_and_are_the_same_again(hard_to_wake, tmp_path, capsys):
    first, second = tmp_path / "1.net", tmp_path / "2.net"
    assert convert(hard_to_wake, first, "--golden", 2) == convert(hard_to_wake, second, "--golden", 2) == 0
    assert first.read_bytes() == second.read_bytes()
    network = read_net(first)
    assert (network.golden.spike_counts.sum(axis=(1, 2)) > 0).all()
    said = capsys.readouterr().out
    assert "silent" not in said
    assert f"golden vectors: {network.provenance['golden']}" in said
    assert network.provenance["golden"].startswith("2 samples of random frames, 0.")


def test_layers_that_stay_silent_are_named(hard_to_wake, tmp_path, capsys):
    sparse = ("--golden", 1, "--golden-density", 0.02)
    assert convert(hard_to_wake, tmp_path / "1.net", *sparse) == 0
    said = capsys.readouterr().out
    assert "silent in all of them: layer fc (nothing is proven about what a silent layer sends)" in said
    assert "1 sample of random frames, 0.02 of the values set" in said
    assert convert(hard_to_wake, tmp_path / "1.net", *sparse, "--json") == 0
    assert json.loads(capsys.readouterr().out)["golden"]["silent_layers"] == ["fc"]
