"""The Lava process graph of a network: feeder, synapses and a neuron process per layer, readout, recorders.

The messages go round: ``feeder -> (synapse -> neurons) for every layer -> readout -> feeder``. A recurrent layer also
sends to itself. The feeder tells everything that remembers when a sample begins, and a recorder listens to the feeder
and to the neurons of every layer.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._lava import AbstractProcess
from evsnn_lava.network import (
    CubaNeuron,
    DeltaNeuron,
    NetworkDescription,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
)
from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.runtime.layout import lava_axes, lava_shape, process_names, source_graded, source_shapes
from evsnn_lava.runtime.processes.cuba import CubaReset
from evsnn_lava.runtime.processes.feeder import Feeder
from evsnn_lava.runtime.processes.neurons import Neurons
from evsnn_lava.runtime.processes.readout import Readout
from evsnn_lava.runtime.processes.recorder import Recorder
from evsnn_lava.runtime.processes.resonators import RfIzReset, RfReset
from evsnn_lava.runtime.processes.sigma_delta import DeltaReset, SigmaDeltaReset, SigmaReset
from evsnn_lava.runtime.synapses import recurrent_process, synapse_processes
from evsnn_lava.simulation.counting import message_costs, recurrent_costs
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


def build(network: NetworkDescription, exchange: Exchange) -> AbstractProcess:
    """Connect the processes of a network; nothing is compiled yet.

    Parameters
    ----------
    network : NetworkDescription
        What to run.
    exchange : Exchange
        Files of the session.

    Returns
    -------
    AbstractProcess
        The feeder, by which the whole graph can be compiled, run and stopped.
    """
    rows = itertools.count()
    names = process_names(network)

    def place(make: Callable[..., Any], *args: Any) -> Any:
        row = next(rows)
        return make(*args, exchange=exchange, row=row, name=names[row])

    graded = source_graded(network)
    feeder = place(Feeder, lava_shape(network.input_shape), network.masks.stream_steps, graded[0])
    neurons = [place(_neurons, network, index) for index in range(network.depth)]
    readout = place(Readout, network.layers[-1].neurons, network.depth)
    sources = [feeder, *neurons]
    for index, costs in enumerate(_costs(network)):
        recorder = place(Recorder, costs, index, graded[index])
        sources[index].s_out.connect(recorder.s_in)
    synapses = _connect_layers(network, sources)
    _fit(neurons[-1].s_out, readout.s_in.shape).connect(readout.s_in)
    forgetful = [process for process in (*neurons, readout, *synapses) if hasattr(process, "begin_in")]
    feeder.begin_out.connect([process.begin_in for process in forgetful])
    readout.stop_out.connect(feeder.stop_in)
    return feeder


def _connect_layers(network: NetworkDescription, sources: list[Any]) -> list[Any]:
    """Connect every source to the next one, and recurrent layers to themselves; give the synapses."""
    made = []
    known = zip(network.layers, source_shapes(network), source_graded(network), strict=False)
    for index, (layer, shape, graded) in enumerate(known):
        source, target = sources[index : index + 2]
        for port, synapse in synapse_processes(layer, shape, graded):
            made.append(_connect(source, synapse, getattr(target, port)))
        if layer.recurrent is not None:
            made.append(_connect(target, recurrent_process(layer), target.a_in))
    return made


def _connect(source: Any, synapse: Any, target: Any) -> Any:
    _fit(source.s_out, synapse.s_in.shape).connect(synapse.s_in)
    _fit(synapse.a_out, target.shape).connect(target)
    return synapse


def _fit(port: Any, shape: tuple[int, ...]) -> Any:
    """Flatten ``(W, H, C)`` in the order ``(C, H, W)`` where the receiver is a vector, and the other way round."""
    if len(port.shape) == 3 and len(shape) == 1:
        return port.transpose([2, 1, 0]).flatten()
    if len(port.shape) == 1 and len(shape) == 3:
        return port.reshape(shape[::-1]).transpose([2, 1, 0])
    return port


def _neurons(network: NetworkDescription, index: int, **options: Any) -> Neurons:
    layer = network.layers[index]
    gate = np.array([gate_open(network, index, step) for step in range(network.max_steps)])
    return NEURONS[type(layer.neuron)](lava_shape(layer.shape), layer.neuron, gate=gate, layer=index, **options)


def _costs(network: NetworkDescription) -> list[npt.NDArray[np.int64]]:
    """Operations per message of the input and of every layer: in the next layer, and in the layer itself."""
    own = [None, *recurrent_costs(network)]
    pairs = zip(message_costs(network), own, strict=True)
    return [np.stack([lava_axes(next_), lava_axes(np.zeros_like(next_) if o is None else o)]) for next_, o in pairs]
