"""What ``evsnn verify`` says when a back-end differs; a network with one thing wrong plays the back-end."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evsnn_lava.cli import verify
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import write_net
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
from evsnn_lava.simulation import record_golden, simulate

GOLDEN = Path(__file__).parent / "golden"


def lines(text):
    return [line.rstrip() for line in text.splitlines()]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A small file that depends on nothing but this text."""
    first = ConvSynapse(2 * (np.arange(4 * 2 * 9).reshape(4, 2, 3, 3) % 41 - 16), stride=(2, 2), padding=(1, 1))
    second = DenseSynapse(2 * (np.arange(3 * 36).reshape(3, 36) % 29 - 11))
    layers = (
        Layer("conv1", first, CubaNeuron(80, 1023, 122), (4, 3, 3)),
        Layer("dense2", second, CubaNeuron(80, 1023, 122, [3, 5, -7]), (3,)),
    )
    masks = FrameMasks.all_kept(8, 2)
    cutoff = CutoffPolicy("topk_gap", [2] * 8)
    recipe = InputRecipe(6, 6, steps=8, dt_us=1000)
    network = NetworkDescription("small", layers, recipe, masks, cutoff, ("left", "middle", "right"))
    places = np.indices((2, 2, 6, 6, 8)).sum(0)
    path = tmp_path_factory.mktemp("verify") / "small.net"
    write_net(replace(network, golden=record_golden(network, places % 7 == 0)), path)
    return path


def wrong_network(path):
    """The decay of the voltage of the second layer is wrong."""
    network = read_net(path)
    layers = list(network.layers)
    layers[1] = replace(layers[1], neuron=replace(layers[1].neuron, dv=1222))
    return replace(network, layers=tuple(layers), golden=None)


@pytest.fixture
def wrong_backend(file, monkeypatch):
    """A back-end that computes another network, with states and without."""
    wrong = wrong_network(file)

    def answer(network, states):
        trace = simulate(wrong, network.golden.frames, states=states)
        return verify.Answer(trace)

    monkeypatch.setitem(verify.ANSWERS, "wrong", lambda network: answer(network, True))
    monkeypatch.setitem(verify.ANSWERS, "mute", lambda network: answer(network, False))


def test_agreement(file, evsnn):
    code, out, err = evsnn("verify", file, "--backends", "reference")
    assert code == 0
    assert "the same, exit steps and decisions too" in " ".join(out.split())
    assert "checking reference" in err


def test_difference_to_the_letter(file, wrong_backend, evsnn):
    code, out, _ = evsnn("verify", file, "--backends", "reference,wrong,mute")
    assert code == 1
    assert lines(out) == (GOLDEN / "verify.txt").read_text("utf-8").splitlines()


def test_difference_as_json(file, wrong_backend, evsnn):
    code, out, _ = evsnn("verify", file, "--backends", "reference,wrong", "--json")
    assert code == 1
    found = json.loads(out)
    assert found["reference"]["difference"] is None
    difference = found["wrong"]["difference"]
    neuron = difference["neuron"]
    assert difference["layer"] == "dense2"
    assert difference["neurons"][0] == neuron["index"]
    assert neuron["expected"]["v"] != neuron["found"]["v"]
    assert [suspect["what"] for suspect in neuron["suspects"]] == ["dv"]
    assert neuron["suspects"][0]["found"][0] <= 1222 <= neuron["suspects"][0]["found"][1]


def test_trace_holds_both_sides(file, wrong_backend, evsnn, tmp_path):
    path = tmp_path / "trace.npz"
    assert evsnn("verify", file, "--backends", "wrong,mute", "--trace", path)[0] == 1
    network = read_net(file)
    expected = simulate(network, network.golden.frames, states=True)
    found = simulate(wrong_network(file), network.golden.frames, states=True)
    with np.load(path) as arrays:
        assert arrays["layers"].tolist() == ["conv1", "dense2"]
        assert np.array_equal(arrays["golden/frames"], network.golden.frames)
        assert np.array_equal(arrays["golden/spike_hashes"], network.golden.spike_hashes)
        for side, trace in (("reference", expected), ("wrong", found)):
            for layer in range(2):
                assert np.array_equal(arrays[f"{side}/{layer}/messages"], trace.messages[layer])
                for name, values in trace.states[layer].items():
                    assert np.array_equal(arrays[f"{side}/{layer}/{name}"], values)
        assert np.array_equal(arrays["mute/1/messages"], found.messages[1])
        assert "mute/1/u" not in arrays


