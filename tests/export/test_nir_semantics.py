"""What an imported or exported graph computes, against a float simulation of NIR's own equations."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.nir.reader import read_nir
from evsnn_lava.export.nir.writer import to_nir, write_nir
from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    DirectSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.simulation import simulate

nir = pytest.importorskip("nir")
torch = pytest.importorskip("torch")

DT = 1e-3
GIVEN = {"evsnn_scale": 1.0}  # weights and thresholds are integers already


class FloatGraph:
    """NIR by its definition, forward Euler, one value per node and step; nodes stand in the order of evaluation."""

    def __init__(self, graph, samples):
        self.graph, self.samples = graph, samples
        self.values, self.states, self.pasts = {}, {}, {}

    def run(self, frames):
        spikes = {name: [] for name, node in self.graph.nodes.items() if hasattr(node, "v_threshold")}
        for step in range(frames.shape[-1]):
            for name, node in self.graph.nodes.items():
                self.values[name] = self.evaluate(name, node, frames[..., step])
                if name in spikes:
                    spikes[name].append(self.values[name])
        return {name: np.stack(kept, axis=-1) for name, kept in spikes.items()}

    def evaluate(self, name, node, frame):
        kind = type(node).__name__
        if kind == "Input":
            return frame.reshape(self.samples, *node.input_type["input"]).astype(float)
        before = [self.values[a] for a, b in self.graph.edges if b == name and a in self.values]
        total = before[0] if len(before) == 1 else sum(b.reshape(before[0].shape) for b in before)
        return getattr(self, f"do_{kind.lower()}")(name, node, total)

    def do_output(self, name, node, x):
        return x

    def do_flatten(self, name, node, x):
        return x.reshape(len(x), -1)

    def do_scale(self, name, node, x):
        return x * node.scale

    def do_linear(self, name, node, x):
        return x @ node.weight.T

    def do_affine(self, name, node, x):
        return x @ node.weight.T + node.bias

    def do_conv2d(self, name, node, x):
        pads = node.padding if isinstance(node.padding, str) else tuple(node.padding)
        options = (tuple(node.stride), pads, tuple(node.dilation), int(node.groups))
        weights, bias = torch.tensor(node.weight.astype(float)), torch.tensor(node.bias.astype(float))
        return torch.nn.functional.conv2d(torch.tensor(x), weights, bias, *options).numpy()

    def do_conv1d(self, name, node, x):
        weights, bias = torch.tensor(node.weight.astype(float)), torch.tensor(node.bias.astype(float))
        options = (int(node.stride), int(node.padding), int(node.dilation), int(node.groups))
        return torch.nn.functional.conv1d(torch.tensor(x), weights, bias, *options).numpy()

    def do_avgpool2d(self, name, node, x):
        sizes = (tuple(node.kernel_size), tuple(node.stride), tuple(node.padding))
        return torch.nn.functional.avg_pool2d(torch.tensor(x), *map(tuple, sizes)).numpy()

    def do_sumpool2d(self, name, node, x):
        return self.do_avgpool2d(name, node, x) * math.prod(node.kernel_size)

    def do_delay(self, name, node, x):
        past = self.pasts.setdefault(name, [])
        past.append(x)
        steps = np.rint(np.broadcast_to(node.delay, x.shape[1:]) / DT).astype(int)
        result = np.zeros_like(x)
        for index in np.ndindex(*x.shape[1:]):
            if steps[index] < len(past):
                result[(slice(None), *index)] = past[-1 - steps[index]][(slice(None), *index)]
        return result

    def do_if(self, name, node, x):
        return self.fire(name, node, self.voltage(name, node, x) + node.r * x)

    def do_lif(self, name, node, x):
        v = self.voltage(name, node, x)
        return self.fire(name, node, v + DT / node.tau * (node.v_leak - v + node.r * x))

    def do_cubalif(self, name, node, x):
        i = self.states.get((name, "i"), np.zeros_like(x))
        i = i + DT / node.tau_syn * (node.w_in * x - i)
        self.states[name, "i"] = i
        v = self.voltage(name, node, x)
        return self.fire(name, node, v + DT / node.tau_mem * (node.v_leak - v + node.r * i))

    def voltage(self, name, node, x):
        return self.states.get(name, np.zeros_like(x) + node.v_reset)

    def fire(self, name, node, v):
        v = np.round(v, 9)  # what equals the threshold must not exceed it by float noise
        spikes = v > node.v_threshold
        self.states[name] = np.where(spikes, node.v_reset, v)
        return spikes.astype(float)


def assert_same_spikes(graph, network, frames, only=None):
    """Layer l answers frame t in step t + 1 + l."""
    expected = FloatGraph(graph, len(frames)).run(frames)
    trace = simulate(network, frames)
    for index, layer in enumerate(network.layers):
        if layer.name in (only or expected):
            found = trace.messages[index][..., 1 + index : 1 + index + frames.shape[-1]]
            wanted = expected[layer.name].astype(bool).reshape(found.shape)
            assert np.array_equal(found, wanted), layer.name
    return sum(spikes.sum() for spikes in expected.values())


def neurons(shape, threshold):
    full = np.ones(shape)
    return nir.IF(r=full, v_threshold=full * threshold, v_reset=0 * full, metadata=GIVEN)


def chain(*named):
    nodes = dict(named)
    names = list(nodes)
    return nir.NIRGraph(nodes, list(itertools.pairwise(names)), type_check=False)


def random_frames(shape, steps, seed=0, samples=3):
    return np.random.default_rng(seed).random((samples, *shape, steps)) < 0.3


@settings(max_examples=12)
@given(st.data())
def test_if_networks_with_pools_and_odd_sizes_compute_what_nir_says(data):
    """Conv with bias, pool, padded conv, pool, flatten, affine; every number is whole, so nothing is rounded."""
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    size = data.draw(st.tuples(st.integers(9, 13), st.integers(9, 13)))
    pool, stride = data.draw(st.sampled_from([((2, 2), (2, 2)), ((3, 2), (3, 2)), ((2, 1), (2, 1)), ((2, 2), (3, 2))]))
    pads = data.draw(st.tuples(st.integers(0, 1), st.integers(0, 1)))
    a = np.array(size) - 2
    b = (a - pool) // stride + 1
    c = b + 2 * np.array(pads) - 1
    d = (c - 1) // 2 + 1
    graph = chain(
        ("input", nir.Input(np.array([2, *size]))),
        ("conv", nir.Conv2d(size, rng.integers(-9, 12, (4, 1, 3, 3)) * 1.0, 1, 0, 1, 2, rng.integers(-2, 3, 4) * 1.0)),
        ("first", neurons((4, *a), 11)),
        ("pool", nir.SumPool2d(np.array(pool), np.array(stride), np.array([0, 0]))),
        ("conv2", nir.Conv2d(tuple(b), rng.integers(-9, 12, (3, 4, 2, 2)) * 1.0, 1, pads, 1, 1, np.zeros(3))),
        ("second", neurons((3, *c), 17)),
        ("pool2", nir.SumPool2d(np.array([1, 1]), np.array([2, 2]), np.array([0, 0]))),
        ("flat", nir.Flatten(np.array([3, *d]), 0, -1)),
        ("affine", nir.Affine(rng.integers(-9, 12, (5, 3 * math.prod(d))) * 1.0, np.zeros(5))),
        ("third", neurons((5,), 9)),
        ("output", nir.Output(np.array([5]))),
    )
    network, _ = read_nir(graph, steps=12)
    cut = (np.array(pads) > 0) & (a > b * stride)
    assert [layer.name for layer in network.layers] == ["first", *["second crop"] * int(cut.any()), "second", "third"]
    assert assert_same_spikes(graph, network, random_frames((2, *size), 12)) > 0


def test_what_two_convolutions_behind_a_pool_do_not_see_is_cut_once():
    """A pool leaves a row and a column of seven; the padded kernel, not the last one, would look at them."""
    rng = np.random.default_rng(12)
    graph = chain(
        ("input", nir.Input(np.array([1, 7, 7]))),
        ("pool", nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0]))),
        ("conv", nir.Conv2d((3, 3), rng.integers(1, 5, (2, 1, 3, 3)) * 1.0, 1, 1, 1, 1, np.zeros(2))),
        ("mix", nir.Conv2d((3, 3), rng.integers(1, 5, (3, 2, 1, 1)) * 1.0, 1, 0, 1, 1, np.zeros(3))),
        ("out", neurons((3, 3, 3), 99)),
        ("output", nir.Output(np.array([3, 3, 3]))),
    )
    network, _ = read_nir(graph, steps=12)
    assert [layer.name for layer in network.layers] == ["out crop", "out"]
    expected = FloatGraph(graph, 3).run(frames := random_frames((1, 7, 7), 12))["out"].astype(bool)
    assert np.array_equal(simulate(network, frames).messages[1][..., 2:14], expected)
    assert 0.1 < expected.mean() < 0.9


def test_paths_from_one_neuron_that_add_up_beyond_a_weight_are_named():
    """Directly and through a pool, each within eight bits."""
    nodes = {
        "input": nir.Input(np.array([1, 4, 4])),
        "first": neurons((1, 4, 4), 0.5),
        "direct": nir.Scale(np.full((1, 4, 4), 160.0)),
        "pool": nir.SumPool2d(np.array([3, 3]), np.array([1, 1]), np.array([1, 1])),
        "scale": nir.Scale(np.full((1, 4, 4), 160.0)),
        "out": neurons((1, 4, 4), 200),
        "output": nir.Output(np.array([1, 4, 4])),
    }
    ways = ["first", "direct", "out", "output"], ["first", "pool", "scale", "out"]
    edges = [("input", "first"), *(edge for way in ways for edge in itertools.pairwise(way))]
    words = r"node out: the weights of its 2 edges from first add up to 160..320, the limit is -256..255; scale"
    with pytest.raises(UnsupportedError, match=words):
        read_nir(graph_of(nodes, edges), steps=4)


def test_average_pooling_is_a_sum_with_smaller_weights():
    rng = np.random.default_rng(2)
    graph = chain(
        ("input", nir.Input(np.array([1, 6, 6]))),
        ("pool", nir.AvgPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0]))),
        ("conv", nir.Conv2d((3, 3), rng.integers(-9, 12, (2, 1, 3, 3)) * 4.0, 1, "same", 1, 1, np.zeros(2))),
        ("out", neurons((2, 3, 3), 7)),
        ("output", nir.Output(np.array([2, 3, 3]))),
    )
    network, _ = read_nir(graph, steps=10)
    assert network.layers[0].synapse.weights.shape == (2, 1, 6, 6)
    assert assert_same_spikes(graph, network, random_frames((1, 6, 6), 10)) > 0


def test_one_dimensional_convolutions():
    rng = np.random.default_rng(3)
    graph = chain(
        ("input", nir.Input(np.array([3, 11]))),
        ("conv", nir.Conv1d(11, rng.integers(-9, 12, (4, 3, 3)) * 1.0, 2, 1, 2, 1, rng.integers(-2, 3, 4) * 1.0)),
        ("one", neurons((4, 5), 8)),
        ("scale", nir.Scale(2 * np.ones((4, 5)))),
        ("two", neurons((4, 5), 3)),
        ("output", nir.Output(np.array([4, 5]))),
    )
    network, _ = read_nir(graph, steps=10)
    assert network.input_shape == (3, 1, 11)
    assert assert_same_spikes(graph, network, random_frames((3, 1, 11), 10)) > 0


def loop(nested):
    """A neuron with a loop through a matrix and a delay, flat or as a graph inside the graph."""
    rng = np.random.default_rng(4)
    inner = {
        "lif": neurons((6,), 13),
        "rec": nir.Linear(rng.integers(-9, 12, (6, 6)) * 1.0),
        "wait": nir.Delay(np.arange(6) % 3 * DT),
    }
    edges = [("lif", "rec"), ("rec", "wait"), ("wait", "lif")]
    first, last = nir.Linear(rng.integers(-9, 20, (6, 4)) * 1.0), nir.Linear(rng.integers(-9, 20, (3, 6)) * 1.0)
    ends = {"input": nir.Input(np.array([4])), "w": first}
    tail = {"w2": last, "out": neurons((3,), 21), "output": nir.Output(np.array([3]))}
    outer = [("input", "w"), ("w2", "out"), ("out", "output")]
    flat = nir.NIRGraph({**ends, **inner, **tail}, [*outer, *edges, ("w", "lif"), ("lif", "w2")], type_check=False)
    if not nested:
        return flat, flat
    sub = nir.NIRGraph(
        {"input": nir.Input(np.array([6])), **inner, "output": nir.Output(np.array([6]))},
        [*edges, ("input", "lif"), ("lif", "output")],
        type_check=False,
    )
    return flat, nir.NIRGraph({**ends, "rnn": sub, **tail}, [*outer, ("w", "rnn"), ("rnn", "w2")], type_check=False)


@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
def test_loops_through_one_neuron(nested):
    flat, graph = loop(nested)
    network, _ = read_nir(graph, steps=15)
    layer = network.layers[0]
    assert layer.name == ("rnn/lif" if nested else "lif")
    assert layer.recurrent.delays[:, 0].tolist() == [0, 1, 2, 0, 1, 2]
    frames = random_frames((4, 1, 1), 15)
    expected = FloatGraph(flat, 3).run(frames)
    trace = simulate(network, frames)
    assert np.array_equal(trace.messages[0][..., 1:16], expected["lif"].astype(bool))
    assert np.array_equal(trace.messages[1][..., 2:17], expected["out"].astype(bool))
    assert expected["out"].any()


def test_a_loop_around_a_convolution():
    rng = np.random.default_rng(5)
    nodes = {
        "input": nir.Input(np.array([1, 4, 4])),
        "conv": nir.Conv2d((4, 4), rng.integers(-9, 20, (2, 1, 3, 3)) * 1.0, 1, 1, 1, 1, np.zeros(2)),
        "lif": neurons((2, 4, 4), 15),
        "back": nir.Conv2d((4, 4), rng.integers(-9, 5, (2, 2, 3, 3)) * 1.0, 1, 1, 1, 1, np.zeros(2)),
        "output": nir.Output(np.array([2, 4, 4])),
    }
    edges = [("input", "conv"), ("conv", "lif"), ("lif", "back"), ("back", "lif"), ("lif", "output")]
    graph = nir.NIRGraph(nodes, edges, type_check=False)
    network, _ = read_nir(graph, steps=12)
    assert network.layers[0].recurrent.weights.shape == (32, 32)
    assert assert_same_spikes(graph, network, random_frames((1, 4, 4), 12)) > 0


def test_delays_before_and_behind_a_matrix():
    rng = np.random.default_rng(6)
    graph = chain(
        ("input", nir.Input(np.array([5]))),
        ("before", nir.Delay(np.array([0, 1, 2, 3, 0]) * DT)),
        ("w", nir.Linear(rng.integers(-5, 15, (4, 5)) * 1.0)),
        ("behind", nir.Delay(np.array([2, 0, 1, 0]) * DT)),
        ("out", neurons((4,), 12)),
        ("output", nir.Output(np.array([4]))),
    )
    network, _ = read_nir(graph, steps=15)
    assert network.layers[0].synapse.delays.max() == 5
    assert network.layers[0].synapse.delays[0].tolist() == [2, 3, 4, 5, 2]
    assert assert_same_spikes(graph, network, random_frames((5, 1, 1), 15)) > 0


def test_a_bias_in_a_deeper_layer_starts_early_and_the_report_says_so():
    graph = chain(
        ("input", nir.Input(np.array([2]))),
        ("w", nir.Linear(np.eye(2))),
        ("one", neurons((2,), 3)),
        ("w2", nir.Affine(np.eye(2), np.array([2.0, 0.0]))),
        ("two", neurons((2,), 3)),
        ("output", nir.Output(np.array([2]))),
    )
    network, report = read_nir(graph, steps=4)
    (fact,) = (fact for fact in report.layers[1].parameters if fact.parameter == "bias")
    assert (fact.status, fact.error) == ("approximate", 0)
    assert "1 steps before the first frame" in fact.remark
    trace = simulate(network, np.zeros((1, 2, 1, 1, 4), dtype=bool))
    assert np.flatnonzero(trace.messages[1][0, 0]).tolist() == [2, 4]


def graph_of(nodes, edges):
    return nir.NIRGraph(nodes, edges, type_check=False)


def test_residual_connections_go_through_relays():
    rng = np.random.default_rng(9)

    def conv(outputs, inputs):
        weights = rng.integers(-9, 14, (outputs, inputs, 3, 3)) * 1.0
        return nir.Conv2d((6, 6), weights, 1, 1, 1, 1, np.zeros(outputs))

    nodes = {
        "input": nir.Input(np.array([2, 6, 6])),
        "a": conv(3, 2),
        "one": neurons((3, 6, 6), 15),
        "b": conv(4, 3),
        "two": neurons((4, 6, 6), 17),
        "c": conv(3, 4),
        "skip": nir.Scale(np.full((3, 6, 6), 8.0)),
        "three": neurons((3, 6, 6), 19),
        "pool": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "flat": nir.Flatten(np.array([3, 3, 3]), 0, -1),
        "d": nir.Linear(rng.integers(-9, 14, (4, 27)) * 1.0),
        "four": neurons((4,), 25),
        "output": nir.Output(np.array([4])),
    }
    edges = [
        *itertools.pairwise(["input", "a", "one", "b", "two", "c", "three", "pool", "flat", "d", "four", "output"])
    ]
    graph = graph_of(nodes, [*edges, ("one", "skip"), ("skip", "three")])
    network, report = read_nir(graph, steps=12)
    assert [layer.name for layer in network.layers] == ["one", "two", "three", "four"]
    assert network.layers[1].shape == (7, 6, 6)
    assert [row.layer for row in report.layers] == ["one", "two", "three", "four"]
    assert network.quantisation == ()
    assert assert_same_spikes(graph, network, random_frames((2, 6, 6), 12), only=("one", "three", "four")) > 0


def test_maps_side_by_side_add_up_and_a_shared_bias_counts_once():
    rng = np.random.default_rng(10)
    nodes = {
        "input": nir.Input(np.array([5])),
        "a": nir.Affine(rng.integers(-9, 14, (4, 5)) * 1.0, np.array([1.0, 0, 2, 0])),
        "b": nir.Linear(rng.integers(-9, 14, (4, 5)) * 1.0),
        "c": nir.Affine(rng.integers(-2, 3, (6, 4)) * 1.0, np.array([4.0, 0, 0, 3, 0, 0])),
        "out": neurons((6,), 21),
        "output": nir.Output(np.array([6])),
    }
    edges = [("input", "a"), ("input", "b"), ("a", "c"), ("b", "c"), ("c", "out"), ("out", "output")]
    graph = graph_of(nodes, edges)
    network, _ = read_nir(graph, steps=15)
    assert network.layers[0].neuron.bias_mant.any()
    assert assert_same_spikes(graph, network, random_frames((5, 1, 1), 15)) > 0


def leaky(kind, size, current, voltage, metadata):
    """A neuron with everything that it can have: leak, reset, gain."""
    one, tau, r = np.ones(size), DT / voltage, 1 / voltage
    if kind == "lif":
        return nir.LIF(one * tau, one * r, one * (2 / voltage - 20), one * 1250, one * -20, metadata=metadata)
    return nir.CubaLIF(
        one * DT / current, one * tau, one * r / 2, one * 5, one * 4000, one * -60, one * 2 / current, metadata=metadata
    )


def answers(kind, weights, current, voltage, metadata):
    """What 40 neurons do in float and in integers, shape (N, 40, T)."""
    graph = chain(
        ("input", nir.Input(np.array([30]))),
        ("w", nir.Affine(weights, np.arange(40.0) % 5 if kind == "lif" else np.zeros(40))),
        ("neuron", leaky(kind, 40, current, voltage, metadata)),
        ("output", nir.Output(np.array([40]))),
    )
    network, report = read_nir(graph, steps=200)
    frames = random_frames((30, 1, 1), 200, samples=4)
    spikes = simulate(network, frames).messages[0][..., 1:]
    return FloatGraph(graph, 4).run(frames)["neuron"].astype(bool), spikes, report.layers[0]


@pytest.mark.parametrize("kind", ["lif", "cuba"])
def test_where_only_states_are_rounded_hardly_a_spike_moves(kind):
    """Decays are parts of 4096 and weights are whole: what is left is the rounding of states toward zero."""
    weights = np.round(np.random.default_rng(7).normal(20, 60, (40, 30)))
    expected, found, row = answers(kind, weights, 1024 / 4096, 200 / 4096, GIVEN)
    assert row.max_error == 0
    assert 0.02 < found.mean() < 0.5
    assert np.mean(found != expected) < 0.003


@pytest.mark.parametrize("kind", ["lif", "cuba"])
def test_where_everything_is_rounded_the_rates_stay(kind):
    weights = np.random.default_rng(8).normal(20, 60, (40, 30))
    expected, found, row = answers(kind, weights, 0.2, 0.07, {})
    found, expected = found.sum(axis=-1).ravel(), expected.sum(axis=-1).ravel()
    assert np.corrcoef(found, expected)[0, 1] > 0.995
    assert found.mean() == pytest.approx(expected.mean(), rel=0.03)
    assert {fact.status for fact in row.parameters} == {"faithful", "approximate"}


# Export


def description(layers, recipe):
    return NetworkDescription(
        name="net",
        layers=tuple(layers),
        recipe=recipe,
        masks=FrameMasks.all_kept(recipe.steps, len(layers)),
        cutoff=CutoffPolicy.never(recipe.steps),
        class_names=tuple(f"class {n}" for n in range(layers[-1].neurons)),
    )


@st.composite
def cubas(draw, shape):
    def values(low, high):
        if draw(st.booleans()):
            return draw(st.integers(low, high))
        return np.array(draw(st.lists(st.integers(low, high), min_size=shape[0], max_size=shape[0])))

    bias = draw(st.sampled_from([None, shape[:1], shape]))
    if bias is not None:
        bias = np.random.default_rng(draw(st.integers(0, 99))).integers(-4096, 4096, bias)
    vth = draw(st.integers(0, 131071) | st.sampled_from([0, 1, 131071]))
    return CubaNeuron(vth, values(-1, 4095), values(0, 4096), bias, draw(st.integers(0, 7)) if bias is not None else 6)


def matrix(draw, outputs, inputs):
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    delays = draw(st.sampled_from([None, "in", "out", "both"]))
    into, out = rng.integers(0, 31, (1, inputs)), rng.integers(0, 31, (outputs, 1))
    delays = {None: None, "in": into, "out": out, "both": into + out}[delays]
    exponent = draw(st.sampled_from([0, 0, -3, 2]))
    return DenseSynapse(rng.integers(-256, 256, (outputs, inputs)), exponent, delays)


@st.composite
def networks(draw):
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    recipe = draw(st.sampled_from([InputRecipe(6, 5, 4, 2500), InputRecipe.frames((2, 6, 5), 4, message_bits=8)]))
    layers, shape = [], recipe.input_shape
    if draw(st.booleans()):
        layers.append(Layer("in/put", DirectSynapse(draw(st.integers(-32768, 32767))), draw(cubas(shape)), shape))
    if draw(st.booleans()):
        conv = ConvSynapse(
            rng.integers(-256, 256, (4, 1, 2, 3)), (2, 1), (1, 0), (1, 2), groups=2, weight_exp=draw(st.integers(-2, 2))
        )
        shape = conv.output_shape(shape)
        layers.append(Layer("output", conv, draw(cubas(shape)), shape))
    size = draw(st.integers(1, 4))
    dense = matrix(draw, size, math.prod(shape))
    loop = matrix(draw, size, size) if draw(st.booleans()) else None
    layers.append(Layer("fc", dense, draw(cubas((size,))), (size,), loop))
    return description(layers, recipe)


def full(value, shape):
    return np.broadcast_to(np.asarray(value).reshape(-1, *(1,) * (len(shape) - 1)), shape)


def assert_same_layers(found, expected):
    assert [layer.name for layer in found] == [layer.name for layer in expected]
    for a, b in zip(found, expected, strict=True):
        assert (a.shape, len(a.synapses)) == (b.shape, len(b.synapses))
        for one, two in zip(a.synapses, b.synapses, strict=True):
            assert type(one) is type(two)
            for name, value in vars(two).items():
                if name == "delays":
                    none = np.zeros_like(two.weights)  # which is what no delays mean
                    assert np.array_equal(none if one.delays is None else one.delays, none if value is None else value)
                else:
                    assert np.array_equal(getattr(one, name), value), (b.name, name)
        assert a.neuron.vth_mant == b.neuron.vth_mant
        assert np.array_equal(full(a.neuron.du, a.shape), full(b.neuron.du, a.shape))
        assert np.array_equal(full(a.neuron.dv, a.shape), full(b.neuron.dv, a.shape))
        assert np.array_equal(
            np.broadcast_to(a.neuron.bias(a.shape), a.shape), np.broadcast_to(b.neuron.bias(a.shape), a.shape)
        )


@settings(max_examples=120)
@given(networks())
def test_what_is_written_is_read_again_as_the_same_integers(tmp_path_factory, network):
    path = tmp_path_factory.mktemp("nir") / "net.nir"
    write_nir(network, path)
    again, report = read_nir(path)
    assert_same_layers(again.layers, network.layers)
    assert (again.name, again.class_names, again.recipe) == (network.name, network.class_names, network.recipe)
    assert report.dt_s == pytest.approx((network.recipe.dt_us or 1000) * 1e-6)
    assert all(row.max_error < 1e-6 for row in report.layers)


def test_the_written_graph_itself_computes_the_same_spikes():
    """Not only our own reader gets it back: NIR's equations give the same spikes where nothing is rounded."""
    rng = np.random.default_rng(8)
    recipe = InputRecipe(6, 6, 12, 1000)
    conv = ConvSynapse(rng.integers(-100, 128, (3, 2, 3, 3)) * 2, (2, 1), (1, 1))
    relaxed = {"du": 4095, "dv": 4096}
    layers = (
        Layer("conv", conv, CubaNeuron(90, **relaxed, bias_mant=rng.integers(-20, 40, (3, 3, 6))), (3, 3, 6)),
        Layer("mid", DenseSynapse(rng.integers(-60, 80, (7, 54))), CubaNeuron(150, 4095, 0), (7,)),
        Layer(
            "out",
            DenseSynapse(rng.integers(-60, 128, (4, 7)), delays=rng.integers(0, 3, (4, 1))),
            CubaNeuron(200, 4095, 0),
            (4,),
            DenseSynapse(rng.integers(-100, 50, (4, 4))),
        ),
    )
    network = description(layers, recipe)
    graph, _ = to_nir(network)
    assert assert_same_spikes(graph, network, random_frames((2, 6, 6), 12)) > 100
