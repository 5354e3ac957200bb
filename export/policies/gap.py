"""The Top-K gap policy: stop when the best class leads by enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from evsnn_lava.export.policies.base import IntArray, Policy
from evsnn_lava.export.policies.settled import settled_right
from evsnn_lava.export.policies.thresholds import fit_thresholds, never_rising
from evsnn_lava.network import CutoffPolicy, top2_gap

SCALES: Final = np.concatenate([2.0 ** (np.arange(480, 96, -1) / 16), np.arange(64, -0.5, -0.5)])
"""Scales of a family of gaps: up to 64 in halves, above 16 per power of two, up to what 32 bits hold."""


@dataclass(eq=False)
class TopKGap(Policy):
    """Thresholds of the Top-2 gap, one per step.

    Source: arXiv 2301.09522, calibrated on held-out data; see
    :func:`~evsnn_lava.export.policies.thresholds.fit_thresholds`.

    Parameters
    ----------
    epsilon : float
        Tolerated share of wrong stops, of the samples whose gap exceeds a threshold.
    min_support : int
        Samples that must exceed a threshold for it to be trusted.
    monotone : bool
        Thresholds never rise with the step.

    Examples
    --------
    >>> gap = np.repeat([0, 1, 2, 3], 5)
    >>> scores = np.stack([gap, 0 * gap], axis=-1)[:, None] * np.ones((1, 2, 1), int)
    >>> TopKGap(epsilon=0.0, min_support=5).fit(scores, 1 * (gap < 2)).policy_.thresholds.tolist()
    [1, 1]
    """

    epsilon: float = 0.01
    min_support: int = 50
    monotone: bool = False

    def _fitted(self, scores: IntArray, labels: IntArray) -> CutoffPolicy:
        thresholds = fit_thresholds(top2_gap(scores), settled_right(scores, labels), self.epsilon, self.min_support)
        return CutoffPolicy("topk_gap", never_rising(thresholds) if self.monotone else thresholds, self.epsilon)

    def unfitted_family(self, scores: IntArray) -> Iterator[CutoffPolicy]:
        """Gaps above ``b sqrt((T' - t) / T')``, from a larger b than any that stops down to 0.

        What the steps that are left can still overturn grows like the square root of their number, if what
        they add is independent. The thresholds never rise.
        """
        steps, reached = scores.shape[1], top2_gap(scores).max(axis=0)
        left = np.sqrt(np.arange(steps - 1, -1, -1) / steps)
        tables = (np.floor(scale * left).astype(np.int64) for scale in SCALES)
        return (CutoffPolicy("topk_gap", table) for table in _distinct(tables) if (reached > table)[:-1].any())


def _distinct(tables: Iterator[IntArray]) -> Iterator[IntArray]:
    last = np.zeros(0, np.int64)
    for table in tables:
        if not np.array_equal(table, last):
            yield table
        last = table
