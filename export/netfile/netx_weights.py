"""What stock netx and Lava make of the weights of a dense layer.

netx rescales a dense matrix to fill eight bits, Lava truncates it again. For most matrices this changes nothing.

Source: ``lava.lib.dl.netx.utils.optimize_weight_bits``, ``lava.utils.weightutils``, ``lava.proc.dense.models``.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

WEIGHT_BITS: Final = 8


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


def netx_dense_weights(weights: npt.NDArray[np.integer], own: int | None = None) -> npt.NDArray[np.float32]:
    """Weights that stock netx on Lava's fixed-point models really multiplies with.

    Parameters
    ----------
    weights : numpy.ndarray of int, shape (out, in)
        Weights in the file, not all zero; of a recurrent layer, those from before and its own side by side.
    own : int, optional
        Number of columns, the last ones, that belong to the recurrent synapse: netx scales both together, Lava
        truncates each by itself.

    Returns
    -------
    numpy.ndarray of float32, shape (out, in)
        Equal to `weights` when netx is exact; NaN where the shift is undefined.

    Examples
    --------
    >>> netx_dense_weights(np.array([[-256, -2]])).tolist()
    [[-254.0, -2.0]]
    """
    shift, bits = netx_weight_bits(weights)
    if shift < 0:
        return np.full(weights.shape, np.nan, dtype=np.float32)
    parts = np.split(_clipped(weights).astype(np.int32) << shift, [weights.shape[1] - (own or 0)], axis=1)
    return np.hstack([_truncated(part, bits) for part in parts if part.size]) / np.float32(1 << shift)


def _truncated(weights: npt.NDArray[np.integer], bits: int) -> npt.NDArray[np.float32]:
    """What Lava's dense model leaves of weights, by the signs that occur in them."""
    mixed = bool(weights.min() < 0 < weights.max())
    dropped = WEIGHT_BITS - bits + mixed
    if dropped < 0:
        return np.full(weights.shape, np.nan, dtype=np.float32)
    sign = -1 if weights.max() <= 0 and weights.min() < 0 else 1
    kept = np.clip(sign * weights, -256 if mixed else 0, 255) >> dropped << dropped
    return (sign * kept).astype(np.float32)


def largest_sum(weights: npt.NDArray[np.int32]) -> int:
    """The largest sum, as a magnitude, that spikes can make with the weights of one neuron.

    Examples
    --------
    >>> largest_sum(np.array([[3, -4, -4], [5, 1, -2]]))
    8
    """
    rows = weights.reshape(len(weights), -1)
    up, down = (np.clip(rows, *side).sum(axis=1, dtype=np.int64) for side in ((0, None), (None, 0)))
    return int(max(up.max(), -down.min()))