def test_trace_that_cannot_be_written_is_one_line(file, evsnn, tmp_path):
    (tmp_path / "a.npz").mkdir()
    code, out, err = evsnn("verify", file, "--backends", "reference", "--quiet", "--trace", tmp_path / "a.npz")
    assert (code, out) == (2, "")
    assert err.startswith("ConfigError: ")
    assert "it is a folder" in err


def test_a_trace_does_not_replace_the_network(file, evsnn):
    before = file.read_bytes()
    code, _, err = evsnn("verify", file, "--backends", "reference", "--trace", file)
    assert (code, file.read_bytes()) == (2, before)
    assert "is no .npz file" in err


def test_a_file_that_says_something_else_is_told_apart_from_a_wrong_back_end(file, evsnn, tmp_path):
    """Weights edited, golden vectors kept, hash of the content made anew."""
    edited = replace(wrong_network(file), golden=read_net(file).golden)
    write_net(edited, tmp_path / "edited.net")
    code, out, _ = evsnn("verify", tmp_path / "edited.net", "--backends", "reference")
    said = " ".join(out.split())
    assert code == 1
    assert "differs: layer dense2, step" in said
    assert "messages expected" in said
    changed = "the reference does not compute what the golden vectors say either: the file or the code changed"
    assert said.count(changed) == 1
    assert "--against a .net file that is right names the neuron" in said


def test_the_hint_at_against_is_given_once_for_all_back_ends(file, wrong_backend, evsnn, tmp_path):
    write_net(replace(wrong_network(file), golden=read_net(file).golden), tmp_path / "edited.net")
    code, out, _ = evsnn("verify", tmp_path / "edited.net", "--backends", "reference,wrong,mute")
    assert code == 1
    assert " ".join(out.split()).count("the file or the code changed") == 1
    assert out.count("differs:") == 3


@pytest.fixture
def edited(file, tmp_path):
    """Weights edited, golden vectors kept."""
    write_net(replace(wrong_network(file), golden=read_net(file).golden), tmp_path / "edited.net")
    return tmp_path / "edited.net"


def test_an_edited_file_is_explained_against_the_one_it_was(file, edited, evsnn):
    code, out, err = evsnn("verify", edited, "--against", file)
    said = " ".join(out.split())
    assert code == 1
    assert "checking reference" in err
    assert "checking slayer" not in err
    assert "neuron 0 at (0,): message 1 expected, 0 found" in said
    assert "one fault fits every step of this neuron: dv (the file says 122, 1222 fits)" in said
    assert "the code changed" not in said


def test_golden_vectors_of_the_edited_file_do_not_matter(file, edited, evsnn):
    network = read_net(edited)
    for golden in (None, record_golden(replace(network, golden=None), ~network.golden.frames[:1])):
        write_net(replace(network, golden=golden), edited)
        code, out, _ = evsnn("verify", edited, "--against", file, "--json")
        difference = json.loads(out)["reference"]["difference"]
        assert code == 1
        assert [suspect["what"] for suspect in difference["neuron"]["suspects"]] == ["dv"]


def test_a_file_agrees_against_itself(file, evsnn):
    code, out, _ = evsnn("verify", file, "--against", file)
    assert code == 0
    assert "the same, exit steps and decisions too" in " ".join(out.split())


def test_another_cutoff_is_another_decision(file, evsnn, tmp_path):
    network = read_net(file)
    write_net(network.with_cutoff(CutoffPolicy.fixed(3, steps=8)), tmp_path / "third.net")
    code, out, _ = evsnn("verify", tmp_path / "third.net", "--against", file)
    assert code == 1
    assert "differs: same messages; sample 0: class" in " ".join(out.split())


def test_back_ends_compute_the_new_file_against_the_old_one(file, edited, evsnn, monkeypatch):
    def answer(network):
        return verify.Answer(simulate(network, network.golden.frames, states=True))

    monkeypatch.setitem(verify.ANSWERS, "own", answer)
    code, out, _ = evsnn("verify", edited, "--against", file, "--backends", "own", "--json")
    found = json.loads(out)
    assert (code, list(found)) == (1, ["own"])
    assert [suspect["what"] for suspect in found["own"]["difference"]["neuron"]["suspects"]] == ["dv"]


