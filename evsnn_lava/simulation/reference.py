"""The reference simulator: the semantics of a network description, step by step.

Time of a sample runs in hardware steps from 0. In step 0 every neuron is reset and silent, and the
first frame reaches the first synapse. A synapse sums the messages of a step and delivers the sum
in the next one; so layer ``l`` (from 0) works on frame ``k - 1 - l`` in step ``k``, and the bias of
every layer starts in step 1. That is what SLAYER blocks with ``delay_shift`` compute.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError
from evsnn_lava.network import Layer, NetworkDescription, RunResult
from evsnn_lava.simulation.arithmetic import APPLY, STEP
from evsnn_lava.simulation.counting import result_from_trace

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Trace:
    """Everything that happened in complete runs; the cutoff does not shorten them.

    Parameters
    ----------
    stream : numpy.ndarray of bool, shape (N, C, H, W, T')
        The frames that were sent.
    messages : tuple of numpy.ndarray of bool, each of shape (N, *layer shape, K)
        Spikes that each layer sent, after the mask of the next layer; K is ``max_steps``.
    u, v : tuple of numpy.ndarray of int64, each of shape (N, *layer shape, K)
        Current and voltage after each step; empty tuples unless they were asked for.
    """

    stream: BoolArray
    messages: tuple[BoolArray, ...]
    u: tuple[IntArray, ...] = ()
    v: tuple[IntArray, ...] = ()


def simulate(network: NetworkDescription, frames: npt.NDArray[np.generic], states: bool = False) -> Trace:
    """Run complete samples through the network.

    Parameters
    ----------
    network : NetworkDescription
        What to compute.
    frames : numpy.ndarray of bool, shape (N, C, H, W, T)
        Input frames before masking.
    states : bool
        Keep current and voltage of every step.

    Returns
    -------
    Trace
        The messages, and the states if asked for.

    Raises
    ------
    ConfigError
        If the frames do not fit the network's recipe or are not binary.
    """
    stream = checked_stream(network, frames)
    samples, steps = len(stream), network.max_steps
    shapes = [(samples, *layer.shape) for layer in network.layers]
    u = [np.zeros(shape, dtype=np.int64) for shape in shapes]
    v = [np.zeros(shape, dtype=np.int64) for shape in shapes]
    messages = [np.zeros((*shape, steps), dtype=bool) for shape in shapes]
    kept_u = [np.zeros((*shape, steps), dtype=np.int64) for shape in shapes] if states else []
    kept_v = [np.zeros((*shape, steps), dtype=np.int64) for shape in shapes] if states else []
    for step in range(1, steps):
        for index, layer in enumerate(network.layers):
            source = _sent(stream, step - 1) if index == 0 else messages[index - 1][..., step - 1]
            u[index], v[index], spikes = _step_layer(layer, u[index], v[index], source)
            messages[index][..., step] = spikes & gate_open(network, index, step)
            if states:
                kept_u[index][..., step], kept_v[index][..., step] = u[index], v[index]
    return Trace(stream, tuple(messages), tuple(kept_u), tuple(kept_v))


def gate_open(network: NetworkDescription, layer: int, step: int) -> bool:
    """Whether what `layer` fires in `step` is sent, by the mask of the layer that receives it.

    Parameters
    ----------
    network : NetworkDescription
        The network; its masks say which frames a layer receives.
    layer : int
        Index of the sender.
    step : int
        Step of the sample, from 0.

    Returns
    -------
    bool
        True for the last layer and outside the frames.
    """
    frame = step - 1 - layer
    if layer + 1 == network.depth or not 0 <= frame < network.masks.stream_steps:
        return True
    return bool(network.masks.gate(layer + 1)[frame])


def run(network: NetworkDescription, frames: npt.NDArray[np.generic]) -> RunResult:
    """Run samples with the cutoff of the network.

    Parameters
    ----------
    network : NetworkDescription
        What to compute.
    frames : numpy.ndarray of bool, shape (N, C, H, W, T)
        Input frames before masking.

    Returns
    -------
    RunResult
        Decisions, steps and counts up to the exit.
    """
    start = time.perf_counter()
    trace = simulate(network, frames)
    return result_from_trace(network, trace, "reference", time.perf_counter() - start)


def _step_layer(layer: Layer, u: IntArray, v: IntArray, source: BoolArray) -> tuple[IntArray, IntArray, BoolArray]:
    activation = APPLY[type(layer.synapse)](layer.synapse, source)
    return STEP[type(layer.neuron)](layer.neuron, layer.shape, u, v, activation)


def _sent(stream: BoolArray, step: int) -> BoolArray:
    """Frame that the input sends in `step`: silence after the last one."""
    return stream[..., step] if step < stream.shape[-1] else np.zeros_like(stream[..., 0])


def checked_stream(network: NetworkDescription, frames: npt.NDArray[np.generic]) -> BoolArray:
    """The frames that are sent, after checking that they are what the network expects.

    Parameters
    ----------
    network : NetworkDescription
        Its recipe says the shape, its masks what is sent.
    frames : numpy.ndarray, shape (N, C, H, W, T)
        Input frames before masking, 0 or 1.

    Returns
    -------
    numpy.ndarray of bool, shape (N, C, H, W, T')
        The stream.

    Raises
    ------
    ConfigError
        If shape or values do not fit.
    """
    expected = (*network.input_shape, network.masks.steps)
    if frames.ndim != 5 or frames.shape[1:] != expected:
        raise ConfigError(
            f"frames have shape {frames.shape}, network {network.name} expects (N, {', '.join(map(str, expected))}); "
            "bin the events with the recipe of the file"
        )
    if frames.dtype != np.bool_ and not np.isin(frames, (0, 1)).all():
        raise ConfigError(
            f"frames for network {network.name} hold values other than 0 and 1; bin them to binary frames"
        )
    return np.asarray(network.masks.stream(frames.astype(bool)), dtype=bool)
