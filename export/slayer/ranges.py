"""Largest currents and voltages that CUBA layers can reach: beyond 24 bits, SLAYER and the integers part.

SLAYER integrates in 64 bits. The chip wraps the current and saturates the voltage. A voltage that saturates upwards
fires in both; one that saturates downwards recovers earlier on the chip.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.network import ConvSynapse, CubaNeuron, DenseSynapse, DirectSynapse, Layer, Synapse

Array = npt.NDArray[np.float64]

STATE_TOP: Final = (1 << 23) - 1


@dataclass(frozen=True)
class Reach:
    """How far the states of a layer can get when any input may spike in any step.

    Parameters
    ----------
    current : float
        Largest magnitude of ``u``, in its integers.
    below : float
        Largest magnitude of a negative ``v``.
    """

    current: float
    below: float

    @property
    def fits(self) -> bool:
        """Whether SLAYER and the integers agree for every input."""
        return max(self.current, self.below) <= STATE_TOP


def reach(layer: Layer, steps: int) -> Reach:
    """Bound the states of a CUBA layer from its weights, decays and bias.

    Parameters
    ----------
    layer : Layer
        With a CUBA neuron.
    steps : int
        Steps that a sample takes.

    Returns
    -------
    Reach
        Upper bounds; the inputs are spikes.

    Raises
    ------
    UnsupportedError
        If the neuron is another.

    Examples
    --------
    >>> reach(Layer("fc", DenseSynapse([[10, -20]]), CubaNeuron(80, 4095, 4096), (1,)), steps=9)
    Reach(current=1280.0, below=1280.0)
    """
    neuron = layer.neuron
    if not isinstance(neuron, CubaNeuron):
        raise UnsupportedError(f"layer {layer.name}: {type(neuron).__name__} has no bound here; ask for CUBA layers")
    up, down = np.zeros(1), np.zeros(1)
    for synapse in layer.synapses:
        more, less = _sums(synapse)
        up, down = up + more, down + less
    grown_current = _summed(np.asarray(neuron.current_decay), steps)
    high, low = 64 * up * grown_current, 64 * down * grown_current
    bias = np.asarray(0 if neuron.bias_mant is None else neuron.bias_mant, dtype=np.float64) * 2.0**neuron.bias_exp
    bias = bias.reshape(len(bias), -1).min(axis=1) if bias.ndim else bias
    below = (low + np.maximum(-bias, 0)) * _summed(np.asarray(neuron.dv), steps)
    return Reach(float(max(high.max(), low.max())), float(below.max()))


def may_overflow(layers: Iterable[Layer], steps: int) -> dict[str, str]:
    """Provenance entry that names the layers whose states could leave 24 bits.

    Parameters
    ----------
    layers : iterable of Layer
        The network; layers of other than CUBA neurons are left out.
    steps : int
        Steps that a sample takes.

    Returns
    -------
    dict of str to str
        Empty if none can, else one entry ``may_overflow``.

    Examples
    --------
    >>> may_overflow([Layer("fc", DenseSynapse([[-200] * 900]), CubaNeuron(80, 1023, 128), (1,))], steps=40)
    {'may_overflow': 'fc'}
    """
    names = [layer.name for layer in layers if isinstance(layer.neuron, CubaNeuron) and not reach(layer, steps).fits]
    return {"may_overflow": ", ".join(names)} if names else {}


def _sums(synapse: Synapse) -> tuple[Array, Array]:
    """Per output channel, the largest and the smallest activation as magnitudes."""
    if isinstance(synapse, DirectSynapse):
        ends = np.array([synapse.bias, synapse.bias + synapse.weight], dtype=np.float64)
        return np.maximum(ends.max(), 0)[None], np.maximum(-ends.min(), 0)[None]
    if not isinstance(synapse, DenseSynapse | ConvSynapse):
        raise UnsupportedError(f"{type(synapse).__name__} has no bound here; ask for dense, conv or direct")
    weights = synapse.weights.reshape(len(synapse.weights), -1).astype(np.float64)
    scale = 2.0**synapse.weight_exp
    return np.maximum(weights, 0).sum(axis=1) * scale, np.maximum(-weights, 0).sum(axis=1) * scale


def _summed(decay: npt.NDArray[np.integer], steps: int) -> Array:
    """Sum of the powers of what a decay keeps, over the steps of a sample."""
    keeps = 1 - decay.astype(np.float64) / 4096
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(keeps == 1, float(steps), (1 - keeps**steps) / (1 - keeps))