def test_trace_holds_both_files(file, edited, evsnn, tmp_path):
    assert evsnn("verify", edited, "--against", file, "--trace", tmp_path / "both.npz")[0] == 1
    frames = read_net(file).golden.frames
    with np.load(tmp_path / "both.npz") as arrays:
        for side, path in (("against", file), ("reference", edited)):
            trace = simulate(read_net(path), frames, states=True)
            for layer in range(2):
                assert np.array_equal(arrays[f"{side}/{layer}/messages"], trace.messages[layer])
                for name, values in trace.states[layer].items():
                    assert np.array_equal(arrays[f"{side}/{layer}/{name}"], values)


def test_files_of_other_shapes_are_not_held_against_each_other(file, evsnn, tmp_path):
    network = read_net(file)
    narrow = replace(network.layers[1], synapse=DenseSynapse(network.layers[1].synapse.weights[:2]), shape=(2,))
    narrow = replace(narrow, neuron=replace(narrow.neuron, bias_mant=None))
    layers = (network.layers[0], narrow)
    write_net(replace(network, layers=layers, class_names=("a", "b"), golden=None), tmp_path / "narrow.net")
    code, out, err = evsnn("verify", tmp_path / "narrow.net", "--against", file, "--quiet")
    assert (code, out) == (2, "")
    assert "ConfigError: network small cannot be held against small: the list of layers differs" in err


def test_a_file_that_is_wrong_itself_is_no_measure(file, edited, evsnn):
    code, out, err = evsnn("verify", file, "--against", edited, "--quiet")
    assert (code, out) == (2, "")
    assert "edited.net does not compute its own golden vectors" in err


def test_silent_layers_are_named_and_prove_nothing(file, evsnn, tmp_path):
    """No frame is set: only a strong bias of the second layer makes spikes; without it nothing does."""
    network = replace(read_net(file), golden=None)
    first, second = network.layers
    for bias, names in ([90, 0, 0], ["conv1"]), (None, ["conv1", "dense2"]):
        biased = replace(second, neuron=replace(second.neuron, bias_mant=bias))
        wanted = replace(network, layers=(first, biased))
        nothing = np.zeros((1, *network.input_shape, 8), dtype=bool)
        write_net(replace(wanted, golden=record_golden(wanted, nothing)), tmp_path / "silent.net")
        code, out, _ = evsnn("verify", tmp_path / "silent.net", "--backends", "reference")
        said = " ".join(out.split())
        assert code == 0
        listed = ", ".join(f"layer {name}" for name in names)
        assert f"silent: {listed} (nothing is proven about what a silent layer sends)" in said
        assert ("the same: all layers are silent" in said) == (len(names) == 2)
        _, out, _ = evsnn("verify", tmp_path / "silent.net", "--backends", "reference", "--json")
        assert json.loads(out)["reference"]["silent_layers"] == names


def test_layers_that_send_are_not_called_silent(file, evsnn):
    assert "silent" not in evsnn("verify", file, "--backends", "reference")[1]


def test_a_missing_folder_is_named_before_anything_is_checked(file, evsnn, tmp_path):
    code, out, err = evsnn("verify", file, "--backends", "reference", "--trace", tmp_path / "nope" / "x.npz")
    folder = tmp_path / "nope"
    assert (code, out) == (2, "")
    assert err == f"ConfigError: cannot write {folder / 'x.npz'}: no folder {folder}; make it or correct the path\n"
    assert not folder.exists()


def test_a_back_end_that_run_knows_is_not_unknown(file, evsnn):
    code, _, err = evsnn("verify", file, "--backends", "loihi2")
    assert code == 2
    assert err.startswith("BackendUnavailableError: back-end loihi2 is not available: ")


def test_without_golden_vectors_it_is_said_how_to_get_some(file, evsnn, tmp_path):
    write_net(replace(read_net(file), golden=None), tmp_path / "bare.net")
    for arguments in ([tmp_path / "bare.net"], [file, "--against", tmp_path / "bare.net"]):
        code, out, err = evsnn("verify", *arguments)
        assert (code, out) == (2, "")
        assert "record them with `evsnn convert FILE FILE2 --golden 2`" in err


