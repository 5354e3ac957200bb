"""The Lava process graph of a network: feeder, a synapse and a neuron process per layer, readout, recorders.

The spikes go round: ``feeder -> (synapse -> neurons) for every layer -> readout -> feeder``. The feeder also tells
neurons and readout when a sample begins, and a recorder listens to the feeder and to the neurons of every layer.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._lava import AbstractProcess, Conv, Dense, SignMode
from evsnn_lava.network import ConvSynapse, DenseSynapse, Layer, NetworkDescription
from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.runtime.layout import lava_axes, lava_shape, process_names, source_shapes
from evsnn_lava.runtime.processes.feeder import Feeder
from evsnn_lava.runtime.processes.neurons import CubaReset
from evsnn_lava.runtime.processes.readout import Readout
from evsnn_lava.runtime.processes.recorder import Recorder
from evsnn_lava.simulation.counting import fanout
from evsnn_lava.simulation.reference import gate_open

EXACT_WEIGHTS: Final = {"num_weight_bits": 9, "sign_mode": SignMode.MIXED}
"""Lava's Dense rounds odd weights in 8 bits and clips -256 when no weight is positive; so it changes none."""


def build(network: NetworkDescription, exchange: Exchange) -> AbstractProcess:
    """Connect the processes of a network; nothing is compiled yet.

    Parameters
    ----------
    network : NetworkDescription
        What to run; `evsnn_lava.runtime.layout.check_lava` must have accepted it.
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

    feeder = place(Feeder, lava_shape(network.input_shape), network.masks.stream_steps)
    neurons = [place(_neurons, network, index) for index in range(network.depth)]
    readout = place(Readout, network.layers[-1].neurons, network.depth)
    sources = [feeder, *neurons]
    for index, fan in enumerate(_fanouts(network)):
        recorder = place(Recorder, fan, index)
        sources[index].s_out.connect(recorder.s_in)
    for source, layer, shape, target in zip(sources, network.layers, source_shapes(network), neurons, strict=False):
        synapse = SYNAPSES[type(layer.synapse)](layer, shape)
        _fit(source.s_out, synapse.s_in.shape).connect(synapse.s_in)
        synapse.a_out.connect(target.a_in)
    _fit(neurons[-1].s_out, readout.s_in.shape).connect(readout.s_in)
    feeder.begin_out.connect([*(process.begin_in for process in neurons), readout.begin_in])
    readout.stop_out.connect(feeder.stop_in)
    return feeder


def _fit(port: Any, shape: tuple[int, ...]) -> Any:
    """Flatten ``(W, H, C)`` in the order ``(C, H, W)`` where the receiver is a vector."""
    return port.transpose([2, 1, 0]).flatten() if len(port.shape) == 3 and len(shape) == 1 else port


def _neurons(network: NetworkDescription, index: int, **options: Any) -> CubaReset:
    layer = network.layers[index]
    gate = np.array([gate_open(network, index, step) for step in range(network.max_steps)])
    return CubaReset(lava_shape(layer.shape), layer.neuron, gate, **options)


def _fanouts(network: NetworkDescription) -> list[npt.NDArray[np.int64]]:
    """Synaptic operations per spike of the input and of every layer; the output drives no synapse."""
    shapes = source_shapes(network)
    fans = [fanout(layer.synapse, shape) for layer, shape in zip(network.layers, shapes, strict=False)]
    return [lava_axes(fan) for fan in (*fans, np.zeros(network.layers[-1].shape, dtype=np.int64))]


def _dense(layer: Layer, _: tuple[int, ...]) -> Dense:
    synapse = layer.synapse
    options = {**EXACT_WEIGHTS, "weight_exp": synapse.weight_exp, "name": f"{layer.name} synapse"}
    return Dense(weights=np.array(synapse.weights), **options)


def _conv(layer: Layer, shape: tuple[int, ...]) -> Conv:
    """Lava convolves where the description correlates: the kernel is flipped, and all axes are reversed."""
    synapse: ConvSynapse = layer.synapse  # type: ignore[assignment]
    return Conv(
        weight=np.array(synapse.weights[:, :, ::-1, ::-1].transpose(0, 3, 2, 1)),
        input_shape=lava_shape(shape),
        stride=synapse.stride[::-1],
        padding=synapse.padding[::-1],
        dilation=synapse.dilation[::-1],
        groups=synapse.groups,
        name=f"{layer.name} synapse",
    )


SYNAPSES: Final[dict[type, Callable[[Layer, tuple[int, ...]], Any]]] = {DenseSynapse: _dense, ConvSynapse: _conv}
"""Which process of Lava stands for which synapse."""
