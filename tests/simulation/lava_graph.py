"""Whole Lava graphs of the processes that `lava_models.py` drives directly: to show that driving them changes nothing.

    python -m simulation.lava_graph NAME ...        # in tests/: run the graphs of these networks, print what differed

In a graph all neurons update in the first step, in which ours are silent; the networks here have no bias, so that a
step without input changes nothing.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np

from evsnn_lava._lava import Loihi2SimCfg, RunSteps, SinkRingBuffer, SourceRingBuffer
from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    DenseSynapse,
    Layer,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
)
from evsnn_lava.simulation import simulate

from . import drawing, lava_models

STEPS = 12
RNG = np.random.default_rng(7)


def weights(*shape):
    return RNG.integers(-90, 200, shape)


def complex_dense(outputs, inputs):
    return ComplexSynapse(*(DenseSynapse(RNG.integers(-90, 90, (outputs, inputs)), exp) for exp in (0, 1)))


def recurrent(network, index, synapse):
    layers = list(network.layers)
    layer = layers[index]
    layers[index] = Layer(layer.name, layer.synapse, layer.neuron, layer.shape, synapse)
    return replace(network, layers=tuple(layers))


CUBA = CubaNeuron(90, 1023, 300)
NETWORKS = {
    "spikes": recurrent(
        drawing.chain(
            (2, 5, 4),
            STEPS,
            0,
            (ConvSynapse(weights(3, 2, 3, 2), (2, 1), (1, 0)), CubaNeuron(60, [1023, 4095, -1], [128, 0, 4096])),
            (DenseSynapse(weights(6, 27), -2, RNG.integers(0, 4, (6, 27))), CUBA),
            (DenseSynapse(weights(3, 6)), CUBA),
        ),
        1,
        DenseSynapse(weights(6, 6), -1, RNG.integers(0, 3, (6, 6))),
    ),
    "numbers": drawing.chain(
        (3, 1, 1),
        STEPS,
        24,
        (DenseSynapse(weights(4, 3), 7), SigmaDeltaNeuron(1, None, "unit", 1, 2)),
        (DenseSynapse(weights(5, 4), -3, RNG.integers(0, 3, (5, 4))), SigmaDeltaNeuron(0, spike_exp=6, state_exp=3)),
        (DenseSynapse(weights(2, 5)), SigmaNeuron()),
    ),
    "currents": drawing.chain(
        (3, 2, 2),
        STEPS,
        20,
        (ConvSynapse(RNG.integers(-3, 4, (2, 3, 2, 1))), CubaNeuron(131071, -1, 0)),
        (DenseSynapse(weights(3, 4), 7), CubaNeuron(1, 0, 1)),
    ),
    "resonators": drawing.chain(
        (4, 1, 1),
        STEPS,
        0,
        (complex_dense(6, 4), RfNeuron(1, 2000, -3000)),
        (complex_dense(3, 6), RfIzNeuron(1, -3000, 2500)),
    ),
}


def frames_of(network):
    low, high = network.recipe.value_range
    shape = (1, *network.input_shape, network.recipe.steps)
    return RNG.integers(low, high, shape, endpoint=True) * (RNG.random(shape) < 0.7)


def connect(port, target):
    """Flatten in the order `(C, H, W)` where a vector is expected."""
    flatten = len(port.shape) == 3 and len(target.shape) == 1
    (port.transpose([2, 1, 0]).flatten() if flatten else port).connect(target)


def synapses_into(layer, shape, graded, neurons):
    """Processes of the synapse, each with the port that it drives."""
    synapse = layer.synapse
    if isinstance(synapse, ConvSynapse):
        return [(lava_models.conv_process(synapse, shape, graded), neurons.a_in)]
    if isinstance(synapse, ComplexSynapse):
        parts = (synapse.real, neurons.a_real_in), (synapse.imag, neurons.a_imag_in)
        return [(lava_models.dense_process(part, graded), port) for part, port in parts]
    return [(lava_models.dense_process(synapse, graded), neurons.a_in)]


def run(network, frames):
    """What every layer sends in every step, `(*layer shape, K)`, out of a graph of Lava's own processes."""
    stream = np.concatenate([frames[0], np.zeros((*network.input_shape, network.depth), dtype=int)], axis=-1)
    data = np.stack([lava_models.turned(stream[..., step]) for step in range(network.max_steps)], axis=-1)
    source = SourceRingBuffer(data=data)
    port, shape, graded, sinks = source.s_out, network.input_shape, network.recipe.message_bits > 0, []
    for layer in network.layers:
        neurons = lava_models.NEURONS[type(layer.neuron)](layer.neuron, layer.shape)
        for synapse, target in synapses_into(layer, shape, graded, neurons):
            connect(port, synapse.s_in)
            synapse.a_out.connect(target)
        if layer.recurrent is not None:
            own = lava_models.dense_process(layer.recurrent, layer.neuron.graded)
            neurons.s_out.connect(own.s_in)
            own.a_out.connect(neurons.a_in)
        sinks.append(SinkRingBuffer(shape=neurons.s_out.shape, buffer=network.max_steps))
        neurons.s_out.connect(sinks[-1].a_in)
        port, shape, graded = neurons.s_out, layer.shape, layer.neuron.graded
    source.run(condition=RunSteps(num_steps=network.max_steps), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    sent = [sink.data.get().astype(np.int64) for sink in sinks]
    source.stop()
    steps = range(network.max_steps)
    return [np.stack([lava_models.turned(one[..., step]) for step in steps], axis=-1) for one in sent]


def compared(network):
    """Messages of the graph, and how many of them differ from the models and from the reference."""
    frames = frames_of(network)
    graph, trace = run(network, frames), simulate(network, frames)
    models = [messages for messages, _ in lava_models.run(network, frames)]
    return {
        "sent": [int(np.count_nonzero(layer)) for layer in graph],
        "models": sum(int((ours != theirs).sum()) for ours, theirs in zip(models, graph, strict=True)),
        "reference": sum(int((ours[0] != theirs).sum()) for ours, theirs in zip(trace.messages, graph, strict=True)),
    }


if __name__ == "__main__":
    print(json.dumps({name: compared(NETWORKS[name]) for name in sys.argv[1:]}))
