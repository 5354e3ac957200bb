"""Recording golden vectors: the reference bears witness, the file carries it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import GoldenVectors, NetworkDescription, spike_hash
from evsnn_lava.simulation.counting import result_from_trace
from evsnn_lava.simulation.reference import Trace, simulate


def trace_hashes(trace: Trace) -> npt.NDArray[np.uint64]:
    """Fingerprint of every layer in every step.

    Parameters
    ----------
    trace : Trace
        Complete runs of N samples.

    Returns
    -------
    numpy.ndarray of uint64, shape (N, L, K)
        See :func:`evsnn_lava.network.spike_hash`.
    """
    samples, steps = len(trace.stream), trace.messages[0].shape[-1]
    hashes = np.zeros((samples, len(trace.messages), steps), dtype=np.uint64)
    for layer, messages in enumerate(trace.messages):
        for sample in range(samples):
            for step in range(steps):
                hashes[sample, layer, step] = spike_hash(messages[sample, ..., step])
    return hashes


def trace_counts(trace: Trace) -> npt.NDArray[np.int64]:
    """Messages of every layer in every step, shape (N, L, K)."""
    flat = [np.count_nonzero(layer.reshape(len(layer), -1, layer.shape[-1]), axis=1) for layer in trace.messages]
    return np.stack(flat, axis=1).astype(np.int64)


def silent_layers(network: NetworkDescription, golden: GoldenVectors) -> tuple[str, ...]:
    """Layers that send nothing in any golden sample, by name: golden vectors prove nothing about what they send."""
    sent = golden.spike_counts.sum(axis=(0, 2))
    return tuple(layer.name for layer, count in zip(network.layers, sent, strict=True) if not count)


def record_golden(network: NetworkDescription, frames: npt.NDArray[np.generic]) -> GoldenVectors:
    """Write down what the network must compute for some samples.

    Parameters
    ----------
    network : NetworkDescription
        The network, with its masks and its cutoff.
    frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
        Input frames before masking.

    Returns
    -------
    GoldenVectors
        To be put into the file.
    """
    trace = simulate(network, frames)
    result = result_from_trace(network, trace, "reference", 0.0)
    return GoldenVectors(
        frames=np.array(frames, dtype=np.int32 if network.recipe.message_bits else bool),
        spike_counts=trace_counts(trace),
        spike_hashes=trace_hashes(trace),
        exit_step=result.exit_step,
        decision=result.decision,
    )
