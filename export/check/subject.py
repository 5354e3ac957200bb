"""What the rules look at: a network, a chip, and where the one lies on the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evsnn_lava.export.check.finding import Change, Finding
from evsnn_lava.export.placement import LayerPlan, Placement
from evsnn_lava.hw_profiles import Bounds, Chip, Quantity
from evsnn_lava.network import Layer, NetworkDescription

NOTHING = "nothing to change"


@dataclass(frozen=True, eq=False)
class Subject:
    """A network on a chip.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    chip : Chip
        What fits on it.
    placement : Placement or None
        Where the layers lie; None for a chip whose cores differ.
    chips : int
        How many of them there are.
    """

    network: NetworkDescription
    chip: Chip
    placement: Placement | None
    chips: int

    @property
    def layers(self) -> Iterator[tuple[Layer, LayerPlan]]:
        """Every layer that takes cores, with its place; nothing where there is no placement."""
        if self.placement is not None:
            pairs = zip(self.network.layers, self.placement.layers, strict=True)
            yield from ((layer, plan) for layer, plan in pairs if plan.cores)

    def limit(self, name: str) -> Quantity | None:
        """A limit of the chip by its name; None where the profile does not state it."""
        found: Quantity | None = getattr(self.chip.limits, name)
        return found

    def bounds(self, name: str) -> Bounds | None:
        """The register of a quantity; None where the profile does not state it."""
        return self.chip.ranges.get(name)


def layer_object(name: str) -> str:
    """How findings call a layer."""
    return f"layer {name}"


def within(rule: str, where: str, fact: str, value: int, limit: Quantity, change: Change) -> Finding:
    """Compare a number with a limit.

    Parameters
    ----------
    rule, where : str
        Name of the rule, and what it looks at.
    fact : str
        What was found, in words.
    value : int
        The number.
    limit : Quantity
        What it must not exceed.
    change : Change
        What helps when it does.

    Returns
    -------
    Finding
        An error beyond the limit.
    """
    most = int(limit.si)
    fits = value <= most
    return Finding(
        rule=rule,
        object=where,
        level="ok" if fits else "error",
        fact=fact,
        value=value,
        limit=most,
        basis=limit.status,
        source=limit.source,
        change=None if fits else change,
    )


def inside(rule: str, where: str, name: str, low: int, high: int, bounds: Bounds, remedy: str) -> Finding:
    """Compare a range of numbers with a register.

    Parameters
    ----------
    rule, where : str
        Name of the rule, and what it looks at.
    name : str
        What the numbers are.
    low, high : int
        The smallest and the largest of them.
    bounds : Bounds
        The register.
    remedy : str
        What to do when they do not fit; the nearest value that fits is put in front of it.

    Returns
    -------
    Finding
        An error outside of the register; the value is the one that is nearest to its end or furthest beyond it.
    """
    over, under = high - bounds.high, bounds.low - low
    value, limit = (high, bounds.high) if over >= under else (low, bounds.low)
    fits = over <= 0 and under <= 0
    span = f"{low}..{high}" if low != high else f"{low}"
    return Finding(
        rule=rule,
        object=where,
        level="ok" if fits else "error",
        fact=f"{name} {span}, the register holds {bounds.low}..{bounds.high}",
        value=value,
        limit=limit,
        basis=bounds.status,
        source=bounds.source,
        change=None if fits else Change(name, limit, f"{name} {limit} fits; {remedy}"),
    )
