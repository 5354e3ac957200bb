"""How good decisions are step by step, and what an early exit buys and costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.policies.base import Exits, checked
from evsnn_lava.export.policies.settled import optimal_cutoff_time


@dataclass(frozen=True)
class Curve:
    """Accuracy after every step, if all samples stopped there.

    Parameters
    ----------
    accuracy : tuple of float
        T' shares, 0..1.
    area : float
        Area under the curve over the steps 1..T', divided by their number: the mean accuracy, 0..1.
    oct_mean, oct_p50, oct_p95 : float
        Optimal cutoff time in steps: the first step from which on a decision stays right, T' where it is wrong
        at the end. No policy that needs no labels can be expected to reach it.
    settled : float
        Share of samples that are right at the end, and so have an optimal cutoff time.
    """

    accuracy: tuple[float, ...]
    area: float
    oct_mean: float
    oct_p50: float
    oct_p95: float
    settled: float


@dataclass(frozen=True)
class ExitSummary:
    """What early exit does to accuracy and steps.

    Parameters
    ----------
    samples : int
        Their number.
    accuracy, accuracy_full : float
        Share of right decisions at the exit and after all steps.
    loss : float
        ``accuracy_full - accuracy``; negative where early decisions are better.
    lost : float
        Share of samples that are right after all steps and wrong at the exit; at least `loss`.
    mean_exit, p50_exit, p95_exit : float
        Exit step.
    steps : int
        T', the steps without early exit.
    speed_up : float
        ``steps / mean_exit``, as papers count it.
    hardware_steps : float
        Mean of ``exit step + depth``: an answer has to pass all layers.
    hardware_speed_up : float
        ``(steps + depth) / hardware_steps``.
    """

    samples: int
    accuracy: float
    accuracy_full: float
    loss: float
    lost: float
    mean_exit: float
    p50_exit: float
    p95_exit: float
    steps: int
    speed_up: float
    hardware_steps: float
    hardware_speed_up: float


def accuracy_curve(scores: npt.NDArray[np.integer], labels: npt.NDArray[np.integer]) -> Curve:
    """Accuracy after every step and the area under it.

    Source: optimal cutoff time of arXiv 2301.09522; the area is ours.

    Parameters
    ----------
    scores : numpy.ndarray of int, shape (N, T', classes)
        Output summed up to and including each step.
    labels : numpy.ndarray of int, shape (N,)
        Right classes.

    Returns
    -------
    Curve
        With statistics of the optimal cutoff time.

    Raises
    ------
    ConfigError
        If scores and labels do not fit together.

    Examples
    --------
    >>> curve = accuracy_curve(np.array([[[0, 1], [2, 1]], [[1, 0], [2, 0]]]), np.array([0, 0]))
    >>> curve.accuracy, curve.area, curve.oct_mean
    ((0.5, 1.0), 0.75, 1.5)
    """
    scores, labels = checked(scores, labels)
    right = scores.argmax(axis=-1) == labels[:, None]
    accuracy, times = right.mean(axis=0), optimal_cutoff_time(scores, labels)
    return Curve(
        tuple(accuracy.tolist()),
        float(accuracy.mean()),
        float(times.mean()),
        *_middle(times),
        float(right[:, -1].mean()),
    )


def exit_summary(
    exit_step: npt.NDArray[np.integer],
    decision: npt.NDArray[np.integer],
    labels: npt.NDArray[np.integer],
    depth: int,
    reference: Exits,
) -> ExitSummary:
    """Compare runs with early exit with the same runs to the last step.

    Parameters
    ----------
    exit_step, decision : numpy.ndarray of int, shape (N,)
        Where samples stopped and what was decided.
    labels : numpy.ndarray of int, shape (N,)
        Right classes.
    depth : int
        Layers of the network.
    reference : Exits
        The same samples, each after all T' steps.

    Returns
    -------
    ExitSummary
        Accuracy, steps and both speed-ups.

    Raises
    ------
    ConfigError
        If the arrays do not have one entry per sample, or there is none.

    Examples
    --------
    >>> full = Exits(np.array([10, 10]), np.array([0, 1]))
    >>> found = exit_summary(np.array([2, 6]), np.array([0, 0]), np.array([0, 1]), 2, full)
    >>> found.loss, found.speed_up, found.hardware_speed_up
    (0.5, 2.5, 2.0)
    """
    sizes = {len(part) for part in (exit_step, decision, labels, reference.exit_step, reference.decision)}
    if len(sizes) != 1 or sizes == {0}:
        raise ConfigError(f"exit summary: arrays have {sorted(sizes)} entries; give one per sample, of at least one")
    right, right_full = decision == labels, reference.decision == labels
    steps, mean = int(reference.exit_step.max()), float(np.mean(exit_step))
    return ExitSummary(
        samples=len(labels),
        accuracy=float(right.mean()),
        accuracy_full=float(right_full.mean()),
        loss=float(right_full.mean() - right.mean()),
        lost=float((right_full & ~right).mean()),
        mean_exit=mean,
        p50_exit=_middle(exit_step)[0],
        p95_exit=_middle(exit_step)[1],
        steps=steps,
        speed_up=steps / mean,
        hardware_steps=mean + depth,
        hardware_speed_up=(steps + depth) / (mean + depth),
    )


def _middle(steps: npt.NDArray[np.integer]) -> tuple[float, float]:
    p50, p95 = np.percentile(steps, [50, 95], method="inverted_cdf")  # steps that samples did take
    return float(p50), float(p95)
