"""What each neuron type computes in a step: one obvious function each, and the table of them.

A function takes the neuron, the shape of the layer, its states and its synaptic input, arrays of shape
``(N, *shape)``, and gives the new states and the messages. The equations stand in the neuron's docstring.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import CubaNeuron, DeltaNeuron, RfIzNeuron, RfNeuron, SigmaDeltaNeuron, SigmaNeuron
from evsnn_lava.network.ranges import spread
from evsnn_lava.simulation.arithmetic import IntArray, clip_state, decay, shrink, wrap_state, wrap_word

Shape = tuple[int, ...]
States = Mapping[str, IntArray]
Messages = npt.NDArray[Any]
"""bool, or int64 when the neuron is graded."""


def step_cuba(neuron: CubaNeuron, shape: Shape, states: States, activation: IntArray) -> tuple[States, Messages]:
    """Advance CUBA neurons.

    Examples
    --------
    >>> neuron = CubaNeuron(vth_mant=1, du=4095, dv=0)
    >>> zero = np.zeros((1, 2), dtype=np.int64)
    >>> step_cuba(neuron, (2,), {"u": zero, "v": zero}, np.array([[1, 2]]))[1].tolist()
    [[False, True]]
    """
    u = wrap_state(wrap_word(decay(states["u"], spread(neuron.current_decay, shape)) + (activation << 6)))
    v = clip_state(decay(states["v"], spread(neuron.dv, shape)) + u + neuron.bias(shape))
    spikes = v > neuron.threshold
    return {"u": u, "v": np.where(spikes, 0, v)}, spikes


def step_delta(neuron: DeltaNeuron, _: Shape, states: States, activation: IntArray) -> tuple[States, Messages]:
    """Advance delta neurons: the input itself is what changes."""
    return _send_change(neuron, states, wrap_word(activation << (neuron.spike_exp + neuron.state_exp)))


def step_sigma_delta(
    neuron: SigmaDeltaNeuron, shape: Shape, states: States, activation: IntArray
) -> tuple[States, Messages]:
    """Advance sigma-delta neurons."""
    sigma = wrap_word(states["sigma"] + activation)
    act = wrap_word(sigma + neuron.bias(shape))
    if neuron.activation == "relu":
        act = np.maximum(act, 0)
    changed, messages = _send_change(neuron, states, act)
    return {"sigma": sigma, **changed}, messages


def step_sigma(_: SigmaNeuron, __: Shape, states: States, activation: IntArray) -> tuple[States, Messages]:
    """Advance sigma neurons."""
    sigma = wrap_word(states["sigma"] + activation)
    return {"sigma": sigma}, sigma


def step_rf(neuron: RfNeuron, _: Shape, states: States, activation: IntArray) -> tuple[States, Messages]:
    """Advance resonators; `activation` has shape ``(2, N, *shape)``, real and imaginary."""
    real, imag = _rotate(neuron, states, activation)
    spikes = (real >= neuron.threshold) & (imag >= 0) & (states["imag"] < 0)
    return {"real": real, "imag": imag}, spikes


def step_rf_iz(neuron: RfIzNeuron, _: Shape, states: States, activation: IntArray) -> tuple[States, Messages]:
    """Advance resonators after Izhikevich; `activation` has shape ``(2, N, *shape)``."""
    real, imag = _rotate(neuron, states, activation)
    spikes = imag >= neuron.threshold
    return {"real": np.where(spikes, 0, real), "imag": np.where(spikes, neuron.threshold - 1, imag)}, spikes


def _send_change(neuron: DeltaNeuron | SigmaDeltaNeuron, states: States, act: IntArray) -> tuple[States, Messages]:
    delta = wrap_word(act - states["act"] + states["residue"])
    sent = np.where(wrap_word(np.abs(delta)) >= neuron.threshold, delta, 0)  # the word -2**31 is its own absolute
    return {"act": act, "residue": delta - sent}, sent >> neuron.state_exp


def _rotate(neuron: RfNeuron, states: States, activation: IntArray) -> tuple[IntArray, IntArray]:
    def turned(factor: int, part: str) -> IntArray:
        return shrink(factor * states[part], neuron.decay_bits)

    sin, cos = neuron.sin_decay, neuron.cos_decay
    a, b = wrap_word(activation << neuron.state_exp)
    real = clip_state(turned(cos, "real") - turned(sin, "imag") + a)
    imag = clip_state(turned(sin, "real") + turned(cos, "imag") + b)
    return real, imag


@dataclass(frozen=True)
class Dynamics:
    """How a neuron type moves.

    Parameters
    ----------
    states : tuple of str
        Names of its states; all of them are 0 after a reset.
    step : callable
        The function that advances them.
    """

    states: tuple[str, ...]
    step: Callable[[Any, Shape, States, IntArray], tuple[States, Messages]]

    def rest(self, samples: int, shape: Shape) -> States:
        """States after a reset."""
        return {name: np.zeros((samples, *shape), dtype=np.int64) for name in self.states}


DYNAMICS: Final[dict[type, Dynamics]] = {
    CubaNeuron: Dynamics(("u", "v"), step_cuba),
    DeltaNeuron: Dynamics(("act", "residue"), step_delta),
    SigmaDeltaNeuron: Dynamics(("sigma", "act", "residue"), step_sigma_delta),
    SigmaNeuron: Dynamics(("sigma",), step_sigma),
    RfNeuron: Dynamics(("real", "imag"), step_rf),
    RfIzNeuron: Dynamics(("real", "imag"), step_rf_iz),
}
"""Which function computes which neuron."""
