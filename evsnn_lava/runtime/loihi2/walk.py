"""The walk over the graph: every process, where it runs, how we know, and every parameter against its register."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from evsnn_lava import _lava
from evsnn_lava.errors import CapacityError
from evsnn_lava.runtime.loihi2.facts import ParameterFacts, ProcessFacts
from evsnn_lava.runtime.loihi2.graph import Graph
from evsnn_lava.runtime.loihi2.hardware import (
    MODELS,
    REGISTERS,
    UNKNOWN,
    Limit,
    Register,
    chip_range,
)

CONTAINERS: Final = "lava.lib.dl.netx"
"""Processes of these modules hold others and compute nothing."""


def walk(graph: Graph, limit: Limit = chip_range) -> tuple[ProcessFacts, ...]:
    """Go over every process that the graph connects, from the source on.

    Parameters
    ----------
    graph : Graph
        The graph.
    limit : callable
        Gives the range of a quantity's register.

    Returns
    -------
    tuple of ProcessFacts
        In the order in which messages pass; a process that nobody expected comes last.
    """
    named = _named(graph)
    found = [process for process in _lava.find_processes(graph.source) if not _container(process)]
    order = {id(process): index for index, (process, _, _) in enumerate(named)}
    found.sort(key=lambda process: order.get(id(process), len(order)))
    names = {id(process): (layer, name) for process, layer, name in named}
    facts = [_facts(process, names.get(id(process), ("", process.name)), limit) for process in found]
    return _with_missing_adapters(graph, facts)


def require_registers(graph: Graph) -> None:
    """Refuse a graph with a parameter that its register cannot hold.

    Parameters
    ----------
    graph : Graph
        The graph.

    Raises
    ------
    CapacityError
        For the first one.
    """
    for facts in walk(graph):
        for each in facts.parameters:
            if each.limit is not None and not each.fits:
                raise CapacityError(
                    f"layer {facts.layer} on Loihi 2: {each.name} spans {each.low}..{each.high}, the limit is "
                    f"{each.limit[0]}..{each.limit[1]}; see `evsnn graph FILE`"
                )


def _named(graph: Graph) -> list[tuple[Any, str, str]]:
    """Expected processes with layer and name, in the order of the messages."""
    ends = {side: [(process, "", f"adapter {side}")] for side, process in graph.adapters.items()}
    inner = [
        (process, layer, name)
        for layer, block in zip(graph.layers, graph.blocks, strict=True)
        for name, process in vars(block).items()
        if isinstance(process, _lava.AbstractProcess)
    ]
    inner.sort(key=lambda each: (graph.layers.index(each[1]), each[2] == "neuron"))
    return [
        (graph.source, graph.hosted, "source"),
        *ends.get("in", []),
        *inner,
        *ends.get("out", []),
        (graph.sink, "", "sink"),
    ]


def _container(process: Any) -> bool:
    return type(process).__module__.startswith(CONTAINERS)


def _facts(process: Any, place: tuple[str, str], limit: Limit) -> ProcessFacts:
    kind = type(process).__name__
    ports = [*process.out_ports.members, *process.in_ports.members]
    shape = tuple(int(size) for size in ports[0].shape)
    parameters = tuple(_parameter(process, register, limit) for register in REGISTERS.get(kind, ()))
    layer, name = place
    return ProcessFacts(name, layer, kind, shape, MODELS.get(kind, UNKNOWN), parameters)


def _parameter(process: Any, register: Register, limit: Limit) -> ParameterFacts:
    values = np.asarray(_value(process, register.variable))
    scale = 1 << register.shift
    return ParameterFacts(
        register.quantity, int(values.min() // scale), int(values.max() // scale), limit(register.quantity)
    )


def _value(process: Any, name: str) -> Any:
    """A variable of a process, or a parameter that it hands to its models."""
    value = getattr(process, name).init if hasattr(process, name) else process.proc_params.get(name)
    return value.toarray() if hasattr(value, "toarray") else value


def _with_missing_adapters(graph: Graph, facts: list[ProcessFacts]) -> tuple[ProcessFacts, ...]:
    missing = {
        side: ProcessFacts(f"adapter {side}", "", kind, shape, MODELS[kind], present=False)
        for side, (kind, shape) in graph.wanted.items()
        if side not in graph.adapters
    }
    entry = [missing[side] for side in ("in",) if side in missing]
    leaving = [missing[side] for side in ("out",) if side in missing]
    return (facts[0], *entry, *facts[1:-1], *leaving, facts[-1])
