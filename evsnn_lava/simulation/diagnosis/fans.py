"""The connections into one neuron: their weights, and what was sent through each of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import ComplexSynapse, ConvSynapse, DenseSynapse, DirectSynapse, Layer
from evsnn_lava.network.ranges import RANGES
from evsnn_lava.simulation.arithmetic import IntArray, shift

Place = tuple[int, ...]
DELAYS: Final = RANGES["delay"][1] + 1


@dataclass(frozen=True, eq=False)
class Fan:
    """The connections of one synapse into one neuron: J inputs in M moments.

    Parameters
    ----------
    name : str
        Prefix of its parameters: empty, ``recurrent``, ``real`` or ``imag``.
    part : int
        1 for the imaginary input of a resonator, else 0.
    weights, delays : numpy.ndarray of int64, shape (J,)
        Of each connection.
    weight_exp : int
        Shift of the sums.
    places : tuple of tuple of int
        Where each weight stands in the synapse.
    sent : numpy.ndarray of int64, shape (J, N, K)
        What the inputs sent.
    can_delay : bool
        Whether the synapse may have delays.
    """

    name: str
    part: int
    weights: IntArray
    delays: IntArray
    weight_exp: int
    places: tuple[Place, ...]
    sent: IntArray
    can_delay: bool

    def arrived(self, connection: int, delays: npt.NDArray[np.integer]) -> IntArray:
        """What one input sent, as late as each of some delays says, shape (D, M)."""
        line = self.sent[connection]
        steps = np.arange(line.shape[1] - 1) - np.asarray(delays)[:, None]
        late = np.where(steps >= 0, line[:, np.maximum(steps, 0)], 0)
        return late.transpose(1, 0, 2).reshape(len(steps), late.shape[0] * late.shape[2])

    @cached_property
    def sums(self) -> IntArray:
        """Weights of what arrived, by delay, before they are shifted, shape (63, M)."""
        sums = np.zeros((DELAYS, self.sent.shape[1] * (self.sent.shape[2] - 1)), dtype=np.int64)
        for connection, (weight, delay) in enumerate(zip(self.weights, self.delays, strict=True)):
            if weight:
                sums[delay] += weight * self.arrived(connection, np.array([delay]))[0]
        return sums

    @cached_property
    def delivered(self) -> IntArray:
        """What must arrive, shape (M,)."""
        return self.shifted(self.weight_exp)

    def shifted(self, weight_exp: int) -> IntArray:
        """What arrives with another exponent, shape (M,)."""
        total: IntArray = shift(self.sums, weight_exp).sum(axis=0)
        return total


@dataclass(frozen=True, eq=False)
class DirectFan:
    """The input that a neuron takes as it is.

    Parameters
    ----------
    synapse : DirectSynapse
        Factor and bias.
    sent : numpy.ndarray of int64, shape (M,)
        What arrived.
    """

    synapse: DirectSynapse
    sent: IntArray
    part: int = 0

    @property
    def delivered(self) -> IntArray:
        """What must arrive, shape (M,)."""
        return self.synapse.weight * self.sent + self.synapse.bias


def fans(layer: Layer, index: int, source: npt.NDArray[Any], own: npt.NDArray[Any]) -> tuple[Fan | DirectFan, ...]:
    """The connections into one neuron.

    Parameters
    ----------
    layer : Layer
        Its layer.
    index : int
        Flat index of the neuron.
    source : numpy.ndarray of bool or int, shape (N, *shape, K)
        What the layer before sent.
    own : numpy.ndarray of bool or int, shape (N, *layer shape, K)
        What the layer itself sent.

    Returns
    -------
    tuple of Fan or DirectFan
        One per synapse; two for a ComplexSynapse.
    """
    synapse, sent = layer.synapse, _lines(source)
    recurrent = () if layer.recurrent is None else (_dense("recurrent", 0, layer.recurrent, index, _lines(own)),)
    if isinstance(synapse, DirectSynapse):
        return (DirectFan(synapse, sent[index][:, :-1].reshape(-1)), *recurrent)
    if isinstance(synapse, ConvSynapse):
        return (_conv(synapse, layer.shape, index, source), *recurrent)
    if isinstance(synapse, ComplexSynapse):
        return _dense("real", 0, synapse.real, index, sent), _dense("imag", 1, synapse.imag, index, sent)
    return (_dense("", 0, synapse, index, sent), *recurrent)


def _lines(values: npt.NDArray[Any]) -> IntArray:
    """What each neuron sent, shape (J, N, K)."""
    flat = values.reshape(len(values), -1, values.shape[-1]).astype(np.int64)
    return flat.transpose(1, 0, 2)


def _dense(name: str, part: int, synapse: DenseSynapse, index: int, sent: IntArray) -> Fan:
    weights = synapse.weights[index].astype(np.int64)
    delays = np.zeros_like(weights) if synapse.delays is None else synapse.delays[index].astype(np.int64)
    places = tuple((index, source) for source in range(len(weights)))
    return Fan(name, part, weights, delays, synapse.weight_exp, places, sent, can_delay=name in ("", "recurrent"))


def _conv(synapse: ConvSynapse, shape: Place, index: int, source: npt.NDArray[Any]) -> Fan:
    output, *at = (int(i) for i in np.unravel_index(index, shape))
    outputs, channels, *kernel = synapse.weights.shape
    first = output // (outputs // synapse.groups) * channels
    corner = [a * stride - pad for a, stride, pad in zip(at, synapse.stride, synapse.padding, strict=True)]
    places, lines = [], []
    for channel, row, column in np.ndindex(channels, *kernel):
        y, x = corner[0] + row * synapse.dilation[0], corner[1] + column * synapse.dilation[1]
        if 0 <= y < source.shape[2] and 0 <= x < source.shape[3]:
            places.append((output, channel, row, column))
            lines.append(source[:, first + channel, y, x].astype(np.int64))
    weights = np.array([synapse.weights[place] for place in places], dtype=np.int64)
    sent = np.array(lines, dtype=np.int64).reshape(len(places), len(source), source.shape[-1])
    return Fan("", 0, weights, np.zeros_like(weights), synapse.weight_exp, tuple(places), sent, can_delay=False)
