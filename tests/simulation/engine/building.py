"""Networks and layers larger than the random ones, and a synapse's kernel on its own."""

from __future__ import annotations

import numpy as np

from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DeltaNeuron,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
)
from evsnn_lava.simulation.engine.lists import MessageLists, whole_blocks
from evsnn_lava.simulation.engine.plan import Source
from evsnn_lava.simulation.engine.rows import LANES

RELAY = CubaNeuron(vth_mant=0, du=4095, dv=4096)
"""Fires when its input is above zero, and remembers nothing."""

NEURONS = {
    "cuba": lambda rng, channels: CubaNeuron(60, 1023, 128, rng.integers(-200, 300, channels)),
    "cuba with decays of channels": lambda rng, channels: CubaNeuron(
        20, rng.integers(-1, 4096, channels), rng.integers(0, 4097, channels)
    ),
    "cuba with one decay of channels": lambda rng, channels: CubaNeuron(20, 300, rng.integers(0, 4097, channels)),
    "delta": lambda rng, channels: DeltaNeuron(6, 3, 2),
    "sigma": lambda rng, channels: SigmaNeuron(),
    "sigma delta": lambda rng, channels: SigmaDeltaNeuron(6, rng.integers(-200, 300, channels), "relu", 3, 2),
    "sigma delta without relu": lambda rng, channels: SigmaDeltaNeuron(0, None, "unit", 0, 1),
    "rf": lambda rng, channels: RfNeuron(10, 2400, -2800, 6, 12),
    "rf iz": lambda rng, channels: RfIzNeuron(0, 2400, 2800, 2, 12),
}
"""A neuron of every kind, given a generator and the channels of the layer."""


def network(recipe, *blocks, policy=None, masks=None):
    """A network of (synapse, neuron) or (synapse, neuron, recurrent)."""
    layers, shape = [], recipe.input_shape
    for index, (synapse, neuron, *recurrent) in enumerate(blocks):
        shape = synapse.output_shape(shape)
        layers.append(Layer(f"layer{index}", synapse, neuron, shape, *recurrent))
    masks = masks or FrameMasks.all_kept(recipe.steps, len(layers))
    names = tuple(map(str, range(layers[-1].neurons)))
    return NetworkDescription(
        "built", tuple(layers), recipe, masks, policy or CutoffPolicy.never(masks.stream_steps), names
    )


def binary(height, width, steps, polarities=2):
    """Recipe of an input of spikes."""
    return InputRecipe(height, width, steps, 1000, polarities=polarities)


def spikes(rng, network, samples, rate=0.3):
    """Random frames of spikes."""
    return rng.random((samples, *network.input_shape, network.masks.steps)) < rate


def numbers(rng, network, samples, most=None):
    """Random frames of numbers, up to the ends of their range."""
    low, high = network.recipe.value_range
    low, high = (low, high) if most is None else (max(low, -most), min(high, most))
    return rng.integers(low, high, (samples, *network.input_shape, network.masks.steps), endpoint=True)


def deliver_once(delivery, synapse, messages):
    """What the kernel of a synapse makes of the messages of one step, as the description numbers its neurons.

    Parameters
    ----------
    delivery : Delivery
        The kernel.
    synapse : Synapse
        The description of the same.
    messages : numpy.ndarray of bool or int, shape (N, C, H, W)
        Messages of N samples.
    """
    shape, samples = messages.shape[1:], len(messages)
    graded = messages.dtype != np.bool_
    source, target = Source.of(shape, graded), Source.of(synapse.output_shape(shape), False)
    lists = MessageLists.empty(samples, 2, len(source.order), graded)
    for slot, sample in enumerate(messages.reshape(samples, -1)[:, source.order]):
        sent, begin = np.flatnonzero(sample), lists.start[slot, 0]
        lists.index[begin : begin + len(sent)], lists.count[slot, 0] = sent, len(sent)
        if graded:
            lists.value[begin : begin + len(sent)] = sample[sent]
    places = whole_blocks(len(target.order))
    room = np.zeros(samples * places + LANES, dtype=np.int32)
    activation, touched = room[:-LANES].reshape(samples, 1, places), np.zeros((samples, 1, places // 64), np.uint8)
    clock = np.ones(samples, dtype=np.int64), np.ones(samples, dtype=np.int64)
    delivery.deliver(lists, clock, (0, samples, 0, 1), (activation, touched), delivery.memory(samples))
    assert not room[samples * places :].any(), "written beyond the end"
    blocks = activation.reshape(samples, -1, 64)
    assert (touched[:, 0] != 0)[blocks.any(axis=2)].all(), "something arrived in a block that is not marked"
    assert not activation[:, 0, len(target.order) :].any(), "something arrived at places without neurons"
    arrived = np.zeros((samples, len(target.order)), dtype=np.int64)
    arrived[:, target.order] = activation[:, 0, : len(target.order)]
    return arrived.reshape(samples, *target.shape)
