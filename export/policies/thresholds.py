"""Thresholds per step: the smallest above which decisions are right often enough."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import CalibrationError
from evsnn_lava.network import NEVER

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def fit_thresholds(lead: IntArray, settled: BoolArray, epsilon: float, min_support: int, floor: int = 0) -> IntArray:
    """Smallest threshold per step above which decisions are right often enough.

    A threshold ``b`` of step ``t`` passes when, of the samples whose lead exceeds it, at least
    ``1 - epsilon`` are settled and right. The smallest ``b`` is taken for which it and every larger
    supported one pass; a step with no such threshold never stops. No ``b`` is below `floor`, so that
    a tie never stops.

    Source: the calibration of arXiv 2301.09522, on held-out data, with support and monotony of ours.

    Parameters
    ----------
    lead : numpy.ndarray of int64, shape (N, T')
        Gap, or confidence, of the best class.
    settled : numpy.ndarray of bool, shape (N, T')
        See :func:`~evsnn_lava.export.policies.settled.settled_right`.
    epsilon : float
        Tolerated share of wrong stops.
    min_support : int
        Samples that must exceed a threshold for it to count.
    floor : int
        Largest lead that a tie can have.

    Returns
    -------
    numpy.ndarray of int64, shape (T',)
        The thresholds; ``NEVER`` where none passes.

    Raises
    ------
    CalibrationError
        If there are fewer samples than `min_support`.

    Examples
    --------
    >>> gap, settled = np.array([[1], [2], [2], [3]]), np.array([[False], [True], [True], [True]])
    >>> fit_thresholds(gap, settled, epsilon=0.0, min_support=2).tolist()
    [1]
    """
    if len(lead) < min_support:
        raise CalibrationError(
            f"calibration has {len(lead)} samples, min_support asks for {min_support}; "
            "hold out more data or lower it (evsnn calibrate --min-support)"
        )
    steps = zip(lead.T, settled.T, strict=True)
    return np.array([_threshold(*step, epsilon, min_support, floor) for step in steps], dtype=np.int64)


def _threshold(lead: IntArray, settled: BoolArray, epsilon: float, min_support: int, floor: int) -> int:
    """Between two leads that occur, all thresholds stop the same samples: only those leads are tried."""
    tried = np.unique(np.append(np.maximum(lead, floor), floor))
    at = np.searchsorted(tried, np.maximum(lead, floor))
    above = [np.cumsum(np.bincount(at, weight, len(tried))[::-1])[::-1] for weight in (None, settled)]
    support, right = (np.append(counts[1:], 0) for counts in above)
    trusted = support >= max(1, min_support)
    good = right >= (1 - epsilon) * support - 1e-9  # a whole number, safe from rounding
    all_larger = np.logical_and.accumulate((good | ~trusted)[::-1])[::-1]
    chosen = np.flatnonzero(trusted & all_larger)
    return int(tried[chosen[0]]) if len(chosen) else NEVER


def never_rising(thresholds: IntArray) -> IntArray:
    """Raise thresholds until none is below a later one, so that more evidence is never trusted less.

    Raising is the careful direction, and of all larger thresholds it is known that they pass. A step that
    never stops keeps all before it from stopping. The last step, which ends in any case, binds none.

    Parameters
    ----------
    thresholds : numpy.ndarray of int64, shape (T',)
        One per step.

    Returns
    -------
    numpy.ndarray of int64, shape (T',)
        Never rising with the step.

    Examples
    --------
    >>> never_rising(np.array([1, 3, 2, 2, 5])).tolist()
    [3, 3, 2, 2, 2]
    """
    raised = np.maximum.accumulate(thresholds[:-1][::-1])[::-1]
    return np.append(raised, min([*raised[-1:].tolist(), int(thresholds[-1])]))
