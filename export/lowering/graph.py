"""A network whose layers have several sources: residual and concatenated connections before they are lowered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evsnn_lava.errors import ConfigError, unknown_name
from evsnn_lava.network import Synapse
from evsnn_lava.network.description import Neuron

Shape = tuple[int, ...]

INPUT: Final = "input"
"""The source that stands for the frames."""


@dataclass(frozen=True, eq=False)
class Edge:
    """A connection into a node.

    Parameters
    ----------
    source : str
        Name of another node, or ``"input"``.
    synapse : Synapse
        What it does; the activations of all edges into a node add up.
    """

    source: str
    synapse: Synapse


@dataclass(frozen=True, eq=False)
class Node:
    """Neurons, and the connections that drive them at the same time.

    A sum of spikes before a layer is two edges with the same weights; a concatenation is two edges with the weights
    of either part.

    Parameters
    ----------
    name : str
        Unique name.
    neuron : Neuron
        Model of all its neurons.
    shape : tuple of int
        ``(C, H, W)`` or ``(N,)``.
    edges : tuple of Edge
        At least one.
    """

    name: str
    neuron: Neuron
    shape: Shape
    edges: tuple[Edge, ...]


def check_graph(nodes: Sequence[Node], input_shape: Shape) -> None:
    """Refuse nodes that make no network.

    Parameters
    ----------
    nodes : sequence of Node
        Every node behind those that drive it.
    input_shape : tuple of int
        Shape of a frame.

    Raises
    ------
    ConfigError
        If a name is missing, used twice or used before its node, if shapes do not fit, or if not exactly one node,
        the output, drives no other.
    """
    shapes: dict[str, Shape] = {INPUT: input_shape}
    for node in nodes:
        if node.name in shapes:
            raise ConfigError(f"node {node.name}: the name is taken; rename it")
        if not node.edges:
            raise ConfigError(f"node {node.name}: nothing drives it; give it an edge")
        for edge in node.edges:
            if edge.source not in shapes:
                raise unknown_name(f"source of node {node.name}", edge.source, shapes)
            made = edge.synapse.output_shape(shapes[edge.source])
            if made != node.shape:
                raise ConfigError(
                    f"node {node.name}: its shape is {node.shape}, the edge from {edge.source} makes {made}; "
                    "pad, stride or resize it alike"
                )
        shapes[node.name] = node.shape
    driving = {edge.source for node in nodes for edge in node.edges}
    ends = [node.name for node in nodes if node.name not in driving]
    if len(ends) != 1:
        raise ConfigError(f"the graph ends in {len(ends)} nodes ({', '.join(ends)}); keep one output")
