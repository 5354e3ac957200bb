"""How many neuro-cores a layer takes: the simple rule that latency needs.

The rule follows the published utilisation tables of the Loihi 2 compiler (release of 2022): layers
never share a core, a convolution is cut into tiles of full height whose width is a power of two, a
dense layer is divided until its synaptic memory fits. ``docs/energy.md`` gives it in full.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.hw_profiles import Limits
from evsnn_lava.network import Layer, NetworkDescription

IntArray = npt.NDArray[np.int64]

WORD_BITS: Final = 64
ROW_HEADER_BITS: Final = 16
INDEX_BITS: Final = 12
WEIGHT_BITS: Final = (1, 2, 3, 4, 5, 6, 8)


def cores_per_layer(network: NetworkDescription, limits: Limits) -> IntArray:
    """Neuro-cores of every layer.

    Parameters
    ----------
    network : NetworkDescription
        The compiled network.
    limits : Limits
        What fits on one core.

    Returns
    -------
    numpy.ndarray of int64, shape (L,)
        At least one core for every layer.
    """
    return np.array([cores_of_layer(layer, limits) for layer in network.layers], dtype=np.int64)


def cores_of_layer(layer: Layer, limits: Limits) -> int:
    """Neuro-cores of one layer.

    Parameters
    ----------
    layer : Layer
        The layer.
    limits : Limits
        What fits on one core.

    Returns
    -------
    int
        At least one.
    """
    neurons, words = int(limits.neurons_per_core.si), int(limits.synapse_words_per_core.si)
    if len(layer.shape) == 3:
        return _tiled_cores(layer, neurons, words)
    return _dense_cores(layer, neurons, words)


def weight_bits(weights: npt.NDArray[np.integer]) -> int:
    """Bits that the compiler stores per weight: shared powers of two go into the exponent.

    Parameters
    ----------
    weights : numpy.ndarray of int, any shape
        Weight mantissas.

    Returns
    -------
    int
        One of ``WEIGHT_BITS``.

    Examples
    --------
    >>> weight_bits(np.array([-8, 4, 0]))
    2
    """
    shared = int(np.bitwise_or.reduce(np.abs(weights), axis=None))
    if not shared:
        return WEIGHT_BITS[0]
    shift = (shared & -shared).bit_length() - 1
    low, high = int(weights.min()) >> shift, int(weights.max()) >> shift
    bits = max((-low - 1).bit_length() if low < 0 else 0, max(high, 0).bit_length()) + 1
    return next((legal for legal in WEIGHT_BITS if legal >= bits), WEIGHT_BITS[-1])


def _tiled_cores(layer: Layer, neurons_limit: int, words_limit: int) -> int:
    """Tiles of full height; the width is the largest power of two whose tile fits, then rows are cut too."""
    channels, height, width = layer.shape
    parts = _ceil(layer.neurons, neurons_limit)
    tile = 1 << ((width // parts).bit_length() - 1) if width >= parts else 1
    rows = _ceil(channels * height * tile, neurons_limit)
    return _ceil(width, tile) * rows * max(1, _ceil(sum(map(_kernel_words, layer.synapse.matrices)), words_limit))


def _kernel_words(weights: npt.NDArray[np.integer]) -> int:
    """Words of one kernel, which a core holds once: the output channels in blocks of powers of two."""
    outputs, inputs = int(weights.shape[0]), int(np.prod(weights.shape[1:]))
    bits = weight_bits(weights)
    blocks = [1 << place for place in range(outputs.bit_length()) if outputs >> place & 1]
    return inputs * sum(_ceil(ROW_HEADER_BITS + block * bits, WORD_BITS) for block in blocks)


def _dense_cores(layer: Layer, neurons_limit: int, words_limit: int) -> int:
    """Neurons are divided until the rows of all connections into them, the recurrent ones too, fit."""
    matrices = [weights for synapse in layer.synapses for weights in synapse.matrices]
    cores = _ceil(layer.neurons, neurons_limit)
    while True:
        neurons = _ceil(layer.neurons, cores)
        words = sum(_dense_words(weights, neurons) for weights in matrices)
        if words <= words_limit or neurons == 1:
            return _ceil(layer.neurons, neurons)
        cores *= _ceil(words, words_limit)


def _dense_words(weights: npt.NDArray[np.integer], neurons: int) -> int:
    """Words of the rows that reach `neurons` neurons of one core."""
    return int(weights.shape[1]) * _ceil(ROW_HEADER_BITS + neurons * (weight_bits(weights) + INDEX_BITS), WORD_BITS)


def _ceil(number: int, divisor: int) -> int:
    return -(-number // divisor)
