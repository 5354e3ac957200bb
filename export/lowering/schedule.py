"""Which nodes of a graph share a layer, and what has to be carried past it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.lowering.graph import INPUT, Node
from evsnn_lava.network import CubaNeuron


@dataclass(frozen=True)
class Level:
    """One layer of the chain.

    Parameters
    ----------
    nodes : tuple of Node
        Nodes that are computed in it, of one threshold.
    carried : tuple of str
        Earlier nodes, or the input, that a later layer needs: they pass through relays.
    """

    nodes: tuple[Node, ...]
    carried: tuple[str, ...]


def schedule(nodes: Sequence[Node]) -> tuple[Level, ...]:
    """Give every node a layer behind those that drive it.

    Parameters
    ----------
    nodes : sequence of Node
        A checked graph of CUBA neurons.

    Returns
    -------
    tuple of Level
        In order; a layer has one threshold, so nodes with another wait for the next.

    Raises
    ------
    UnsupportedError
        If a neuron is no CUBA neuron, or a bias would start too early.
    """
    waiting, placed = list(nodes), {INPUT}
    levels: list[Level] = []
    while waiting:
        ready = [node for node in waiting if all(edge.source in placed for edge in node.edges)]
        chosen = tuple(node for node in ready if _kind(node) == _kind(ready[0]))
        waiting = [node for node in waiting if node not in chosen]
        carried = tuple(name for name in _in_order(nodes, placed) if _needed(name, waiting))
        if levels:
            _require_no_bias(chosen, len(levels) + 1)
        placed |= {node.name for node in chosen}
        levels.append(Level(chosen, carried))
    return tuple(levels)


def _kind(node: Node) -> tuple[int, int | None]:
    neuron = node.neuron
    if not isinstance(neuron, CubaNeuron):
        raise UnsupportedError(
            f"node {node.name}: {type(neuron).__name__} in a graph; only CUBA neurons can be relayed, use a chain"
        )
    return neuron.vth_mant, neuron.bias_exp if neuron.bias_mant is not None else None


def _require_no_bias(nodes: Sequence[Node], depth: int) -> None:
    for node in nodes:
        bias = getattr(node.neuron, "bias_mant", None)
        if bias is not None and np.any(bias):
            raise UnsupportedError(
                f"node {node.name}: its bias starts in step 1, the first frame reaches layer {depth} in step {depth}; "
                "train without bias behind the first layer"
            )


def _in_order(nodes: Sequence[Node], placed: set[str]) -> list[str]:
    return [name for name in (INPUT, *(node.name for node in nodes)) if name in placed]


def _needed(name: str, waiting: Sequence[Node]) -> bool:
    return any(edge.source == name for node in waiting for edge in node.edges)
