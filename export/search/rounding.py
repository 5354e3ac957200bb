"""Weights of fewer bits at the same scale."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import ComplexSynapse, ConvSynapse, DenseSynapse, Layer, QuantisationFacts, Synapse
from evsnn_lava.network.precision import FULL_BITS, sign_mode_of

LEAST_BITS: Final = 2

IntArray = npt.NDArray[np.int32]


def rounded_weights(weights: IntArray, bits: int) -> IntArray:
    """Round weights to what a synapse of fewer bits holds, at the scale that they have.

    Of `bits` bits one is the sign where weights of both signs occur, so the step between two weights is
    ``2 ** (9 - bits)`` there and ``2 ** (8 - bits)`` elsewhere, as :func:`evsnn_lava.network.precision.stored_weights`
    has it; but to the nearest one, halves away from 0, and the largest magnitude is the same on both sides.

    Parameters
    ----------
    weights : numpy.ndarray of int32, any shape
        Weight mantissas, -256..255.
    bits : int
        2..8; with 8 nothing changes.

    Returns
    -------
    numpy.ndarray of int32
        Of the same shape; no weight changes its sign, but it may become 0.

    Examples
    --------
    >>> rounded_weights(np.array([-256, -7, 3, 4, 12, 254]), 6).tolist()
    [-248, -8, 0, 8, 16, 248]
    >>> rounded_weights(np.array([1, 3, 255]), 6).tolist()
    [0, 4, 252]
    """
    if bits == FULL_BITS:
        return weights
    step = 1 << (FULL_BITS - bits + (sign_mode_of(weights) == "mixed"))
    size = np.abs(weights)
    nearest = np.minimum((size + step // 2) // step * step, (1 << FULL_BITS) - step)
    return (np.sign(weights) * nearest).astype(np.int32)


def rounded_layer(layer: Layer, bits: int) -> Layer:
    """Round all weights of a layer, those of its recurrent synapse too.

    Parameters
    ----------
    layer : Layer
        Any layer.
    bits : int
        2..8.

    Returns
    -------
    Layer
        The layer itself where nothing changes.
    """
    synapse = _rounded(layer.synapse, bits)
    recurrent = None if layer.recurrent is None else _rounded(layer.recurrent, bits)
    if synapse is layer.synapse and recurrent is layer.recurrent:
        return layer
    return replace(layer, synapse=synapse, recurrent=recurrent)


def facts_of(before: Layer, after: Layer, facts: QuantisationFacts) -> QuantisationFacts:
    """What the quantiser and the rounding did to a layer together.

    Parameters
    ----------
    before, after : Layer
        The layer and the rounded one.
    facts : QuantisationFacts
        What the quantiser did to `before`.

    Returns
    -------
    QuantisationFacts
        The largest error is a bound: that of the quantiser and that of the rounding added up.
    """
    if before is after:
        return facts
    pairs = [
        pair
        for old, new in zip(before.synapses, after.synapses, strict=True)
        for pair in zip(old.matrices, new.matrices, strict=True)
    ]
    moved = max((int(np.abs(new - old).max(initial=0)) for old, new in pairs), default=0)
    lost = sum(int(((new == 0) & (old != 0)).sum()) for old, new in pairs)
    return replace(facts, max_error=facts.max_error + moved / facts.weight_scale, zeros=facts.zeros + lost)


Rounded = TypeVar("Rounded", bound=Synapse)


def _rounded(synapse: Rounded, bits: int) -> Rounded:
    if isinstance(synapse, ComplexSynapse):
        real, imag = _rounded(synapse.real, bits), _rounded(synapse.imag, bits)
        same = real is synapse.real and imag is synapse.imag
        return synapse if same else replace(synapse, real=real, imag=imag)
    if isinstance(synapse, DenseSynapse | ConvSynapse):
        weights = rounded_weights(synapse.weights, bits)
        return synapse if np.array_equal(weights, synapse.weights) else replace(synapse, weights=weights)
    return synapse
