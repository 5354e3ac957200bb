"""Samples back to back in one stream: every layer is reset one step after the layer before it.

Alone, a sample takes ``exit_step + depth`` steps: the pipeline fills, and nothing else is in it. Streamed, the first
frame of the next sample follows at once, and the reset travels down the chain together with it. The layers compute
the same integers; only the time at which a sample may begin changes.

Source: the staggered resets of ``lava.lib.dl.netx.hdf5.Network`` (``reset_interval``), with an end that the cutoff may
bring forward.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError, UnsupportedError
from evsnn_lava.network import ComplexSynapse, Layer, NetworkDescription
from evsnn_lava.simulation.neurons import DYNAMICS, States
from evsnn_lava.simulation.reference import checked_stream, gate_open
from evsnn_lava.simulation.synapses import deliver

IntArray = npt.NDArray[np.int64]
Messages = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Streamed:
    """What a stream of N samples gave, on the axis of the whole stream.

    Parameters
    ----------
    decision, exit_step : numpy.ndarray of int64, shape (N,)
        Class, and frames seen by the decision, 1..T'.
    first_step, last_step : numpy.ndarray of int64, shape (N,)
        Step in which the first frame is sent, and step of the decision.
    messages : tuple of numpy.ndarray of bool or int32, each of shape (*layer shape, steps)
        What each layer sent in each step of the stream.
    """

    decision: IntArray
    exit_step: IntArray
    first_step: IntArray
    last_step: IntArray
    messages: tuple[Messages, ...]

    @property
    def latency_steps(self) -> IntArray:
        """Steps from the first frame to the decision, both included: ``exit_step + depth``."""
        return self.last_step - self.first_step + 1


def sample_steps(exit_step: IntArray, depth: int, frames: int) -> IntArray:
    """Steps of a stream from one sample to the next.

    A sample gives way when it is decided, at the latest when all its frames are sent.

    Parameters
    ----------
    exit_step : numpy.ndarray of int64, shape (N,)
        Frames seen by the decisions.
    depth : int
        Number of layers.
    frames : int
        Frames that are sent of a sample (T').

    Returns
    -------
    numpy.ndarray of int64, shape (N,)
        ``min(exit_step + depth, T')``.

    Examples
    --------
    >>> sample_steps(np.array([4, 20]), depth=3, frames=20).tolist()
    [7, 20]
    """
    return np.minimum(exit_step + depth, frames)


def wakes_alone(layer: Layer) -> bool:
    """Whether the neurons of a layer do something although nothing arrives, for example because of a bias.

    Parameters
    ----------
    layer : Layer
        The layer.

    Returns
    -------
    bool
        True if a step without input leaves the state of rest or sends something.
    """
    dynamics = DYNAMICS[type(layer.neuron)]
    silence = np.zeros((1, *layer.shape), dtype=np.int64)
    if isinstance(layer.synapse, ComplexSynapse):
        silence = np.stack([silence, silence])
    states, messages = dynamics.step(layer.neuron, layer.shape, dynamics.rest(1, layer.shape), silence)
    return bool(messages.any()) or any(state.any() for state in states.values())


def check_streamable(network: NetworkDescription) -> None:
    """Refuse a network that computes something else in a stream.

    Alone, a bias starts in step 1 in every layer; in a stream it starts with the layer's own reset, which is later
    behind the first layer.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Raises
    ------
    UnsupportedError
        If a layer behind the first one does something before its first frame.
    """
    for index, layer in enumerate(network.layers[1:], start=1):
        if wakes_alone(layer):
            raise UnsupportedError(
                f"layer {layer.name}: its neurons act without input (bias, or threshold 0), and in a stream they start "
                f"{index} steps later than alone; train it without bias behind the first layer, or run one at a time"
            )


def stream(network: NetworkDescription, frames: npt.NDArray[np.generic], exact: bool = True) -> Streamed:
    """Run samples in one continuous stream, with the cutoff of the network.

    Parameters
    ----------
    network : NetworkDescription
        What to compute.
    frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
        Input frames before masking.
    exact : bool
        Whether to refuse a network that computes something else in a stream. Without, it is run all the same, as a chip
        with staggered resets runs it.

    Returns
    -------
    Streamed
        The decisions and exit steps of :func:`evsnn_lava.simulation.run` if `exact`, and when each sample ran.

    Raises
    ------
    UnsupportedError
        If the network cannot be streamed, see :func:`check_streamable`.
    ConfigError, CapacityError
        As for :func:`evsnn_lava.simulation.simulate`.
    """
    if exact:
        check_streamable(network)
    if not len(frames):
        raise ConfigError(f"stream of network {network.name}: there is no sample; give at least one")
    feeder = _Feeder(checked_stream(network, frames))
    layers = [_StreamedLayer(network, index) for index in range(network.depth)]
    readout = _Readout(network)
    while len(readout.exit_step) < len(frames):
        source = feeder.send()
        for layer in layers:
            layer.advance(feeder.starts, source)
            source = layer.sent
        if readout.take(feeder.starts, layers[-1].sent[-1]) or feeder.is_empty:
            feeder.begin_next()
    first = np.array(feeder.starts[: len(frames)], dtype=np.int64)
    exit_step = np.array(readout.exit_step, dtype=np.int64)
    messages = tuple(np.stack([sent[0] for sent in layer.sent], axis=-1) for layer in layers)
    decision = np.array(readout.decision, dtype=np.int64)
    return Streamed(decision, exit_step, first, first + exit_step + network.depth - 1, messages)


class _Feeder:
    """Sends the frames of one sample after the other; `starts` are the steps of their first frames."""

    def __init__(self, frames: Messages) -> None:
        self.starts = [0]
        self._frames, self._sent = frames, list[Messages]()

    def send(self) -> list[Messages]:
        """Everything that was sent, this step's frame included."""
        sample, frame = len(self.starts) - 1, len(self._sent) - self.starts[-1]
        known = sample < len(self._frames)
        self._sent.append(self._frames[sample : sample + 1, ..., frame] if known else np.zeros_like(self._sent[0]))
        return self._sent

    @property
    def is_empty(self) -> bool:
        """Whether the last frame of the sample has been sent."""
        return len(self._sent) - self.starts[-1] == int(self._frames.shape[-1])

    def begin_next(self) -> None:
        """The next step sends the first frame of the next sample, or silence when there is none."""
        self.starts.append(len(self._sent))


class _StreamedLayer:
    """One layer of a stream."""

    def __init__(self, network: NetworkDescription, index: int) -> None:
        self._network, self.layer = network, network.layers[index]
        self._dynamics = DYNAMICS[type(self.layer.neuron)]
        self._states: States = self._dynamics.rest(1, self.layer.shape)
        self._delay = index + 1
        self._silence: Messages = np.zeros(
            (1, *self.layer.shape), dtype=np.int32 if self.layer.neuron.graded else np.bool_
        )
        self.sent: list[Messages] = []

    def advance(self, starts: list[int], source: list[Messages]) -> None:
        """Take what the source sent since the sample began, update, send."""
        step = len(self.sent)
        began = next((start for start in reversed(starts) if start + self._delay <= step), None)
        if began is None:
            self.sent.append(self._silence)
            return
        frame = step - self._delay - began
        if frame == 0:
            self._states = self._dynamics.rest(1, self.layer.shape)
        activation = deliver(self.layer.synapse, _since(source, step, frame + 1))
        if self.layer.recurrent is not None:
            back = deliver(self.layer.recurrent, _since(self.sent, step, frame))
            activation = activation + back.reshape(activation.shape)
        self._states, messages = self._dynamics.step(self.layer.neuron, self.layer.shape, self._states, activation)
        passes = gate_open(self._network, self._delay - 1, frame + self._delay)
        self.sent.append((messages if passes else np.zeros_like(messages)).astype(self._silence.dtype))


def _since(sent: list[Messages], step: int, steps: int) -> Callable[[int], Messages]:
    """What was sent so many steps before the last one; what is older than the sample is forgotten."""
    return lambda ago: sent[step - 1 - ago] if ago < steps else np.zeros_like(sent[0])


class _Readout:
    """Adds up the output of the sample whose turn it is and applies the cutoff."""

    def __init__(self, network: NetworkDescription) -> None:
        self._network = network
        self._steps, self._turn = 0, -1
        self._scores = np.zeros(network.layers[-1].neurons, dtype=np.int64)
        self.exit_step: list[int] = []
        self.decision: list[int] = []

    def take(self, starts: list[int], output: Messages) -> bool:
        """Take the output of a step; True when it decides the sample whose frames are being sent."""
        step, depth = self._steps, self._network.depth
        self._steps += 1
        if self._turn + 1 < len(starts) and starts[self._turn + 1] + depth == step:
            self._turn, self._scores = self._turn + 1, np.zeros_like(self._scores)
        if self._turn < len(self.exit_step):  # nothing has come out yet, or what comes is of a decided sample
            return False
        self._scores += output.reshape(-1)
        frames = step - depth - starts[self._turn] + 1
        if not self._network.cutoff.stops(frames, self._scores):
            return False
        self.exit_step.append(frames)
        self.decision.append(int(np.argmax(self._scores)))
        return self._turn == len(starts) - 1
