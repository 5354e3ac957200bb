"""What stock netx computes exactly, and the check that refuses the rest.

netx rescales dense weights to fill eight bits and Lava truncates them again. For most matrices this
changes nothing; for some it changes weights, drops all of them or fails. Those are refused here, with
a remedy, so that the file never computes something else than the description says.

Source: ``lava.lib.dl.netx.utils.optimize_weight_bits``, ``lava.utils.weightutils``,
``lava.proc.dense.models.PyDenseModelBitAcc``, ``lava.proc.conv.models.PyConvModelFixed``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.network import ConvSynapse, CubaNeuron, DenseSynapse, Layer

IntArray = npt.NDArray[np.int64]

WEIGHT_BITS: Final = 8
NETX_BIAS_EXP: Final = 6
CONV_SIZE_LIMIT: Final = 127
"""Lava keeps kernel size, stride, padding, dilation and groups in signed bytes."""

ACTIVATION_LIMIT: Final = {ConvSynapse: 2**23, DenseSynapse: 2**25}
"""Where the summed activation wraps: 24 bits in a convolution, 32 bits less the shift by 6 in a dense."""


def netx_weight_bits(weights: npt.NDArray[np.integer]) -> tuple[int, int]:
    """How netx rescales a dense matrix.

    Parameters
    ----------
    weights : numpy.ndarray of int, shape (out, in)
        Not all zero.

    Returns
    -------
    shift : int
        Bits by which the weights are shifted left (and the sum right again).
    bits : int
        Bits of a weight that Lava keeps.

    Examples
    --------
    >>> netx_weight_bits(np.array([[-3, 3]])), netx_weight_bits(np.array([[-255, 2]]))
    ((6, 3), (0, 9))
    """
    weights = _clipped(weights)
    high, low = int(weights.max()), int(weights.min())
    mixed = low < 0 <= high
    if mixed:
        room = min(127 / high if high else math.inf, 128 / -low)
    else:
        room = 255 / high if high > 0 else 256 / -low
    shift = math.floor(math.log2(room)) + mixed
    spare = next(n for n in range(WEIGHT_BITS, -1, -1) if not np.any(weights % (1 << n)))
    return shift, WEIGHT_BITS - shift - spare + mixed


def _clipped(weights: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """The first thing that netx does: 254 is the most beside a negative weight."""
    return np.minimum(weights, 254) if weights.min() < 0 else weights


def netx_dense_weights(weights: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """Weights that stock netx on Lava's fixed-point models really multiplies with.

    Parameters
    ----------
    weights : numpy.ndarray of int, shape (out, in)
        Weights in the file, not all zero.

    Returns
    -------
    numpy.ndarray of float64, shape (out, in)
        Equal to `weights` when netx is exact; NaN where the shift is undefined.

    Examples
    --------
    >>> netx_dense_weights(np.array([[-256, -2]])).tolist()
    [[-254.0, -2.0]]
    """
    shift, bits = netx_weight_bits(weights)
    mixed = bool(weights.min() < 0 < weights.max())
    dropped = WEIGHT_BITS - bits + mixed
    if shift < 0 or dropped < 0:
        return np.full(weights.shape, np.nan)
    shifted = _clipped(weights).astype(np.int64) << shift
    sign = -1 if weights.max() <= 0 else 1
    kept = np.clip(sign * shifted, -256 if mixed else 0, 255) >> dropped << dropped
    effective: npt.NDArray[np.float64] = sign * kept / 2.0**shift
    return effective


def check_netx(layer: Layer) -> None:
    """Refuse a layer that stock netx would not load or not compute exactly.

    Parameters
    ----------
    layer : Layer
        The layer.

    Raises
    ------
    UnsupportedError
        With the fact and the remedy.
    """
    neuron, synapse = layer.neuron, layer.synapse
    if not isinstance(neuron, CubaNeuron) or type(synapse) not in _SYNAPSE_CHECKS:
        kind = f"{type(neuron).__name__} behind {type(synapse).__name__}"
        raise UnsupportedError(f"layer {layer.name}: {kind} has no form in the file; use CubaNeuron with dense or conv")
    if neuron.bias_mant is not None and neuron.bias_exp != NETX_BIAS_EXP:
        raise UnsupportedError(
            f"layer {layer.name}: bias_exp is {neuron.bias_exp}, netx fixes it at {NETX_BIAS_EXP}; rescale the bias"
        )
    if synapse.weight_exp != 0:
        raise UnsupportedError(
            f"layer {layer.name}: weight_exp is {synapse.weight_exp}, netx reads none; scale weights and threshold"
        )
    _check_activation(layer)
    _SYNAPSE_CHECKS[type(synapse)](layer.name, synapse)


def _check_activation(layer: Layer) -> None:
    weights = layer.synapse.weights.reshape(len(layer.synapse.weights), -1).astype(np.int64)
    largest = int(max(np.maximum(weights, 0).sum(axis=1).max(), np.maximum(-weights, 0).sum(axis=1).max()))
    limit = ACTIVATION_LIMIT[type(layer.synapse)]
    if largest >= limit:
        raise UnsupportedError(
            f"layer {layer.name}: inputs can sum up to {largest}, Lava wraps at {limit}; use smaller weights"
        )


def _check_dense(name: str, synapse: DenseSynapse) -> None:
    weights = synapse.weights
    if not weights.any():
        raise UnsupportedError(
            f"layer {name}: all {weights.size} dense weights are zero, which netx cannot load; "
            "train it again with less pruning or leave the layer out"
        )
    bits = netx_weight_bits(weights)[1]
    changed = netx_dense_weights(weights) != weights
    if changed.any():
        raise UnsupportedError(
            f"layer {name}: netx would change {int(changed.sum())} of {weights.size} dense weights "
            f"(first {weights[changed][0]}); make them even and keep them within -254..254"
        )
    if bits > WEIGHT_BITS:
        raise UnsupportedError(
            f"layer {name}: dense weights {weights.min()}..{weights.max()} with odd values take {bits} bits, "
            f"a synapse has {WEIGHT_BITS}; make them even"
        )


def _check_conv(name: str, synapse: ConvSynapse) -> None:
    sizes = {
        "kernel": max(synapse.weights.shape[2:]),
        "stride": max(synapse.stride),
        "padding": max(synapse.padding),
        "dilation": max(synapse.dilation),
        "groups": synapse.groups,
    }
    for quantity, size in sizes.items():
        if size > CONV_SIZE_LIMIT:
            raise UnsupportedError(
                f"layer {name}: {quantity} is {size}, Lava's signed byte ends at {CONV_SIZE_LIMIT}; make it smaller"
            )


_SYNAPSE_CHECKS: Final[dict[type, Callable[[str, Any], None]]] = {DenseSynapse: _check_dense, ConvSynapse: _check_conv}
