"""The statistics of a guarantee: tails, sample sizes, splits."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


def binomial_tail(errors: int, samples: int, epsilon: float) -> float:
    """Probability of at most so many errors, if each sample had one with probability `epsilon`.

    Parameters
    ----------
    errors, samples : int
        What was seen.
    epsilon : float
        Probability, 0..1.

    Returns
    -------
    float
        ``P(Binomial(samples, epsilon) <= errors)``.

    Examples
    --------
    >>> round(binomial_tail(0, 230, 0.01), 4), round(binomial_tail(1, 2, 0.5), 4)
    (0.0991, 0.75)
    """
    from scipy.special import bdtr  # here: it takes a while to import

    return float(bdtr(errors, samples, epsilon)) if errors < samples else 1.0


def samples_needed(epsilon: float, delta: float, method: str = "learn_then_test") -> int:
    """How many samples a guarantee takes when not one is lost.

    Parameters
    ----------
    epsilon, delta : float
        Of the guarantee, above 0 and below 1; delta means nothing to risk control.
    method : str
        Of :class:`~evsnn_lava.export.policies.Guaranteed`.

    Returns
    -------
    int
        Smallest number for which a policy without losses passes.

    Examples
    --------
    >>> samples_needed(0.01, 0.1), samples_needed(0.005, 0.1), samples_needed(0.01, 0.0, "risk_control")
    (230, 460, 99)
    """
    if method == "risk_control":
        return math.ceil(1 / epsilon - 1 - 1e-9)
    return math.ceil(math.log(delta) / math.log1p(-epsilon) - 1e-9)


def random_halves(samples: int, seed: int) -> tuple[IntArray, IntArray]:
    """Split samples into halves, whatever their classes are.

    A split within each class would give both halves the same share of every class: a family that is fitted to these
    shares would then be tested on what it was fitted to.

    Parameters
    ----------
    samples : int
        How many.
    seed : int
        Which split.

    Returns
    -------
    tuple of numpy.ndarray of int64
        Indices, ascending; the second half is the larger one if they differ.

    Examples
    --------
    >>> [half.size for half in random_halves(11, seed=1)]
    [5, 6]
    """
    order = np.random.default_rng(seed).permutation(samples)
    return np.sort(order[: samples // 2]), np.sort(order[samples // 2 :])
