"""The structure of a NIR graph: its neurons in their order, linear nodes between them, loops around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from evsnn_lava.errors import FormatError, UnsupportedError

NEURONS: Final = frozenset({"IF", "LIF", "CubaLIF"})
LINEAR: Final = frozenset(
    {"Affine", "Linear", "Scale", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d", "Flatten", "Delay"}
)
TIMED: Final = frozenset({"LIF", "CubaLIF", "Delay"})
"""What counts in seconds."""

PASSING: Final = frozenset({"Input", "Output", "Identity"})
"""What does nothing inside a nested graph."""

REFUSED: Final = {
    "LI": "it never spikes, and what leaves a layer here are spikes; end the network with a LIF",
    "CubaLI": "it never spikes, and what leaves a layer here are spikes; end the network with a CubaLIF",
    "I": "it never spikes, and what leaves a layer here are spikes; end the network with an IF",
    "Threshold": "it has no state; use an IF, LIF or CubaLIF",
}
NODE_LIMIT: Final = 2_000
EDGE_LIMIT: Final = 10_000
LENGTH_LIMIT: Final = 64
"""Most linear nodes in a row."""

PATH_LIMIT: Final = 64
"""Most paths into one neuron."""


Edge = tuple[str, str]
_Open = tuple[str, tuple[tuple[str, Any], ...], frozenset[str]]


@dataclass(frozen=True, eq=False)
class Path:
    """Linear nodes between two neurons.

    Parameters
    ----------
    source : str
        Name of the neuron node, or of the input, where the path begins.
    nodes : tuple of (str, nir.NIRNode)
        From the source to the neuron, which is not among them.
    silent : frozenset of str
        Nodes whose bias another path counts already: where paths meet before a linear node, its bias acts once.
    """

    source: str
    nodes: tuple[tuple[str, Any], ...]
    silent: frozenset[str] = frozenset()

    @property
    def names(self) -> str:
        """Names of the nodes, for messages."""
        return " -> ".join((self.source, *(name for name, _ in self.nodes)))


@dataclass(frozen=True, eq=False)
class Stage:
    """A neuron node and what reaches it.

    Parameters
    ----------
    name : str
        Name of the node.
    node : nir.NIRNode
        IF, LIF or CubaLIF.
    feeds : tuple of Path
        From other stages or the input.
    loops : tuple of Path
        From itself.
    """

    name: str
    node: Any
    feeds: tuple[Path, ...]
    loops: tuple[Path, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """The neurons of a graph in an order in which they can be computed.

    Parameters
    ----------
    input_name : str
        Name of the input node.
    input_node : nir.Input
        The input.
    stages : tuple of Stage
        Every stage behind those that feed it; the last one is the output.
    """

    input_name: str
    input_node: Any
    stages: tuple[Stage, ...]

    @property
    def timed(self) -> bool:
        """Whether the length of a step changes what a node does: it has time constants or delays."""
        passed = (node for stage in self.stages for path in (*stage.feeds, *stage.loops) for _, node in path.nodes)
        return any(kind(node) in TIMED for node in (*passed, *(stage.node for stage in self.stages)))


def kind(node: Any) -> str:
    """Name of a node's type."""
    return type(node).__name__


def read_plan(graph: Any) -> Plan:
    """Order the neurons of a graph.

    Parameters
    ----------
    graph : nir.NIRGraph
        Nested graphs are opened.

    Returns
    -------
    Plan
        The neurons in their order.

    Raises
    ------
    FormatError
        If edges lead to nodes that do not exist.
    UnsupportedError
        If neurons form a loop, or a node has no integer form; the message names the nodes.
    """
    nodes, edges = _opened(graph)
    for name, node in nodes.items():
        if kind(node) in REFUSED:
            raise UnsupportedError(f"node {name}: {kind(node)} is not imported: {REFUSED[kind(node)]}")
        if kind(node) not in NEURONS | LINEAR | PASSING:
            raise UnsupportedError(f"node {name}: {kind(node)} is not imported; use {', '.join(sorted(NEURONS))}")
    before: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in sorted(edges):
        before[target].append(source)
    (input_name,) = _only(nodes, "Input")
    (output_name,) = _only(nodes, "Output")
    last = _output_source(output_name, _paths(output_name, nodes, before), input_name)
    stages = {last: _stage(last, nodes, before)}
    waiting = [last]
    while waiting:
        for path in stages[waiting.pop()].feeds:
            if path.source not in stages and path.source != input_name:
                stages[path.source] = _stage(path.source, nodes, before)
                waiting.append(path.source)
    _check_all_seen(nodes, stages)
    return Plan(input_name, nodes[input_name], _ordered(stages, input_name))


def _stage(name: str, nodes: dict[str, Any], before: dict[str, list[str]]) -> Stage:
    paths = _paths(name, nodes, before)
    if not paths:
        raise UnsupportedError(f"node {name}: nothing feeds it; connect it with the input")
    feeds = tuple(path for path in paths if path.source != name)
    return Stage(name, nodes[name], feeds, tuple(path for path in paths if path.source == name))


