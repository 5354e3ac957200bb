"""The network as Lava processes: synapses, a neuron process per layer, and a recorder per source of messages.

The messages pass ``synapse -> neurons`` for every layer. A recurrent layer also sends to itself. Everything that
remembers is told when a sample begins, and a recorder listens to the input and to the neurons of every layer.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import (
    CubaNeuron,
    DeltaNeuron,
    NetworkDescription,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
)
from evsnn_lava.network.fanout import message_costs, recurrent_costs
from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.runtime.layout import lava_axes, lava_shape, process_names, source_graded, source_shapes
from evsnn_lava.runtime.processes.cuba import CubaReset
from evsnn_lava.runtime.processes.neurons import Neurons
from evsnn_lava.runtime.processes.recorder import Recorder
from evsnn_lava.runtime.processes.resonators import RfIzReset, RfReset
from evsnn_lava.runtime.processes.sigma_delta import DeltaReset, SigmaDeltaReset, SigmaReset
from evsnn_lava.runtime.synapses import recurrent_process, synapse_processes
from evsnn_lava.simulation.reference import gate_open

NEURONS: Final[dict[type, type[Neurons]]] = {
    CubaNeuron: CubaReset,
    DeltaNeuron: DeltaReset,
    SigmaDeltaNeuron: SigmaDeltaReset,
    SigmaNeuron: SigmaReset,
    RfNeuron: RfReset,
    RfIzNeuron: RfIzReset,
}
"""Which process stands for which neuron."""


def build_layers(network: NetworkDescription, exchange: Exchange, s_in: Any, begin_in: Any, s_out: Any) -> list[Any]:
    """Connect the processes of all layers between the ports of the process that they stand for.

    Parameters
    ----------
    network : NetworkDescription
        What to run.
    exchange : Exchange
        Files of the session.
    s_in, begin_in : InPort
        Where frames arrive, and the number of a sample that begins.
    s_out : OutPort
        What takes the messages of the last layer.

    Returns
    -------
    list of AbstractProcess
        Neurons, synapses and recorders.
    """
    neurons = [_neurons(network, index, exchange) for index in range(network.depth)]
    ports = [s_in, *(process.s_out for process in neurons)]
    synapses = _connect_layers(network, ports, neurons)
    recorders = _recorders(network, exchange)
    for port, recorder in zip(ports, recorders, strict=True):
        port.connect(recorder.s_in)
    ports[-1].connect(s_out)
    begin_in.connect([process.begin_in for process in (*neurons, *synapses) if hasattr(process, "begin_in")])
    return [*neurons, *synapses, *recorders]


def _connect_layers(network: NetworkDescription, ports: list[Any], neurons: list[Neurons]) -> list[Any]:
    """Connect every source to the layer after it, and recurrent layers to themselves; give the synapses."""
    made = []
    known = zip(network.layers, source_shapes(network), source_graded(network), strict=False)
    for index, (layer, shape, graded) in enumerate(known):
        target: Any = neurons[index]
        for port, synapse in synapse_processes(layer, shape, graded):
            made.append(_connect(ports[index], synapse, getattr(target, port)))
        if layer.recurrent is not None:
            made.append(_connect(target.s_out, recurrent_process(layer), target.a_in))
    return made


def _connect(source: Any, synapse: Any, target: Any) -> Any:
    fit(source, synapse.s_in.shape).connect(synapse.s_in)
    fit(synapse.a_out, target.shape).connect(target)
    return synapse


def fit(port: Any, shape: tuple[int, ...]) -> Any:
    """Flatten ``(W, H, C)`` in the order ``(C, H, W)`` where the receiver is a vector, and the other way round.

    Parameters
    ----------
    port : AbstractPort
        What sends.
    shape : tuple of int
        Shape of the port that receives.

    Returns
    -------
    AbstractPort
        To connect to the receiver.
    """
    if len(port.shape) == 3 and len(shape) == 1:
        return port.transpose([2, 1, 0]).flatten()
    if len(port.shape) == 1 and len(shape) == 3:
        return port.reshape(shape[::-1]).transpose([2, 1, 0])
    return port


def _neurons(network: NetworkDescription, index: int, exchange: Exchange) -> Neurons:
    layer, row = network.layers[index], 1 + index
    gate = np.array([gate_open(network, index, step) for step in range(network.max_steps)])
    make, name = NEURONS[type(layer.neuron)], process_names(network)[row]
    return make(lava_shape(layer.shape), layer.neuron, gate=gate, layer=index, exchange=exchange, row=row, name=name)


def _recorders(network: NetworkDescription, exchange: Exchange) -> list[Recorder]:
    names, graded = process_names(network), source_graded(network)
    first = len(names) - len(graded)
    return [
        Recorder(costs, index, graded[index], exchange, row=first + index, name=names[first + index])
        for index, costs in enumerate(_costs(network))
    ]


def _costs(network: NetworkDescription) -> list[npt.NDArray[np.int64]]:
    """Operations per message of the input and of every layer: in the next layer, and in the layer itself."""
    own = [None, *recurrent_costs(network)]
    pairs = zip(message_costs(network), own, strict=True)
    return [np.stack([lava_axes(next_), lava_axes(np.zeros_like(next_) if o is None else o)]) for next_, o in pairs]
