"""The stages of a NIR graph as layers of integers: a chain as it is, branches through relays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from evsnn_lava.errors import FormatError, UnsupportedError
from evsnn_lava.export.lowering.graph import INPUT, Edge, Node
from evsnn_lava.export.lowering.lower_graph import RELAY_LIMIT, lower_graph
from evsnn_lava.export.lowering.pooling import Pair, Shape, cropping
from evsnn_lava.export.nir.graph import Plan, Stage
from evsnn_lava.export.nir.linear import Connection, connect, merged
from evsnn_lava.export.nir.maps import numbers
from evsnn_lava.export.nir.neurons import read_neuron
from evsnn_lava.export.nir.quantise import THRESHOLD_EXP, FloatLayer, Options, quantise
from evsnn_lava.export.nir.report import LayerFacts
from evsnn_lava.export.nir.storage import read_text
from evsnn_lava.network import ConvSynapse, CubaNeuron, DenseSynapse, Layer, QuantisationFacts
from evsnn_lava.network.ranges import RANGES

Built = tuple[tuple[Layer, ...], tuple[QuantisationFacts, ...], tuple[LayerFacts, ...]]

METADATA_LIMIT: Final = 1e12


@dataclass(frozen=True, eq=False)
class _Feeds:
    """The sources of a stage, each with its connections, in the order of the edges."""

    stage: Stage
    edges: tuple[tuple[str, Connection], ...]

    @property
    def shape(self) -> Shape:
        return self.edges[0][1].shape


def build_layers(plan: Plan, source: Shape, options: Options) -> Built:
    """Quantise all stages.

    Parameters
    ----------
    plan : Plan
        The stages in their order.
    source : tuple of int
        ``(C, H, W)`` of a frame.
    options : Options
        Step and bits.

    Returns
    -------
    layers : tuple of Layer
        A chain; neurons that only relay spikes stand in it where the graph branches or a pooling drops rows.
    facts : tuple of QuantisationFacts
        One per layer, or none when the graph branches and layers are shared.
    report : tuple of LayerFacts
        One per stage.

    Raises
    ------
    UnsupportedError
        If a stage has no integer form.
    """
    feeds = _connected(plan, source)
    chain = _is_chain(plan, feeds)
    nodes: list[Node] = []
    loops: dict[str, DenseSynapse] = {}
    facts, report = list[QuantisationFacts](), list[LayerFacts]()
    names, shapes = {plan.input_name: INPUT}, {plan.input_name: source}
    for one in feeds:
        edges = []
        for number, (origin, connection) in enumerate(one.edges):
            before = names[origin]
            if any(connection.crop):
                nodes.append(_relay(f"{one.stage.name} crop{number or ''}", before, shapes[origin], connection.crop))
                facts.append(QuantisationFacts(nodes[-1].name, 1.0, 0.0, 0, 0))
                before = nodes[-1].name
            edges.append(before)
        layer = _float_layer(one, options, len(nodes), chain)
        whole = quantise(layer, options)
        synapses = tuple(Edge(*pair) for pair in zip(edges, whole.synapses, strict=True))
        nodes.append(Node(layer.name, whole.neuron, layer.shape, synapses))
        names[one.stage.name], shapes[one.stage.name] = layer.name, layer.shape
        loops |= {} if whole.loop is None else {layer.name: whole.loop}
        facts.append(whole.facts)
        report.append(whole.report)
    if chain:
        return _as_chain(nodes, loops), tuple(facts), tuple(report)
    if loops:
        raise UnsupportedError(
            f"nodes {', '.join(loops)}: loops in a graph that branches cannot be lowered; use a chain"
        )
    return lower_graph(nodes, source), (), tuple(report)


def _as_chain(nodes: list[Node], loops: dict[str, DenseSynapse]) -> tuple[Layer, ...]:
    return tuple(
        Layer(node.name, node.edges[0].synapse, node.neuron, node.shape, loops.get(node.name)) for node in nodes
    )


def _connected(plan: Plan, source: Shape) -> list[_Feeds]:
    """The connections of every stage; their shapes follow from each other."""
    shapes = {plan.input_name: source}
    found = []
    for stage in plan.stages:
        origins = dict.fromkeys(path.source for path in stage.feeds)
        edges = tuple(
            (origin, connection)
            for origin in origins
            for connection in merged([connect(path, shapes[origin]) for path in stage.feeds if path.source == origin])
        )
        made = {connection.shape for _, connection in edges}
        if len(made) != 1:
            raise UnsupportedError(f"node {stage.name}: it is fed shapes {sorted(made)}; make them equal")
        found.append(_Feeds(stage, edges))
        shapes[stage.name] = found[-1].shape
    return found


def _is_chain(plan: Plan, feeds: list[_Feeds]) -> bool:
    before = [plan.input_name, *(stage.name for stage in plan.stages)]
    return all([origin for origin, _ in one.edges] == [name] for one, name in zip(feeds, before, strict=False))


def _float_layer(one: _Feeds, options: Options, depth: int, chain: bool) -> FloatLayer:
    stage, shape = one.stage, one.shape
    neuron = read_neuron(stage.node, stage.name, shape, options.dt_s)
    uniform = all(np.allclose(values, values.flat[0], 1e-9) for values in (neuron.gain, neuron.threshold))
    connections = tuple(connection for _, connection in one.edges)
    direct = chain and not depth and uniform and connections[0].plain is not None and not stage.loops
    loops = merged([connect(path, shape, dense=True) for path in stage.loops]) if stage.loops else []
    if len(loops) > 1:
        raise UnsupportedError(f"node {stage.name}: loops with delays side by side cannot be added; use one")
    stored = stage.node.metadata
    exponents = [int(stored_number(stored, f"evsnn_{key}weight_exp", 0.0)) for key in ("", "loop_")]
    return FloatLayer(
        read_text(stored, "evsnn_layer") or stage.name,
        shape,
        connections,
        loops[0] if loops else None,
        neuron,
        direct,
        stored_number(stored, "evsnn_scale", 0.0) or None,
        (exponents[0], exponents[1]),
        int(stored_number(stored, "evsnn_bias_exp", THRESHOLD_EXP)),
        depth,
        RANGES["vth_mant"][1] if chain else RELAY_LIMIT - 1,
    )


def _relay(name: str, source: str, shape: Shape, crop: Pair) -> Node:
    """Neurons that repeat every spike except those of the last rows and columns."""
    kernel = 2 * cropping(shape[0], *crop).weights.astype(np.int32)
    synapse = ConvSynapse(kernel, groups=shape[0])
    neuron = CubaNeuron(vth_mant=1, du=4095, dv=4096)
    return Node(name, neuron, synapse.output_shape(shape), (Edge(source, synapse),))


def stored_number(metadata: Any, key: str, default: float) -> float:
    """A number in the metadata of a node or a graph.

    Parameters
    ----------
    metadata : object
        What the node has as metadata.
    key : str
        The name of the entry; one with "exp" in it is an exponent, others are positive.
    default : float
        What it is when it is not there.

    Raises
    ------
    FormatError
        If it is no sensible number.
    """
    if not isinstance(metadata, dict) or key not in metadata:
        return default
    values = numbers(_Holder(metadata[key]), "value", f"metadata {key}")
    value = float(values.flat[0])
    limit = 16 if "exp" in key else METADATA_LIMIT
    if values.size != 1 or (value <= 0 and "exp" not in key) or abs(value) > limit:
        raise FormatError(f"the metadata {key} is {value:g}, expected one sensible number; write the graph again")
    return value


class _Holder:
    """Lets a stored number be read like a parameter."""

    def __init__(self, value: Any) -> None:
        self.value = value
