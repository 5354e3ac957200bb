"""How far a figure of some samples may lie from that of all samples: 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError

NORMAL_95: Final = 1.959963984540054
"""Quantile of the normal distribution at 97.5 %."""

BLOCK: Final = 1 << 20
"""Drawn numbers that are held at a time."""

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % interval.

    Parameters
    ----------
    value, low, high : float
        In one SI unit.
    """

    value: float
    low: float
    high: float


def wilson(right: int, samples: int) -> Interval:
    """A share of samples.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927.

    Parameters
    ----------
    right, samples : int
        ``0 <= right <= samples``, at least one sample.

    Returns
    -------
    Interval
        The share, and the interval that covers the true one in 95 % of the draws.

    Raises
    ------
    ConfigError
        If the numbers are none of a share.

    Examples
    --------
    >>> found = wilson(96, 100)
    >>> found.value, round(found.low, 4), round(found.high, 4)
    (0.96, 0.9016, 0.9843)
    """
    if not 0 <= right <= samples or not samples:
        raise ConfigError(f"share: {right} of {samples} samples; give at least one, and no more than all of them")
    share, squared = right / samples, NORMAL_95**2
    middle = (share + squared / (2 * samples)) / (1 + squared / samples)
    half = math.sqrt(share * (1 - share) / samples + squared / (4 * samples**2)) * NORMAL_95 / (1 + squared / samples)
    return Interval(share, min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)))


def bootstrap(values: npt.ArrayLike, statistic: str, resamples: int, seed: int) -> Interval:
    """A mean or a percentile of samples, by drawing the samples again with replacement.

    Source: the percentile interval of B. Efron, Bootstrap methods: another look at the jackknife, 1979.

    Parameters
    ----------
    values : array-like of float, shape (N,)
        One per sample.
    statistic : {"mean", "p95"}
        A key of ``STATISTICS``; the percentile is nearest-rank.
    resamples : int
        How often to draw; 0 gives no interval, only the value.
    seed : int
        The same seed gives the same interval.

    Returns
    -------
    Interval
        The value, and the 2.5 % and 97.5 % percentile of the drawn ones.

    Examples
    --------
    >>> bootstrap([4.0, 4.0, 4.0], "mean", 200, seed=0)
    Interval(value=4.0, low=4.0, high=4.0)
    """
    samples = np.asarray(values, dtype=np.float64)
    compute = STATISTICS[statistic]
    value = float(compute(samples[None])[0])
    if not resamples:
        return Interval(value, value, value)
    random, size = np.random.default_rng(seed), len(samples)
    at_once = max(1, BLOCK // size)
    parts = [min(at_once, resamples - start) for start in range(0, resamples, at_once)]
    drawn = np.concatenate([compute(samples[random.integers(0, size, (part, size))]) for part in parts])
    low, high = np.percentile(drawn, (2.5, 97.5), method="inverted_cdf")
    return Interval(value, min(value, float(low)), max(value, float(high)))


def _mean(drawn: FloatArray) -> FloatArray:
    mean: FloatArray = drawn.mean(axis=1)
    return mean


def _p95(drawn: FloatArray) -> FloatArray:
    """Nearest rank: a value that a sample really had."""
    rank = -(-95 * drawn.shape[1] // 100) - 1
    found: FloatArray = np.partition(drawn, rank, axis=1)[:, rank]
    return found


STATISTICS: Final[Mapping[str, Callable[[FloatArray], FloatArray]]] = {"mean": _mean, "p95": _p95}
"""What can be drawn again, along the second axis."""
