"""Fitting the cutoff thresholds on held-out data, on the integer network."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import CalibrationError, ConfigError
from evsnn_lava.network import NEVER, CutoffPolicy, NetworkDescription, top2_gap
from evsnn_lava.simulation.engine import Engine

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def calibrate_cutoff(
    network: NetworkDescription,
    frames: BoolArray,
    labels: npt.NDArray[np.integer],
    epsilon: float,
    min_support: int = 50,
    scores: IntArray | None = None,
) -> CutoffPolicy:
    """Fit the thresholds of the Top-K gap policy.

    Parameters
    ----------
    network : NetworkDescription
        The integer network, with its frame masks.
    frames : numpy.ndarray of bool, shape (N, C, H, W, T)
        Held-out samples before masking.
    labels : numpy.ndarray of int, shape (N,)
        Their classes.
    epsilon : float
        Tolerated share of wrong early stops, 0..1.
    min_support : int
        Samples that must exceed a threshold for it to be trusted.
    scores : numpy.ndarray of int64, shape (N, T', classes), optional
        What the network answers to these frames (:func:`~evsnn_lava.simulation.cumulative_scores`),
        where that is known already.

    Returns
    -------
    CutoffPolicy
        One threshold per sent frame.

    Raises
    ------
    CalibrationError
        If there are fewer samples than `min_support`.
    ConfigError
        If there is not one label per sample.
    """
    if len(labels) != len(frames):
        raise ConfigError(f"calibration has {len(frames)} samples and {len(labels)} labels; give one label per sample")
    if scores is None:
        scores = Engine(network).scores(frames)
    digest = hashlib.sha256(np.packbits(frames).tobytes() + np.asarray(labels, np.int64).tobytes()).hexdigest()
    thresholds = fit_thresholds(top2_gap(scores), settled_right(scores, labels), epsilon, min_support)
    return CutoffPolicy("topk_gap", thresholds, epsilon, digest, len(labels))


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


def fit_thresholds(gap: IntArray, settled: BoolArray, epsilon: float, min_support: int) -> IntArray:
    """Smallest threshold per step above which decisions are right often enough.

    A threshold ``b`` of step ``t`` passes when, of the samples whose gap exceeds it, at least
    ``1 - epsilon`` are settled and right. The smallest ``b`` is taken for which it and every larger
    supported one pass; a step with no such threshold never stops. No ``b`` is below 0: a tie never
    stops.

    Source: the calibration of arXiv 2301.09522, on held-out data, with support and monotony of ours.

    Parameters
    ----------
    gap : numpy.ndarray of int64, shape (N, T')
        Lead of the best class.
    settled : numpy.ndarray of bool, shape (N, T')
        See :func:`settled_right`.
    epsilon : float
        Tolerated share of wrong stops.
    min_support : int
        Samples that must exceed a threshold for it to count.

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
    if len(gap) < min_support:
        raise CalibrationError(
            f"calibration has {len(gap)} samples, min_support asks for {min_support}; "
            "hold out more data or lower it (evsnn calibrate --min-support)"
        )
    return np.array([_threshold(*step, epsilon, min_support) for step in zip(gap.T, settled.T, strict=True)])


def _threshold(gap: IntArray, settled: BoolArray, epsilon: float, min_support: int) -> int:
    chosen = NEVER
    for candidate in range(int(gap.max()) - 1, -1, -1):
        exceeds = gap > candidate
        support = int(exceeds.sum())
        if support < min_support:
            continue
        if int((exceeds & settled).sum()) < (1 - epsilon) * support - 1e-9:  # a whole number, safe from rounding
            break
        chosen = candidate
    return chosen
