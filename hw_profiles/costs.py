"""What a profile says of costs: the price of every operation, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from evsnn_lava.hw_profiles.quantity import Energy, Model, Power, Quantity, Text, Time


class Energies(Model):
    """Energy of one operation; what is left out must be named under ``unpriced``.

    Parameters
    ----------
    synop : Quantity, optional
        One non-zero weight applied for one input spike.
    synop_conv : Quantity, optional
        The same in a convolution, where it differs.
    neuron_update_active, neuron_update_idle : Quantity, optional
        One neuron in one step, with and without work to do; an update is one or the other.
    spike : Quantity, optional
        One neuron that fires.
    message : Quantity, optional
        One message to one core.
    hop_x, hop_y : Quantity, optional
        One message from a router to the next one, east or west, and north or south.
    io : Quantity, optional
        One spike that the host sends or receives.
    barrier : Quantity, optional
        The synchronisation that ends a step.
    host_operation : Quantity, optional
        One addition, comparison or question of the readout, the cutoff and the masks.
    """

    synop: Energy | None = None
    synop_conv: Energy | None = None
    neuron_update_active: Energy | None = None
    neuron_update_idle: Energy | None = None
    spike: Energy | None = None
    message: Energy | None = None
    hop_x: Energy | None = None
    hop_y: Energy | None = None
    io: Energy | None = None
    barrier: Energy | None = None
    host_operation: Energy | None = None

    @model_validator(mode="after")
    def _check(self) -> Energies:
        idle, active = self.neuron_update_idle, self.neuron_update_active
        if (idle is None) != (active is None):
            raise ValueError("neuron_update_idle and neuron_update_active belong together; give both or neither")
        if idle and active and (idle.si > active.si or idle.low_si > active.si or idle.high_si > active.high_si):
            raise ValueError("neuron_update_idle costs more than neuron_update_active; exchange or correct them")
        return self


class Times(Model):
    """Time of one operation on one core, and of one barrier; what is left out must be named under ``unpriced``.

    Parameters
    ----------
    synop, neuron_update, message : Quantity, optional
        As in :class:`Energies`; cores work in parallel, operations of one kind on a core follow each other.
    barrier : Quantity, optional
        The synchronisation that ends a step: no step is shorter.
    """

    synop: Time | None = None
    neuron_update: Time | None = None
    message: Time | None = None
    barrier: Time | None = None

    def seconds(self, operation: str) -> float:
        """Seconds of an operation, by its name here; 0 for one that is not known."""
        quantity: Quantity | None = getattr(self, operation)
        return 0.0 if quantity is None else quantity.si


OPTIONAL: Final = ("energy.synop_conv", "working_power")
"""What may be left out without a word."""

Pace = Literal["free", "recorded"]


class Named(Model):
    """What a profile is of.

    Parameters
    ----------
    name : str
        Short name, the stem of the file; of a variant with its own name behind a colon.
    title : str
        Name for tables.
    chip : str
        Chip and process.
    description : str
        Where the set of numbers comes from and what it was checked against.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*(:[a-z0-9-]+)?$")]
    title: Text
    chip: Text
    description: Text


class CostProfile(Named):
    """What operations of a machine cost and what it draws at rest.

    Parameters
    ----------
    energy : Energies
        Dynamic energy of operations.
    time : Times
        Time of operations.
    static_power : Quantity, optional
        Power that a configured chip draws without working.
    working_power : Quantity, optional
        Power beyond that while it works, of a chip whose operations have no price of their own.
    pace : {"free", "recorded"}
        Whether a step lasts as long as its work, or as long as the events that it shows.
    unpriced : dict of str to str
        Why a number is missing, by its dotted name, for example ``energy.io``: every number is here or has a value.

    Raises
    ------
    pydantic.ValidationError
        If a number is neither given nor explained, or both.
    """

    energy: Energies = Energies()
    time: Times = Times()
    static_power: Power | None = None
    working_power: Power | None = None
    pace: Pace = "free"
    unpriced: dict[Text, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _explained(self) -> CostProfile:
        given = {name for name, value in self.costs().items() if value is not None}
        if faults := unexplained(given, set(self.unpriced)):
            raise ValueError(faults[0] + (f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""))
        return self

    @property
    def timed(self) -> bool:
        """Whether anything is known of how long a step takes."""
        return self.pace == "recorded" or any(value is not None for _, value in self.time)

    def costs(self) -> dict[str, Quantity | None]:
        """Every cost that a profile may hold under its dotted name.

        Returns
        -------
        dict of str to Quantity or None
            For example ``energy.synop``; None where it is not given.
        """
        named = {f"{group}.{key}": value for group in ("energy", "time") for key, value in getattr(self, group)}
        return {**named, "static_power": self.static_power, "working_power": self.working_power}

    def quantities(self) -> dict[str, Quantity]:
        """Every number of the profile under its dotted name, in the order of the file.

        Returns
        -------
        dict of str to Quantity
            For example ``energy.synop``.
        """
        return {key: value for key, value in self.costs().items() if value is not None}


COSTS: Final = (
    *(f"energy.{key}" for key in Energies.model_fields),
    *(f"time.{key}" for key in Times.model_fields),
    "static_power",
    "working_power",
)
"""The dotted name of every cost that a profile may hold."""


def unexplained(given: Collection[str], unpriced: Collection[str]) -> list[str]:
    """What is wrong with a choice of given and of explained costs.

    Parameters
    ----------
    given, unpriced : collection of str
        Dotted names of the costs that have a value, and of those that have a reason.

    Returns
    -------
    list of str
        Every fault in words; empty if each cost has either a value or a reason.

    Examples
    --------
    >>> unexplained(COSTS, ["energy.io"])
    ['energy.io has a value and stands under unpriced; remove one']
    """
    valid = ", ".join(COSTS)
    wanted = [name for name in COSTS if name not in OPTIONAL]
    return [
        *(
            f"unpriced.{name} is no number of a profile; choose one of: {valid}"
            for name in sorted(set(unpriced) - set(COSTS))
        ),
        *(
            f"{name} has a value and stands under unpriced; remove one"
            for name in COSTS
            if name in given and name in unpriced
        ),
        *(
            f"{name} is missing; give it, or say under unpriced why it cannot be given"
            for name in wanted
            if name not in given and name not in unpriced
        ),
    ]
