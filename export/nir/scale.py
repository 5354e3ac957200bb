"""Floats to whole numbers of one layer: which scale, and what rounding does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import CapacityError
from evsnn_lava.export.lowering.pooling import FloatArray
from evsnn_lava.network.ranges import RANGES

IntArray = npt.NDArray[Any]

GRID: Final = 1e-6
"""A number this close to a whole one is that one."""

UNIT: Final = 64.0
"""The scale where nothing limits it."""

_CANDIDATES: Final = 32
_SHARE: Final = 0.75
_SAMPLE: Final = 1 << 20


@dataclass(frozen=True)
class WeightGrid:
    """The weights that a synapse can store.

    Parameters
    ----------
    low, high : int
        Smallest and largest.
    step : int
        Distance of two neighbours.
    """

    low: int
    high: int
    step: int

    @classmethod
    def of(cls, weights: FloatArray, bits: int) -> WeightGrid:
        """The grid for these weights: a sign takes one of the bits, then weights are even.

        Parameters
        ----------
        weights : numpy.ndarray of float64
            Before scaling.
        bits : int
            Bits of a weight, sign included.

        Examples
        --------
        >>> WeightGrid.of(np.array([-1.0, 1.0]), bits=8), WeightGrid.of(np.array([1.0]), bits=8)
        (WeightGrid(low=-256, high=254, step=2), WeightGrid(low=0, high=255, step=1))
        """
        negative, positive = bool((weights < 0).any()), bool((weights > 0).any())
        step = 1 << (8 - bits + negative)
        high = 256 - step
        return cls((-256 if positive else -high) if negative else 0, high, step)

    @classmethod
    def direct(cls) -> WeightGrid:
        """The grid of the factor of an input block."""
        return cls(*RANGES["input_weight"], 1)

    def round(self, values: FloatArray) -> FloatArray:
        """The nearest weights, before clipping."""
        return self.step * np.rint(values / self.step)

    def clip(self, values: FloatArray) -> FloatArray:
        """Weights inside the limits."""
        return np.clip(values, self.low, self.high)


def choose_scale(
    weights: FloatArray,
    grid: WeightGrid,
    threshold: float,
    bias: FloatArray,
    threshold_limit: int = RANGES["vth_mant"][1],
) -> float:
    """The scale, among those that clip nothing and make the threshold a whole number, with the smallest error.

    Parameters
    ----------
    weights : numpy.ndarray of float64
        All weights that share the scale.
    grid : WeightGrid
        What they are rounded to.
    threshold : float
        At least 0.
    bias : numpy.ndarray of float64
        In the unit of the threshold.
    threshold_limit : int
        Largest threshold mantissa.

    Returns
    -------
    float
        Integer that stands for 1.0, at least three quarters of the largest that clips nothing.

    Examples
    --------
    >>> weights = np.array([-3.0, 1.0])
    >>> choose_scale(weights, WeightGrid.of(weights, 8), threshold=1.0, bias=np.zeros(1))
    84.0
    """
    low, high, strongest = float(weights.min()), float(weights.max()), float(np.abs(bias).max())
    room = [threshold_limit / threshold] if threshold else []
    room += [grid.high / high] if high > 0 else []
    room += [grid.low / low] if low < 0 else []
    room += [RANGES["bias_mant"][1] / strongest] if strongest else []
    most = math.floor(min(room, default=UNIT) * threshold * (1 + 1e-12))
    if not most:
        return min(room, default=UNIT)
    candidates = np.unique(np.linspace(max(math.ceil(_SHARE * most), 1), most, _CANDIDATES).astype(np.int64))
    scales = candidates[::-1] / threshold
    some = weights[:: max(1, weights.size // _SAMPLE)]
    errors = [float(np.square(grid.round(some * scale) / scale - some).sum()) for scale in scales]
    return float(scales[int(np.argmin(errors))])


def whole(values: FloatArray, what: str) -> IntArray:
    """Round to whole numbers that a word can hold.

    Raises
    ------
    CapacityError
        If a number is not finite or gigantic.
    """
    rounded = np.rint(values)
    if not (np.abs(rounded) < 2**31).all():
        raise CapacityError(f"{what}: a number is beyond 32 bits after scaling; rescale the graph")
    return rounded.astype(np.int64)


def whole_threshold(value: float, inclusive: bool) -> int:
    """The whole threshold that is exceeded by exactly those whole numbers that exceed `value`.

    Parameters
    ----------
    value : float
        The scaled threshold.
    inclusive : bool
        Count the numbers that reach it as well.

    Examples
    --------
    >>> whole_threshold(2.5, False), whole_threshold(2.5, True), whole_threshold(3.0, True)
    (2, 2, 2)
    """
    near = round(value)
    if abs(value - near) < GRID * max(1.0, abs(value)):
        return max(near - inclusive, 0)
    return max(math.ceil(value) - 1 if inclusive else math.floor(value), 0)
