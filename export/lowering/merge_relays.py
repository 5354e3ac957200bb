"""Taking layers out that only pass spikes on: the same output, one step earlier for each of them.

A relay fires exactly when its one input fired, and remembers nothing. Where a whole layer is made of relays, the layer
behind it can listen to the layer before it. (Relays beside other channels, as the lowering of a skipping connection
makes them, keep the time of that connection: they stay.)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    DenseSynapse,
    DirectSynapse,
    FrameMasks,
    Layer,
    NetworkDescription,
    Synapse,
)
from evsnn_lava.network.ranges import RANGES
from evsnn_lava.simulation.streaming import wakes_alone

IntArray = npt.NDArray[np.int64]
Shape = tuple[int, ...]

NO_INPUT: Final = -1
"""Entry of a neuron that hears nothing: the padding of a convolution."""

FORGETS: Final = (4095, 4096)
"""Decay of current and voltage of a neuron that remembers nothing."""


def merge_relays(network: NetworkDescription) -> tuple[NetworkDescription, tuple[str, ...]]:
    """Take out every layer of relays that can be taken out.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Returns
    -------
    network : NetworkDescription
        Without these layers and without golden vectors; decisions, exit steps and scores are the same, the output
        appears one step earlier for each layer that is gone. The given network if there is none.
    tuple of str
        The names of the layers that are gone.

    Examples
    --------
    >>> from evsnn_lava.network import *
    >>> relay = Layer("relay", DirectSynapse(), CubaNeuron(1, 4095, 4096), (2, 1, 1))
    >>> last = Layer("out", DenseSynapse([[80, 0], [0, 80]]), CubaNeuron(20, 4095, 4096), (2,))
    >>> recipe, masks = InputRecipe(1, 1, steps=4, dt_us=1000), FrameMasks.all_kept(4, 2)
    >>> network = NetworkDescription("tiny", (relay, last), recipe, masks, CutoffPolicy.never(4), ("off", "on"))
    >>> merged, gone = merge_relays(network)
    >>> merged.depth, gone
    (1, ('relay',))
    """
    gone: list[str] = []
    index = 0
    while index < network.depth - 1:
        shorter = _without(network, index)
        if shorter is None:
            index += 1
        else:
            gone.append(network.layers[index].name)
            network = shorter
    return network, tuple(gone)


def relayed_inputs(layer: Layer, input_shape: Shape) -> IntArray | None:
    """Which input each neuron passes on, if that is all that the layer does.

    Parameters
    ----------
    layer : Layer
        The layer.
    input_shape : tuple of int
        Shape of the spikes that come in.

    Returns
    -------
    numpy.ndarray of int64, shape (neurons,), or None
        Flat index of the input, ``NO_INPUT`` for the padding of a convolution; None if the layer does anything else.
    """
    neuron = layer.neuron
    if not isinstance(neuron, CubaNeuron) or layer.recurrent is not None or wakes_alone(layer):
        return None
    if not all(np.all(found == wanted) for found, wanted in zip((neuron.du, neuron.dv), FORGETS, strict=True)):
        return None
    if neuron.bias_mant is not None and neuron.bias_mant.any():
        return None
    return _chosen_inputs(layer.synapse, input_shape, neuron.vth_mant)


def _without(network: NetworkDescription, index: int) -> NetworkDescription | None:
    """The network without one layer, if it is a relay and everything behind it stays the same."""
    layer, follower = network.layers[index], network.layers[index + 1]
    shape = network.layers[index - 1].shape if index else network.input_shape
    graded = network.layers[index - 1].neuron.graded if index else network.recipe.message_bits > 0
    if graded or any(wakes_alone(later) for later in network.layers[index + 1 :]):
        return None  # a bias behind the relay starts in step 1 and would be a step late for its frames
    chosen, masks = relayed_inputs(layer, shape), _masks_without(network.masks, index)
    synapse = None if chosen is None else compose(follower.synapse, chosen, shape, layer.shape)
    if synapse is None or masks is None or _decides(network, index):
        return None
    layers = (*network.layers[:index], replace(follower, synapse=synapse), *network.layers[index + 2 :])
    facts = tuple(fact for fact in network.quantisation if fact.layer != layer.name)
    return replace(network, layers=layers, masks=masks, quantisation=facts, golden=None)


def _decides(network: NetworkDescription, index: int) -> bool:
    """Whether the layer, or the one behind it, belongs to a cutoff that is made of neurons."""
    return index + 1 >= network.depth - network.cutoff.layers


def _masks_without(masks: FrameMasks, index: int) -> FrameMasks | None:
    """Masks are nested, so that of the layer behind gates all that both gated; the stream must stay as long."""
    if index == 0 and masks.semantics == "skip" and not np.array_equal(masks.keep[0], masks.keep[1]):
        return None
    return FrameMasks(masks.semantics, masks.keep[:index] + masks.keep[index + 1 :])


def _chosen_inputs(synapse: Synapse, input_shape: Shape, threshold: int) -> IntArray | None:
    """For each output the one input that makes a sum above the threshold."""
    if isinstance(synapse, DirectSynapse):
        passes = synapse.bias == 0 and synapse.weight > threshold
        return np.arange(int(np.prod(input_shape)), dtype=np.int64) if passes else None
    if not isinstance(synapse, DenseSynapse | ConvSynapse) or synapse.max_delay or synapse.weight_exp:
        return None
    rows = synapse.weights.reshape(len(synapse.weights), -1)
    if not ((np.count_nonzero(rows, axis=1) == 1) & (rows.max(axis=1) > threshold)).all():
        return None
    chosen = rows.argmax(axis=1).astype(np.int64)
    return chosen if isinstance(synapse, DenseSynapse) else _conv_inputs(synapse, chosen, input_shape)


def _conv_inputs(synapse: ConvSynapse, chosen: IntArray, input_shape: Shape) -> IntArray:
    """Flat index of the input of every output of a convolution with one weight for each channel."""
    channels, height, width = synapse.output_shape(input_shape)
    channel, y, x = np.unravel_index(chosen, synapse.weights.shape[1:])
    group = np.arange(channels) // (channels // synapse.groups)
    across = zip((y, x), (height, width), synapse.stride, synapse.dilation, synapse.padding, strict=True)
    row, column = (place[:, None] * step - pad + np.arange(size) * stride for place, size, stride, step, pad in across)
    channel = (channel + group * synapse.weights.shape[1])[:, None, None]
    inside = ((row >= 0) & (row < input_shape[1]))[:, :, None] & ((column >= 0) & (column < input_shape[2]))[:, None]
    flat = (channel * input_shape[1] + row[:, :, None]) * input_shape[2] + column[:, None]
    return np.where(inside, flat, NO_INPUT).reshape(-1).astype(np.int64)


def compose(synapse: Synapse, chosen: IntArray, shape: Shape, relay_shape: Shape) -> Synapse | None:
    """A synapse that does from the input of relays what another one does from their output.

    Parameters
    ----------
    synapse : Synapse
        The synapse behind the relays.
    chosen : numpy.ndarray of int64, shape (relays,)
        From :func:`relayed_inputs`.
    shape, relay_shape : tuple of int
        Shape of the input of the relays and of the relays.

    Returns
    -------
    Synapse or None
        None where no synapse can say it, or a sum of weights is out of range.
    """
    identity = np.array_equal(chosen, np.arange(int(np.prod(shape))))
    if identity and (shape == relay_shape or not isinstance(synapse, ConvSynapse)):
        return synapse
    if not isinstance(synapse, DenseSynapse) or synapse.max_delay:
        return None
    heard = chosen != NO_INPUT
    weights = np.zeros((len(synapse.weights), int(np.prod(shape))), dtype=np.int32)
    np.add.at(weights.T, chosen[heard], synapse.weights.T[heard])
    low, high = RANGES["weight"]
    return replace(synapse, weights=weights, delays=None) if low <= weights.min() <= weights.max() <= high else None
