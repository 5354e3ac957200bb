"""From names and numbers, as users give them, to a policy that can be fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from evsnn_lava.errors import ConfigError, unknown_name
from evsnn_lava.export.policies.base import Policy
from evsnn_lava.export.policies.confidence import Confidence
from evsnn_lava.export.policies.conformal import Conformal
from evsnn_lava.export.policies.fixed import Fixed
from evsnn_lava.export.policies.gap import TopKGap
from evsnn_lava.export.policies.guarantee import Guaranteed


@dataclass(frozen=True)
class PolicyChoice:
    """What to fit.

    Parameters
    ----------
    policy : {"topk_gap", "confidence", "conformal", "fixed"}
        Kind.
    epsilon : float
        Tolerated share of wrong early stops; with `delta` the accuracy that may be lost.
    min_support : int
        Calibration samples that a threshold needs, of the first two kinds.
    delta : float or None
        Probability with which more may be lost, see :class:`~evsnn_lava.export.policies.Guaranteed`; None
        guarantees nothing.
    monotone : bool
        Thresholds never rise with the step; kind ``fixed`` has none that could.
    steps : int or None
        Of kind ``fixed``: after how many steps every sample stops; None finds them.

    Raises
    ------
    ConfigError
        If a name or number is out of range, or numbers do not go together.

    Examples
    --------
    >>> PolicyChoice("fixed", steps=3).make()
    Fixed(steps=3, epsilon=0.01)
    """

    policy: str = "topk_gap"
    epsilon: float = 0.01
    min_support: int = 50
    delta: float | None = None
    monotone: bool = False
    steps: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no policy can be made of."""
        if self.policy not in MAKERS:
            raise unknown_name("policy", self.policy, MAKERS)
        if not 0 <= self.epsilon <= 1:
            raise ConfigError(f"epsilon is {self.epsilon:g}, it must be 0..1; write 0.01 for one percent")
        if self.min_support < 1:
            raise ConfigError(f"min_support is {self.min_support}, it must be at least 1")
        if self.monotone and self.policy == "fixed":
            raise ConfigError(f"{NO_THRESHOLDS}; leave monotone out")
        if self.steps is not None and (self.policy != "fixed" or self.delta is not None):
            raise ConfigError(
                f"steps is {self.steps} with policy {self.policy} and delta {self.delta}; a number of steps goes with "
                "policy fixed and without delta"
            )

    @classmethod
    def of(cls, defaults: Mapping[str, Any], given: Mapping[str, Any]) -> PolicyChoice:
        """What to fit, from what a configuration or a file says and what a user asks for.

        Parameters
        ----------
        defaults, given : mapping of str to object
            Fields; what was given counts.

        Returns
        -------
        PolicyChoice
            Defaults that have no effect beside what was given are left out.

        Raises
        ------
        ConfigError
            If what was given has no effect, is out of range or does not go together.

        Examples
        --------
        >>> PolicyChoice.of({"monotone": True, "delta": 0.1}, {"policy": "fixed", "steps": 3})
        PolicyChoice(policy='fixed', epsilon=0.01, min_support=50, delta=None, monotone=False, steps=3)
        """
        wanted = {"policy": cls.policy, "delta": None, "steps": None, **defaults, **given}
        if wanted["steps"] is not None:
            wanted["delta"] = given.get("delta")  # a number of steps takes the place of a configured guarantee
        idle = {name: why for name, reason in IDLE.items() if name in wanted and (why := reason(wanted))}
        for name in given:
            if name in idle:
                raise ConfigError(f"{name} is {given[name]} and would have no effect: {idle[name]}; leave it out")
        return cls(**{name: value for name, value in wanted.items() if name not in idle})

    def make(self) -> Policy:
        """The policy, not yet fitted."""
        base = MAKERS[self.policy](self)
        return base if self.delta is None else Guaranteed(base, self.epsilon, self.delta)


MAKERS: Final[dict[str, Callable[[PolicyChoice], Policy]]] = {
    "topk_gap": lambda choice: TopKGap(choice.epsilon, choice.min_support, choice.monotone),
    "confidence": lambda choice: Confidence(choice.epsilon, choice.min_support, monotone=choice.monotone),
    "conformal": lambda choice: Conformal(choice.epsilon, monotone=choice.monotone),
    "fixed": lambda choice: Fixed(choice.steps, choice.epsilon),
}


def _why_no_epsilon(wanted: Mapping[str, Any]) -> str:
    return NOTHING_TO_FIT if wanted["policy"] == "fixed" and wanted["steps"] is not None else ""


def _why_no_support(wanted: Mapping[str, Any]) -> str:
    if wanted["policy"] in ("conformal", "fixed"):
        return f"only thresholds of topk_gap and confidence need a number of samples, policy is {wanted['policy']}"
    return _why_no_gaps(wanted)


def _why_not_monotone(wanted: Mapping[str, Any]) -> str:
    return NO_THRESHOLDS if wanted["policy"] == "fixed" else _why_no_gaps(wanted)


def _why_no_gaps(wanted: Mapping[str, Any]) -> str:
    return GAPS_WITHOUT_DATA if wanted["policy"] == "topk_gap" and wanted["delta"] is not None else ""


NOTHING_TO_FIT: Final = "with a number of steps nothing is fitted"
NO_THRESHOLDS: Final = "policy fixed has no thresholds that could be monotone"
GAPS_WITHOUT_DATA: Final = "with delta, the thresholds of topk_gap are not fitted and never rise"

IDLE: Final[dict[str, Callable[[Mapping[str, Any]], str]]] = {
    "epsilon": _why_no_epsilon,
    "min_support": _why_no_support,
    "monotone": _why_not_monotone,
}
"""Why a field has no effect beside the others; empty if it has one."""
