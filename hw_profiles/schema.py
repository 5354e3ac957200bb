"""What a profile says of a chip: what fits, what it computes, and with its costs all of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from evsnn_lava.hw_profiles.costs import CostProfile, Named
from evsnn_lava.hw_profiles.quantity import Count, Model, Quantity, Status, Text


class Limits(Model):
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


class Bounds(Model):
    """The smallest and the largest integer that a register of the chip holds.

    Parameters
    ----------
    low, high : int
        Both included.
    source, year, status, note
        As of :class:`Quantity`.
    """

    low: Annotated[int, Field(strict=True)]
    high: Annotated[int, Field(strict=True)]
    source: Text
    year: Annotated[int, Field(ge=1950, le=2100)]
    status: Status
    note: str = ""

    @model_validator(mode="after")
    def _check(self) -> Bounds:
        if self.low > self.high:
            raise ValueError(f"low is {self.low}, high is {self.high}; exchange them")
        return self


class Supports(Model):
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


class CoreKind(Model):
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


class Chip(Named):
    """One chip: what fits and what it computes.

    Parameters
    ----------
    limits : Limits
        What fits.
    ranges : dict of str to Bounds
        Registers by the names of the description, for example ``weight``; without an entry, nothing is checked.
    supports : Supports or None
        What it computes; nothing is checked without.
    cores : tuple of CoreKind
        The cores of a chip whose cores differ; empty where all are alike.
    """

    limits: Limits
    ranges: dict[str, Bounds] = Field(default_factory=dict)
    supports: Supports | None = None
    cores: tuple[CoreKind, ...] = ()


class HardwareProfile(Chip, CostProfile):
    """A chip of which both is known: what fits, and what it costs."""

    def quantities(self) -> dict[str, Quantity]:
        """Costs and limits, as for :class:`CostProfile`."""
        limits = {f"limits.{key}": value for key, value in self.limits}
        return {**super().quantities(), **{key: value for key, value in limits.items() if value is not None}}
