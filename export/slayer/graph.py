"""SLAYER blocks as nodes of a graph: torch sums or concatenations of spikes before a block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from evsnn_lava.errors import ConfigError, UnsupportedError, unknown_name
from evsnn_lava.export.lowering.graph import Edge, Node
from evsnn_lava.export.slayer.blocks import compile_blocks
from evsnn_lava.network import ConvSynapse, DenseSynapse, Synapse

Shape = tuple[int, ...]

JOINS: Final = {"sum": "a + b", "concat": "torch.cat([a, b], dim=1)"}


def block_node(name: str, block: Any, sources: Mapping[str, Shape], join: str = "sum") -> Node:
    """The node that a block is when it receives the spikes of several others at the same time.

    Parameters
    ----------
    name : str
        Name of the node.
    block : slayer block
        One with neurons, ``delay_shift=False``: a skip connection is only in time if no block delays.
    sources : mapping of str to tuple of int
        Names of other nodes or ``"input"``, and their shapes as SLAYER sees them, in the order of the join.
    join : {"sum", "concat"}
        How torch joins them before the block; see ``JOINS``.

    Returns
    -------
    Node
        For :func:`evsnn_lava.export.lowering.lower_graph.lower_graph`.

    Raises
    ------
    UnsupportedError
        For what :func:`evsnn_lava.export.slayer.blocks.compile_blocks` refuses, recurrent blocks, blocks that delay,
        and grouped convolutions over a concatenation.
    ConfigError
        If the shapes cannot be joined.
    """
    if join not in JOINS:
        raise unknown_name("join", join, JOINS)
    layers, _ = compile_blocks([block], _joined(name, list(sources.values()), join))
    (layer,) = layers
    if block.delay_shift or layer.recurrent is not None:
        raise UnsupportedError(
            f"node {name}: {type(block).__name__} delays by a step or is recurrent, so that a skip around it is not in "
            "time; set delay_shift=False"
        )
    parts = [layer.synapse] * len(sources)
    if join == "concat" and len(sources) > 1:
        parts = _split(name, layer.synapse, list(sources.values()))
    edges = tuple(Edge(source, part) for source, part in zip(sources, parts, strict=True))
    return Node(name, layer.neuron, layer.shape, edges)


def _joined(name: str, shapes: list[Shape], join: str) -> Shape:
    alike = {shape[1:] if join == "concat" else shape for shape in shapes}
    if len(alike) != 1:
        raise ConfigError(f"node {name}: shapes {shapes} have no {join}; make them alike")
    first = shapes[0]
    return first if join == "sum" else (sum(shape[0] for shape in shapes), *first[1:])


def _split(name: str, synapse: Synapse, shapes: list[Shape]) -> list[Synapse]:
    """The columns of each source; channels come first in the flattened order, too."""
    per_channel = 1 if isinstance(synapse, ConvSynapse) else int(np.prod(shapes[0][1:]))
    ends = np.cumsum([shape[0] for shape in shapes])[:-1] * per_channel
    if isinstance(synapse, DenseSynapse) and synapse.delays is None:
        return [replace(synapse, weights=part) for part in np.split(synapse.weights, ends, axis=1)]
    if isinstance(synapse, ConvSynapse) and synapse.groups == 1:
        return [replace(synapse, weights=part) for part in np.split(synapse.weights, ends, axis=1)]
    raise UnsupportedError(
        f"node {name}: a {type(synapse).__name__} with groups or delays over a concatenation; use groups=1 and no delay"
    )
