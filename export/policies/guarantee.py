"""A bound on the accuracy that early exit costs, which holds on new data with a stated probability."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from evsnn_lava.errors import ConfigError, unknown_name
from evsnn_lava.export.policies.base import BoolArray, IntArray, Policy
from evsnn_lava.export.policies.risk import binomial_tail, random_halves, samples_needed
from evsnn_lava.network import CutoffPolicy

FAMILIES: Final = ("unfitted", "fitted")
NOTHING: Final = "Nothing can be guaranteed"


@dataclass(frozen=True)
class Certificate:
    """What is guaranteed, and on what grounds.

    Parameters
    ----------
    method : str
        ``learn_then_test`` or ``risk_control``.
    epsilon : float
        Accuracy that early exit may cost.
    delta : float
        Probability, over the draw of the calibration data, with which it may cost more; of risk control 0,
        because it bounds the mean over these draws.
    samples : int
        Samples that the test counted on.
    errors : int
        Of them, those that the policy stops too early: right after all steps and wrong at the exit.
    p_value : float
        How likely so few of them would be if the policy cost more than epsilon; of risk control the bound itself.
    granted : bool
        Whether a policy that stops early passed.
    tested : int
        Policies that were tested, the first one that failed included.
    fitted : int
        Other samples that the policies were fitted on; 0 where no datum had a part in them.
    """

    method: str
    epsilon: float
    delta: float
    samples: int
    errors: int
    p_value: float
    granted: bool
    tested: int
    fitted: int = 0

    @property
    def needed(self) -> int:
        """Samples that it takes if not one is lost, those for fitting included."""
        tested = samples_needed(self.epsilon, self.delta, self.method)
        return 2 * tested - 1 if self.fitted else tested  # of an odd number, the larger half tests

    @property
    def sentence(self) -> str:
        """All of it in words."""
        if not self.tested:
            return f"{NOTHING}, so it never stops early: there is no way to stop that could be tested."
        who = f"the {self.samples} samples that tested, {self.fitted} others fitted;" if self.fitted else ""
        counted = f"{self.errors} lost of {who}" if who else f"{self.errors} of {self.samples} samples lost,"
        grounds = f"{counted} {MEASURES[self.method]} {self.p_value:.2g}"
        if not self.granted:
            return (
                f"{NOTHING}, so it never stops early: the most careful policy fails ({grounds}); "
                f"without a single loss it takes {self.needed} samples{', half of them to test' if who else ''}."
            )
        claim = f"early exit costs at most {100 * self.epsilon:g} % of accuracy on new data of the same kind"
        if self.method == "risk_control":
            return f"On average over draws of the calibration data, {claim} ({grounds})."
        share = f"{100 * (1 - self.delta):.12g} %"  # so many digits that no share below 100 is called 100
        return f"With probability at least {share} over the draw of the calibration data, {claim} ({grounds})."

    @property
    def remedy(self) -> str:
        """What can be done where nothing is guaranteed; empty where something is."""
        if self.granted:
            return ""
        half = ", or policy topk_gap, which needs no half to be fitted on" if self.fitted else ""
        return f"take more samples, a larger epsilon or a larger delta{half}"


MEASURES: Final = {"learn_then_test": "p =", "risk_control": "mean at most"}


@dataclass(eq=False)
class Guaranteed(Policy):
    """The boldest policy of a family for which a bound on the lost accuracy can be proven.

    Policies are tested from the most careful to the boldest, and the last one before the first failure is taken.
    Because the order is fixed beforehand, no correction for their number is due (fixed-sequence testing). Sample i
    counts as lost if it is right after all steps and wrong at the exit; the share of lost samples is at least the
    accuracy that is lost. If it were above `epsilon`, as few errors as were seen would have a probability of at
    most ``p = P(Binomial(n, epsilon) <= errors)``, and a policy passes with ``p <= delta``.

    Source: Learn then Test, Angelopoulos et al., arXiv 2110.01052, with the exact binomial tail; conformal risk
    control, Angelopoulos et al., arXiv 2208.02814, with losses made monotone along the family.

    Parameters
    ----------
    base : Policy
        Kind of the policies.
    epsilon : float
        Accuracy that may be lost, above 0 and below 1.
    delta : float
        Probability of losing more, over the draw of the calibration data; above 0 and below 1.
    family : {"unfitted", "fitted"} or None
        ``unfitted``: policies that no datum had a part in, tested on all samples.
        ``fitted``: `base` fitted with rising epsilon on one half, tested on the other, a seeded random
        split. None takes the first where the kind has it, as it needs half as many samples.
    method : {"learn_then_test", "risk_control"}
        The second bounds the *mean* loss over draws of the calibration data instead, and knows no delta.
    seed : int
        Of the split.

    Attributes
    ----------
    certificate_ : Certificate
        What is guaranteed.

    Examples
    --------
    >>> from evsnn_lava.export.policies.gap import TopKGap
    >>> lead = np.arange(1, 11)[None, :, None] * np.array([1, 0])
    >>> guaranteed = Guaranteed(TopKGap(), epsilon=0.02, delta=0.1).fit(np.repeat(lead, 200, 0), np.zeros(200, int))
    >>> guaranteed.certificate_.granted, guaranteed.certificate_.errors, int(guaranteed.policy_.thresholds[0])
    (True, 0, 0)
    """

    base: Policy
    epsilon: float = 0.01
    delta: float = 0.1
    family: str | None = None
    method: str = "learn_then_test"
    seed: int = 0
    certificate_: Certificate = field(init=False, repr=False)

    def _check(self) -> None:
        if self.method not in METHODS:
            raise unknown_name("method of a guarantee", self.method, METHODS)
        if self.family not in (None, *FAMILIES):
            raise unknown_name("family of policies", self.family, FAMILIES)
        for name in ("epsilon", "delta"):
            if not 0 < getattr(self, name) < 1:
                raise ConfigError(
                    f"Guaranteed: {name} is {getattr(self, name)}, it must be above 0 and below 1; correct it"
                )

    def _fitted(self, scores: IntArray, labels: IntArray) -> CutoffPolicy:
        members = None if self.family == "fitted" else self.base.unfitted_family(scores)
        if members is None:
            if self.family == "unfitted":
                raise ConfigError(
                    f"Guaranteed: {type(self.base).__name__} has no policies without data (Confidence needs a given "
                    "temperature for it); leave the family to be fitted"
                )
            half, rest = random_halves(len(labels), self.seed)
            members = replace(self.base).fitted_family(scores[half], labels[half])
            return self._boldest(members, scores[rest], labels[rest], fitted=len(half))
        return self._boldest(members, scores, labels)

    def _boldest(
        self, members: Iterable[CutoffPolicy], scores: IntArray, labels: IntArray, fitted: int = 0
    ) -> CutoffPolicy:
        chosen, passed, tested = CutoffPolicy.never(scores.shape[1]), None, 0
        failed = (0, METHODS[self.method](0, len(labels), self.epsilon))
        lost, losses = np.zeros(len(labels), dtype=bool), Losses(scores, labels)
        for member in members:
            now, tested = losses.of(member), tested + 1
            lost = lost | now if self.method == "risk_control" else now
            errors = int(lost.sum())
            found = errors, METHODS[self.method](errors, len(labels), self.epsilon)
            if not self._passes(found[1]):
                failed = found
                break
            chosen, passed = member, found
        errors, p_value = passed or failed
        delta = 0.0 if self.method == "risk_control" else self.delta
        self.certificate_ = Certificate(
            self.method, self.epsilon, delta, len(labels), errors, p_value, passed is not None, tested, fitted
        )
        return replace(chosen, epsilon=self.epsilon)

    def _passes(self, p_value: float) -> bool:
        return p_value <= (self.epsilon if self.method == "risk_control" else self.delta)


class Losses:
    """Which samples each policy loses; policies of a kind share what they compare.

    Parameters
    ----------
    scores : numpy.ndarray of int64, shape (N, T', classes)
        Output summed up to each step.
    labels : numpy.ndarray of int64, shape (N,)
        Right classes.
    """

    def __init__(self, scores: IntArray, labels: IntArray) -> None:
        self._scores = scores
        self._right = scores.argmax(axis=-1) == labels[:, None]
        self._leads: dict[bytes, IntArray] = {}

    def of(self, policy: CutoffPolicy) -> BoolArray:
        """Whether each sample is right after all steps and wrong at the exit of `policy`, shape (N,)."""
        key = policy.softmax.tobytes()
        if key not in self._leads:
            self._leads[key] = policy.lead(self._scores)
        exit_step = policy.exit_step_of(self._leads[key])
        lost: BoolArray = self._right[:, -1] & ~self._right[np.arange(len(exit_step)), exit_step - 1]
        return lost


def _mean_bound(errors: int, samples: int, epsilon: float) -> float:
    """Bound of conformal risk control on the mean loss; a loss is at most 1."""
    return (errors + 1) / (samples + 1)


METHODS: Final[dict[str, Callable[[int, int, float], float]]] = {
    "learn_then_test": binomial_tail,
    "risk_control": _mean_bound,
}
