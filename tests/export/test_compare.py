"""Whatever changes in a description is seen, where it is, and nothing else."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.export.comparison.fields import ArrayChange, Change, array_change, field_changes, in_words
from evsnn_lava.export.comparison.layers import matched_layers, weight_size
from evsnn_lava.export.comparison.networks import compare, thresholds_in_words
from evsnn_lava.export.comparison.objects import text_changes
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netfile.writer import content_hash, write_net
from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    Layer,
    RfNeuron,
)
from evsnn_lava.simulation import record_golden


def with_layer(network, index, **changes):
    layers = list(network.layers)
    layers[index] = replace(layers[index], **changes)
    return replace(network, layers=tuple(layers))


def with_synapse(network, index, **changes):
    return with_layer(network, index, synapse=replace(network.layers[index].synapse, **changes))


def with_neuron(network, index, **changes):
    return with_layer(network, index, neuron=replace(network.layers[index].neuron, **changes))


def one_more(array):
    changed = np.array(array)
    changed.flat[3] += 2
    return changed


def with_mask_bit(network, layer, frame, semantics=None):
    keep = np.array(network.masks.keep)
    keep[layer:, frame] = False
    return replace(network, masks=FrameMasks(semantics or network.masks.semantics, tuple(keep)))


def with_golden(network, **changes):
    return replace(network, golden=replace(network.golden, **changes))


IN_LAYERS = {
    # change: (layer, what is said)
    "weight": (0, "weights", lambda n: with_synapse(n, 0, weights=one_more(n.layers[0].synapse.weights))),
    "weight_exp": (2, "weight_exp", lambda n: with_synapse(n, 2, weight_exp=1)),
    "delays": (2, "delays", lambda n: with_synapse(n, 2, delays=np.ones((1, 1), dtype=int))),
    "groups": (1, "groups", lambda n: with_synapse(n, 1, groups=1, weights=np.zeros((6, 4, 3, 2), dtype=int))),
    "threshold": (1, "vth_mant", lambda n: with_neuron(n, 1, vth_mant=101)),
    "du": (1, "du", lambda n: with_neuron(n, 1, du=5)),
    "dv": (1, "dv", lambda n: with_neuron(n, 1, dv=np.arange(6))),
    "bias": (0, "bias_mant", lambda n: with_neuron(n, 0, bias_mant=one_more(n.layers[0].neuron.bias_mant))),
    "no bias": (0, "bias_mant", lambda n: with_neuron(n, 0, bias_mant=None)),
    "bias_exp": (0, "bias_exp", lambda n: with_neuron(n, 0, bias_exp=5)),
    "recurrence": (2, "recurrent", lambda n: with_layer(n, 2, recurrent=DenseSynapse(np.eye(5, dtype=int)))),
}
IN_SECTIONS = {
    "network": lambda n: replace(n, name="other"),
    "recipe": lambda n: replace(n, recipe=replace(n.recipe, dataset="other")),
    "classes": lambda n: replace(n, class_names=("zero", *n.class_names[1:])),
    "cutoff": lambda n: replace(n, cutoff=replace(n.cutoff, calibration_hash="b" * 64)),
    "quantisation": lambda n: replace(n, quantisation=(replace(n.quantisation[0], zeros=8), *n.quantisation[1:])),
    "provenance": lambda n: replace(n, provenance={**n.provenance, "seed": "8"}),
    "golden": lambda n: with_golden(n, decision=n.golden.decision[::-1] + np.array([1, 0])),
    "masks": lambda n: replace(n, masks=FrameMasks("mute", n.masks.keep), cutoff=CutoffPolicy.never(8)),
}


def without_golden(network):
    return replace(network, golden=None)


@pytest.mark.parametrize("kind", list(IN_LAYERS))
def test_a_change_in_a_layer_is_said_of_this_layer(demo, kind):
    network = without_golden(demo)
    index, what, change = IN_LAYERS[kind]
    comparison = compare(network, change(network))
    assert not comparison.same
    assert comparison.sections == {}
    assert [layer.status for layer in comparison.layers] == ["changed" if i == index else "same" for i in range(3)]
    assert what in [found.what for found in comparison.layers[index].changes]
    assert len(comparison.layers[index].changes) == 1 + (kind == "groups")
    assert compare(change(network), network).layers[index].status == "changed"


@pytest.mark.parametrize("section", list(IN_SECTIONS))
def test_a_change_elsewhere_is_said_in_its_section(demo, section):
    network = without_golden(demo) if section == "masks" else demo
    comparison = compare(network, IN_SECTIONS[section](network))
    assert not comparison.same
    assert set(comparison.sections) == ({"masks", "cutoff"} if section == "masks" else {section})
    assert all(layer.status == "same" for layer in comparison.layers)


def test_equal_content_is_the_same_network_whoever_holds_it(demo, tmp_path):
    write_net(demo, tmp_path / "demo.net")
    read = read_net(tmp_path / "demo.net")
    assert compare(demo, demo).same
    assert compare(demo, copy.deepcopy(demo)).same
    assert compare(demo, read).same
    assert compare(read, demo).same


def test_what_the_hash_tells_apart_is_told_apart(demo):
    changes = [change for _, _, change in IN_LAYERS.values()][:1] + list(IN_SECTIONS.values())[:6]
    for change in changes:
        assert content_hash(change(demo)) != content_hash(demo)
        assert not compare(demo, change(demo)).same


def test_weights_are_counted(demo):
    layer = demo.layers[2]
    pruned = np.where(np.abs(layer.synapse.weights) < 60, 0, layer.synapse.weights)
    comparison = compare(demo, without_golden(with_synapse(demo, 2, weights=pruned)))
    (change,) = comparison.layers[2].changes
    gone = (pruned == 0) & (layer.synapse.weights != 0)
    assert isinstance(change, ArrayChange)
    assert (change.changed, change.largest) == (gone.sum(), np.abs(layer.synapse.weights)[gone].max())
    assert change.zeros_after - change.zeros_before == gone.sum()
    assert comparison.size_before.nonzero - comparison.size_after.nonzero == gone.sum()
    assert comparison.size_after.weights == comparison.size_before.weights
    assert comparison.size_after.sparsity == pytest.approx(
        1 - comparison.size_after.nonzero / comparison.size_after.weights
    )


def test_size_counts_every_matrix():
    dense = DenseSynapse([[2, 0], [6, -4]])
    layers = (
        Layer("rf", ComplexSynapse(dense, DenseSynapse([[0, 0], [1, 0]])), RfNeuron(5, 100, 4000), (2,)),
        Layer("fc", dense, CubaNeuron(1, 2, 3), (2,), DenseSynapse([[0, 1], [0, 0]])),
    )
    size = weight_size(layers)
    assert (size.weights, size.nonzero) == (16, 8)
    assert size.bits == 4 * 3 + 4 * 1 + 4 * 3 + 4 * 1
    assert weight_size(()).sparsity == 0


def test_masks_say_which_frames_are_new(demo):
    network = without_golden(demo)
    changed = with_mask_bit(network, 1, 3)
    comparison = compare(network, changed)
    assert [layer.newly_dropped for layer in comparison.layers] == [(), (3,), (3,)]
    assert [layer.newly_kept for layer in compare(changed, network).layers] == [(), (3,), (3,)]
    assert comparison.sections == {}


def chain(*names, kind=(4,)):
    size = kind[0]
    return tuple(Layer(name, DenseSynapse(np.eye(size, dtype=int)), CubaNeuron(1, 2, 3), kind) for name in names)


@pytest.mark.parametrize(
    ("before", "after", "pairs"),
    [
        ("abc", "abc", [(0, 0), (1, 1), (2, 2)]),
        ("abc", "axc", [(0, 0), (1, 1), (2, 2)]),
        ("abc", "ac", [(0, 0), (1, None), (2, 1)]),
        ("ac", "abc", [(0, 0), (None, 1), (1, 2)]),
        ("ab", "cde", [(0, 0), (1, 1), (None, 2)]),
    ],
)
def test_layers_are_matched_by_name_then_by_place(before, after, pairs):
    assert list(matched_layers(chain(*before), chain(*after))) == pairs


def test_another_shape_under_another_name_is_another_layer():
    assert list(matched_layers(chain("a"), chain("b", kind=(3,)))) == [(0, None), (None, 0)]


def test_another_kind_of_synapse_is_a_change(tiny):
    layer = tiny.layers[0]
    conv = ConvSynapse(np.array(layer.synapse.weights).reshape(2, 2, 1, 1))
    recipe, masks = tiny.recipe, tiny.masks
    other = replace(tiny, layers=(Layer("fc", conv, layer.neuron, (2, 1, 1)),), recipe=recipe, masks=masks)
    changes = compare(tiny, other).layers[0].changes
    assert changes == (Change("shape", "2", "2 x 1 x 1"), Change("synapse", "dense", "conv"))


def test_new_golden_vectors_are_compared(demo):
    frames = demo.golden.frames.copy()
    frames[1, ..., 0] ^= True
    recorded = replace(demo, golden=record_golden(demo, frames))
    changes = {change.what: change for change in compare(demo, recorded).sections["golden"]}
    assert changes["input frames"].changed == frames[0, ..., 0].size
    assert changes["hashes of the messages"].after.endswith("of them differ")
    decided = ", ".join(map(str, demo.golden.decision.tolist()))
    other = with_golden(demo, decision=demo.golden.decision[::-1] + np.array([1, 0]))
    assert compare(demo, other).sections["golden"][0].before == decided
    fewer = replace(demo, golden=record_golden(demo, frames[:1]))
    assert Change("samples", "2", "1") in compare(demo, fewer).sections["golden"]
    assert compare(demo, without_golden(demo)).sections["golden"] == (Change("samples", "2 samples", "none"),)


def test_thresholds_that_read_alike_but_differ_are_told_apart(demo):
    first, second = (replace(demo, cutoff=replace(demo.cutoff, thresholds=[low, 3, 3, 3, 2, 0])) for low in (-1, -2))
    (change,) = compare(first, second).sections["cutoff"]
    assert (change.what, change.changed) == ("thresholds", 1)
    assert thresholds_in_words([-2, 3, 3]) == "always, 3 x 2"


def test_quantisation_facts_come_and_go(demo):
    changes = compare(demo, replace(demo, quantisation=())).sections["quantisation"]
    assert [change.what for change in changes] == ["conv1", "conv2", "fc"]
    assert changes[0] == Change("conv1", "scale 64, error 0.007812, 3 clipped", "none")


def test_no_value_is_the_name_of_a_class(demo, zoo):
    networks = [demo, *zoo.values()]
    for before in networks:
        for after in networks:
            found = compare(before, after)
            changes = [*sum(found.sections.values(), ()), *(c for layer in found.layers for c in layer.changes)]
            values = [value for change in changes if isinstance(change, Change) for value in vars(change).values()]
            assert not [value for value in values if re.search("(Synapse|Neuron|Facts|Recipe)\\b", value)]


def test_the_place_of_the_largest_change():
    before = np.zeros((2, 3, 4), dtype=np.int64)
    after = before.copy()
    after[1, 2, 0], after[0, 1, 3] = -9, 7
    change = array_change("weights", before, after)
    assert (change.changed, change.largest, change.place) == (2, 9, (1, 2, 0))
    assert array_change("weights", before, before).place is None
    assert array_change("weights", before, after[0]).place is None
    far = array_change("hashes", np.array([0, 2**64 - 1], np.uint64), np.array([1, 0], np.uint64))
    assert (far.largest, far.place) == (2**64 - 1, (1,))


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ('{"a": {"b": 1, "c": [1, {"d": 2}]}}', '{"a": {"b": 1, "c": [1, {"d": 3}]}}', [("x: a.c.1.d", "2", "3")]),
        ('{"a": 1}', '{"a": 1, "b": null}', [("x: b", "none", "null")]),
        ('{"a": 1}', '{"a": "1"}', [("x: a", "1", "'1'")]),
        ('{"a": true}', '{"a": false}', [("x: a", "true", "false")]),
        ('{"a": []}', '{"a": [0]}', [("x: a", "[]", "none"), ("x: a.0", "none", "0")]),
        ('{"a": 0.12345678}', '{"a": 0.2}', [("x: a", "0.1235", "0.2")]),
        ('{"a": 1}', '{"a":1}', [("x", '{"a": 1}', '{"a":1}')]),
        ('{"a": 1}', "plain", [("x", '{"a": 1}', "plain")]),
        ("[1]", "[2]", [("x", "[1]", "[2]")]),
        (None, "{}", [("x", "none", "{}")]),
        ("{" * 5000, '{"a":' * 100_000, [("x", "{" * 5000, '{"a":' * 100_000)]),
        ('{"a": NaN, "b": 1}', '{"a": NaN, "b": 2}', [("x: b", "1", "2")]),
        ("same", "same", []),
    ],
)
def test_texts_that_are_objects_are_compared_key_by_key(before, after, changes):
    assert list(text_changes("x", before, after)) == [Change(*change) for change in changes]


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text("1", max_size=2))
OBJECTS = st.dictionaries(st.text("ab.", max_size=2), LEAVES)


@given(OBJECTS, OBJECTS)
def test_objects_that_differ_are_never_told_to_be_the_same(before, after):
    texts = json.dumps(before), json.dumps(after)
    changes = list(text_changes("x", *texts))
    assert bool(changes) == (texts[0] != texts[1])
    assert all(change.before != change.after for change in changes)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_numbers_that_differ_read_differently(before, after):
    for change in field_changes("a", before, after):
        assert change.before != change.after
        if abs(before - after) > 1e-3 * max(abs(before), abs(after)):
            assert max(len(change.before), len(change.after)) <= 12


def test_words():
    assert in_words("") == in_words(None) == "none"
    assert in_words(np.array([3, -4])) == "2 values -4..3"
    assert list(field_changes("", (1, 2), (1, 2))) == []
    assert list(field_changes("a", 1, 1.5)) == [Change("a", "1", "1.5")]
