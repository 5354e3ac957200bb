"""A graph with residual and concatenated connections as the chain that computes the same spikes.

A layer of a chain only sees the layer before it. What a later node needs travels through relays: neurons beside those
of the layer that answer one spike with one spike in the next step. So all paths into a node are equally long, and the
chain computes the graph without delays between its nodes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.lowering.graph import INPUT, Edge, Node, check_graph
from evsnn_lava.export.lowering.kernels import MATRIX_LIMIT, common_frame, conv_matrix, placed_kernel
from evsnn_lava.export.lowering.schedule import Level, schedule
from evsnn_lava.network import ConvSynapse, CubaNeuron, DenseSynapse, Layer, Synapse
from evsnn_lava.network.ranges import RANGES, spread

IntArray = npt.NDArray[np.int32]
Shape = tuple[int, ...]

RELAY_LIMIT: Final = 254
"""Largest even weight: a relay needs one above the threshold of its layer."""

RELAY_DU: Final = 4095
RELAY_DV: Final = 4096
"""Current and voltage that forget everything in a step."""


@dataclass(frozen=True, eq=False)
class _Part:
    """What stands side by side in a layer: a node, or relays of one.

    Parameters
    ----------
    name : str
        Whose spikes these are.
    shape : tuple of int
        Shape of the node.
    edges : tuple of Edge
        From the layer before.
    neuron : CubaNeuron
        Without bias for relays.
    """

    name: str
    shape: Shape
    edges: tuple[Edge, ...]
    neuron: CubaNeuron


def lower_graph(nodes: Sequence[Node], input_shape: Shape) -> tuple[Layer, ...]:
    """Lower a graph to a chain.

    Parameters
    ----------
    nodes : sequence of Node
        CUBA neurons, every node behind those that drive it; the one that drives no other is the output.
    input_shape : tuple of int
        ``(C, H, W)`` of a frame.

    Returns
    -------
    tuple of Layer
        The last is the output node. A layer whose parts fit on one grid stays a convolution; others become dense.

    Raises
    ------
    ConfigError
        If the nodes make no network.
    UnsupportedError
        If a layer cannot relay, has a bias that would start too early or weights that add up beyond their range, or
        would be too large as a matrix.
    """
    check_graph(nodes, input_shape)
    shapes = {INPUT: input_shape, **{node.name: node.shape for node in nodes}}
    before: dict[str, Shape] = {INPUT: input_shape}
    stored, layers = input_shape, []
    for level in schedule(nodes):
        parts = _parts(level, shapes)
        layer = _layer("+".join(node.name for node in level.nodes), parts, before, stored)
        layers.append(layer)
        before, stored = {part.name: part.shape for part in parts}, layer.shape
    return tuple(layers)


def _parts(level: Level, shapes: Mapping[str, Shape]) -> list[_Part]:
    parts = []
    for node in level.nodes:
        _check_edges(node)
        if isinstance(node.neuron, CubaNeuron):  # the schedule has refused the others
            parts.append(_Part(node.name, node.shape, node.edges, node.neuron))
    first = parts[0]
    return parts + [_relay(name, shapes[name], first) for name in level.carried]


def _relay(name: str, shape: Shape, beside: _Part) -> _Part:
    vth_mant = beside.neuron.vth_mant
    if vth_mant >= RELAY_LIMIT:
        raise UnsupportedError(
            f"node {beside.name}: {name} has to pass its layer, whose threshold {vth_mant} no weight up to "
            f"{RELAY_LIMIT} exceeds; scale its weights and threshold down to {RELAY_LIMIT - 1}"
        )
    weight = vth_mant + 2 - vth_mant % 2
    if len(shape) == 3:
        one: Synapse = ConvSynapse(weight * np.eye(shape[0], dtype=np.int32)[..., None, None])
    else:
        one = DenseSynapse(weight * np.eye(shape[0], dtype=np.int32))
    return _Part(name, shape, (Edge(name, one),), CubaNeuron(vth_mant, RELAY_DU, RELAY_DV))


def _check_edges(node: Node) -> None:
    for edge in node.edges:
        synapse = edge.synapse
        if not isinstance(synapse, DenseSynapse | ConvSynapse) or synapse.weight_exp:
            raise UnsupportedError(
                f"node {node.name}: the edge from {edge.source} is a {type(synapse).__name__} or has a weight "
                "exponent; use dense or conv with weight_exp 0"
            )
        if synapse.max_delay and sum(other.source == edge.source for other in node.edges) > 1:
            raise UnsupportedError(
                f"node {node.name}: several edges come from {edge.source} and one has delays; keep one edge of a source"
            )


def _layer(name: str, parts: Sequence[_Part], before: Mapping[str, Shape], stored: Shape) -> Layer:
    """All parts of a level as one layer behind the parts of the level before."""
    if len(parts) == 1 and len(parts[0].edges) == 1 and len(before) == 1 and stored == next(iter(before.values())):
        part = parts[0]
        return Layer(name, part.edges[0].synapse, part.neuron, part.shape)
    if _share_a_grid(parts, before, stored):
        shape: Shape = (sum(part.shape[0] for part in parts), *parts[0].shape[1:])
        return Layer(name, _wide_conv(parts, before), _wide_neuron(parts, on_grid=True), shape)
    size = sum(math.prod(part.shape) for part in parts)
    inputs = sum(math.prod(shape) for shape in before.values())
    if size * inputs > MATRIX_LIMIT:
        raise UnsupportedError(
            f"node {name}: with what passes its layer it does not fit on one grid, and as a matrix it has "
            f"{size * inputs} connections, the limit is {MATRIX_LIMIT}; keep the size of the image (pad, stride 1) "
            "while a skip connection passes"
        )
    return Layer(name, _wide_dense(parts, before), _wide_neuron(parts, on_grid=False), (size,))


def _share_a_grid(parts: Sequence[_Part], before: Mapping[str, Shape], stored: Shape) -> bool:
    """Whether all sources lie on one grid, and all parts on another, with convolutions of one stride between."""
    edges = [edge.synapse for part in parts for edge in part.edges]
    strides = {edge.stride for edge in edges if isinstance(edge, ConvSynapse)}
    sources, sinks = ({shape[1:] for shape in shapes} for shapes in (before.values(), (part.shape for part in parts)))
    convs = all(isinstance(edge, ConvSynapse) for edge in edges)
    return convs and len(stored) == 3 and len(strides) == len(sources) == len(sinks) == 1


def _wide_conv(parts: Sequence[_Part], before: Mapping[str, Shape]) -> ConvSynapse:
    convs = [edge.synapse for part in parts for edge in part.edges if isinstance(edge.synapse, ConvSynapse)]
    image, out = next(iter(before.values()))[1:], parts[0].shape[1:]
    frame = common_frame(convs, (image[0], image[1]), (out[0], out[1]))
    weights = np.zeros(
        (sum(part.shape[0] for part in parts), sum(shape[0] for shape in before.values()), *frame.kernel),
        dtype=np.int32,
    )
    columns = _slices({name: shape[0] for name, shape in before.items()})
    rows = _slices({str(index): part.shape[0] for index, part in enumerate(parts)})
    for index, part in enumerate(parts):
        for edge in part.edges:
            if isinstance(edge.synapse, ConvSynapse):
                weights[rows[str(index)], columns[edge.source]] += placed_kernel(edge.synapse, frame)
        _require_range(part, weights[rows[str(index)]], columns)
    return ConvSynapse(weights, convs[0].stride, frame.padding)


def _wide_dense(parts: Sequence[_Part], before: Mapping[str, Shape]) -> DenseSynapse:
    columns = _slices({name: math.prod(shape) for name, shape in before.items()})
    rows = _slices({str(index): math.prod(part.shape) for index, part in enumerate(parts)})
    weights = np.zeros((list(rows.values())[-1].stop, list(columns.values())[-1].stop), dtype=np.int32)
    delays = np.zeros_like(weights)
    for index, part in enumerate(parts):
        for edge in part.edges:
            place = rows[str(index)], columns[edge.source]
            if isinstance(edge.synapse, ConvSynapse):
                weights[place] += conv_matrix(edge.synapse, before[edge.source])
            elif isinstance(edge.synapse, DenseSynapse):
                weights[place] += edge.synapse.weights
                delays[place] = 0 if edge.synapse.delays is None else edge.synapse.delays
        _require_range(part, weights[rows[str(index)]], columns)
    return DenseSynapse(weights, delays=delays if delays.any() else None)


def _require_range(part: _Part, weights: IntArray, columns: Mapping[str, slice]) -> None:
    """Refuse edges of one source that add up to more than a weight holds."""
    low, high = RANGES["weight"]
    for source in dict.fromkeys(edge.source for edge in part.edges):
        summed = weights[:, columns[source]]
        if summed.min() < low or summed.max() > high:
            edges = sum(edge.source == source for edge in part.edges)
            raise UnsupportedError(
                f"node {part.name}: the weights of its {edges} edges from {source} add up to {summed.min()}.."
                f"{summed.max()}, the limit is {low}..{high}; scale weights and threshold of {part.name} down"
            )


def _wide_neuron(parts: Sequence[_Part], on_grid: bool) -> CubaNeuron:
    """One value per channel where the parts differ; per neuron in a dense layer, and for a bias per neuron."""
    first = parts[0].neuron
    bias_on_grid = on_grid and all(part.neuron.bias_mant is None or part.neuron.bias_mant.ndim == 1 for part in parts)
    du, dv = (_values(parts, which, on_grid) for which in ("du", "dv"))
    bias = _values(parts, "bias_mant", bias_on_grid)
    if on_grid and not bias_on_grid:
        bias = bias.reshape(-1, *parts[0].shape[1:])
    return CubaNeuron(
        first.vth_mant,
        int(du[0]) if (du == du[0]).all() else du,
        int(dv[0]) if (dv == dv[0]).all() else dv,
        bias if bias.any() else None,
        first.bias_exp,
    )


def _values(parts: Sequence[_Part], which: str, per_channel: bool) -> IntArray:
    columns = []
    for part in parts:
        value = getattr(part.neuron, which)
        spread_out = spread(0 if value is None else value, part.shape)
        shape = (part.shape[0], *(1,) * (len(part.shape) - 1)) if per_channel else part.shape
        columns.append(np.broadcast_to(spread_out, shape).reshape(-1))
    return np.concatenate(columns).astype(np.int32)


def _slices(sizes: Mapping[str, int]) -> dict[str, slice]:
    """Where each part lies beside the others."""
    ends = np.cumsum(list(sizes.values()))
    return {name: slice(int(end) - size, int(end)) for (name, size), end in zip(sizes.items(), ends, strict=True)}
