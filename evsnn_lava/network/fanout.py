"""Fan-out: what one message reaches, and all that there is to reach, over the weights of a description."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network.description import Layer, NetworkDescription
from evsnn_lava.network.synapses import ComplexSynapse, ConvSynapse, DenseSynapse, DirectSynapse, Synapse

IntArray = npt.NDArray[np.int64]
Range = tuple[int, int]
"""Half-open: the first and one past the last."""


def fanout(synapse: Synapse, input_shape: tuple[int, ...]) -> IntArray:
    """Non-zero weights that each input reaches: the synaptic operations of one spike.

    Loihi 2's counters count non-zero weights only.

    Parameters
    ----------
    synapse : Synapse
        The connection.
    input_shape : tuple of int
        Shape of its input.

    Returns
    -------
    numpy.ndarray of int64, shape input_shape
        One number per input.

    Examples
    --------
    >>> fanout(DenseSynapse([[2, 0], [4, 6]]), (2,)).tolist()
    [2, 1]
    """
    return FANOUT[type(synapse)](synapse, input_shape)


def _dense_fanout(synapse: DenseSynapse, input_shape: tuple[int, ...]) -> IntArray:
    per_input: IntArray = np.count_nonzero(synapse.weights, axis=0).astype(np.int64)
    return per_input.reshape(input_shape)


def _conv_fanout(synapse: ConvSynapse, input_shape: tuple[int, ...]) -> IntArray:
    outputs, rows, columns = synapse.output_shape(input_shape)
    return conv_fanout(synapse, input_shape, (0, outputs), (0, rows), (0, columns))


def conv_fanout(
    synapse: ConvSynapse, input_shape: tuple[int, ...], channels: Range, rows: Range, columns: Range
) -> IntArray:
    """Non-zero weights from each input to a part of the outputs of a convolution.

    Parameters
    ----------
    synapse : ConvSynapse
        The connection.
    input_shape : tuple of int
        ``(C, H, W)`` of its input.
    channels, rows, columns : (int, int)
        The part: half-open ranges of the output.

    Returns
    -------
    numpy.ndarray of int64, shape input_shape
        One number per input.
    """
    inputs, height, width = input_shape
    (pad_y, pad_x), reach = synapse.padding, kernel_reach(synapse, channels)
    reached = np.zeros((inputs, height + 2 * pad_y, width + 2 * pad_x), dtype=np.int64)
    for taps in np.ndindex(*reach.shape[1:]):
        y, x = (
            slice(tap * dilation + first * stride, tap * dilation + (last - 1) * stride + 1, stride)
            for tap, dilation, (first, last), stride in zip(
                taps, synapse.dilation, (rows, columns), synapse.stride, strict=True
            )
        )
        reached[:, y, x] += reach[:, taps[0], taps[1], None, None]
    return reached[:, pad_y : pad_y + height, pad_x : pad_x + width]


def kernel_reach(synapse: ConvSynapse, channels: Range) -> IntArray:
    """Non-zero weights from each input channel and tap of the kernel to some output channels.

    Parameters
    ----------
    synapse : ConvSynapse
        The connection.
    channels : (int, int)
        Output channels, half-open.

    Returns
    -------
    numpy.ndarray of int64, shape (inputs, kernel height, kernel width)
        At most as many as there are such channels.
    """
    outputs, per_group = synapse.weights.shape[:2]
    inside = np.zeros(outputs, dtype=bool)
    inside[slice(*channels)] = True
    there = (synapse.weights != 0) & inside[:, None, None, None]
    grouped = there.reshape(synapse.groups, outputs // synapse.groups, per_group, *there.shape[2:])
    counted: IntArray = grouped.sum(axis=1, dtype=np.int64)
    return counted.reshape(synapse.groups * per_group, *there.shape[2:])


def _complex_fanout(synapse: ComplexSynapse, input_shape: tuple[int, ...]) -> IntArray:
    return _dense_fanout(synapse.real, input_shape) + _dense_fanout(synapse.imag, input_shape)


def _direct_fanout(_: DirectSynapse, input_shape: tuple[int, ...]) -> IntArray:
    return np.zeros(input_shape, dtype=np.int64)


FANOUT: Final[dict[type, Callable[..., IntArray]]] = {
    DenseSynapse: _dense_fanout,
    ConvSynapse: _conv_fanout,
    ComplexSynapse: _complex_fanout,
    DirectSynapse: _direct_fanout,
}


def message_costs(network: NetworkDescription) -> list[IntArray]:
    """Synaptic operations that one message causes in the layer that receives it.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Returns
    -------
    list of numpy.ndarray of int64
        One array for the input and one for each layer, of its shape; a recurrent layer receives its own messages, too,
        see :func:`recurrent_costs`.
    """
    costs = [fanout(layer.synapse, shape) for layer, shape in _inputs(network)]
    return [*costs, np.zeros(network.layers[-1].shape, dtype=np.int64)]


def _inputs(network: NetworkDescription) -> Iterator[tuple[Layer, tuple[int, ...]]]:
    """Every layer, and the shape of what its synapse listens to."""
    shapes = [network.input_shape, *(layer.shape for layer in network.layers)]
    yield from zip(network.layers, shapes, strict=False)


def recurrent_costs(network: NetworkDescription) -> list[IntArray | None]:
    """Synaptic operations that one message of a layer causes in that layer itself.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Returns
    -------
    list of numpy.ndarray of int64, or None
        One array for each layer, of its shape; None for a layer without recurrence.
    """
    return [
        None if layer.recurrent is None else fanout(layer.recurrent, (layer.neurons,)).reshape(layer.shape)
        for layer in network.layers
    ]


def connections(network: NetworkDescription) -> list[int]:
    """Pairs of a neuron and an input, or a neuron of the layer itself, that are connected, weights of zero included.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Returns
    -------
    list of int
        One number per layer: the operations of a step on a machine that skips nothing.
    """
    return [
        int(fanout(_filled(layer.synapse), shape).sum()) + layer.neurons**2 * (layer.recurrent is not None)
        for layer, shape in _inputs(network)
    ]


def _filled(synapse: Synapse) -> Synapse:
    """The same synapse without a weight of zero."""
    if isinstance(synapse, ComplexSynapse):
        return ComplexSynapse(
            *(replace(part, weights=np.ones_like(part.weights)) for part in (synapse.real, synapse.imag))
        )
    if isinstance(synapse, DirectSynapse):
        return synapse
    return replace(synapse, weights=np.ones_like(synapse.weights))
