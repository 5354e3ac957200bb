"""Cutoff policies: when to stop, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError, unknown_name

NEVER: Final = 2**31 - 1
"""Threshold that no gap exceeds, however large: the policy does not stop at that step."""

KINDS: Final = {
    "topk_gap": "stop when the best class leads the second by more than the step's threshold",
    "fixed": "stop after a fixed number of steps",
    "never": "run all steps",
    "on_chip": "the last layers of the network decide: stop at the first spike of an output",
}


ON_CHIP_LAYERS: Final = 2
"""Layers that a decision on the chip takes: one that compares, one that decides."""


def top2_gap(scores: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Lead of the best class over the second best.

    Parameters
    ----------
    scores : numpy.ndarray of int, shape (..., classes)
        Output spikes of every class, summed over the steps so far.

    Returns
    -------
    numpy.ndarray of int64, shape (...)
        ``Y_gap`` of the cutoff paper (arXiv 2301.09522); 0 where there is only one output.

    Examples
    --------
    >>> int(top2_gap(np.array([3, 9, 7])))
    2
    """
    ordered = np.sort(np.asarray(scores, dtype=np.int64), axis=-1)
    if ordered.shape[-1] == 1:
        return np.zeros_like(ordered[..., 0])
    gap: npt.NDArray[np.int64] = ordered[..., -1] - ordered[..., -2]
    return gap


@dataclass(frozen=True, eq=False)
class CutoffPolicy:
    """Stop at the first step whose gap exceeds the step's threshold, at the last step in any case.

    All policies are this one rule with other tables: a fixed stop after ``k`` steps is ``NEVER``
    everywhere and -1 at step ``k``.

    Parameters
    ----------
    kind : {"topk_gap", "fixed", "never"}
        How the table came about.
    thresholds : array-like of int, shape (T',)
        ``thresholds[t - 1]`` belongs to step ``t``; T' is the number of frames that are sent.
    epsilon : float
        Tolerated share of wrong early stops that the calibration used; 0 when it does not apply.
    calibration_hash : str
        SHA-256 of the data and labels the thresholds were fitted on, empty when there were none.
    calibration_samples : int
        Number of those samples.
    layers : int
        How many of the network's last layers are the decision itself; 0 unless the kind is ``on_chip``.

    Raises
    ------
    ConfigError
        If the kind is unknown, the table is empty, or layers and kind do not fit together.

    Examples
    --------
    >>> policy = CutoffPolicy("topk_gap", [NEVER, 2, 1])
    >>> int(policy.exit_step(np.array([[[4, 0], [4, 1], [4, 2]]]))[0])
    2
    """

    kind: str
    thresholds: npt.NDArray[np.int64]
    epsilon: float = 0.0
    calibration_hash: str = ""
    calibration_samples: int = 0
    layers: int = 0

    def __post_init__(self) -> None:
        """Check and freeze the table."""
        if self.kind not in KINDS:
            raise unknown_name("cutoff policy", self.kind, KINDS)
        if self.layers != (ON_CHIP_LAYERS if self.kind == "on_chip" else 0):
            raise ConfigError(
                f"CutoffPolicy: kind {self.kind} with {self.layers} layers of its own; "
                f"on_chip has {ON_CHIP_LAYERS}, others none"
            )
        given = np.asarray(self.thresholds)
        if given.ndim != 1 or not given.size or not np.issubdtype(given.dtype, np.integer):
            found = f"{given.dtype} of shape {given.shape}"
            raise ConfigError(
                f"CutoffPolicy: expected one whole threshold per step, found {found}; calibrate the policy"
            )
        if self.layers and given.any():
            raise ConfigError("CutoffPolicy: thresholds of kind on_chip are 0, as the first spike stops; set them to 0")
        thresholds = given.astype(np.int64)
        thresholds.setflags(write=False)
        object.__setattr__(self, "thresholds", thresholds)

    @classmethod
    def never(cls, steps: int) -> CutoffPolicy:
        """A policy that runs all `steps` steps."""
        return cls("never", np.full(steps, NEVER))

    @classmethod
    def fixed(cls, stop_step: int, steps: int) -> CutoffPolicy:
        """A policy that stops after `stop_step` of `steps` steps.

        Raises
        ------
        ConfigError
            If `stop_step` is not 1..steps.
        """
        if not 1 <= stop_step <= steps:
            raise ConfigError(f"fixed cutoff: stop step is {stop_step}, the limit is 1..{steps}; choose one inside")
        thresholds = np.full(steps, NEVER)
        thresholds[stop_step - 1] = -1
        return cls("fixed", thresholds)

    @property
    def steps(self) -> int:
        """Number of steps after which the policy stops in any case."""
        return len(self.thresholds)

    def stops(self, step: int, scores: npt.NDArray[np.integer]) -> bool:
        """Decide after one step.

        Parameters
        ----------
        step : int
            Number of frames seen so far, from 1.
        scores : numpy.ndarray of int, shape (classes,)
            Output spikes summed over these steps.

        Returns
        -------
        bool
            True when the sample is decided.
        """
        return step >= self.steps or bool(_exceeds(top2_gap(scores), self.thresholds[step - 1]))

    def exit_step(self, scores: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Exit step of whole runs.

        Parameters
        ----------
        scores : numpy.ndarray of int, shape (N, T', classes)
            Output spikes summed up to and including each step.

        Returns
        -------
        numpy.ndarray of int64, shape (N,)
            Number of steps seen at the exit, 1..T'.
        """
        stops = _exceeds(top2_gap(scores), self.thresholds)
        stops[:, -1] = True
        steps: npt.NDArray[np.int64] = np.argmax(stops, axis=1).astype(np.int64) + 1
        return steps


def _exceeds(gap: npt.NDArray[np.int64], threshold: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    exceeds: npt.NDArray[np.bool_] = (gap > threshold) & (threshold < NEVER)
    return exceeds
