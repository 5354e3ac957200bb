"""From what happened to what counts: messages, synaptic operations, decisions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    DenseSynapse,
    DirectSynapse,
    Layer,
    NetworkDescription,
    RunResult,
    Synapse,
)

if TYPE_CHECKING:
    from evsnn_lava.simulation.reference import Trace

IntArray = npt.NDArray[np.int64]


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
    _, rows, columns = synapse.output_shape(input_shape)
    channels, height, width = input_shape
    (pad_y, pad_x), (down, right) = synapse.padding, synapse.stride
    reached = np.zeros((channels, height + 2 * pad_y, width + 2 * pad_x), dtype=np.int64)
    per_group = np.count_nonzero(
        synapse.weights.reshape(synapse.groups, -1, *synapse.weights.shape[1:]), axis=1
    ).reshape(channels, *synapse.weights.shape[2:])
    for y in range(per_group.shape[1]):
        for x in range(per_group.shape[2]):
            top, left = y * synapse.dilation[0], x * synapse.dilation[1]
            window = reached[
                :, top : top + down * (rows - 1) + 1 : down, left : left + right * (columns - 1) + 1 : right
            ]
            window += per_group[:, y, x, None, None]
    return reached[:, pad_y : pad_y + height, pad_x : pad_x + width]


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


def cumulative_scores(network: NetworkDescription, trace: Trace) -> IntArray:
    """Output messages summed up to and including each frame.

    Parameters
    ----------
    network : NetworkDescription
        The network that was run.
    trace : Trace
        Its complete runs.

    Returns
    -------
    numpy.ndarray of int64, shape (N, T', classes)
        Entry ``t - 1`` is what a decision after ``t`` frames is based on.
    """
    output = trace.messages[-1].reshape(len(trace.stream), network.layers[-1].neurons, network.max_steps)
    return np.cumsum(output[..., network.depth :], axis=-1, dtype=np.int64).transpose(0, 2, 1)


def result_from_trace(network: NetworkDescription, trace: Trace, backend: str, wall_time_s: float) -> RunResult:
    """Apply the cutoff to complete runs and count what happened until the exit.

    Parameters
    ----------
    network : NetworkDescription
        The network that was run.
    trace : Trace
        Its complete runs.
    backend : str
        Who computed the trace.
    wall_time_s : float
        How long it took.

    Returns
    -------
    RunResult
        Decisions, steps and counts.
    """
    scores = cumulative_scores(network, trace)
    exit_step = network.cutoff.exit_step(scores)
    final = scores[np.arange(len(scores)), exit_step - 1]
    steps = exit_step + network.depth
    executed = np.arange(network.max_steps) < steps[:, None]
    sent = [_flat(network, array != 0) for array in sources(network, trace)]
    counts = [array.sum(axis=1, dtype=np.int64) for array in sent]
    synops = [_operations(cost, array) for cost, array in zip(message_costs(network), sent, strict=True)][:-1]
    for index, cost in enumerate(recurrent_costs(network)):
        if cost is not None:
            synops[index] = synops[index] + _operations(cost, sent[index + 1])
    return RunResult(
        backend=backend,
        exit_step=exit_step,
        decision=np.argmax(final, axis=1),
        scores=final,
        steps=steps,
        input_events=counts[0] * executed,
        messages=np.stack(counts[1:], axis=1) * executed[:, None],
        synops=np.stack(synops, axis=1) * executed[:, None],
        wall_time_s=wall_time_s,
    )


def sources(network: NetworkDescription, trace: Trace) -> list[npt.NDArray[Any]]:
    """What the input, silent after its last frame, and each layer sent in each step.

    Parameters
    ----------
    network : NetworkDescription
        The network that was run.
    trace : Trace
        Its complete runs.

    Returns
    -------
    list of numpy.ndarray, each of shape (N, *shape, K)
        Entry ``l`` is the source of layer ``l``.
    """
    silence = np.zeros((*trace.stream.shape[:-1], network.depth), dtype=trace.stream.dtype)
    return [np.concatenate([trace.stream, silence], axis=-1), *trace.messages]


def _flat(network: NetworkDescription, sent: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return sent.reshape(len(sent), math.prod(sent.shape[1:-1]), network.max_steps)


def _operations(cost: IntArray, sent: npt.NDArray[np.bool_]) -> IntArray:
    """Operations per sample and step."""
    total: IntArray = np.einsum("i,nik->nk", cost.reshape(-1), sent, dtype=np.int64, casting="unsafe")
    return total
