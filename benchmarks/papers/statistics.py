"""Comparisons over seeds: two methods trained from the same seeds, and what may be said about their difference."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.search.intervals import Interval

Alternative = Literal["two-sided", "greater"]

MOST_FLIPPED: Final = 16
"""Pairs up to which all sign patterns are gone through."""

DECIMALS: Final = 12
"""Differences are rounded to so many places: equal ones, as of accuracies, must count as ties."""


@dataclass(frozen=True)
class PairedComparison:
    """How a method differs from another one over the same seeds.

    Parameters
    ----------
    pairs : int
        Number of seeds.
    difference : Interval
        Of the first method minus the second, with a t interval.
    wilcoxon_p, t_p, sign_flip_p : float
        Wilcoxon's signed-rank test, the paired t-test and the exact permutation of signs.
    smallest_p : float
        The least p-value that the permutation can give for so many seeds; a test at a lower level cannot succeed.
    alternative : {"two-sided", "greater"}
        What was tested.
    """

    pairs: int
    difference: Interval
    wilcoxon_p: float
    t_p: float
    sign_flip_p: float
    smallest_p: float
    alternative: Alternative


def compare(
    first: Sequence[float], second: Sequence[float], alternative: Alternative = "two-sided", confidence: float = 0.95
) -> PairedComparison:
    """Test whether a method is better than another one that was run with the same seeds.

    Parameters
    ----------
    first, second : sequence of float
        One value per seed, in the same order.
    alternative : {"two-sided", "greater"}
        ``greater`` asks only whether the first is greater; say so before looking at the values.
    confidence : float
        Of the interval of the difference.

    Returns
    -------
    PairedComparison
        The difference and three p-values.

    Raises
    ------
    ConfigError
        If the values are not pairs, or fewer than two.

    Examples
    --------
    >>> found = compare([0.97, 0.96, 0.98, 0.97, 0.96], [0.95, 0.95, 0.96, 0.96, 0.93], "greater")
    >>> round(found.difference.value, 4), found.sign_flip_p, found.smallest_p
    (0.018, 0.03125, 0.03125)
    """
    if len(first) != len(second):
        raise ConfigError(f"compare: {len(first)} values and {len(second)} are no pairs; give one of each per seed")
    differences = np.round(np.subtract(first, second), DECIMALS)
    interval = t_interval(differences.tolist(), confidence)
    sides = 2 if alternative == "two-sided" else 1
    return PairedComparison(
        len(differences),
        interval,
        _wilcoxon_p(differences, alternative),
        _t_p(differences, alternative),
        sign_flip_p(differences.tolist(), alternative),
        sides / 2 ** len(differences),
        alternative,
    )


def sign_flip_p(differences: Sequence[float], alternative: Alternative = "two-sided") -> float:
    """Exact permutation test: in what share of all sign patterns the mean is at least as large.

    If the methods were the same, every difference could as well have had the other sign.

    Source: Fisher's randomisation test for pairs (The Design of Experiments, 1935, section 21).

    Parameters
    ----------
    differences : sequence of float
        One per seed, at most 16.
    alternative : {"two-sided", "greater"}
        Whether a mean as far below zero counts, too.

    Returns
    -------
    float
        The p-value.

    Raises
    ------
    ConfigError
        If there are more than 16 differences.

    Examples
    --------
    >>> sign_flip_p([1.0, 2.0, 3.0]), sign_flip_p([1.0, 2.0, 3.0], "greater"), sign_flip_p([0.0, 0.0])
    (0.25, 0.125, 1.0)
    """
    number = len(differences)
    if number > MOST_FLIPPED:
        raise ConfigError(f"sign_flip_p: {number} differences, the limit is {MOST_FLIPPED}; use the t-test's p-value")
    signs = np.array(list(itertools.product((1, -1), repeat=number)))
    sums, observed = signs @ np.asarray(differences), float(np.sum(differences))
    if alternative == "two-sided":
        sums, observed = np.abs(sums), abs(observed)
    return float(np.mean(sums >= observed - 10.0**-DECIMALS * max(1, number)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number, so that one false alarm among all of them stays as rare as a level says.

    Source: Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6:65-70, 1979.

    Parameters
    ----------
    p_values : sequence of float
        One per test.

    Returns
    -------
    list of float
        Corrected, in the same order.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    raised = np.sort(p_values) * np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return [float(p) for p in corrected]


def t_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Mean and Student's confidence interval.

    Parameters
    ----------
    values : sequence of float
        One per seed, at least two.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    Interval
        The mean with its limits.

    Raises
    ------
    ConfigError
        If there are fewer than two values.

    Examples
    --------
    >>> found = t_interval([1.0, 2.0, 3.0])
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (2.0, -0.484, 4.484)
    """
    if len(values) < 2:
        raise ConfigError(f"t_interval: {len(values)} values have no spread; run at least two seeds")
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1)) / len(values) ** 0.5
    reach = float(stats.t.ppf((1 + confidence) / 2, len(values) - 1)) * error
    return Interval(mean, mean - reach, mean + reach)


def _wilcoxon_p(differences: npt.NDArray[np.float64], alternative: Alternative) -> float:
    """Differences of zero say nothing and are left out."""
    clear = differences[differences != 0]
    return float(stats.wilcoxon(clear, alternative=alternative).pvalue) if len(clear) else 1.0


def _t_p(differences: npt.NDArray[np.float64], alternative: Alternative) -> float:
    """Written out: scipy warns where all differences are equal; without a spread the test can claim nothing."""
    spread = float(differences.std(ddof=1))
    if spread == 0:
        return 1.0
    t = float(differences.mean()) / (spread / len(differences) ** 0.5)
    freedom = len(differences) - 1
    return float(stats.t.sf(t, freedom)) if alternative == "greater" else float(2 * stats.t.sf(abs(t), freedom))
