"""From what happened to what counts: messages, synaptic operations, decisions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.network.fanout import message_costs, recurrent_costs

if TYPE_CHECKING:
    from evsnn_lava.simulation.reference import Trace

IntArray = npt.NDArray[np.int64]


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