def _paths(target: str, nodes: dict[str, Any], before: dict[str, list[str]]) -> tuple[Path, ...]:
    """All paths through linear nodes that end at a neuron or at the output."""
    open_paths: list[_Open] = [(first, (), frozenset()) for first in reversed(before[target])]
    found: list[Path] = []
    while open_paths:
        name, passed, silent = open_paths.pop()
        if kind(nodes[name]) not in LINEAR:
            found.append(Path(name, passed, silent))
            continue
        if name in dict(passed):
            raise UnsupportedError(f"node {name} lies on a loop without a neuron; put one into the loop")
        if len(passed) == LENGTH_LIMIT:
            raise UnsupportedError(f"node {name} is one of more than {LENGTH_LIMIT} linear nodes in a row; join them")
        passed = ((name, nodes[name]), *passed)
        sources = before[name]
        if not sources or len(open_paths) + len(found) + len(sources) > PATH_LIMIT:
            raise UnsupportedError(f"node {name}: {len(sources)} nodes feed it, of 1..{PATH_LIMIT} paths in all")
        repeated = silent | frozenset(dict(passed))
        open_paths += [(source, passed, repeated) for source in reversed(sources[1:])]
        open_paths.append((sources[0], passed, silent))
    return tuple(found)


def _ordered(stages: dict[str, Stage], input_name: str) -> tuple[Stage, ...]:
    placed, ordered = {input_name}, list[Stage]()
    left = dict(sorted(stages.items()))
    while left:
        ready = [name for name, stage in left.items() if all(path.source in placed for path in stage.feeds)]
        if not ready:
            raise UnsupportedError(
                f"nodes {', '.join(left)} form a loop of several neurons; only loops around one import"
            )
        ordered += [left.pop(name) for name in ready]
        placed.update(ready)
    return tuple(ordered)


def _output_source(name: str, paths: tuple[Path, ...], input_name: str) -> str:
    linear = [node for path in paths for node, kept in path.nodes if kind(kept) != "Flatten"]
    if linear or len(paths) != 1 or paths[0].source == input_name:
        raise UnsupportedError(
            f"node {name}: {', '.join(linear) or f'{len(paths)} nodes'} stands right before the output, where a neuron "
            "has to; end the network with one IF, LIF or CubaLIF"
        )
    return paths[0].source


def _check_all_seen(nodes: dict[str, Any], stages: dict[str, Stage]) -> None:
    left = sorted(name for name, node in nodes.items() if kind(node) in NEURONS and name not in stages)
    if left:
        raise UnsupportedError(f"nodes {', '.join(left)} do not reach the output; remove them")


def _only(nodes: dict[str, Any], wanted: str) -> list[str]:
    found = [name for name, node in nodes.items() if kind(node) == wanted]
    if len(found) != 1:
        raise UnsupportedError(f"the graph has {len(found)} {wanted} nodes ({', '.join(found)}), one is needed")
    return found


def _opened(graph: Any) -> tuple[dict[str, Any], list[Edge]]:
    """Nodes and edges with nested graphs opened and their ends taken out."""
    nodes, edges = dict(_named(graph, "")), list(_edges(graph, ""))
    _check_size(nodes, edges)
    if len(set(edges)) != len(edges):
        raise FormatError("the graph has an edge twice; write it again without")
    for a, b in edges:
        if a not in nodes or b not in nodes:
            raise FormatError(f"an edge leads from {a} to {b}, and one of them does not exist; write the graph again")
    inner = [name for name, node in nodes.items() if "/" in name and kind(node) in PASSING]
    inner += [name for name, node in nodes.items() if "/" not in name and kind(node) == "Identity"]
    for name in inner:
        into, out = [a for a, b in edges if b == name], [b for a, b in edges if a == name]
        edges = [edge for edge in edges if name not in edge] + [(a, b) for a in into for b in out]
        del nodes[name]
        _check_size(nodes, edges)
    return nodes, edges


def _check_size(nodes: dict[str, Any], edges: list[Edge]) -> None:
    if len(nodes) > NODE_LIMIT or len(edges) > EDGE_LIMIT:
        raise UnsupportedError(
            f"the graph has {len(nodes)} nodes and {len(edges)} edges, the limit is {NODE_LIMIT} and {EDGE_LIMIT}; "
            "split the network"
        )


def _named(graph: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, node in graph.nodes.items():
        if kind(node) == "NIRGraph":
            yield from _named(node, f"{prefix}{name}/")
        else:
            yield prefix + name, node


def _edges(graph: Any, prefix: str) -> Iterator[Edge]:
    """Edges of a graph; one to a nested graph leads to its input, one from it comes from its output."""
    for name, node in graph.nodes.items():
        if kind(node) == "NIRGraph":
            yield from _edges(node, f"{prefix}{name}/")
    for a, b in graph.edges:
        yield _end(graph, prefix, str(a), "Output"), _end(graph, prefix, str(b), "Input")


def _end(graph: Any, prefix: str, name: str, wanted: str) -> str:
    node = graph.nodes.get(name)
    if kind(node) != "NIRGraph":
        return prefix + name
    ends = [inner for inner, kept in node.nodes.items() if kind(kept) == wanted]
    if len(ends) != 1:
        raise UnsupportedError(f"graph {prefix}{name} has {len(ends)} {wanted} nodes, one is needed")
    return _end(node, f"{prefix}{name}/", ends[0], wanted)
