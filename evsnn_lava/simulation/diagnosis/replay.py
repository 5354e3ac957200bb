"""One neuron of a run, moment by moment: what it had, what arrived, what came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import Layer, NetworkDescription, RfIzNeuron, RfNeuron
from evsnn_lava.network.ranges import RANGES, spread
from evsnn_lava.simulation.arithmetic import IntArray
from evsnn_lava.simulation.counting import sources
from evsnn_lava.simulation.diagnosis.fans import DirectFan, Fan, fans
from evsnn_lava.simulation.diagnosis.inputs import INLETS, TOP, firing_input, implied_input
from evsnn_lava.simulation.neurons import DYNAMICS
from evsnn_lava.simulation.reference import Trace, arriving, gate_open

BoolArray = npt.NDArray[np.bool_]
Moments = npt.NDArray[np.int64]

FEW: Final = 8
"""Wrong moments that sort out most candidates before the rest is looked at."""
BLOCK: Final = 1 << 18
"""Candidates times moments that are looked at in one go."""


@dataclass(frozen=True, eq=False)
class History:
    """One neuron in all steps but the first of N runs: M moments, one after the other.

    Parameters
    ----------
    neuron : CubaNeuron or another neuron
        The model with the parameters of this one neuron.
    before, after : mappings from str to numpy.ndarray of int64, shape (M, 1)
        Its states.
    activation : numpy.ndarray of int64, shape (M, 1); (2, M, 1) for resonators
        What must arrive, given what was sent.
    messages : numpy.ndarray of int64, shape (M, 1)
        What it sent.
    gate : numpy.ndarray of bool, shape (M, 1)
        Whether the mask of the next layer lets it send.
    fans : tuple of Fan or DirectFan
        The connections into it and what was sent through them.
    rested : bool
        Whether all samples began with states of 0 and without a message.
    """

    neuron: Any
    before: Mapping[str, IntArray]
    after: Mapping[str, IntArray]
    activation: IntArray
    messages: IntArray
    gate: BoolArray
    fans: tuple[Fan | DirectFan, ...] = ()
    rested: bool = True

    def states_fit(self, neuron: Any, activation: IntArray) -> tuple[BoolArray, IntArray]:
        """Whether a neuron with this input goes from its states before to those after.

        Parameters
        ----------
        neuron : CubaNeuron or another neuron
            The model; parameters of shape (P,) stand for P candidates.
        activation : numpy.ndarray of int64
            As the attribute.

        Returns
        -------
        numpy.ndarray of bool, numpy.ndarray of int64, both of shape (M, P)
            Where all states fit, and what the neuron sends when the gate is open.
        """
        states, messages = DYNAMICS[type(neuron)].step(neuron, (1,), self.before, activation)
        fits = np.ones(self.gate.shape, dtype=bool)
        for name, value in states.items():
            fits = fits & (value == self.after[name])
        return fits, messages.astype(np.int64)

    def fits(self, neuron: Any, activation: IntArray | None = None) -> BoolArray:
        """Whether everything that happened fits a neuron, messages too; shape (M, P), as `states_fit`."""
        states, messages = self.states_fit(neuron, self.activation if activation is None else activation)
        fits: BoolArray = states & (messages * self.gate == self.messages)
        return fits

    @cached_property
    def wrong(self) -> Moments:
        """Moments in which the neuron is not as it must be."""
        return np.flatnonzero(~self.fits(self.neuron)[:, 0])

    def sift(self, values: IntArray, explain: Callable[[IntArray, Moments], BoolArray]) -> IntArray:
        """Candidates that explain every moment: some wrong ones are tried first, then all, block by block.

        Parameters
        ----------
        values : numpy.ndarray of int64, shape (P,)
            The candidates.
        explain : callable
            Which of some values explain some moments.

        Returns
        -------
        numpy.ndarray of int64
            Those that are left.
        """
        moments, end = self.wrong[:FEW], 0
        while values.size and moments.size:
            values = values[explain(values, moments)]
            start, end = end, end + max(1, BLOCK // max(1, len(values)))
            moments = np.arange(start, min(end, len(self.gate)))
        return values

    def unfired_states(self, activation: IntArray) -> Mapping[str, IntArray]:
        """States after the step if the neuron does not fire: what is compared with the threshold."""
        neuron = self.neuron
        if hasattr(neuron, "vth_mant"):
            neuron = replace(neuron, vth_mant=RANGES["vth_mant"][1])
        return DYNAMICS[type(neuron)].step(neuron, (1,), self.before, activation)[0]

    def input_fits(self, activation: IntArray) -> BoolArray:
        """Whether the states say that this is what arrived, up to what wraps; shape (M,)."""
        states = self.unfired_states(activation)
        fits = np.all([states[name] == self.after[name] for name in INLETS[type(self.neuron)].states], axis=0)
        return np.asarray(fits & ~self._reset & ~self._saturated)[:, 0]

    @property
    def _reset(self) -> BoolArray:
        """Where a resonator after Izhikevich fired and forgot what made it fire."""
        if not isinstance(self.neuron, RfIzNeuron):
            return np.zeros(self.gate.shape, dtype=bool)
        reset = (self.after["real"] == 0) & (self.after["imag"] == self.neuron.threshold - 1)
        hidden: BoolArray = reset & (self.messages == self.gate)
        return hidden

    @property
    def _saturated(self) -> BoolArray:
        if not isinstance(self.neuron, RfNeuron):
            return np.zeros(self.gate.shape, dtype=bool)
        saturated: BoolArray = np.maximum(np.abs(self.after["real"]), np.abs(self.after["imag"])) == TOP
        return saturated

    def take(self, moments: npt.NDArray[np.integer]) -> History:
        """Some of the moments only."""
        return replace(
            self,
            before={name: value[moments] for name, value in self.before.items()},
            after={name: value[moments] for name, value in self.after.items()},
            activation=self.activation[..., moments, :],
            messages=self.messages[moments],
            gate=self.gate[moments],
        )

    @property
    def implied_input(self) -> IntArray:
        """The input that explains the states if the neuron is right, of the shape of `activation`.

        Where no whole number does, it is the next one below, and the states do not fit it. Where several do, because
        states wrap, saturate or are reset, it is the one next to `activation`.
        """
        implied = implied_input(self.neuron, self.before, self.after, self.activation)
        if not self._reset.any():
            return implied
        return np.where(self._reset, firing_input(self.neuron, self.before, self.activation), implied)


def history(network: NetworkDescription, trace: Trace, layer: int, index: int) -> History:
    """Follow one neuron through a trace.

    Parameters
    ----------
    network : NetworkDescription
        What should have been computed.
    trace : Trace
        What was computed, with the states of the layer.
    layer, index : int
        The layer and the flat index of the neuron.

    Returns
    -------
    History
        Sample by sample, from step 1 on; its synaptic input follows from what the trace says was sent.
    """
    part, samples = network.layers[layer], len(trace.stream)
    states = {name: _line(value, samples, index) for name, value in trace.states[layer].items()}
    messages = _line(trace.messages[layer], samples, index)
    arrived = layer_input(network, trace, layer).reshape(-1, samples, part.neurons, network.max_steps)[:, :, index, 1:]
    activation = arrived.reshape(len(arrived), -1, 1)
    source = sources(network, trace)[layer]
    gate = np.array([gate_open(network, layer, step) for step in range(1, network.max_steps)])
    return History(
        neuron=_alone(part, index),
        before={name: value[:, :-1].reshape(-1, 1) for name, value in states.items()},
        after={name: value[:, 1:].reshape(-1, 1) for name, value in states.items()},
        activation=activation if isinstance(part.neuron, RfNeuron) else activation[0],
        messages=messages[:, 1:].reshape(-1, 1),
        gate=np.tile(gate, samples)[:, None],
        fans=fans(part, index, source, trace.messages[layer]),
        rested=not any(line[:, 0].any() for line in (*states.values(), messages)),
    )


def layer_input(network: NetworkDescription, trace: Trace, layer: int) -> IntArray:
    """Synaptic input of a layer in every step, from what was sent.

    Parameters
    ----------
    network : NetworkDescription
        Its synapses.
    trace : Trace
        What was sent.
    layer : int
        Index of the layer.

    Returns
    -------
    numpy.ndarray of int64, shape (P, N, *layer shape, K)
        P is 2 for resonators, real and imaginary, and 1 for the others; nothing arrives in step 0.
    """
    part, samples = network.layers[layer], len(trace.stream)
    source = sources(network, trace)[layer]
    parts = 2 if isinstance(part.neuron, RfNeuron) else 1
    arrived = np.zeros((parts, samples, *part.shape, network.max_steps), dtype=np.int64)
    for step in range(1, network.max_steps):
        arrived[..., step] = arriving(part, source, trace.messages[layer], step).reshape(parts, samples, *part.shape)
    return arrived


def _line(values: npt.NDArray[Any], samples: int, index: int) -> IntArray:
    """One neuron of an array (N, *shape, K), shape (N, K)."""
    return values.reshape(samples, -1, values.shape[-1])[:, index].astype(np.int64)


def _alone(layer: Layer, index: int) -> Any:
    """The neuron model with the parameters of one neuron."""
    alone: dict[str, Any] = {
        name: np.broadcast_to(spread(value, layer.shape), layer.shape).reshape(-1)[index : index + 1]
        for name, value in layer.neuron.per_channel.items()
    }
    return replace(layer.neuron, **alone)
