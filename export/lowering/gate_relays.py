"""Hidden masks made of stock neurons: relays behind a sender, held down by a clock in the masked steps.

A gate layer stands between a sender and a dense layer. Its relays fire exactly when their sender fired, unless a clock
neuron inhibits them in that step; they remember nothing, so inhibition leaves no trace. The clock is a chain in the
same layer: a biased neuron fires in step 1, its spike runs from neuron to neuron, one a step, and the last neuron goes
on firing by itself; each of them holds the biased neuron down. All neurons of the layer have the same parameters.

It is exact, and it has its price: a step of delay, a neuron for every sender, a message and an operation for each of
its spikes, and a bias, which no stream allows. ``docs/pipeline.md`` says what that comes to.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.network import CubaNeuron, DenseSynapse, FrameMasks, Layer, NetworkDescription
from evsnn_lava.simulation.streaming import wakes_alone

PASS: Final = 254
"""Weight of a spike; one inhibition outweighs it, or the bias."""

GATE: Final = CubaNeuron(vth_mant=100, du=4095, dv=4096)
START: Final = 101
"""Bias mantissa of the first clock neuron, just above the threshold."""


def gate_with_relays(network: NetworkDescription) -> NetworkDescription:
    """Replace hidden masks by layers of relays.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Returns
    -------
    NetworkDescription
        With one mask for all layers and a gate layer before each layer that drops frames which the input sends; the
        same decisions, exit steps and scores, a step later for each gate; without golden vectors.

    Raises
    ------
    UnsupportedError
        If the masks mute, a layer with a hidden mask is not dense or hears numbers, or something behind a gate acts
        without input.

    Examples
    --------
    >>> from evsnn_lava.network import *
    >>> pass_on = DenseSynapse([[80, 0], [0, 80]])
    >>> layers = tuple(Layer(name, pass_on, CubaNeuron(20, 4095, 4096), (2,)) for name in ("a", "b"))
    >>> masks = FrameMasks("skip", ([1, 1, 1], [1, 0, 1]))
    >>> network = NetworkDescription(
    ...     "tiny", layers, InputRecipe(1, 1, steps=3, dt_us=1000), masks, CutoffPolicy.never(3), ("off", "on")
    ... )
    >>> [layer.name for layer in gate_with_relays(network).layers]
    ['a', 'gate_b', 'b']
    """
    keep = network.masks.keep
    if network.masks.semantics != "skip":
        raise UnsupportedError(
            f"network {network.name}: its masks mute, and no gate may close while the clock of relays runs; "
            "take a shorter stream (evsnn pipeline)"
        )
    gated = [index for index in range(1, network.depth) if not network.masks.gate(index).all()]
    for index in gated:
        _check(network, index)
    layers: list[Layer] = []
    for index, layer in enumerate(network.layers):
        if index in gated:
            masked = np.flatnonzero(~network.masks.gate(index))
            steps = [len(layers) + int(frame) for frame in masked]  # a clock spike takes a step to its relays
            layers.append(gate_layer(f"gate_{layer.name}", layers[-1].neurons, steps))
            layer = replace(layer, synapse=_without_clock(layer.synapse, layers[-1].neurons))
        layers.append(layer)
    masks = FrameMasks(network.masks.semantics, (keep[0],) * len(layers))
    return replace(network, layers=tuple(layers), masks=masks, golden=None)


def gate_layer(name: str, senders: int, clock_steps: list[int]) -> Layer:
    """Relays and the clock that holds them down.

    Parameters
    ----------
    name : str
        Of the layer.
    senders : int
        Neurons whose spikes are relayed.
    clock_steps : list of int
        Steps of a sample, from 1, whose clock spike inhibits the relays in the next one.

    Returns
    -------
    Layer
        The relays first, then the clock.
    """
    ticks = max(clock_steps) + 1
    size = senders + ticks
    own = np.zeros((size, size), dtype=np.int32)
    clock = senders + np.arange(ticks)
    own[clock[1:], clock[:-1]] = PASS
    own[-1, -1] = PASS
    own[senders, senders:] = -PASS
    for step in clock_steps:
        own[:senders, senders + step - 1] = -PASS
    bias = np.zeros(size, dtype=np.int32)
    bias[senders] = START
    spikes = np.eye(size, senders, dtype=np.int32) * PASS
    return Layer(name, DenseSynapse(spikes), replace(GATE, bias_mant=bias), (size,), DenseSynapse(own))


def _check(network: NetworkDescription, index: int) -> None:
    layer, sender = network.layers[index], network.layers[index - 1]
    if not isinstance(layer.synapse, DenseSynapse) or sender.neuron.graded:
        raise UnsupportedError(
            f"layer {layer.name}: its mask can be gated by relays only where dense synapses hear spikes; "
            "take an input mask (evsnn pipeline)"
        )
    for later in network.layers[index:]:
        if wakes_alone(later):
            raise UnsupportedError(
                f"layer {later.name}: its neurons act without input, a gate before them would shift their start; "
                "take an input mask (evsnn pipeline)"
            )


def _without_clock(synapse: object, size: int) -> DenseSynapse:
    """The synapse with no weight for the clock neurons, the last ones of a gate layer."""
    if not isinstance(synapse, DenseSynapse):
        raise UnsupportedError("a gate only stands before a DenseSynapse; take an input mask (evsnn pipeline)")
    more = ((0, 0), (0, size - synapse.weights.shape[1]))
    delays = None if synapse.delays is None else np.pad(synapse.delays, more)
    return replace(synapse, weights=np.pad(synapse.weights, more), delays=delays)
