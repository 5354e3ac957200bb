"""The neurons of NIR in discrete time: what a step of theirs does, before any rounding.

NIR writes differential equations. A step of forward Euler of length ``dt``, in the order in which our neuron works:

    current  <- (1 - current_decay) * current + gain * input       (times the threshold's unit)
    voltage  <- (1 - voltage_decay) * voltage + current + drift
    spike where voltage > threshold; there voltage <- 0

The voltage is counted from ``v_reset``, so that the reset goes to 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.lowering.pooling import FloatArray, Shape
from evsnn_lava.export.nir.graph import kind
from evsnn_lava.export.nir.maps import fitted, numbers

CURRENT_ORDER: Final = "the current acts in the step in which it arrives, forward Euler would wait a step"
CURRENT_BIAS: Final = "acts at once with its final strength, NIR lets it rise with tau_syn"


@dataclass(frozen=True, eq=False)
class FloatNeuron:
    """A neuron in discrete time; every array has the shape of its layer.

    Parameters
    ----------
    gain : numpy.ndarray of float64
        What an input of 1 adds to the current.
    offset_gain : numpy.ndarray of float64
        What a constant input of 1 adds to the voltage per step.
    drift : numpy.ndarray of float64
        What is added to the voltage per step without input.
    current_decay, voltage_decay : numpy.ndarray of float64
        Shares that are lost per step, 0..1.
    threshold : numpy.ndarray of float64
        Above the reset, all positive or all 0.
    reset : numpy.ndarray of float64
        The reset in the file.
    remarks : dict of str to str
        Parameter -> why it is approximate even with exact numbers.
    """

    gain: FloatArray
    offset_gain: FloatArray
    drift: FloatArray
    current_decay: FloatArray
    voltage_decay: FloatArray
    threshold: FloatArray
    reset: FloatArray
    remarks: dict[str, str]


def read_neuron(node: Any, name: str, shape: Shape, dt_s: float) -> FloatNeuron:
    """Discretise a neuron node.

    Parameters
    ----------
    node : nir.IF, nir.LIF or nir.CubaLIF
        The node.
    name : str
        Its name, for messages.
    shape : tuple of int
        Shape of the layer.
    dt_s : float
        Seconds of a step.

    Returns
    -------
    FloatNeuron
        What a step does.

    Raises
    ------
    UnsupportedError
        If a time constant is shorter than a step, or the threshold is not above the reset.
    FormatError
        If a parameter is missing or not finite.
    """

    def parameter(what: str) -> FloatArray:
        try:
            return fitted(numbers(node, what, name), shape, what)
        except UnsupportedError as error:
            raise UnsupportedError(f"node {name}: {error}") from error

    def decay(what: str) -> FloatArray:
        tau = parameter(what)
        if (tau < dt_s * (1 - 1e-9)).any():
            raise UnsupportedError(
                f"node {name}: {what} goes down to {tau.min():g} s, a step takes {dt_s:g} s; choose a smaller dt"
            )
        return np.minimum(dt_s / tau, 1.0)

    neuron = _READ[kind(node)](parameter, decay)
    if (neuron.threshold < 0).any() or 0 < np.count_nonzero(neuron.threshold) < neuron.threshold.size:
        raise UnsupportedError(f"node {name}: the threshold is not above the reset; correct the graph")
    return neuron


Get = Callable[[str], FloatArray]


def _integrate(parameter: Get, decay: Get) -> FloatNeuron:
    """IF: a step adds R times the input; writers of IF count time in steps, so dt does not appear."""
    r, reset = parameter("r"), parameter("v_reset")
    zero = np.zeros_like(r)
    return FloatNeuron(r, r, zero, zero + 1, zero, parameter("v_threshold") - reset, reset, {})


def _leaky(parameter: Get, decay: Get) -> FloatNeuron:
    rate, reset = decay("tau"), parameter("v_reset")
    gain, drift = rate * parameter("r"), rate * (parameter("v_leak") - reset)
    return FloatNeuron(gain, gain, drift, np.ones_like(rate), rate, parameter("v_threshold") - reset, reset, {})


def _current_based(parameter: Get, decay: Get) -> FloatNeuron:
    rate, current, reset = decay("tau_mem"), decay("tau_syn"), parameter("v_reset")
    steady, drift = rate * parameter("r") * parameter("w_in"), rate * (parameter("v_leak") - reset)
    slow = bool((current < 1).any())
    remarks = {"current decay": CURRENT_ORDER, "bias": CURRENT_BIAS} if slow else {}
    threshold = parameter("v_threshold") - reset
    return FloatNeuron(current * steady, steady, drift, current, rate, threshold, reset, remarks)


_READ: Final[dict[str, Callable[[Get, Get], FloatNeuron]]] = {
    "IF": _integrate,
    "LIF": _leaky,
    "CubaLIF": _current_based,
}


def per_channel(values: FloatArray, what: str, name: str) -> FloatArray:
    """One value per channel, shape (C,).

    Raises
    ------
    UnsupportedError
        If neurons of a channel differ.
    """
    flat = values.reshape(len(values), -1)
    if np.ptp(flat, axis=1).any():
        raise UnsupportedError(
            f"node {name}: {what} differs inside a channel; one number per channel can be written, make it uniform"
        )
    return flat[:, 0].copy()
