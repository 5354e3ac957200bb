"""From which step on a sample is decided rightly: the optimal cutoff time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def settled_right(scores: IntArray, labels: npt.NDArray[np.integer]) -> BoolArray:
    """Whether the decision is right at a step and at every later one.

    Source: ``g(X) <= t`` with the optimal cutoff time ``g`` of arXiv 2301.09522.

    Parameters
    ----------
    scores : numpy.ndarray of int64, shape (N, T', classes)
        Output spikes summed up to each step.
    labels : numpy.ndarray of int, shape (N,)
        Right classes.

    Returns
    -------
    numpy.ndarray of bool, shape (N, T')
        True from the optimal cutoff time on.

    Examples
    --------
    >>> scores = np.array([[[0, 1], [2, 1], [3, 1]]])
    >>> settled_right(scores, np.array([0])).tolist()
    [[False, True, True]]
    """
    right = scores.argmax(-1) == np.asarray(labels)[:, None]
    return np.logical_and.accumulate(right[:, ::-1], axis=1)[:, ::-1]


def optimal_cutoff_time(scores: IntArray, labels: npt.NDArray[np.integer]) -> IntArray:
    """First step from which on the decision stays right; T' where it is wrong at the end.

    Source: ``g(X)`` of arXiv 2301.09522, with the authors' code where the text differs from it (a step counts itself).

    Parameters
    ----------
    scores : numpy.ndarray of int64, shape (N, T', classes)
        Output spikes summed up to each step.
    labels : numpy.ndarray of int, shape (N,)
        Right classes.

    Returns
    -------
    numpy.ndarray of int64, shape (N,)
        1..T'.

    Examples
    --------
    >>> optimal_cutoff_time(np.array([[[0, 1], [2, 1], [3, 1]]]), np.array([0])).tolist()
    [2]
    """
    settled = settled_right(scores, labels)
    steps: IntArray = np.minimum((~settled).sum(axis=1) + 1, scores.shape[1]).astype(np.int64)
    return steps
