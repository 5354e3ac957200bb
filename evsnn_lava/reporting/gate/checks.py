"""Every limit of a budget against the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from evsnn_lava.reporting.gate.budget import Budget
from evsnn_lava.reporting.gate.comparison import KEPT, LayerChange, growth
from evsnn_lava.reporting.gate.profile_facts import Profile
from evsnn_lava.reporting.gate.quantities import COSTS, QUANTITIES, Quantity
from evsnn_lava.reporting.gate.words import change_text, percent, points

SLACK: Final = 1e-9
"""What rounding may add to a limit: 10 and 10 % is 11, in floating point a little more."""

UNKNOWN: Final = {
    "accuracy": "not known: not every sample has a label",
    "time": "not known: not published for this chip",
    "cores": "not known: the chip has no known limits",
}
"""Why a quantity may be missing; a limit on it then fails."""


@dataclass(frozen=True)
class Check:
    """One limit of a budget.

    Parameters
    ----------
    key : str
        As the budget calls it, for example ``max_growth.energy``.
    quantity : Quantity
        What it limits.
    limit : str
        As tables write it, for example ``<= 12.0 uJ`` or ``<= +5.0 %``.
    old, new : float or None
        The quantity in the baseline and now; None where not known, or without a baseline.
    passed : bool
        Whether it holds.
    reason : str
        The numbers; why it does not hold.
    """

    key: str
    quantity: Quantity
    limit: str
    old: float | None
    new: float | None
    passed: bool
    reason: str

    @property
    def relative(self) -> bool:
        """Whether it needs a baseline."""
        return self.key != self.quantity.limit


@dataclass(frozen=True)
class LayerCheck:
    """The limits of one layer.

    Parameters
    ----------
    change : LayerChange
        The layer before and now.
    role : {"cause", "follows", ""}
        What it has to do with the growth.
    reasons : tuple of str
        The limits that do not hold, with numbers.
    """

    change: LayerChange
    role: str
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether all limits of it hold."""
        return not self.reasons


def check_quantities(budget: Budget, new: Profile, old: Profile | None) -> tuple[Check, ...]:
    """Hold every quantity against its limits.

    Parameters
    ----------
    budget : Budget
        The limits.
    new : Profile
        What is gated.
    old : Profile, optional
        The baseline.

    Returns
    -------
    tuple of Check
        One for each limit, quantity by quantity.
    """
    return tuple(check for quantity in QUANTITIES.values() for check in _checks(budget, quantity, new, old))


def _checks(budget: Budget, quantity: Quantity, new: Profile, old: Profile | None) -> Iterator[Check]:
    value = new.values[quantity.name]
    before = None if old is None else old.values[quantity.name]
    limit = getattr(budget, quantity.limit)
    if limit is not None:
        yield _absolute(quantity, limit, before, value)
    if old is None:
        return
    if quantity.at_least and budget.max_accuracy_loss is not None:
        yield _loss(quantity, budget.max_accuracy_loss, before, value)
    grown = getattr(budget.max_growth, quantity.name) if quantity.name in COSTS else None
    if grown is not None:
        yield _growth(quantity, grown, before, value)


def _absolute(quantity: Quantity, limit: float, old: float | None, new: float | None) -> Check:
    sign = ">=" if quantity.at_least else "<="
    rule = f"{sign} {quantity.show(limit)}"
    if new is None:
        return Check(quantity.limit, quantity, rule, old, new, False, _unknown(quantity, "profile"))
    passed = new >= limit if quantity.at_least else new <= limit
    said = f"{quantity.title} is {_exact(quantity, new, limit)}, the limit is {rule}"
    return Check(quantity.limit, quantity, rule, old, new, passed, said)


def _exact(quantity: Quantity, new: float, limit: float) -> str:
    """Write a value so that it does not look equal to the limit that it misses."""
    shown = quantity.show(new)
    return shown if new == limit or shown != quantity.show(limit) else f"{shown} ({new:.9g} against {limit:.9g})"


def _growth(quantity: Quantity, limit: float, old: float | None, new: float | None) -> Check:
    key, rule = f"max_growth.{quantity.name}", f"<= {percent(limit)}"
    if old is None or new is None:
        whose = "profile" if new is None else "baseline"
        return Check(key, quantity, rule, old, new, False, _unknown(quantity, whose))
    said = f"{quantity.title} {change_text(quantity.show(old), quantity.show(new), growth(old, new))}, allowed {rule}"
    return Check(key, quantity, rule, old, new, new <= old * (1 + limit) * (1 + SLACK), said)


def _loss(quantity: Quantity, limit: float, old: float | None, new: float | None) -> Check:
    key, rule = "max_accuracy_loss", f">= {points(-limit)}"
    if old is None or new is None:
        whose = "profile" if new is None else "baseline"
        return Check(key, quantity, rule, old, new, False, _unknown(quantity, whose))
    said = f"{quantity.title} {quantity.show(old)} -> {quantity.show(new)} ({points(new - old)}), allowed {rule}"
    return Check(key, quantity, rule, old, new, old - new <= limit + SLACK, said)


def _unknown(quantity: Quantity, whose: str) -> str:
    return f"{quantity.title} of the {whose} is {UNKNOWN.get(quantity.name, 'not known')}"


def check_layer(budget: Budget, change: LayerChange, role: str) -> LayerCheck:
    """Hold a layer against its limits; one that was added or removed has nothing to be held against.

    Parameters
    ----------
    budget : Budget
        The limits.
    change : LayerChange
        The layer.
    role : str
        What it has to do with the growth.

    Returns
    -------
    LayerCheck
        What does not hold.
    """
    limited = change.is_layer and change.state == KEPT
    energy, spikes = QUANTITIES["energy"], QUANTITIES["mean_steps"]
    rows = (
        ("energy", energy, budget.max_layer_growth, change.old_j, change.new_j),
        ("spikes sent", spikes, budget.max_layer_spike_growth, change.old_spikes, change.new_spikes),
    )
    reasons = [
        f"{what} {change_text(unit.show(old), unit.show(new), growth(old, new))}, allowed <= {percent(limit)}"
        for what, unit, limit, old, new in rows
        if limited and limit is not None and new > old * (1 + limit) * (1 + SLACK)
    ]
    return LayerCheck(change, role, tuple(reasons))