def test_help_says_what_the_exit_codes_mean(evsnn):
    code, out, _ = evsnn("verify", "--help")
    assert code == 0
    assert "Exit codes: 0 all agree, 1 a back-end differs, 2 " in " ".join(out.split())


def test_other_decisions_are_named(file, evsnn, tmp_path):
    network = read_net(file)
    golden = replace(network.golden, exit_step=network.golden.exit_step - np.array([0, 1]))
    write_net(replace(network, golden=golden), tmp_path / "late.net")
    code, out, _ = evsnn("verify", tmp_path / "late.net", "--backends", "reference")
    assert code == 1
    exit_step, decision = int(golden.exit_step[1]), int(golden.decision[1])
    expected = (
        f"sample 1: class {decision} after {exit_step} frames expected, class {decision} after {exit_step + 1} found"
    )
    assert expected in " ".join(out.split())


def one_weight(layer):
    weights = layer.synapse.weights.copy()
    weights[0, 15] -= 40
    return replace(layer, synapse=replace(layer.synapse, weights=weights))


WRONG = {
    # what is suspected: the wrong layer
    "dv": lambda layer: replace(layer, neuron=replace(layer.neuron, dv=1222)),
    "vth_mant": lambda layer: replace(layer, neuron=replace(layer.neuron, vth_mant=101)),
    "weights[0, 15]": one_weight,
}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--backends", "reference", "--model", "fused"],
            "--model fused says what the network is in Lava, and --backends reference leaves Lava out; add lava",
        ),
        (
            ["--backends", "lava", "--model", "netx"],
            "unknown model of the Lava graph 'netx'; choose one of: fused, lay",
        ),
        (["--against", "FILE", "--model", "layers"], "--backends reference leaves Lava out"),
    ],
    ids=["without Lava", "unknown", "against"],
)
def test_a_model_that_nobody_would_run_is_refused(file, evsnn, arguments, said):
    code, out, err = evsnn("verify", file, *(file if argument == "FILE" else argument for argument in arguments))
    assert (code, out) == (2, "")
    assert err.startswith("ConfigError: ")
    assert said in err


@pytest.mark.lava
@pytest.mark.parametrize("model", ["layers", "fused"])
def test_both_models_of_the_lava_graph_agree(file, evsnn, tmp_path, model):
    path = tmp_path / "trace.npz"
    code, out, err = evsnn("verify", file, "--backends", "lava", "--model", model, "--trace", path, "--json")
    assert code == 0, err
    assert json.loads(out)["lava"]["decisions_agree"]
    with np.load(path) as arrays:
        names = [name for name in arrays if name.startswith("lava/")]
        assert {name.rpartition("/")[2] for name in names} == {"messages", "u", "v"}
        for name in names:
            np.testing.assert_array_equal(arrays[name], arrays[name.replace("lava", "reference")])


@pytest.mark.lava
@pytest.mark.parametrize("what", list(WRONG))
@pytest.mark.parametrize("model", ["layers", "fused"])
def test_a_wrong_lava_graph_is_located(file, evsnn, monkeypatch, model, what):
    """A real graph of another network, held against the right file."""
    right = read_net(file)
    wrong = replace(right, layers=(right.layers[0], WRONG[what](right.layers[1])), golden=None)
    frames = right.golden.frames
    lava = verify.ANSWERS["lava"]
    monkeypatch.setitem(
        verify.ANSWERS, "lava", lambda network, **how: lava(replace(wrong, golden=network.golden), **how)
    )
    code, out, err = evsnn("verify", file, "--backends", "lava", "--model", model, "--json")
    assert code == 1, err
    difference = json.loads(out)["lava"]["difference"]
    sides = [simulate(network, frames).messages for network in (right, wrong)]
    apart = [np.argwhere((a != b).reshape(2, -1, 10).transpose(2, 0, 1)) for a, b in zip(*sides, strict=True)]
    assert not len(apart[0])
    step, sample, neuron = apart[1][0].tolist()
    assert (difference["layer"], difference["step"], difference["sample"]) == ("dense2", step, sample)
    assert difference["neuron"]["index"] == neuron
    assert [suspect["what"] for suspect in difference["neuron"]["suspects"]] == [what]
