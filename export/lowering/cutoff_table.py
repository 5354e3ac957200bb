"""The thresholds of a cutoff as a table over pairs of classes, with the last step's forced decision in it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import CutoffPolicy

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PairTable:
    """From which lead on one class beats another, step by step.

    Parameters
    ----------
    pairs : tuple of (int, int)
        ``(i, j)``: does class i lead class j by more than the threshold?
    thresholds : numpy.ndarray of int64, shape (T', pairs)
        After ``t`` frames, pair by pair.

    Examples
    --------
    >>> table = pair_table(CutoffPolicy("topk_gap", [5, 1, 1]), classes=2)
    >>> table.pairs, table.thresholds.tolist()
    (((0, 1), (1, 0)), [[1, 1], [1, 1], [-1, 0]])
    """

    pairs: tuple[tuple[int, int], ...]
    thresholds: IntArray

    @property
    def changes(self) -> IntArray:
        """How far every threshold falls from one step to the next, shape (T' - 1, pairs)."""
        falls: IntArray = -np.diff(self.thresholds, axis=0)
        return falls


def pair_table(policy: CutoffPolicy, classes: int) -> PairTable:
    """Write the thresholds of a policy for every pair of classes.

    A lead after ``t`` frames is at most ``t``: larger thresholds, and steps at which the policy never stops, become
    ``t``. Where it stops in any case (below zero, and in the last step) the best class wins, the first at a tie:
    class i beats a later class when it is not behind, an earlier one when it is ahead. Later steps are not reached.

    Parameters
    ----------
    policy : CutoffPolicy
        The policy of the host.
    classes : int
        Number of classes.

    Returns
    -------
    PairTable
        The same decisions.
    """
    pairs = tuple(permutations(range(classes), 2))
    winner = np.array([0 if j < i else -1 for i, j in pairs], dtype=np.int64)
    steps = np.arange(1, policy.steps + 1)
    reachable = np.minimum(policy.thresholds, steps)
    forced = np.logical_or.accumulate((policy.thresholds < 0) | (steps == policy.steps))
    return PairTable(pairs, np.where(forced[:, None], winner, reachable[:, None]))
