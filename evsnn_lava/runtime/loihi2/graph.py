"""The graph that is sent to the chip: netx's own blocks between a source and a sink on the host.

The messages pass ``source -> adapter -> blocks -> adapter -> sink``. The adapters are part of Intel's package; without
it the graph is built without them, to be looked at. Every block is made by netx's own functions, so it is what stock
netx makes of the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from evsnn_lava import _lava
from evsnn_lava.errors import BackendUnavailableError
from evsnn_lava.network import NetworkDescription, passes_on
from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.runtime.layers import fit
from evsnn_lava.runtime.layout import lava_shape, source_graded
from evsnn_lava.runtime.loihi2.dialect import netx_block
from evsnn_lava.runtime.loihi2.layout import host_layers
from evsnn_lava.runtime.loihi2.processes.ends import Sink, Source

RESET_TIME: Final = 2
"""Lava's time step, counted from 1, in which all layers reset: our step 1, the first in which neurons update."""

GRADED_BITS: Final = 16
"""Message bits of sigma-delta neurons, which netx sets where a file says none."""


@dataclass
class Graph:
    """Processes of a network on the chip, and the host's at both ends.

    Parameters
    ----------
    source, sink : Source, Sink
        On the host.
    blocks : list of AbstractProcess
        netx's block of every layer that runs on the chip.
    layers : list of str
        Their names.
    adapters : dict of str to AbstractProcess
        ``in`` and ``out``; empty without Intel's package.
    wanted : dict of str to (str, tuple of int)
        Class and shape of both adapters, there or not.
    hosted : str
        Name of the layer whose neurons the host computes; empty if the chip computes all.
    """

    source: Any
    sink: Any
    blocks: list[Any] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)
    adapters: dict[str, Any] = field(default_factory=dict)
    wanted: dict[str, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    hosted: str = ""

    @property
    def neurons(self) -> list[Any]:
        """The neuron process of every block."""
        return [block.neuron for block in self.blocks]


def build_graph(
    network: NetworkDescription, exchange: Exchange, period: int = 0, delay: int = 0, stagger: bool = False
) -> Graph:
    """Connect the processes of a network; nothing is compiled yet.

    Parameters
    ----------
    network : NetworkDescription
        What to run.
    exchange : Exchange
        Files of the session.
    period : int
        Reset all spiking neurons every so many steps, by `LIFReset`; 0 for `LIF`, which never does.
    delay : int
        Steps that the adapter at the input takes, by which the reset is later.
    stagger : bool
        Let every layer reset a step after the one before it, as netx does by itself; else all in the same step.

    Returns
    -------
    Graph
        Source, blocks, adapters and sink, connected.
    """
    blocks = _blocks(network, period, delay, stagger)
    outputs = network.layers[-1].neurons
    graph = Graph(
        Source(_sizes(blocks[0].inp), exchange.frames, exchange.board, "source"),
        Sink(outputs, exchange.decisions, "sink"),
        blocks,
        [layer.name for layer in network.layers[host_layers(network) :]],
        hosted=network.layers[0].name if host_layers(network) else "",
    )
    _connect(graph, network)
    return graph


def _blocks(network: NetworkDescription, period: int, delay: int, stagger: bool) -> list[Any]:
    make, first = _lava.netx().hdf5.Network, host_layers(network)
    shape: tuple[int, ...] = lava_shape((network.input_shape, *(layer.shape for layer in network.layers))[first])
    bits = _message_bits(network)[first]
    blocks: list[Any] = []
    for index, layer in enumerate(network.layers[first:]):
        description = netx_block(layer)
        reset = {"reset_interval": period or None, "reset_offset": RESET_TIME + delay + index * stagger}
        options = {"layer_config": description, "input_message_bits": bits, **reset}
        if description["type"] == "conv":
            block, _ = make.create_conv(input_shape=shape, **options)
        else:
            block, _ = make.create_dense(rec=layer.recurrent is not None, **options)
        if passes_on(layer.neuron):
            _pass_on(block.neuron)
        blocks.append(block)
        shape, bits = lava_shape(layer.shape), block.output_message_bits
    return blocks


def _pass_on(neuron: Any) -> None:
    """Make netx's sigma-delta neurons those of a head of sums, which netx has no words for."""
    neuron.spike_exp.init = neuron.state_exp.init = 0
    neuron.proc_params.overwrite("act_mode", _lava.ActivationMode.UNIT)


def _message_bits(network: NetworkDescription) -> list[int]:
    graded = source_graded(network)
    return [network.recipe.message_bits, *(GRADED_BITS * bool(each) for each in graded[1:])]


def _connect(graph: Graph, network: NetworkDescription) -> None:
    first = host_layers(network)
    bits = _message_bits(network)[first]
    sent, answer = _sizes(graph.source.s_out), _sizes(graph.blocks[-1].out)
    graph.wanted["in"] = ("PyToN3ConvAdapter" if len(sent) == 3 else "PyToNxAdapter", sent)
    graph.wanted["out"] = ("NxToPyAdapter", answer)
    inner = {"num_message_bits": bits} if bits else {}
    if bits and len(sent) == 3:
        inner["spike_exp"] = 0  # the source sends what a neuron would send; tutorials let the adapter shift raw values
    port = _adapted(graph, "in", graph.source.s_out, inner)
    for block in graph.blocks:
        fit(port, block.inp.shape).connect(block.inp)
        port = block.out
    outer = {"num_message_bits": graph.blocks[-1].output_message_bits}
    port = _adapted(graph, "out", port, outer)
    fit(port, graph.sink.a_in.shape).connect(graph.sink.a_in)


def _sizes(port: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in port.shape)


def _adapted(graph: Graph, side: str, port: Any, options: dict[str, int]) -> Any:
    """The port behind an adapter; the port itself where the package that has it is missing."""
    name, shape = graph.wanted[side]
    try:
        adapter = getattr(_lava.embedded_io(), name)(shape=shape, **options)
    except BackendUnavailableError:
        return port
    port.connect(adapter.inp)
    graph.adapters[side] = adapter
    return adapter.out
