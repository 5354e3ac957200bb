"""The quantities of an inference that a gate looks at, and how each is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from evsnn_lava.reporting.units import format_count, format_si


@dataclass(frozen=True)
class Quantity:
    """One quantity.

    Parameters
    ----------
    name : str
        As budgets and JSON call it.
    title : str
        As tables call it.
    dimension : str
        ``share``, ``number``, ``time`` or ``energy``.
    at_least : bool
        Whether more is better, as of accuracy.
    """

    name: str
    title: str
    dimension: str
    at_least: bool = False

    @property
    def limit(self) -> str:
        """The key of a budget that limits it, for example ``max_energy``."""
        return f"{'min' if self.at_least else 'max'}_{self.name}"

    def show(self, value: float | None) -> str:
        """Write a value of it; a dash where it is not known.

        Examples
        --------
        >>> QUANTITIES["energy"].show(1.2e-5), QUANTITIES["accuracy"].show(0.93), QUANTITIES["cores"].show(None)
        ('12.0 uJ', '93.0 %', '-')
        """
        return "-" if value is None else _WRITERS[self.dimension](value)


_WRITERS: Final[dict[str, Callable[[float], str]]] = {
    "share": lambda value: f"{100 * value:.1f} %",
    "number": lambda value: f"{value:.0f}" if float(value).is_integer() and value < 1e6 else format_count(value),
    "time": lambda value: format_si(value, "s"),
    "energy": lambda value: format_si(value, "J"),
}

QUANTITIES: Final = {
    quantity.name: quantity
    for quantity in (
        Quantity("accuracy", "accuracy", "share", at_least=True),
        Quantity("mean_steps", "steps, mean", "number"),
        Quantity("p95_steps", "steps, p95", "number"),
        Quantity("p95_exit_steps", "steps to decide, p95", "number"),
        Quantity("time", "time", "time"),
        Quantity("energy", "energy", "energy"),
        Quantity("dynamic_energy", "energy, dynamic", "energy"),
        Quantity("cores", "cores", "number"),
    )
}
"""By name, in the order of the tables."""

COSTS: Final = tuple(name for name, quantity in QUANTITIES.items() if not quantity.at_least)
"""Those whose growth can be limited."""

KIND_TITLES: Final = {
    "synop": "synops",
    "neuron_update_active": "active updates",
    "neuron_update_idle": "idle updates",
    "spike": "spikes",
    "message": "messages",
    "hop_x": "hops in x",
    "hop_y": "hops in y",
    "io": "host spikes",
    "barrier": "barriers",
    "readout": "additions",
    "cutoff": "comparisons",
    "mask": "mask questions",
    "working": "working power",
    "static": "static power",
}
"""Kinds of operations in tables; a kind that is not here goes by its own name."""


def kind_title(kind: str) -> str:
    """What tables call a kind of operation.

    Parameters
    ----------
    kind : str
        As the ledger calls it.

    Returns
    -------
    str
        A title, or the name with spaces.

    Examples
    --------
    >>> kind_title("synop"), kind_title("dram_access")
    ('synops', 'dram access')
    """
    return KIND_TITLES.get(kind, kind.replace("_", " "))
