"""Every way to stop that is compared: fitted on the validation samples, judged on the test samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.papers.deployed import Deployed, Part
from benchmarks.papers.figures import costs_of, exits, shares
from benchmarks.papers.plan import DELTA, EPSILONS, GUARANTEED, HEADLINE
from evsnn_lava.cli.study_stops import stopped
from evsnn_lava.errors import CalibrationError
from evsnn_lava.export.policies import Confidence, Conformal, Fixed, Guaranteed, Policy, TopKGap

NO_LOSS: Final = 1e-6
"""Of a guarantee with epsilon 0, which no number of samples can give."""

FOLDS: Final = 5
LARGEST_LOSS: Final = 0.003
"""The epsilon of a network is the largest one that loses at most so much accuracy on validation samples that its
thresholds were not fitted on (5-fold), and every smaller one as well. No test sample has a part in it."""

POLICIES: Final[dict[str, Callable[[float, int, Part], Policy]]] = {
    HEADLINE: lambda epsilon, support, _: TopKGap(epsilon, min_support=support),
    "confidence": lambda epsilon, support, part: Confidence(epsilon, support, temperature=part.temperature),
    "conformal": lambda epsilon, *_: Conformal(epsilon),
    GUARANTEED: lambda epsilon, *_: Guaranteed(TopKGap(), max(epsilon, NO_LOSS), DELTA),
    "fixed": lambda epsilon, *_: Fixed(epsilon=epsilon),
}
"""Made for an epsilon, the samples that a threshold needs, and the part that it is fitted on."""

IntArray = npt.NDArray[np.int64]


def decide(name: str, epsilon: float, support: int, fitted: Part, judged: Part) -> IntArray:
    """Exit steps of some samples under a policy that was fitted on others.

    Parameters
    ----------
    name : str
        A key of ``POLICIES``.
    epsilon : float
        Tolerance.
    support : int
        Samples that a threshold needs.
    fitted, judged : Part
        The two parts.

    Returns
    -------
    numpy.ndarray of int64, shape (N,)
        1..T'; the last step where there are too few samples to fit anything.
    """
    try:
        policy = POLICIES[name](epsilon, support, fitted).fit(fitted.scores, fitted.labels)
    except CalibrationError:
        return np.full(len(judged.labels), judged.steps)
    return np.asarray(policy.decide(judged.scores).exit_step)


def right_at(part: Part, exit_step: IntArray) -> npt.NDArray[np.bool_]:
    """Whether the decision at an exit step is right, sample by sample."""
    at_exit = part.scores[np.arange(len(part.labels)), exit_step - 1]
    return np.asarray(at_exit.argmax(-1) == part.labels)


Folds = Sequence[tuple[Part, Part, npt.NDArray[np.bool_]]]


def held_out_exits(name: str, epsilon: float, support: int, folds: Folds) -> IntArray:
    """Exit steps of a part, each sample under thresholds that were fitted without it.

    A fold leaves fewer samples to fit on, so that a threshold needs fewer, in proportion.
    """
    exit_step = np.zeros(len(folds[0][2]), dtype=np.int64)
    needed = max(1, support * (len(folds) - 1) // len(folds))
    for rest, left, chosen in folds:
        exit_step[chosen] = decide(name, epsilon, needed, rest, left)
    return exit_step


def chosen_epsilon(losses: Sequence[float], epsilons: Sequence[float] = EPSILONS) -> float | None:
    """The largest epsilon up to which no held-out loss exceeds ``LARGEST_LOSS``; None if the first one does.

    Examples
    --------
    >>> chosen_epsilon([0.0, 0.001, 0.01, 0.0], [0.0, 0.01, 0.02, 0.03])
    0.01
    """
    found = None
    for epsilon, loss in zip(epsilons, losses, strict=True):
        if loss > LARGEST_LOSS + 1e-12:
            break
        found = epsilon
    return found


def every_cutoff(
    deployed: Deployed, support: int, policies: Iterable[str] = tuple(POLICIES), epsilons: Sequence[float] = EPSILONS
) -> dict[str, Any]:
    """Measure policies at every epsilon.

    Parameters
    ----------
    deployed : Deployed
        The network and its answers.
    support : int
        Samples that a threshold needs.
    policies : iterable of str
        Keys of ``POLICIES``.
    epsilons : sequence of float
        The grid, ascending.

    Returns
    -------
    dict
        ``chosen``: the epsilon of every policy by the rule above; ``cutoffs``: a row per policy and epsilon.
    """
    rows, chosen, folds = [], {}, deployed.validation.folds(FOLDS)
    for name in policies:
        found = [_row(deployed, folds, name, epsilon, support) for epsilon in epsilons]
        chosen[name] = chosen_epsilon([row["validation"]["loss"] for row in found], epsilons)
        rows += found
    return {"chosen": chosen, "cutoffs": rows}


def _row(deployed: Deployed, folds: Folds, name: str, epsilon: float, support: int) -> dict[str, Any]:
    validation, test = deployed.validation, deployed.test
    held_out = held_out_exits(name, epsilon, support, folds)
    exit_step = decide(name, epsilon, support, validation, test)
    return {
        "policy": name,
        "epsilon": epsilon,
        "validation": _judged(validation, held_out),
        "test": {**_judged(test, exit_step), **_priced(deployed, exit_step)},
    }


def _judged(part: Part, exit_step: IntArray) -> dict[str, Any]:
    right, full = right_at(part, exit_step), right_at(part, np.full(len(part.labels), part.steps))
    return {"accuracy": shares(right), "loss": shares(full) - shares(right), "exit": exits(exit_step)}


def _priced(deployed: Deployed, exit_step: IntArray) -> dict[str, Any]:
    depth, steps = deployed.network.depth, deployed.test.steps
    run = stopped(deployed.full, deployed.test.scores, exit_step, depth)
    return {
        "hardware_steps": float(run.steps.mean()),
        "gain": steps / float(exit_step.mean()),
        "hardware_gain": (steps + depth) / float(run.steps.mean()),
        "chips": costs_of(deployed, run),
    }


def exits_of(deployed: Deployed, name: str, epsilon: float | None, support: int) -> IntArray:
    """Exit steps of the test samples at a chosen epsilon; the last step where none was chosen."""
    if epsilon is None:
        return np.full(len(deployed.test.labels), deployed.test.steps)
    return decide(name, epsilon, support, deployed.validation, deployed.test)
