"""Conformal prediction: stop when the prediction set has one member."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.policies.base import IntArray, Policy
from evsnn_lava.export.policies.thresholds import never_rising
from evsnn_lava.network import NEVER, CutoffPolicy


@dataclass(eq=False)
class Conformal(Policy):
    """Thresholds from split conformal prediction, with a correction over the steps that look.

    How badly class c fits at step t is ``Y_best - Y_c``. The prediction set of the step holds the classes that
    fit at least as well as the right class does in the calibration data, but for a share ``epsilon / looks`` of
    the worst; it has one member exactly when the gap exceeds that quantile. By the union bound over the looks,
    the set that a sample stops with misses the right class with a probability of at most `epsilon`, on average
    over calibration data and sample.

    Source: SpikeCP, arXiv 2305.11322, sections III and IV (its calibration over checkpoints, Bonferroni correction).

    Parameters
    ----------
    epsilon : float
        Share of samples whose early decision may be wrong.
    looks : int or None
        Steps at which a sample may stop, spread evenly; None takes as many as the calibration data allow a
        finite quantile for, half of that at most, so that a few samples may be left out of the set.
    target : {"label", "last"}
        What the set is to hold: the right class as in the paper, or the decision after all steps, which the
        network may get wrong; early exit then costs at most `epsilon`, and no labels are needed.
    monotone : bool
        Thresholds never rise from one look to the next.

    Examples
    --------
    >>> scores = np.array([[[2, 0], [4, 0]]] * 20)
    >>> Conformal(0.1, looks=1).fit(scores, np.zeros(20, int)).policy_.thresholds.tolist()
    [0, 2147483647]
    """

    epsilon: float = 0.01
    looks: int | None = None
    target: str = "label"
    monotone: bool = False

    def _check(self) -> None:
        super()._check()
        if self.target not in ("label", "last"):
            raise ConfigError(f"Conformal: target is {self.target!r}, it must be 'label' or 'last'; correct it")
        if self.looks is not None and self.looks < 1:
            raise ConfigError(f"Conformal: looks is {self.looks}, it must be at least 1; correct it")

    def _fitted(self, scores: IntArray, labels: IntArray) -> CutoffPolicy:
        samples, steps, _ = scores.shape
        thresholds = np.full(steps, NEVER)
        at = self._look_steps(samples, steps)
        rank = math.ceil((1 - self.epsilon / max(1, len(at))) * (samples + 1) - 1e-9)
        if len(at) and rank <= samples:
            aim = labels if self.target == "label" else scores[:, -1].argmax(axis=-1)
            behind = scores.max(axis=-1) - np.take_along_axis(scores, aim[:, None, None], axis=-1)[..., 0]
            quantiles = np.sort(behind[:, at], axis=0)[max(0, rank - 1)]
            thresholds[at] = never_rising(np.append(quantiles, 0))[:-1] if self.monotone else quantiles
        return CutoffPolicy("conformal", thresholds, self.epsilon)

    def _look_steps(self, samples: int, steps: int) -> IntArray:
        """Steps, from 0, that look; the last one ends in any case and is none of them."""
        allowed = math.floor(self.epsilon * (samples + 1) / 2 + 1e-9) or int(self.epsilon * (samples + 1) >= 1)
        looks = min(steps - 1, allowed if self.looks is None else self.looks)
        return (
            np.floor((np.arange(looks) + 1) * steps / (looks + 1)).astype(np.int64) - 1 if looks else np.zeros(0, int)
        )
