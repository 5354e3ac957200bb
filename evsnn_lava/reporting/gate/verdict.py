"""The verdict of a gate: every limit held against the numbers, and who is to blame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.part_words import plural
from evsnn_lava.reporting.gate.blame import Blame, find_blame
from evsnn_lava.reporting.gate.budget import Budget, default_budget
from evsnn_lava.reporting.gate.checks import Check, LayerCheck, check_layer, check_quantities
from evsnn_lava.reporting.gate.comparability import doubts, require_comparable
from evsnn_lava.reporting.gate.comparison import KEPT, compare_layers
from evsnn_lava.reporting.gate.profile_facts import Profile
from evsnn_lava.reporting.gate.words import cause_name

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True)
class Verdict:
    """What a gate found.

    Parameters
    ----------
    new : Profile
        What was gated.
    old : Profile or None
        The baseline.
    budget : Budget
        The limits.
    checks : tuple of Check
        One for each limit of a quantity.
    layers : tuple of LayerCheck
        One for each layer and what stands beside them; empty without a baseline.
    blame : Blame or None
        The layer that grew most, and why; None without a baseline and where none grew.
    doubts : tuple of str
        What differs between the profiles beside their costs.
    """

    new: Profile
    old: Profile | None
    budget: Budget
    checks: tuple[Check, ...]
    layers: tuple[LayerCheck, ...]
    blame: Blame | None
    doubts: tuple[str, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """Limits of quantities that do not hold."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def failed_layers(self) -> tuple[LayerCheck, ...]:
        """Layers that do not keep their limits."""
        return tuple(layer for layer in self.layers if not layer.passed)

    @property
    def passed(self) -> bool:
        """Whether everything holds."""
        return not self.failed and not self.failed_layers

    @property
    def limits(self) -> int:
        """How many limits there are; those of one layer count as one."""
        limited = self.budget.max_layer_growth is not None or self.budget.max_layer_spike_growth is not None
        kept = [layer for layer in self.layers if layer.change.is_layer and layer.change.state == KEPT]
        return len(self.checks) + len(kept) * limited

    @property
    def cause(self) -> str:
        """What made the costs grow, where that made a limit fail; else empty."""
        grown = [check for check in self.failed if not check.quantity.at_least and (check.new or 0) > (check.old or 0)]
        return cause_name(self.blame) if self.blame is not None and (grown or self.failed_layers) else ""


def judge(
    new: Profile, old: Profile | None = None, budget: Budget | None = None, told: Mapping[str, Any] = NOTHING
) -> Verdict:
    """Hold a profile against a budget and a baseline.

    Parameters
    ----------
    new : Profile
        What is gated.
    old : Profile, optional
        The baseline.
    budget : Budget, optional
        The limits; None takes those of :func:`evsnn_lava.reporting.gate.budget.default_budget` against a baseline,
        and no limit without one.
    told : mapping of str to object
        Limits that go before those of the budget, as :meth:`Budget.with_limits` takes them.

    Returns
    -------
    Verdict
        Every limit, and the layer that grew most.

    Raises
    ------
    ConfigError
        If there is nothing to check, growth is limited without a baseline, or the profiles do not compare.
    """
    budget = _limits(new, old, budget).with_limits(told)
    _require_limits(budget, old)
    if old is None:
        return Verdict(new, None, budget, check_quantities(budget, new, None), (), None, ())
    require_comparable(old, new)
    changes = compare_layers(old, new)
    blame = find_blame(changes, (old.values["mean_steps"] or 0.0, new.values["mean_steps"] or 0.0))
    return Verdict(
        new=new,
        old=old,
        budget=budget,
        checks=check_quantities(budget, new, old),
        layers=tuple(check_layer(budget, each, "" if blame is None else blame.role(each.name)) for each in changes),
        blame=blame,
        doubts=doubts(old, new),
    )


def _limits(new: Profile, old: Profile | None, budget: Budget | None) -> Budget:
    """The budget, or the limits that make sense without one."""
    if budget is not None or old is None:
        return budget or Budget()
    return default_budget({name for each in (old, new) for name, value in each.values.items() if value is not None})


def _require_limits(budget: Budget, old: Profile | None) -> None:
    if old is None and budget.relative:
        raise ConfigError(f"gate: the budget sets {budget.relative[0]}, which needs a baseline; give --baseline")
    if not budget.absolute and not budget.relative:
        raise ConfigError("gate: there is nothing to check; set a limit in --budget or give --baseline or --max-energy")


def headline(verdict: Verdict) -> str:
    """The answer in a line.

    Parameters
    ----------
    verdict : Verdict
        What the gate found.

    Returns
    -------
    str
        For example ``FAILED: 3 of 9 limits exceeded; cause: conv1``.
    """
    broken, total = len(verdict.failed) + len(verdict.failed_layers), verdict.limits
    if verdict.passed:
        return f"PASSED: {total} of {total} {plural(total, 'limit')} {'holds' if total == 1 else 'hold'}"
    cause = f"; cause: {verdict.cause}" if verdict.cause else ""
    return f"FAILED: {broken} of {total} {plural(total, 'limit')} {'does' if broken == 1 else 'do'} not hold{cause}"
