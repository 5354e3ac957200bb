"""How often the guarantee of the cutoff is broken, over many splits of samples that training has not seen."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.papers.deployed import Part, deploy, read_scores, save_scores
from benchmarks.papers.plan import BOUNDS, SPLITS
from evsnn_lava.export.frontend import compile_file
from evsnn_lava.export.policies import Guaranteed, Policy, TopKGap, violation_rate
from evsnn_lava.export.policies.guarantee import Losses
from evsnn_lava.network import top2_gap
from evsnn_lava.training.config import RunConfig


@dataclass(frozen=True)
class Bound:
    """What is promised: a loss of at most epsilon with probability 1 - delta; no delta promises nothing.

    Parameters
    ----------
    epsilon : float
        Share of samples that may be lost to stopping early.
    delta : float or None
        Probability of losing more; None takes the thresholds of the same epsilon without a guarantee.
    """

    epsilon: float
    delta: float | None

    def policy(self, support: int) -> Policy:
        """The Top-K gap, with the guarantee or without."""
        base = TopKGap(self.epsilon, min_support=support)
        return base if self.delta is None else Guaranteed(base, self.epsilon, self.delta)


EVERY: Final = tuple(Bound(*bound) for bound in BOUNDS)


def measure_guarantee(config: RunConfig, folder: Path, splits: int = SPLITS) -> dict[str, Any]:
    """Fit on a random half and judge on the other, many times; validation and test samples are pooled for it.

    Parameters
    ----------
    config : RunConfig
        Of a network without masks.
    folder : pathlib.Path
        Where it was trained.
    splits : int
        How many.

    Returns
    -------
    dict
        A row per bound: rate of violations, mean loss, mean exit, share of the splits that stop anything early.
    """
    file = folder / "scores.npz"
    if not file.is_file():
        save_scores(file, deploy(compile_file(folder / "plain.pt"), config.data))
    parts = read_scores(file)
    pooled = Part(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("labels", "scores")))
    small = condensed(pooled)
    rows = [_row(small, bound, config.cutoff.min_support, splits) for bound in EVERY]
    return {"samples": len(pooled.labels), "steps": pooled.steps, "splits": splits, "bounds": rows}


def condensed(part: Part) -> Part:
    """The same gaps and the same right and wrong decisions with three classes, which are sorted much faster.

    The right class becomes class 0, the two that lead become 0 and 1, or 1 and 2 where the right one does not lead.

    Examples
    --------
    >>> found = condensed(Part(np.array([4]), np.array([[[0, 3, 0, 0, 0], [1, 3, 0, 0, 9]]])))
    >>> found.labels.tolist(), found.scores.tolist()
    ([0], [[[-1, 3, 0], [6, 0, 0]]])
    """
    gap, right = top2_gap(part.scores), part.scores.argmax(-1) == part.labels[:, None]
    none = np.zeros_like(gap)
    scores = np.stack([np.where(right, gap, -1), np.where(right, none, gap), none], axis=-1)
    return Part(np.zeros_like(part.labels), scores)


def _row(pooled: Part, bound: Bound, support: int, splits: int) -> dict[str, Any]:
    policy = bound.policy(support)
    found = violation_rate(pooled.scores, pooled.labels, policy, bound.epsilon, splits)
    return {
        "epsilon": bound.epsilon,
        "delta": bound.delta,
        **{field.name: getattr(found, field.name) for field in fields(found) if field.name != "splits"},
        "true_rate": float(np.mean([loss > bound.epsilon + 1e-12 for loss in drawn_losses(pooled, policy, splits)])),
    }


def drawn_losses(population: Part, policy: Policy, draws: int) -> list[float]:
    """Losses without the chance of a finite other half: the samples *are* the population.

    Calibration data are drawn from it with replacement, half as many; what the fitted policy loses on all samples is
    then its true loss, and the guarantee speaks of just that.

    Parameters
    ----------
    population : Part
        All samples.
    policy : Policy
        What is fitted.
    draws : int
        How often.

    Returns
    -------
    list of float
        Share of the population that is right after all steps and wrong at the exit, one per draw.
    """
    random, losses, found = np.random.default_rng(1), Losses(population.scores, population.labels), []
    for _ in range(draws):
        drawn = random.integers(0, len(population.labels), len(population.labels) // 2)
        fitted = replace(policy).fit(population.scores[drawn], population.labels[drawn])
        found.append(float(losses.of(fitted.policy_).mean()))
    return found
