"""The connections into one neuron: their weights, and what was sent through each of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import ComplexSynapse, ConvSynapse, DenseSynapse, DirectSynapse, Layer
from evsnn_lava.network.ranges import RANGES, STATE_BITS
from evsnn_lava.simulation.arithmetic import IntArray, shift, wrap_word

Place = tuple[int, ...]
DELAYS: Final = RANGES["delay"][1] + 1

DENSE_BITS: Final = 32
CONV_BITS: Final = STATE_BITS
DELAYED_BITS: Final = 62
"""With delays, products are cut, not sums: these always fit."""


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
    bits : int
        Where the sum of each delay wraps before it is shifted.
    """

    name: str
    part: int
    weights: IntArray
    delays: IntArray
    weight_exp: int
    places: tuple[Place, ...]
    sent: IntArray
    can_delay: bool
    bits: int

    @property
    def moments(self) -> npt.NDArray[np.int64]:
        """All M moments."""
        return np.arange(self.sent.shape[1] * (self.sent.shape[2] - 1))

    def arrived(self, connection: int, delays: npt.NDArray[np.integer], moments: npt.NDArray[np.int64]) -> IntArray:
        """What one input sent, as late as each of D delays says, shape (D, moments)."""
        samples, steps = np.divmod(moments, self.sent.shape[2] - 1)
        late = steps - np.asarray(delays)[:, None]
        arrived: IntArray = np.where(late >= 0, self.sent[connection][samples, np.maximum(late, 0)], 0)
        return arrived

    @cached_property
    def sums(self) -> IntArray:
        """Weights times what arrived, by delay, before they are cut and shifted, shape (63, M)."""
        sums = np.zeros((DELAYS, len(self.moments)), dtype=np.int64)
        for connection, (weight, delay) in enumerate(zip(self.weights, self.delays, strict=True)):
            if weight:
                sums[delay] += wrap_word(weight * self.arrived(connection, np.array([delay]), self.moments)[0])
        return sums

    def scaled(self, sums: IntArray, weight_exp: int | None = None) -> IntArray:
        """Sums as they are cut and shifted, by the exponent of the file or another one."""
        half = 1 << (self.bits - 1)
        return shift((sums + half) % (2 * half) - half, self.weight_exp if weight_exp is None else weight_exp)

    @cached_property
    def total(self) -> IntArray:
        """The scaled sums of all delays, shape (M,)."""
        total: IntArray = self.scaled(self.sums).sum(axis=0)
        return total

    @property
    def delivered(self) -> IntArray:
        """What must arrive, shape (M,)."""
        return wrap_word(self.total)


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
        return wrap_word(self.synapse.weight * self.sent + self.synapse.bias)


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
    bits = DENSE_BITS if synapse.delays is None else DELAYED_BITS
    can_delay = name in ("", "recurrent")
    return Fan(name, part, weights, delays, synapse.weight_exp, places, sent, can_delay, bits)


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
    delays = np.zeros_like(weights)
    return Fan("", 0, weights, delays, synapse.weight_exp, tuple(places), sent, can_delay=False, bits=CONV_BITS)
