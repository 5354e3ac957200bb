"""Largest states that layers can reach: beyond 24 bits, SLAYER and the integers part.

SLAYER integrates in 64 bits. The chip wraps the current and saturates the voltage. A voltage that saturates upwards
fires in both; one that saturates downwards recovers earlier on the chip. What receives the messages of graded layers
has no bound here, nor has a sigma-delta layer, which sums up differences.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    DenseSynapse,
    DirectSynapse,
    Layer,
    RfIzNeuron,
    RfNeuron,
    Synapse,
)

Array = npt.NDArray[np.float64]
Values = tuple[int, int]

STATE_TOP: Final = (1 << 23) - 1
SPIKES: Final[Values] = (0, 1)

_ROUNDED: Final = 4.0
"""More than what rounding, and a spike at a threshold of 0, add to a resonator in a step."""


@dataclass(frozen=True)
class Reach:
    """How far a layer can get when any input may send any message in any step.

    Parameters
    ----------
    summed : float
        Largest magnitude of summed weights, before the weight exponent.
    current : float
        Largest magnitude of ``u``, in its integers.
    below : float
        Largest magnitude of a negative ``v``.
    """

    summed: float
    current: float
    below: float

    @property
    def fits(self) -> bool:
        """Whether SLAYER and the integers agree for every input."""
        return max(self.summed, self.current, self.below) <= STATE_TOP


def reach(layer: Layer, steps: int, values: Values = SPIKES) -> Reach:
    """Bound the states of a CUBA layer from its weights, decays and bias.

    Parameters
    ----------
    layer : Layer
        With a CUBA neuron.
    steps : int
        Steps that a sample takes.
    values : (int, int)
        Smallest and largest message that arrives; 0 lies between.

    Returns
    -------
    Reach
        Upper bounds.

    Raises
    ------
    UnsupportedError
        If the neuron is another.

    Examples
    --------
    >>> reach(Layer("fc", DenseSynapse([[10, -20]]), CubaNeuron(80, 4095, 4096), (1,)), steps=9)
    Reach(summed=20.0, current=1280.0, below=1280.0)
    """
    neuron = layer.neuron
    if not isinstance(neuron, CubaNeuron):
        raise UnsupportedError(f"layer {layer.name}: {type(neuron).__name__} has no bound here; ask for CUBA layers")
    up, down = _sums(layer.synapse, values)
    summed = max(up.max(), down.max()) / 2.0 ** getattr(layer.synapse, "weight_exp", 0)
    if layer.recurrent is not None:
        more, less = _sums(layer.recurrent, SPIKES)
        up, down = up + more, down + less
    grown_current = _summed(np.asarray(neuron.current_decay), steps)
    high, low = 64 * up * grown_current, 64 * down * grown_current
    bias = np.asarray(0 if neuron.bias_mant is None else neuron.bias_mant, dtype=np.float64) * 2.0**neuron.bias_exp
    bias = bias.reshape(len(bias), -1).min(axis=1) if bias.ndim else bias
    below = (low + np.maximum(-bias, 0)) * _summed(np.asarray(neuron.dv), steps)
    return Reach(float(summed), float(max(high.max(), low.max())), float(below.max()))


def may_overflow(layers: Iterable[Layer], steps: int, values: Values) -> dict[str, str]:
    """Provenance entry that names the layers that are not proven to stay within 24 bits.

    Parameters
    ----------
    layers : iterable of Layer
        The network. Sigma-delta layers, and layers that receive graded messages of others, are always named.
    steps : int
        Steps that a sample takes: frames and layers together.
    values : (int, int)
        Smallest and largest value of a frame: ``recipe.value_range``.

    Returns
    -------
    dict of str to str
        Empty if every layer is proven safe, else one entry ``may_overflow``.

    Examples
    --------
    >>> may_overflow([Layer("fc", DenseSynapse([[-200] * 900]), CubaNeuron(80, 1023, 128), (1,))], 40, (0, 1))
    {'may_overflow': 'fc'}
    """
    names: list[str] = []
    received: Values | None = values
    for layer in layers:
        if received is None or not _fits(layer, steps, received):
            names.append(layer.name)
        received = None if layer.neuron.graded else SPIKES
    return {"may_overflow": ", ".join(names)} if names else {}


def _fits(layer: Layer, steps: int, values: Values) -> bool:
    if isinstance(layer.neuron, CubaNeuron):
        return reach(layer, steps, values).fits
    if isinstance(layer.neuron, RfNeuron | RfIzNeuron) and isinstance(layer.synapse, ComplexSynapse):
        return layer.recurrent is None and swing(layer.neuron, layer.synapse, steps, values) <= STATE_TOP
    return False


def swing(neuron: RfNeuron | RfIzNeuron, synapse: ComplexSynapse, steps: int, values: Values) -> float:
    """Bound the magnitude of resonators from their weights and decays.

    Parameters
    ----------
    neuron : RfNeuron or RfIzNeuron
        After Izhikevich, a spike sets it from above the threshold to just below, which makes it smaller.
    synapse : ComplexSynapse
        What drives it.
    steps : int
        Steps that a sample takes.
    values : (int, int)
        As in :func:`reach`.

    Returns
    -------
    float
        Upper bound, in the integers of the states.
    """
    arriving = sum(float(np.max(_sums(part, values))) for part in (synapse.real, synapse.imag))
    keeps = math.hypot(neuron.sin_decay, neuron.cos_decay) / (1 << neuron.decay_bits)
    grown = float(_geometric(np.array(keeps), steps))
    return (arriving * 2.0**neuron.state_exp + _ROUNDED) * grown


def _sums(synapse: Synapse, values: Values) -> tuple[Array, Array]:
    """Per output channel, the largest and the smallest activation as magnitudes."""
    low, high = values
    if isinstance(synapse, DirectSynapse):
        ends = synapse.bias + synapse.weight * np.array([low, high], dtype=np.float64)
        return np.maximum(ends.max(), 0)[None], np.maximum(-ends.min(), 0)[None]
    if not isinstance(synapse, DenseSynapse | ConvSynapse):
        raise UnsupportedError(f"{type(synapse).__name__} has no bound here; ask for dense, conv or direct")
    weights = synapse.weights.reshape(len(synapse.weights), -1).astype(np.float64)
    more, less = np.maximum(weights, 0).sum(axis=1), np.maximum(-weights, 0).sum(axis=1)
    scale = 2.0**synapse.weight_exp
    return (more * high - less * low) * scale, np.ceil((less * high - more * low) * scale)


def _summed(decay: npt.NDArray[np.integer], steps: int) -> Array:
    """Sum of the powers of what a decay keeps, over the steps of a sample."""
    return _geometric(1 - decay.astype(np.float64) / 4096, steps)


def _geometric(keeps: Array, steps: int) -> Array:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(keeps == 1, float(steps), (1 - keeps**steps) / (1 - keeps))
