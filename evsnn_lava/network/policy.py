"""Cutoff policies: when to stop, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError, unknown_name
from evsnn_lava.network.softmax import checked_softmax, confidence

NEVER: Final = 2**31 - 1
"""Threshold that no gap exceeds, however large: the policy does not stop at that step."""

KINDS: Final = {
    "topk_gap": "stop when the best class leads the second by more than the step's threshold",
    "conformal": "the same rule; only the best class is left in the conformal prediction set of the step",
    "confidence": "stop when the softmax of the scores, from a table of integers, exceeds the step's threshold",
    "fixed": "stop after a fixed number of steps",
    "never": "run all steps",
    "on_chip": "the last layers of the network decide: stop at the first spike of an output",
}


COMPARING: Final = ("topk_gap", "conformal", "confidence")
"""Kinds that look at how far the best class leads."""

ON_CHIP_LAYERS: Final = 2
"""Layers that a decision on the chip takes: one that compares, one that decides."""

GUARANTEE: Final = "cutoff guarantee"
"""Key of a network's provenance under which stands what its cutoff promises on new data."""


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
    scores = np.asarray(scores, dtype=np.int64)
    if scores.shape[-1] == 1:
        return np.zeros_like(scores[..., 0])
    ordered = np.partition(scores, -2, axis=-1)
    gap: npt.NDArray[np.int64] = ordered[..., -1] - ordered[..., -2]
    return gap


@dataclass(frozen=True, eq=False)
class CutoffPolicy:
    """Stop at the first step whose lead exceeds the step's threshold, at the last step in any case.

    All policies are this one rule with other tables: a fixed stop after ``k`` steps is ``NEVER``
    everywhere and -1 at step ``k``. The lead is the gap, or of kind ``confidence`` the softmax.

    Parameters
    ----------
    kind : {"topk_gap", "conformal", "confidence", "fixed", "never", "on_chip"}
        How the table came about, and what is compared with it.
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
    softmax : array-like of int, shape (length,)
        Of kind ``confidence``: see :func:`softmax_table`; empty otherwise.

    Raises
    ------
    ConfigError
        If the kind is unknown, a table is empty or wrong, or layers, softmax and kind do not fit together.

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
    softmax: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        """Check and freeze the tables."""
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
        self._freeze("thresholds", given)
        self._freeze("softmax", checked_softmax(self.kind, np.asarray(self.softmax)))

    def _freeze(self, name: str, table: npt.NDArray[np.integer]) -> None:
        own = table.astype(np.int64)
        own.setflags(write=False)
        object.__setattr__(self, name, own)

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

    def lead(self, scores: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """What is compared with the thresholds.

        Parameters
        ----------
        scores : numpy.ndarray of int, shape (..., classes)
            Output spikes summed so far.

        Returns
        -------
        numpy.ndarray of int64, shape (...)
            See :func:`top2_gap`; of kind ``confidence`` see :func:`confidence`.
        """
        return confidence(scores, self.softmax) if len(self.softmax) else top2_gap(scores)

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
        return step >= self.steps or bool(_exceeds(self.lead(scores), self.thresholds[step - 1]))

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
        return self.exit_step_of(self.lead(scores))

    def exit_step_of(self, lead: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Exit step of whole runs whose :meth:`lead` is known.

        Parameters
        ----------
        lead : numpy.ndarray of int64, shape (N, T')
            After each step.

        Returns
        -------
        numpy.ndarray of int64, shape (N,)
            Number of steps seen at the exit, 1..T'.
        """
        stops = _exceeds(lead, self.thresholds)
        stops[:, -1] = True
        steps: npt.NDArray[np.int64] = np.argmax(stops, axis=1).astype(np.int64) + 1
        return steps


def _exceeds(lead: npt.NDArray[np.int64], threshold: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    exceeds: npt.NDArray[np.bool_] = (lead > threshold) & (threshold < NEVER)
    return exceeds
