"""What a hardware profile must say: quantities with unit, source, year, scope, status and range."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

UNITS: Final[dict[str, dict[str, int]]] = {
    "energy": {"J": 0, "mJ": -3, "uJ": -6, "nJ": -9, "pJ": -12, "fJ": -15},
    "time": {"s": 0, "ms": -3, "us": -6, "ns": -9, "ps": -12},
    "power": {"W": 0, "mW": -3, "uW": -6, "nW": -9},
    "count": {"count": 0},
}
"""Allowed units of every dimension, as powers of ten of the SI unit (J, s, W, 1)."""

_EXPONENTS: Final[dict[str, int]] = {unit: power for units in UNITS.values() for unit, power in units.items()}

Text = Annotated[str, Field(min_length=1)]
Scope = Literal["core", "chip", "board"]
Status = Literal["measured", "published", "fitted", "assumed"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Quantity(_Model):
    """One number and why anybody should believe it.

    Parameters
    ----------
    value : float
        The number in `unit`; finite and not negative.
    unit : str
        A unit of ``UNITS``.
    source : str
        Where the number was read; it may not be empty.
    year : int
        Year of the source.
    scope : {"core", "chip", "board"}
        What the number covers.
    status : {"measured", "published", "fitted", "assumed"}
        ``measured`` on silicon; ``published`` by the maker, for example from circuit simulation;
        ``fitted`` to measurements of something larger; ``assumed`` from another chip.
    low, high : float, optional
        Range in the same unit, where sources differ; the value itself where left out.
    note : str, optional
        What a reader has to know to use it.

    Raises
    ------
    pydantic.ValidationError
        If a key is missing, unknown or out of range.

    Examples
    --------
    >>> synop = Quantity(
    ...     value=23.6, unit="pJ", high=35.5, source="Davies et al., IEEE Micro 38(1)", year=2018,
    ...     scope="core", status="published",
    ... )
    >>> synop.si, synop.low_si, synop.high_si
    (2.36e-11, 2.36e-11, 3.55e-11)
    """

    value: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    unit: Text
    source: Text
    year: Annotated[int, Field(ge=1950, le=2100)]
    scope: Scope
    status: Status
    low: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    high: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    note: str = ""

    @model_validator(mode="after")
    def _check(self) -> Quantity:
        if self.unit not in _EXPONENTS:
            raise ValueError(f"unit is {self.unit!r}; choose one of: {', '.join(_EXPONENTS)}")
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            raise ValueError(f"value {self.value:g} lies outside its range {low:g}..{high:g} {self.unit}; correct one")
        return self

    def _in_si(self, number: float) -> float:
        # In decimal, so that 23.6 pJ is the float 23.6e-12 and not its neighbour.
        return float(Decimal(repr(number)).scaleb(_EXPONENTS[self.unit]))

    @property
    def si(self) -> float:
        """The value in the SI unit (J, s, W or 1)."""
        return self._in_si(self.value)

    @property
    def low_si(self) -> float:
        """Lower end of the range in the SI unit."""
        return self.si if self.low is None else self._in_si(self.low)

    @property
    def high_si(self) -> float:
        """Upper end of the range in the SI unit."""
        return self.si if self.high is None else self._in_si(self.high)


def _require_unit(quantity: Quantity, dimension: str) -> Quantity:
    if quantity.unit not in UNITS[dimension]:
        raise ValueError(f"unit is {quantity.unit!r}, expected a unit of {dimension}: {', '.join(UNITS[dimension])}")
    return quantity


def _whole(quantity: Quantity) -> Quantity:
    if quantity.value < 1 or not quantity.value.is_integer():
        raise ValueError(f"value is {quantity.value:g}, expected a whole number of at least 1")
    return quantity


Energy = Annotated[Quantity, AfterValidator(lambda quantity: _require_unit(quantity, "energy"))]
Time = Annotated[Quantity, AfterValidator(lambda quantity: _require_unit(quantity, "time"))]
Power = Annotated[Quantity, AfterValidator(lambda quantity: _require_unit(quantity, "power"))]
Count = Annotated[Quantity, AfterValidator(lambda quantity: _require_unit(quantity, "count")), AfterValidator(_whole)]


class Energies(_Model):
    """Energy of one operation.

    Parameters
    ----------
    synop : Quantity
        One non-zero weight applied for one input spike.
    neuron_update_active, neuron_update_idle : Quantity
        One neuron in one step, with and without work to do; an update is one or the other.
    message : Quantity
        One spike sent by a neuron.
    """

    synop: Energy
    neuron_update_active: Energy
    neuron_update_idle: Energy
    message: Energy

    @model_validator(mode="after")
    def _check(self) -> Energies:
        idle, active = self.neuron_update_idle, self.neuron_update_active
        if idle.si > active.si or idle.low_si > active.si or idle.high_si > active.high_si:
            raise ValueError("neuron_update_idle costs more than neuron_update_active; exchange or correct them")
        return self


class Times(_Model):
    """Time of one operation on one core, and of one barrier.

    Parameters
    ----------
    synop, neuron_update, message : Quantity
        As in :class:`Energies`; cores work in parallel, operations of one kind on a core follow each other.
    barrier : Quantity
        The synchronisation that ends a step: no step is shorter.
    """

    synop: Time
    neuron_update: Time
    message: Time
    barrier: Time


class Limits(_Model):
    """What fits on one core and one chip.

    Parameters
    ----------
    cores_per_chip : Quantity
        Neuro-cores that the compiler uses.
    neurons_per_core : Quantity
        Neurons on one core.
    synapse_words_per_core : Quantity
        64-bit words of synaptic memory on one core.
    words_per_core, axon_in_per_core, axon_map_per_core : Quantity, optional
        64-bit words of all kinds, entries for what arrives and entries for what is sent, on one core.
    groups_per_core : Quantity, optional
        Groups of neurons with parameters of their own on one core.
    decays_per_core : Quantity, optional
        Different pairs of current and voltage decay on one core.
    """

    cores_per_chip: Count
    neurons_per_core: Count
    synapse_words_per_core: Count
    words_per_core: Count | None = None
    axon_in_per_core: Count | None = None
    axon_map_per_core: Count | None = None
    groups_per_core: Count | None = None
    decays_per_core: Count | None = None


class Bounds(_Model):
    """The smallest and the largest integer that a register of the chip holds.

    Parameters
    ----------
    low, high : int
        Both included.
    source, year, status, note
        As of :class:`Quantity`.
    """

    low: int
    high: int
    source: Text
    year: Annotated[int, Field(ge=1950, le=2100)]
    status: Status
    note: str = ""

    @model_validator(mode="after")
    def _check(self) -> Bounds:
        if self.low > self.high:
            raise ValueError(f"low is {self.low}, high is {self.high}; exchange them")
        return self


class Supports(_Model):
    """What the chip computes, in the words of the description.

    Parameters
    ----------
    neurons, synapses : tuple of str
        Names of neuron and synapse types, for example ``CubaNeuron`` and ``ConvSynapse``.
    recurrence, delays, per_channel_decays : bool
        Whether a layer may reach itself, connections may wait, and decays may differ within a layer.
    unproven : tuple of str
        Those of them of which nothing public shows that they ran on the chip.
    netx : bool
        Whether networks reach the chip through netx and the compiler behind it, whose limits then hold, too.
    source, year, status, note
        As of :class:`Quantity`.
    """

    neurons: tuple[Text, ...]
    synapses: tuple[Text, ...]
    recurrence: bool
    delays: bool
    per_channel_decays: bool
    unproven: tuple[Text, ...] = ()
    netx: bool = False
    source: Text
    year: Annotated[int, Field(ge=1950, le=2100)]
    status: Status
    note: str = ""


class CoreKind(_Model):
    """Cores of one kind, on a chip whose cores differ.

    Parameters
    ----------
    count : int
        How many there are.
    kernel_words, neuron_words, bias_words : int
        Weights, neurons and biases that one holds.
    """

    count: Annotated[int, Field(ge=1)]
    kernel_words: Annotated[int, Field(ge=1)]
    neuron_words: Annotated[int, Field(ge=1)]
    bias_words: Annotated[int, Field(ge=1)]


class Chip(_Model):
    """One chip: what fits and what it computes.

    Parameters
    ----------
    name : str
        Short name, the stem of the file.
    title : str
        Name for tables.
    chip : str
        Chip and process.
    description : str
        Where the set of numbers comes from and what it was checked against.
    limits : Limits
        What fits.
    ranges : dict of str to Bounds
        Registers by the names of the description, for example ``weight``; without an entry, nothing is checked.
    supports : Supports or None
        What it computes; nothing is checked without.
    cores : tuple of CoreKind
        The cores of a chip whose cores differ; empty where all are alike.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: Text
    chip: Text
    description: Text
    limits: Limits
    ranges: dict[str, Bounds] = {}
    supports: Supports | None = None
    cores: tuple[CoreKind, ...] = ()


class HardwareProfile(Chip):
    """A chip with its costs: what operations cost and what it draws at rest.

    Parameters
    ----------
    energy : Energies
        Dynamic energy of operations.
    time : Times
        Time of operations.
    static_power : Quantity
        Power that a configured chip draws without working.
    """

    energy: Energies
    time: Times
    static_power: Power

    def quantities(self) -> dict[str, Quantity]:
        """Every number of the profile under its dotted name, in the order of the file.

        Returns
        -------
        dict of str to Quantity
            For example ``energy.synop``.
        """
        found: dict[str, Quantity] = {}
        for group in ("energy", "time", "static_power", "limits"):
            part = getattr(self, group)
            named = {group: part} if isinstance(part, Quantity) else {f"{group}.{key}": value for key, value in part}
            found |= {key: value for key, value in named.items() if value is not None}
        return found
