"""The softmax policy: stop when the best class is likely enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import CalibrationError, ConfigError
from evsnn_lava.export.policies.base import IntArray, Policy
from evsnn_lava.export.policies.settled import settled_right
from evsnn_lava.export.policies.thresholds import fit_thresholds, never_rising
from evsnn_lava.network import CutoffPolicy, confidence, softmax_table
from evsnn_lava.network.softmax import SOFTMAX_BITS

EVEN: Final = 2 ** (SOFTMAX_BITS - 1)
"""Confidence of two classes that share the lead: at or below it nothing stops."""

TEMPERATURES: Final = 2.0 ** (np.arange(-8, 81) / 4)
"""Temperatures that are tried, in output units."""


@dataclass(eq=False)
class Confidence(Policy):
    """Thresholds of the softmax probability, one per step.

    Source: the confidence cutoff of arXiv 2405.00699 and of snncutoff (``max softmax(Y(t))``), with temperature
    scaling (Guo et al., arXiv 1706.04599) and in integers: see :func:`~evsnn_lava.network.confidence`.

    Parameters
    ----------
    epsilon : float
        Tolerated share of wrong stops, of the samples whose confidence exceeds a threshold.
    min_support : int
        Samples that must exceed a threshold for it to be trusted.
    temperature : float or None
        Lead, in output units, that makes a class e times as likely; None fits it, see :func:`fit_temperature`.
    monotone : bool
        Thresholds never rise with the step.

    Attributes
    ----------
    temperature_ : float
        The temperature of the table.

    Examples
    --------
    >>> scores = np.array([[[1, 0], [4, 0]]] * 20)
    >>> found = Confidence(0.0, min_support=5, temperature=1.0).fit(scores, np.zeros(20, int))
    >>> found.decide(scores[:1]).exit_step.tolist(), len(found.policy_.softmax)
    ([1], 12)
    """

    epsilon: float = 0.01
    min_support: int = 50
    temperature: float | None = None
    monotone: bool = False
    temperature_: float = field(init=False, repr=False)

    def _fitted(self, scores: IntArray, labels: IntArray) -> CutoffPolicy:
        self.temperature_ = fit_temperature(scores, labels) if self.temperature is None else self.temperature
        table = softmax_table(self.temperature_)
        lead, settled = confidence(scores, table), settled_right(scores, labels)
        thresholds = fit_thresholds(lead, settled, self.epsilon, self.min_support, EVEN)
        thresholds = never_rising(thresholds) if self.monotone else thresholds
        return CutoffPolicy("confidence", thresholds, self.epsilon, softmax=table)

    def unfitted_family(self, scores: IntArray) -> Iterator[CutoffPolicy] | None:
        """The same confidence at every step, if the temperature is given: its odds fall by a quarter each time."""
        if self.temperature is None:
            return None
        table, steps = softmax_table(self.temperature), scores.shape[1]
        odds = 2.0 ** (np.arange(4 * SOFTMAX_BITS, -1, -1) / 4)
        shares = np.unique(np.floor(2**SOFTMAX_BITS * odds / (1 + odds)).astype(np.int64))[::-1]
        return (CutoffPolicy("confidence", np.full(steps, share), softmax=table) for share in shares)

    def fitted_family(self, scores: IntArray, labels: IntArray) -> Iterator[CutoffPolicy]:
        """With one temperature for all members."""
        temperature = fit_temperature(scores, labels) if self.temperature is None else self.temperature
        return Policy.fitted_family(replace(self, temperature=temperature), scores, labels)


def fit_temperature(scores: IntArray, labels: npt.NDArray[np.integer]) -> float:
    """The temperature under which the labels are likeliest, over all steps.

    Source: temperature scaling, Guo et al., arXiv 1706.04599; one temperature for all steps.

    Parameters
    ----------
    scores : numpy.ndarray of int64, shape (N, T', classes)
        Output summed up to each step.
    labels : numpy.ndarray of int, shape (N,)
        Right classes.

    Returns
    -------
    float
        Of a grid of four per power of two.

    Raises
    ------
    CalibrationError
        If no integer table holds the temperature that the data ask for.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> label = rng.integers(0, 2, 4000)
    >>> lead = np.where(rng.random(4000) < 1 / (1 + np.exp(-1.0)), 2, -2) * (1 - 2 * label)
    >>> 1.5 < fit_temperature(np.stack([lead, 0 * lead], axis=-1)[:, None], label) < 2.5
    True
    """
    behind = (scores - scores.max(axis=-1, keepdims=True)).astype(np.float64)
    right = np.take_along_axis(behind, np.asarray(labels)[:, None, None], axis=-1)[..., 0]

    def cost(at: int) -> float:
        """Convex in the inverse of the temperature, so it has one valley."""
        inverse = 1 / TEMPERATURES[at]
        return float((np.log(np.exp(behind * inverse).sum(axis=-1)) - right * inverse).mean())

    low, high = 0, len(TEMPERATURES) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if cost(middle) <= cost(middle + 1) else (middle + 1, high)
    temperature = float(TEMPERATURES[low])
    try:
        softmax_table(temperature)
    except ConfigError as error:
        raise CalibrationError(
            f"the scores reach {scores.max()} and ask for a softmax temperature of {temperature:.0f}, more than a "
            "table of exponentials holds; use a gap policy (evsnn calibrate --policy topk_gap)"
        ) from error
    return temperature
