"""The reference simulator: the semantics of a network description, step by step.

Time of a sample runs in hardware steps from 0. In step 0 every neuron is reset and silent, and the
first frame reaches the first synapse. A synapse sums the messages of a step and delivers the sum
in the next one; so layer ``l`` (from 0) works on frame ``k - 1 - l`` in step ``k``, and the bias of
every layer starts in step 1. That is what SLAYER blocks with ``delay_shift`` compute.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import CapacityError, ConfigError
from evsnn_lava.network import Layer, NetworkDescription, RunResult
from evsnn_lava.simulation.arithmetic import IntArray
from evsnn_lava.simulation.counting import result_from_trace
from evsnn_lava.simulation.neurons import DYNAMICS, States
from evsnn_lava.simulation.synapses import deliver

Messages = npt.NDArray[Any]
"""bool, or int32 where messages are graded."""


@dataclass(frozen=True, eq=False)
class Trace:
    """Everything that happened in complete runs; the cutoff does not shorten them.

    Parameters
    ----------
    stream : numpy.ndarray of bool or int32, shape (N, C, H, W, T')
        The frames that were sent.
    messages : tuple of numpy.ndarray of bool or int32, each of shape (N, *layer shape, K)
        What each layer sent, after the mask of the next layer; K is ``max_steps``. Spikes are bool, graded messages
        are numbers, 0 for none.
    states : tuple of mappings from str to numpy.ndarray of int64, each of shape (N, *layer shape, K)
        States of each layer after each step, by name (``u`` and ``v`` of a CUBA neuron); empty unless they were
        asked for.
    """

    stream: Messages
    messages: tuple[Messages, ...]
    states: tuple[Mapping[str, IntArray], ...] = ()


def simulate(network: NetworkDescription, frames: npt.NDArray[np.generic], states: bool = False) -> Trace:
    """Run complete samples through the network.

    Parameters
    ----------
    network : NetworkDescription
        What to compute.
    frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
        Input frames before masking.
    states : bool
        Keep the states of every step.

    Returns
    -------
    Trace
        The messages, and the states if asked for.

    Raises
    ------
    ConfigError
        If the frames do not fit the network's recipe.
    CapacityError
        If a sum of a convolution leaves 32 bits, where Lava does not define it.
    """
    stream = checked_stream(network, frames)
    layers = [_LayerRun(layer, len(stream), network.max_steps, states) for layer in network.layers]
    for step in range(1, network.max_steps):
        source = stream
        for index, running in enumerate(layers):
            running.advance(step, source, gate_open(network, index, step))
            source = running.messages
    kept = tuple(running.kept for running in layers) if states else ()
    return Trace(stream, tuple(running.messages for running in layers), kept)


class _LayerRun:
    """One layer in the middle of a run."""

    def __init__(self, layer: Layer, samples: int, steps: int, keep: bool) -> None:
        dynamics = DYNAMICS[type(layer.neuron)]
        self.layer, self._step = layer, dynamics.step
        self._states: States = dynamics.rest(samples, layer.shape)
        shape = (samples, *layer.shape, steps)
        self.messages: Messages = np.zeros(shape, dtype=np.int32 if layer.neuron.graded else np.bool_)
        self.kept: dict[str, IntArray] = {name: np.zeros(shape, np.int64) for name in dynamics.states if keep}

    def advance(self, step: int, source: Messages, gate_is_open: bool) -> None:
        """Take what the source sent in earlier steps, update, send."""
        activation = arriving(self.layer, source, self.messages, step)
        self._states, messages = self._step(self.layer.neuron, self.layer.shape, self._states, activation)
        self.messages[..., step] = messages if gate_is_open else 0
        for name, history in self.kept.items():
            history[..., step] = self._states[name]


def arriving(layer: Layer, source: Messages, own: Messages, step: int) -> IntArray:
    """What arrives at the neurons of a layer in a step.

    Parameters
    ----------
    layer : Layer
        The layer.
    source, own : numpy.ndarray of bool or int32, shape (N, ..., steps)
        What its source and the layer itself have sent in each step.
    step : int
        Step of the sample, from 1.

    Returns
    -------
    numpy.ndarray of int64, shape (N, *layer shape); (2, N, out) for resonators
        The synaptic input.

    Raises
    ------
    CapacityError
        If a sum of a convolution leaves 32 bits, where Lava does not define it.
    """
    try:
        activation = deliver(layer.synapse, lambda ago: _sent(source, step - 1 - ago))
    except CapacityError as error:
        raise CapacityError(f"layer {layer.name}: {error}") from error
    if layer.recurrent is None:
        return activation
    back = deliver(layer.recurrent, lambda ago: _sent(own, step - 1 - ago))
    return activation + back.reshape(activation.shape)


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
        True for the output, the layers of the cutoff, and outside the frames.
    """
    frame = step - 1 - layer
    if layer + 1 >= network.depth - network.cutoff.layers or not 0 <= frame < network.masks.stream_steps:
        return True
    return bool(network.masks.gate(layer + 1)[frame])


def run(network: NetworkDescription, frames: npt.NDArray[np.generic]) -> RunResult:
    """Run samples with the cutoff of the network.

    Parameters
    ----------
    network : NetworkDescription
        What to compute.
    frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
        Input frames before masking.

    Returns
    -------
    RunResult
        Decisions, steps and counts up to the exit.
    """
    start = time.perf_counter()
    trace = simulate(network, frames)
    return result_from_trace(network, trace, "reference", time.perf_counter() - start)


def _sent(source: Messages, step: int) -> Messages:
    """What a source sent in `step`: silence before the first step and after the last frame."""
    return source[..., step] if 0 <= step < source.shape[-1] else np.zeros_like(source[..., 0])


def checked_stream(network: NetworkDescription, frames: npt.NDArray[np.generic]) -> Messages:
    """The frames that are sent, after checking that they are what the network expects.

    Parameters
    ----------
    network : NetworkDescription
        Its recipe says the shape and the values, its masks what is sent.
    frames : numpy.ndarray, shape (N, C, H, W, T)
        Input frames before masking: 0 or 1, or whole numbers of the recipe's ``message_bits``.

    Returns
    -------
    numpy.ndarray of bool or int32, shape (N, C, H, W, T')
        The stream.

    Raises
    ------
    ConfigError
        If shape or values do not fit.
    """
    require_frames(network, frames)
    if network.recipe.message_bits:
        return network.masks.stream(_checked_values(network, frames).astype(np.int32))
    if frames.dtype != np.bool_ and not np.isin(frames, (0, 1)).all():
        raise ConfigError(
            f"frames for network {network.name} hold values other than 0 and 1; bin them to binary frames"
        )
    return network.masks.stream(frames.astype(bool))


def require_frames(network: NetworkDescription, frames: npt.NDArray[np.generic]) -> None:
    """Refuse frames of a wrong shape.

    Raises
    ------
    ConfigError
        If the shape is not ``(N, C, H, W, T)`` of the network's recipe.
    """
    expected = (*network.input_shape, network.masks.steps)
    if frames.ndim != 5 or frames.shape[1:] != expected:
        raise ConfigError(
            f"frames have shape {frames.shape}, network {network.name} expects (N, {', '.join(map(str, expected))}); "
            "bin the events with the recipe of the file"
        )


def _checked_values(network: NetworkDescription, frames: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    low, high = network.recipe.value_range
    whole = np.issubdtype(frames.dtype, np.integer) or frames.dtype == np.bool_
    if not whole or (frames.size and (frames.min() < low or frames.max() > high)):
        found = f"{frames.dtype} {frames.min()}..{frames.max()}" if frames.size else str(frames.dtype)
        raise ConfigError(
            f"frames for network {network.name} are {found}, its input takes whole numbers {low}..{high}; scale them"
        )
    return frames
