"""How often a policy breaks its word: fitted and tested on many random splits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.policies.base import Policy, checked
from evsnn_lava.export.policies.guarantee import Losses


@dataclass(frozen=True)
class Violations:
    """What many splits say of a policy.

    Parameters
    ----------
    rate : float
        Share of the splits in which more than epsilon of the test samples were lost.
    splits : int
        How many there were.
    calibration_size, test_size : int
        Samples on either side.
    mean_loss : float
        Lost share of the test samples, on average.
    mean_exit : float
        Exit step of the test samples, on average.
    early : float
        Share of the splits whose policy stopped any test sample early.
    """

    rate: float
    splits: int
    calibration_size: int
    test_size: int
    mean_loss: float
    mean_exit: float
    early: float


def violation_rate(
    scores: npt.NDArray[np.integer],
    labels: npt.NDArray[np.integer],
    policy: Policy,
    epsilon: float,
    splits: int = 200,
    calibration_size: int | None = None,
    seed: int = 0,
) -> Violations:
    """Fit a policy on random parts of the data and count how often it loses too much on the rest.

    The loss is the one that a guarantee bounds: the share of samples that are right after all steps and wrong at
    the exit. It is measured on the finite rest, so chance adds violations to those of the true loss.

    Parameters
    ----------
    scores : numpy.ndarray of int, shape (N, T', classes)
        Output summed up to and including each step; samples that training has not seen.
    labels : numpy.ndarray of int, shape (N,)
        Right classes.
    policy : Policy
        What is fitted; itself it stays as it is.
    epsilon : float
        Loss that counts as a violation when it is exceeded.
    splits : int
        How many random splits.
    calibration_size : int, optional
        Samples to fit on; half of them if not given.
    seed : int
        Of the splits.

    Returns
    -------
    Violations
        The rate, and what the policies bought.

    Raises
    ------
    ConfigError
        If a side of the split would be empty or there is no split.
    """
    scores, labels = checked(scores, labels)
    size = len(labels) // 2 if calibration_size is None else calibration_size
    if not 0 < size < len(labels) or splits < 1:
        raise ConfigError(
            f"violation rate: {splits} splits with {size} of {len(labels)} samples for calibration; "
            "leave at least one sample on each side and make a split"
        )
    rng, rows = np.random.default_rng(seed), []
    for _ in range(splits):
        order = rng.permutation(len(labels))
        fit, test = order[:size], order[size:]
        found = replace(policy).fit(scores[fit], labels[fit])
        exit_step = found.decide(scores[test]).exit_step
        rows.append((Losses(scores[test], labels[test]).of(found.policy_).mean(), exit_step.mean(), exit_step.min()))
    loss, mean_exit, first = np.array(rows).T
    return Violations(
        rate=float((loss > epsilon + 1e-12).mean()),
        splits=splits,
        calibration_size=size,
        test_size=len(labels) - size,
        mean_loss=float(loss.mean()),
        mean_exit=float(mean_exit.mean()),
        early=float((first < scores.shape[1]).mean()),
    )
