"""From names and numbers, as users give them, to a policy that can be fitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

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
        if not 0 <= self.epsilon <= 1 or self.min_support < 1:
            raise ConfigError(
                f"epsilon is {self.epsilon} and min_support {self.min_support}; they must be 0..1 and at least 1"
            )
        if self.monotone and self.policy == "fixed":
            raise ConfigError("policy fixed has no thresholds that could be monotone; leave monotone out")
        if self.steps is not None and (self.policy != "fixed" or self.delta is not None):
            raise ConfigError(
                f"steps is {self.steps} with policy {self.policy} and delta {self.delta}; a number of steps goes with "
                "policy fixed and without delta"
            )

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
