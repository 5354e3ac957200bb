"""The connections of a network, counted: how many there are, and how many of their weights are zero."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    DenseSynapse,
    DirectSynapse,
    Layer,
    NetworkDescription,
)

Shape = tuple[int, ...]


def connection_sparsity(network: NetworkDescription) -> float:
    """Share of weights that are zero, to 4 decimals; 0 for a network without weights.

    Divided in single precision, as the package does.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Returns
    -------
    float
        0..1.
    """
    matrices = [weights for layer in network.layers for each in layer.synapses for weights in each.matrices]
    total = sum(weights.size for weights in matrices)
    zeros = total - sum(int(np.count_nonzero(weights)) for weights in matrices)
    return round(float(np.float32(zeros) / np.float32(total)), 4) if total else 0.0


def dense_operations(network: NetworkDescription) -> list[int]:
    """Pairs of an input and an output that are connected, zero weights included, padding not: one number per layer.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Returns
    -------
    list of int
        Operations of one step on a machine that skips nothing.
    """
    shapes: list[Shape] = [network.input_shape, *(layer.shape for layer in network.layers)]
    return [_layer_pairs(layer, shape) for layer, shape in zip(network.layers, shapes, strict=False)]


def _layer_pairs(layer: Layer, source: Shape) -> int:
    ends = zip(layer.synapses, (source, layer.shape), strict=False)  # the recurrent one listens to the layer itself
    return sum(_PAIRS[type(synapse)](synapse, shape) for synapse, shape in ends)


def _matrix_pairs(synapse: DenseSynapse | ComplexSynapse | DirectSynapse, _: Shape) -> int:
    return sum(weights.size for weights in synapse.matrices)


def _conv_pairs(synapse: ConvSynapse, source: Shape) -> int:
    """Per pair of channels, as many as outputs and taps of the kernel that meet an input, not the padding."""
    pairs: int = math.prod(synapse.weights.shape[:2])
    for axis, count in enumerate(synapse.output_shape(source)[1:]):
        taps = np.arange(synapse.weights.shape[2 + axis]) * synapse.dilation[axis]
        place = np.arange(count)[:, None] * synapse.stride[axis] - synapse.padding[axis] + taps
        pairs *= int(np.count_nonzero((place >= 0) & (place < source[1 + axis])))
    return pairs


_PAIRS: Final[dict[type, Callable[..., int]]] = {
    DenseSynapse: _matrix_pairs,
    ComplexSynapse: _matrix_pairs,
    DirectSynapse: _matrix_pairs,
    ConvSynapse: _conv_pairs,
}
