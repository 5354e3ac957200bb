"""Residual and concatenated connections: the chain sends what torch and SLAYER compute, relays included."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError, UnsupportedError
from evsnn_lava.export.lowering.graph import Edge, Node
from evsnn_lava.export.lowering.lower_graph import RELAY_LIMIT, lower_graph
from evsnn_lava.export.lowering.schedule import schedule
from evsnn_lava.export.netfile.netx_limits import check_netx
from evsnn_lava.network import ConvSynapse, CubaNeuron, DenseSynapse, SigmaNeuron
from evsnn_lava.simulation import simulate

truth = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("slayer_truth.py"))))

IMAGE, STEPS = (2, 5, 4), 40


def even(rng, *shape):
    return 2 * rng.integers(-30, 45, shape)


def vector_neuron(rng, vth_mant, channels):
    return CubaNeuron(vth_mant, rng.integers(0, 3000, channels), rng.integers(0, 3000, channels))


def torch_graph(nodes, frames):
    """Spikes of every node, by name, as SLAYER's neurons give them to the sum of what torch convolves."""
    from evsnn_lava._torch import F, slayer, torch

    spikes = {"input": torch.tensor(frames).float()}
    for node in nodes:
        total = 0
        for edge in node.edges:
            synapse, x = edge.synapse, spikes[edge.source]
            weight = torch.tensor(np.array(synapse.weights)).float() / 64
            if isinstance(synapse, DenseSynapse):
                total = total + torch.einsum("oi,nit->not", weight, x.flatten(1, -2))
            else:
                pads, gaps = ((*pair, more) for pair, more in ((synapse.padding, 0), (synapse.dilation, 1)))
                total = total + F.conv3d(x, weight[..., None], None, (*synapse.stride, 1), pads, gaps, synapse.groups)
        spikes[node.name] = _fired(slayer, torch, node.neuron, total)
    return {name: value.numpy() > 0 for name, value in spikes.items()}


def _fired(slayer, torch, neuron, total):
    """SLAYER's CPU code lays decays along the last axis of the neurons; give it the channels there."""
    cuba = slayer.neuron.cuba.Neuron(neuron.vth_mant / 64, 0.5, 0.5)
    for side, value in (("current_decay", neuron.current_decay), ("voltage_decay", neuron.dv)):
        getattr(cuba, side).data = torch.tensor(np.array(value, ndmin=1)).float()
    with torch.no_grad():
        return cuba(total.movedim(1, -2)).movedim(-2, 1)


