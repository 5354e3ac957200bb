"""What every policy has in common: parameters in the constructor, ``fit``, ``policy_``, ``decide``."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import CalibrationError, ConfigError
from evsnn_lava.network import CutoffPolicy

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
AnyPolicy = TypeVar("AnyPolicy", bound="Policy")

TOLERANCES: Final = (0.0, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5)
"""Epsilons of a family that is fitted on data, from the most careful to the boldest."""


@dataclass(frozen=True, eq=False)
class Exits:
    """Where samples stop and what is decided there.

    Parameters
    ----------
    exit_step : numpy.ndarray of int64, shape (N,)
        Frames seen at the exit, 1..T'.
    decision : numpy.ndarray of int64, shape (N,)
        Class with most output there, the first one at a tie.
    """

    exit_step: IntArray
    decision: IntArray


def decide(policy: CutoffPolicy, scores: npt.NDArray[np.integer]) -> Exits:
    """Apply a policy to whole runs.

    Parameters
    ----------
    policy : CutoffPolicy
        When to stop.
    scores : numpy.ndarray of int, shape (N, T', classes)
        Output summed up to and including each step.

    Returns
    -------
    Exits
        One exit per sample.

    Raises
    ------
    ConfigError
        If the scores have another number of steps.

    Examples
    --------
    >>> found = decide(CutoffPolicy.fixed(1, 2), np.array([[[0, 1], [3, 1]]]))
    >>> found.exit_step.tolist(), found.decision.tolist()
    ([1], [1])
    """
    if scores.ndim != 3 or scores.shape[1] != policy.steps:
        raise ConfigError(
            f"scores have shape {scores.shape}, the policy is for (samples, {policy.steps} steps, classes); give those"
        )
    exit_step = policy.exit_step(scores)
    at_exit = scores[np.arange(len(scores)), exit_step - 1]
    return Exits(exit_step, at_exit.argmax(axis=-1).astype(np.int64))


@dataclass(eq=False)
class Policy(ABC):
    """A way to find a :class:`~evsnn_lava.network.CutoffPolicy` on held-out data.

    Attributes
    ----------
    policy_ : CutoffPolicy
        What was fitted.
    """

    policy_: CutoffPolicy = field(init=False, repr=False)

    def fit(self: AnyPolicy, scores: npt.NDArray[np.integer], labels: npt.NDArray[np.integer]) -> AnyPolicy:
        """Fit the table of the policy.

        Parameters
        ----------
        scores : numpy.ndarray of int, shape (N, T', classes)
            What the integer network answers to held-out samples, summed up to and including each step.
        labels : numpy.ndarray of int, shape (N,)
            Their classes.

        Returns
        -------
        Policy
            Itself; ``policy_`` carries a hash of scores and labels, unless they have no part in it.

        Raises
        ------
        CalibrationError
            If the samples are too few.
        ConfigError
            If scores and labels do not fit together, or a parameter is out of range.
        """
        scores, labels = checked(scores, labels)
        self._check()
        self.policy_ = self._fitted(scores, labels)
        if self.uses_data:
            digest = hashlib.sha256(scores.tobytes() + labels.tobytes()).hexdigest()
            self.policy_ = replace(self.policy_, calibration_hash=digest, calibration_samples=len(labels))
        return self

    @property
    def uses_data(self) -> bool:
        """Whether the policy depends on the data."""
        return True

    def decide(self, scores: npt.NDArray[np.integer]) -> Exits:
        """Apply the fitted policy; see :func:`decide`.

        Raises
        ------
        CalibrationError
            If nothing is fitted yet.
        """
        if not hasattr(self, "policy_"):
            raise CalibrationError(f"{type(self).__name__} is not fitted; call fit(scores, labels) first")
        return decide(self.policy_, scores)

    def unfitted_family(self, scores: IntArray) -> Iterator[CutoffPolicy] | None:
        """Policies from careful to bold that no datum had a part in; None where the kind has none.

        Parameters
        ----------
        scores : numpy.ndarray of int64, shape (N, T', classes)
            Only to leave out members that stop none of these samples.
        """
        return None

    def fitted_family(self, scores: IntArray, labels: IntArray) -> Iterator[CutoffPolicy]:
        """Policies from careful to bold that are fitted on these data."""
        return (replace(self, epsilon=epsilon).fit(scores, labels).policy_ for epsilon in TOLERANCES)  # type: ignore[call-arg]

    def _check(self) -> None:
        """Refuse parameters that are out of range."""
        require_share(f"{type(self).__name__}: epsilon", getattr(self, "epsilon", 0.0))

    @abstractmethod
    def _fitted(self, scores: IntArray, labels: IntArray) -> CutoffPolicy: ...


def require_share(name: str, value: float) -> None:
    """Refuse what is no share.

    Raises
    ------
    ConfigError
        If it is not 0..1.
    """
    if not 0 <= value <= 1:
        raise ConfigError(f"{name} is {value}, it must be 0..1; correct it")


def checked(scores: npt.NDArray[np.integer], labels: npt.NDArray[np.integer]) -> tuple[IntArray, IntArray]:
    """Scores and labels as 64-bit integers that fit together.

    Raises
    ------
    ConfigError
        If they do not.
    """
    scores, labels = np.asarray(scores), np.asarray(labels)
    if not np.issubdtype(scores.dtype, np.integer) or scores.ndim != 3 or not scores.size:
        raise ConfigError(
            f"scores are {scores.dtype} of shape {scores.shape}, expected whole numbers of shape (samples, steps, "
            "classes); take them from Engine(network).scores"
        )
    if labels.shape != scores.shape[:1] or not np.issubdtype(labels.dtype, np.integer):
        raise ConfigError(
            f"calibration has {len(scores)} samples and {labels.size} labels of {labels.dtype}; give one whole label "
            "per sample"
        )
    unknown = labels[(labels < 0) | (labels >= scores.shape[2])]
    if unknown.size:
        raise ConfigError(
            f"{unknown.size} labels such as {unknown[0]} are none of the {scores.shape[2]} classes 0.."
            f"{scores.shape[2] - 1}; correct them or leave those samples out"
        )
    return np.ascontiguousarray(scores, np.int64), np.ascontiguousarray(labels, np.int64)
