"""Numbers with a range: one (:class:`Estimate`), one per sample (:class:`Estimates`), their distribution."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError
from evsnn_lava.hw_profiles import Quantity

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value and the range it may lie in.

    The range is an interval, not a standard deviation: sums add all lower and all upper ends.

    Parameters
    ----------
    value, low, high : float
        ``low <= value <= high``, in one SI unit.

    Raises
    ------
    ConfigError
        If the value lies outside its range.

    Examples
    --------
    >>> Estimate(2.0, 1.0, 4.0).scaled(3)
    Estimate(value=6.0, low=3.0, high=12.0)
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        """Check the order."""
        if not self.low <= self.value <= self.high:
            raise ConfigError(f"estimate {self.value:g} lies outside its range {self.low:g}..{self.high:g}; correct it")

    @classmethod
    def of(cls, quantity: Quantity) -> Estimate:
        """The constant of a hardware profile in its SI unit."""
        return cls(quantity.si, quantity.low_si, quantity.high_si)

    @classmethod
    def known(cls, quantity: Quantity | None) -> Estimate:
        """The constant, or nothing where a profile does not give it."""
        return cls(0.0, 0.0, 0.0) if quantity is None else cls.of(quantity)

    @classmethod
    def exact(cls, value: float) -> Estimate:
        """A number without a range, for example a count."""
        return cls(float(value), float(value), float(value))

    @classmethod
    def sum(cls, parts: Iterable[Estimate]) -> Estimate:
        """Correctly rounded sum: the order of the parts does not matter."""
        found = list(parts)
        return cls(
            math.fsum(part.value for part in found),
            math.fsum(part.low for part in found),
            math.fsum(part.high for part in found),
        )

    def scaled(self, factor: float) -> Estimate:
        """The estimate times a factor that is not negative."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True)
class Distribution:
    """How a number spreads over the samples; early exit makes cost a distribution.

    Parameters
    ----------
    mean, p50, p95, max : Estimate
        Percentiles are nearest-rank: they are values that a sample really had.
    """

    mean: Estimate
    p50: Estimate
    p95: Estimate
    max: Estimate


@dataclass(frozen=True, eq=False)
class Estimates:
    """One estimate per sample.

    Parameters
    ----------
    value, low, high : numpy.ndarray of float64, shape (N,)
        ``low <= value <= high`` in every sample.

    Examples
    --------
    >>> steps = Estimates.exact(np.array([3, 5, 10]))
    >>> steps.distribution().p50.value
    5.0
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for array in (self.value, self.low, self.high):
            array.setflags(write=False)

    @classmethod
    def exact(cls, values: npt.NDArray[np.integer]) -> Estimates:
        """Numbers without a range, for example step counts."""
        array = values.astype(np.float64)
        return cls(array, array, array)

    def __add__(self, other: Estimates) -> Estimates:
        """Add sample by sample."""
        return Estimates(self.value + other.value, self.low + other.low, self.high + other.high)

    def times(self, factor: Estimate) -> Estimates:
        """Multiply every sample by one estimate."""
        return Estimates(self.value * factor.value, self.low * factor.low, self.high * factor.high)

    def total(self) -> Estimate:
        """Sum over the samples, correctly rounded."""
        return Estimate(math.fsum(self.value), math.fsum(self.low), math.fsum(self.high))

    def distribution(self) -> Distribution:
        """Mean, median, 95th percentile and maximum over the samples."""
        return Distribution(
            mean=self.total().scaled(1 / len(self.value)),
            p50=self._percentile(50),
            p95=self._percentile(95),
            max=self._percentile(100),
        )

    def _percentile(self, percent: float) -> Estimate:
        found = (np.percentile(array, percent, method="inverted_cdf") for array in (self.value, self.low, self.high))
        return Estimate(*(float(number) for number in found))