@st.composite
def graphs(draw):
    """Up to six nodes with up to three sources each: images of one size, images of another size, vectors."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shapes, nodes = {"input": IMAGE}, []
    images, kinds = draw(st.booleans()), ("same", "same", "same", "half", "vector")
    for index in range(draw(st.integers(2, 6))):
        name, used = f"n{index}", {edge.source for node in nodes for edge in node.edges}
        loose = [node.name for node in nodes if node.name not in used]
        last = index == draw(st.just(5))
        kind = draw(st.sampled_from(kinds)) if images else "vector"
        wanted = set(loose if last else draw(st.lists(st.sampled_from(list(shapes)), min_size=1, max_size=3)))
        node = _node(rng, draw, name, kind, [source for source in shapes if source in wanted], shapes)
        nodes.append(node)
        shapes[name] = node.shape
    used = {edge.source for node in nodes for edge in node.edges}
    loose = [node.name for node in nodes if node.name not in used]
    nodes.append(_node(rng, draw, "out", "vector", loose, shapes))
    return nodes, (rng.random((2, *IMAGE, STEPS)) < 0.3).astype(int)


def _node(rng, draw, name, kind, sources, shapes):
    channels = draw(st.integers(1, 3))
    images = [source for source in sources if len(shapes[source]) == 3]
    edges, shape = [], (4,)
    if kind != "vector" and images:
        for source in images:
            synapse = _conv(rng, draw, kind, channels, shapes[source])
            if not edges or synapse.output_shape(shapes[source]) == shape:
                edges.append(Edge(source, synapse))
                shape = synapse.output_shape(shapes[source])
    else:
        edges = [Edge(source, DenseSynapse(even(rng, 4, int(np.prod(shapes[source]))))) for source in sources]
    vth = draw(st.sampled_from([40, 40, 61, 253]))
    return Node(name, vector_neuron(rng, vth, shape[0]), shape, tuple(edges))


def _conv(rng, draw, kind, channels, shape):
    groups = shape[0] if channels % shape[0] == 0 and draw(st.booleans()) else 1
    if kind == "half":
        return ConvSynapse(even(rng, channels, shape[0] // groups, 2, 2), (2, 2), (1, 1), groups=groups)
    sides, gaps = zip(*(draw(st.sampled_from([(1, 1), (3, 1), (5, 1), (3, 2)])) for _ in range(2)), strict=True)
    pads = tuple(gap * (side - 1) // 2 for side, gap in zip(sides, gaps, strict=True))
    return ConvSynapse(even(rng, channels, shape[0] // groups, *sides), padding=pads, dilation=gaps, groups=groups)


def assert_chain_is(nodes, frames, layers, expected):
    """Every message of every layer: the nodes of the level, then what it relays."""
    network = truth.described(list(layers), frames.shape[1:-1], frames.shape[-1])
    messages = simulate(network, frames).messages
    for depth, level in enumerate(schedule(nodes)):
        names = [*(node.name for node in level.nodes), *level.carried]
        rows = np.concatenate([expected[name].reshape(len(frames), -1, frames.shape[-1]) for name in names], axis=1)
        found = messages[depth].reshape(len(frames), -1, network.max_steps)
        assert not found[..., : depth + 1].any()
        assert np.array_equal(found[..., depth + 1 : depth + 1 + frames.shape[-1]], rows), names


@pytest.mark.torch
@settings(max_examples=50)
@given(case=graphs())
def test_random_graphs_spike_as_torch_and_slayer_compute_them(case):
    nodes, frames = case
    layers = lower_graph(nodes, IMAGE)
    assert layers[-1].shape == nodes[-1].shape
    assert_chain_is(nodes, frames, layers, torch_graph(nodes, frames))
    check_netx(truth.described(list(layers), IMAGE, STEPS))


def residual_blocks(kit):
    """Two convolutions with a skip around the second, in plain torch over SLAYER blocks; and the same as nodes."""
    blocks = [
        kit.cuba.Conv(kit.options(), 2, 4, 3, padding=1, delay_shift=False),
        kit.cuba.Conv(kit.options(), 4, 4, 3, padding=1, delay_shift=False),
        kit.cuba.Conv(kit.options(), 4, 3, 3, padding=1, delay_shift=False),
        kit.cuba.Dense(kit.options(), 60, 3, delay_shift=False),
    ]
    return [kit.filled(block) for block in blocks]


@pytest.fixture(scope="module")
def kit():
    from evsnn_lava._torch import slayer, torch
    from evsnn_lava.export.slayer.graph import block_node

    run = torch.Generator().manual_seed(11)

    def filled(block):
        weight = block.synapse.weight
        fan = np.prod(weight.shape[1:])
        weight.data = (1.5 * torch.randn(tuple(weight.shape), generator=run)) / fan**0.5
        return block

    def options():
        return {"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03}

    return SimpleNamespace(torch=torch, cuba=slayer.block.cuba, filled=filled, options=options, node=block_node)


@pytest.mark.torch
def test_a_residual_network_is_the_torch_sum_of_spikes(kit):
    a, b, c, head = residual_blocks(kit)
    frames = (np.random.default_rng(1).random((2, *IMAGE, 200)) < 0.3).astype(int)
    with kit.torch.no_grad():
        first = a(kit.torch.tensor(frames).float())
        second = b(first)
        third = c(first + second)  # the residual connection
        last = head(third.flatten(1, -2))
    nodes = [
        kit.node("a", a, {"input": IMAGE}),
        kit.node("b", b, {"a": (4, 5, 4)}),
        kit.node("c", c, {"a": (4, 5, 4), "b": (4, 5, 4)}),
        kit.node("head", head, {"c": (60,)}),
    ]
    layers = lower_graph(nodes, IMAGE)
    assert [type(layer.synapse) for layer in layers] == [ConvSynapse] * 3 + [DenseSynapse]
    assert [layer.shape for layer in layers] == [(4, 5, 4), (8, 5, 4), (3, 5, 4), (3,)]
    spikes = {"input": frames, "a": first, "b": second, "c": third, "head": last}
    assert all(0.02 < np.asarray(value).mean() < 0.95 for value in spikes.values())
    assert_chain_is(nodes, frames, layers, {name: np.asarray(value) > 0 for name, value in spikes.items()})


@pytest.mark.torch
def test_vectors_are_concatenated_in_order(kit):
    a, b = (kit.filled(kit.cuba.Dense(kit.options(), 6, n, delay_shift=False)) for n in (3, 4))
    mix = kit.filled(kit.cuba.Dense(kit.options(), 7, 3, delay_shift=False))
    frames = (np.random.default_rng(3).random((2, 6, 100)) < 0.4).astype(int)
    with kit.torch.no_grad():
        x = kit.torch.tensor(frames).float()
        left, right = a(x), b(x)
        mixed = mix(kit.torch.cat([left, right], dim=1))
    sources = {"a": (3,), "b": (4,)}
    nodes = [
        kit.node("a", a, {"input": (6,)}),
        kit.node("b", b, {"input": (6,)}),
        kit.node("mix", mix, sources, "concat"),
    ]
    layers = lower_graph(nodes, (6, 1, 1))
    spikes = {"input": x, "a": left, "b": right, "mix": mixed}
    assert_chain_is(nodes, frames[:, :, None, None], layers, {k: np.asarray(v) > 0 for k, v in spikes.items()})


@pytest.mark.torch
@pytest.mark.parametrize(
    ("make", "sources", "join", "error", "words"),
    [
        (lambda c, o: c.Dense(o, 6, 3), {"a": (6,)}, "sum", UnsupportedError, "node n: Dense delays by a step"),
        (
            lambda c, o: c.Recurrent(o, 6, 3, delay_shift=False),
            {"a": (6,)},
            "sum",
            UnsupportedError,
            "node n: Recurrent",
        ),
        (lambda c, o: c.Dense(o, 6, 3), {"a": (6,), "b": (5,)}, "sum", ConfigError, "node n: shapes .* have no sum"),
        (lambda c, o: c.Dense(o, 6, 3), {"a": (6,)}, "mean", ConfigError, "unknown join 'mean'; choose one of: concat"),
        (
            lambda c, o: c.Conv(o, 4, 2, 1, groups=2, delay_shift=False),
            {"a": (2, 3, 3), "b": (2, 3, 3)},
            "concat",
            UnsupportedError,
            "node n: a ConvSynapse with groups or delays over a concatenation; use groups=1",
        ),
    ],
)
def test_blocks_that_are_no_nodes_are_refused(kit, make, sources, join, error, words):
    block = make(kit.cuba, kit.options())
    for name in ("synapse", "input_synapse", "recurrent_synapse"):
        if hasattr(block, name):
            getattr(block, name).weight.data.fill_(1.0)
    with pytest.raises(error, match=words):
        kit.node("n", block, sources, join)


@pytest.mark.torch
def test_a_concatenation_is_torch_cat(kit):
    a, b = (kit.filled(kit.cuba.Conv(kit.options(), 2, n, 3, padding=1, delay_shift=False)) for n in (3, 2))
    mix = kit.filled(kit.cuba.Conv(kit.options(), 7, 4, 3, delay_shift=False))
    head = kit.filled(kit.cuba.Dense(kit.options(), 24, 3, delay_shift=False))
    frames = (np.random.default_rng(2).random((2, *IMAGE, 200)) < 0.3).astype(int)
    with kit.torch.no_grad():
        x = kit.torch.tensor(frames).float()
        left, right = a(x), b(x)
        mixed = mix(kit.torch.cat([left, x, right], dim=1))
        last = head(mixed.flatten(1, -2))
    nodes = [
        kit.node("a", a, {"input": IMAGE}),
        kit.node("b", b, {"input": IMAGE}),
        kit.node("mix", mix, {"a": (3, 5, 4), "input": IMAGE, "b": (2, 5, 4)}, "concat"),
        kit.node("head", head, {"mix": (24,)}),
    ]
    layers = lower_graph(nodes, IMAGE)
    assert [layer.name for layer in layers] == ["a+b", "mix", "head"]
    assert layers[0].shape == (7, 5, 4)
    spikes = {"input": x, "a": left, "b": right, "mix": mixed, "head": last}
    assert all(0.02 < np.asarray(value).mean() < 0.95 for value in spikes.values())
    assert_chain_is(nodes, frames, layers, {name: np.asarray(value) > 0 for name, value in spikes.items()})


def test_a_plain_chain_stays_as_it_is():
    rng = np.random.default_rng(0)
    conv, dense = ConvSynapse(even(rng, 4, 1, 3, 3), (2, 1), (1, 0), groups=2), DenseSynapse(even(rng, 3, 24))
    neuron = CubaNeuron(80, 1023, 128, [1, 2, 3, 4])
    nodes = [Node("a", neuron, (4, 3, 2), (Edge("input", conv),)), Node("b", neuron_of(80), (3,), (Edge("a", dense),))]
    first, second = lower_graph(nodes, IMAGE)
    assert first.synapse is conv
    assert first.neuron is neuron
    assert second.synapse is dense


def neuron_of(vth_mant, **changes):
    return CubaNeuron(vth_mant, 1023, 128, **changes)


def diamond(rng, vth=80, shape=(3, 5, 4), stride=(1, 1), edges=("input", "a"), **neuron):
    """a <- input, b <- a, c <- b and a source of `edges` that has to pass b."""
    conv = ConvSynapse(even(rng, 3, 3, 3, 3), stride, (1, 1))
    flat = DenseSynapse(even(rng, 2, int(np.prod(shape))))
    skip = DenseSynapse(even(rng, 2, 60))
    return [
        Node("a", neuron_of(80), (3, 5, 4), (Edge("input", ConvSynapse(even(rng, 3, 2, 3, 3), padding=(1, 1))),)),
        Node("b", neuron_of(vth, **neuron), shape, (Edge("a", conv),)),
        Node("c", neuron_of(80), (2,), (Edge("b", flat), Edge("a", skip))),
    ]


@pytest.mark.torch
def test_a_skip_past_another_size_becomes_a_matrix():
    rng = np.random.default_rng(5)
    nodes = diamond(rng, shape=(3, 3, 2), stride=(2, 2))
    layers = lower_graph(nodes, IMAGE)
    assert [type(layer.synapse) for layer in layers] == [ConvSynapse, DenseSynapse, DenseSynapse]
    frames = (rng.random((2, *IMAGE, STEPS)) < 0.3).astype(int)
    assert_chain_is(nodes, frames, layers, torch_graph(nodes, frames))


@pytest.mark.parametrize("vth", [0, 1, 252, 253])
def test_a_relay_answers_one_spike_with_one_spike_at_every_threshold(vth):
    rng = np.random.default_rng(6)
    layers = lower_graph(diamond(rng, vth=vth), IMAGE)
    weights = layers[1].synapse.weights[3:]
    assert vth < weights.max() <= RELAY_LIMIT
    assert np.count_nonzero(weights) == 3
    frames = (rng.random((1, *IMAGE, STEPS)) < 0.5).astype(int)
    messages = simulate(truth.described(list(layers), IMAGE, STEPS), frames).messages
    assert np.array_equal(messages[1][:, 3:, ..., 1:], messages[0][..., :-1])
    assert messages[0].any()


def test_delays_of_an_edge_stay_with_it():
    rng = np.random.default_rng(7)
    delays = rng.integers(0, 5, (4, 3))
    late = DenseSynapse(even(rng, 4, 3), delays=delays)
    nodes = [
        Node("a", neuron_of(40), (3,), (Edge("input", DenseSynapse(even(rng, 3, 40))),)),
        Node("b", neuron_of(40), (4,), (Edge("a", late), Edge("input", DenseSynapse(even(rng, 4, 40))))),
        Node("c", neuron_of(40), (2,), (Edge("b", DenseSynapse(even(rng, 2, 4))),)),
    ]
    layers = lower_graph(nodes, IMAGE)
    assert np.array_equal(layers[1].synapse.delays[:, :3], delays)
    assert not layers[1].synapse.delays[:, 3:].any()


def test_a_bias_of_the_first_layer_is_kept_and_relays_have_none():
    rng = np.random.default_rng(8)
    conv = ConvSynapse(even(rng, 3, 2, 3, 3), padding=(1, 1))
    whole = rng.integers(-5, 5, (3, 5, 4))
    for bias in ([7, -8, 9], whole):
        nodes = [
            Node("a", neuron_of(80, bias_mant=bias), (3, 5, 4), (Edge("input", conv),)),
            Node("b", neuron_of(80), (2,), (Edge("a", even_dense(rng, 60)), Edge("input", even_dense(rng, 40)))),
        ]
        layer = lower_graph(nodes, IMAGE)[0]
        assert layer.shape == (5, 5, 4)
        kept = layer.neuron.bias((5, 5, 4)) >> 6
        assert np.array_equal(
            np.broadcast_to(kept, (5, 5, 4))[:3], np.broadcast_to(nodes[0].neuron.bias((3, 5, 4)) >> 6, (3, 5, 4))
        )
        assert not np.broadcast_to(kept, (5, 5, 4))[3:].any()


def exponents(rng, *bias_exps):
    """Two nodes side by side with biases of these exponents, and their sum."""
    first = [
        Node(name, neuron_of(40, bias_mant=[9, -20], bias_exp=bias_exp), (2,), (Edge("input", even_dense(rng, 40)),))
        for name, bias_exp in zip("ab", bias_exps, strict=True)
    ]
    edges = Edge("a", DenseSynapse(even(rng, 3, 2))), Edge("b", DenseSynapse(even(rng, 3, 2)))
    return [*first, Node("c", neuron_of(40), (3,), edges)]


def test_a_bias_keeps_its_exponent_beside_others():
    layers = lower_graph(exponents(np.random.default_rng(4), 3, 3), IMAGE)
    assert [layer.name for layer in layers] == ["a+b", "c"]
    assert layers[0].neuron.bias(layers[0].shape).tolist() == [72, -160, 72, -160]


def even_dense(rng, inputs):
    return DenseSynapse(even(rng, 2, inputs))


def two_ends(rng):
    nodes = diamond(rng)
    return [*nodes, Node("d", neuron_of(80), (2,), (Edge("a", even_dense(rng, 60)),))]


def huge(rng):
    """A skip past a strided convolution of a large image."""
    ones = np.ones((16, 2, 1, 1), dtype=int)
    return [
        Node("a", neuron_of(80), (16, 64, 64), (Edge("input", ConvSynapse(2 * ones)),)),
        Node("b", neuron_of(80), (16, 32, 32), (Edge("a", ConvSynapse(np.full((16, 16, 2, 2), 2), (2, 2))),)),
        Node("c", neuron_of(80), (2,), (Edge("b", even_dense(rng, 16384)), Edge("a", even_dense(rng, 65536)))),
    ]


def replaced(nodes, index, **changes):
    old = nodes[index]
    fields = {"name": old.name, "neuron": old.neuron, "shape": old.shape, "edges": old.edges, **changes}
    return [*nodes[:index], Node(**fields), *nodes[index + 1 :]]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (
            lambda rng: diamond(rng, vth=254),
            UnsupportedError,
            "node b: a has to pass its layer, whose threshold 254 .*; scale its weights and threshold down to 253",
        ),
        (
            lambda rng: diamond(rng, bias_mant=[1, 2, 3]),
            UnsupportedError,
            "node b: its bias starts in step 1, the first frame reaches layer 2 in step 2; train without bias",
        ),
        (two_ends, ConfigError, r"the graph ends in 2 nodes \(c, d\); keep one output"),
        (huge, UnsupportedError, r"node b: with what passes its layer .* keep the size of the image \(pad, stride 1\)"),
        (
            lambda rng: replaced(diamond(rng), 2, neuron=SigmaNeuron()),
            UnsupportedError,
            "node c: SigmaNeuron in a graph; only CUBA neurons can be relayed",
        ),
        (lambda rng: replaced(diamond(rng), 1, name="a"), ConfigError, "node a: the name is taken; rename it"),
        (lambda rng: replaced(diamond(rng), 1, edges=()), ConfigError, "node b: nothing drives it; give it an edge"),
        (
            lambda rng: replaced(diamond(rng), 0, edges=(Edge("b", even_dense(rng, 60)),)),
            ConfigError,
            "unknown source of node a 'b'; choose one of: input",
        ),
        (
            lambda rng: replaced(diamond(rng), 2, shape=(3,)),
            ConfigError,
            r"node c: its shape is \(3,\), the edge from b makes \(2,\); pad, stride or resize it alike",
        ),
        (
            lambda rng: replaced(diamond(rng), 2, edges=(Edge("b", DenseSynapse(even(rng, 2, 60), 1)),)),
            UnsupportedError,
            "node c: the edge from b is a DenseSynapse or has a weight exponent; use",
        ),
        (
            lambda rng: replaced(
                diamond(rng),
                2,
                edges=(Edge("b", even_dense(rng, 60)), Edge("b", DenseSynapse(even(rng, 2, 60), delays=[[1]]))),
            ),
            UnsupportedError,
            "node c: several edges come from b and one has delays; keep one edge of a source",
        ),
        (
            lambda rng: replaced(diamond(rng), 2, edges=(Edge("b", DenseSynapse(np.full((2, 60), 200))),) * 2),
            UnsupportedError,
            r"node c: the weights of its 2 edges from b add up to 400..400, the limit is -256..255; scale weights and",
        ),
        (
            lambda rng: replaced(diamond(rng), 1, edges=(Edge("a", ConvSynapse(np.full((3, 3, 1, 1), -130))),) * 2),
            UnsupportedError,
            r"node b: the weights of its 2 edges from a add up to -260..-260, the limit is -256..255; scale",
        ),
        (
            lambda rng: exponents(rng, 3, 6),
            UnsupportedError,
            "node b: its bias starts in step 1, the first frame reaches layer 2 in step 2",
        ),
    ],
)
def test_graphs_that_cannot_be_a_chain_are_refused_in_one_line(make, error, words):
    shape = (2, 64, 64) if make is huge else IMAGE
    with pytest.raises(error, match=words) as caught:
        lower_graph(make(np.random.default_rng(9)), shape)
    assert "\n" not in str(caught.value)
