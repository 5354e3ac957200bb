"""The ledger: what every layer spends on every kind of operation, in rows that sum to the total."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from evsnn_lava.hw_profiles import CostProfile, Quantity
from evsnn_lava.profiling.counts import EventCounts, IntArray
from evsnn_lava.profiling.estimate import Estimate, Estimates

KINDS: Final[dict[str, str]] = {
    "synop": "one non-zero weight applied for one spike",
    "neuron_update_active": "one neuron in one step with work to do",
    "neuron_update_idle": "one neuron in one step without work to do",
    "spike": "one neuron that fires",
    "message": "one message to one core",
    "hop_x": "one message from a router to the next one, east or west",
    "hop_y": "one message from a router to the next one, north or south",
    "io": "one spike that the host sends or receives",
    "barrier": "one step ended",
    "readout": "one output value added to a score",
    "cutoff": "one score compared to find the two best",
    "mask": "one question whether a layer's frame is masked",
    "working": "one step of the power that is drawn while working",
    "static": "one step of static power",
}

PRICE_OF: Final = {
    **{kind: f"energy.{kind}" for kind in KINDS},
    **dict.fromkeys(("readout", "cutoff", "mask"), "energy.host_operation"),
    "working": "working_power",
    "static": "static_power",
}
"""Which number of a profile prices a kind."""

POWER_KINDS: Final = ("working", "static")

EVENT_KINDS: Final = tuple(kind for kind in KINDS if kind not in POWER_KINDS)
"""Kinds that have a price each; the others are power times time."""

# Not layers of the network, hence the parentheses: a layer may well be called "input".
INPUT: Final = "(input)"
MASKS: Final = "(masks)"
READOUT: Final = "(readout)"
CHIP: Final = "(chip)"

ON_HOST: Final = "computed by the host; charged 0"


@dataclass(frozen=True)
class LedgerRow:
    """One layer, one kind of operation, all samples.

    Parameters
    ----------
    layer : str
        Name of a layer, or ``(input)``, ``(masks)``, ``(readout)``, ``(chip)``.
    kind : str
        A key of ``KINDS``.
    count : int
        How often it happened.
    energy_j, low_j, high_j : float
        Energy in joules and its range.
    note : str
        Why nothing is charged, if so.
    """

    layer: str
    kind: str
    count: int
    energy_j: float
    low_j: float
    high_j: float
    note: str = ""

    @property
    def energy(self) -> Estimate:
        """The three energies as one estimate."""
        return Estimate(self.energy_j, self.low_j, self.high_j)


@dataclass(frozen=True)
class Ledger:
    """Rows over N samples; every sum is taken over rows, so that they sum to the total exactly.

    Parameters
    ----------
    samples : int
        Number of samples N.
    rows : tuple of LedgerRow
        Every layer and kind, the input, the readout and the chip.

    Examples
    --------
    >>> ledger = Ledger(2, (LedgerRow("a", "synop", 5, 4.0, 2.0, 6.0), LedgerRow("(chip)", "static", 1, 6.0, 6.0, 6.0)))
    >>> ledger.total.value, ledger.dynamic.value, ledger.per_inference(ledger.total).value
    (10.0, 4.0, 5.0)
    """

    samples: int
    rows: tuple[LedgerRow, ...]

    def energy(self, layer: str | None = None, kinds: Collection[str] = tuple(KINDS)) -> Estimate:
        """Energy of all samples in joules.

        Parameters
        ----------
        layer : str, optional
            Only this layer.
        kinds : collection of str
            Only these kinds.

        Returns
        -------
        Estimate
            Correctly rounded sum over the rows, zero where there is none.
        """
        return Estimate.sum(row.energy for row in self._select(layer, kinds))

    def count(self, layer: str | None = None, kinds: Collection[str] = tuple(KINDS)) -> int:
        """Number of operations of all samples; parameters as for :meth:`energy`."""
        return sum(row.count for row in self._select(layer, kinds))

    def _select(self, layer: str | None, kinds: Collection[str]) -> list[LedgerRow]:
        return [row for row in self.rows if layer in (None, row.layer) and row.kind in kinds]

    @property
    def total(self) -> Estimate:
        """Energy of all samples in joules."""
        return self.energy()

    @property
    def dynamic(self) -> Estimate:
        """Energy of the operations in joules: everything but static power."""
        return self.energy(kinds=[kind for kind in KINDS if kind != "static"])

    @property
    def static(self) -> Estimate:
        """Static power times time in joules."""
        return self.energy(kinds=["static"])

    def per_inference(self, energy: Estimate) -> Estimate:
        """Mean over the samples of an energy of this ledger."""
        return energy.scaled(1 / self.samples)


def prices(hardware: CostProfile) -> dict[str, Estimate]:
    """What one operation of every kind costs in joules; nothing where the profile does not say.

    An update counted as active may have been idle and the other way round, so the range of both
    reaches from the idle to the active price.

    Parameters
    ----------
    hardware : CostProfile
        Energy constants.

    Returns
    -------
    dict of str to Estimate
        Keys of ``EVENT_KINDS``.
    """
    costs = hardware.costs()
    found = {kind: Estimate.known(costs[PRICE_OF[kind]]) for kind in EVENT_KINDS}
    active, idle = found["neuron_update_active"], found["neuron_update_idle"]
    low, high = min(idle.low, active.low), active.high
    for kind, price in (("neuron_update_active", active), ("neuron_update_idle", idle)):
        found[kind] = Estimate(price.value, low, high)
    return found


def build_ledger(counts: EventCounts, hardware: CostProfile, time_s: Estimates, chips: int = 1) -> Ledger:
    """Price the events.

    Parameters
    ----------
    counts : EventCounts
        What happened.
    hardware : CostProfile
        What it costs.
    time_s : Estimates
        Time of every sample, for power.
    chips : int
        Chips that draw power.

    Returns
    -------
    Ledger
        The input, one row per layer and kind, the masks, the readout and the chip.
    """
    rows = [_row(hardware, event, int(count.sum()), price) for event, count, price in _priced_events(counts, hardware)]
    for kind, power in (("working", hardware.working_power), ("static", hardware.static_power)):
        if power is not None or kind == "static":
            energy = power_energy(power, time_s, chips).total()
            rows.append(_row(hardware, Event(CHIP, kind), int(counts.steps.sum()), energy, energy))
    return Ledger(counts.samples, tuple(rows))


def energy_per_sample(counts: EventCounts, hardware: CostProfile, time_s: Estimates, chips: int = 1) -> Estimates:
    """Dynamic energy of every sample.

    Parameters
    ----------
    counts, hardware, time_s, chips
        As for :func:`build_ledger`.

    Returns
    -------
    Estimates
        Joules, arrays of shape (N,).
    """
    total = power_energy(hardware.working_power, time_s, chips)
    for event, count, price in _priced_events(counts, hardware):
        if not event.on_host:
            total = total + Estimates.exact(count).times(price)
    return total


def power_energy(power: Quantity | None, time_s: Estimates, chips: int = 1) -> Estimates:
    """Power times time of every sample, in joules; nothing where the power is not known."""
    return time_s.times(Estimate.known(power).scaled(chips))


@dataclass(frozen=True)
class Event:
    """What a row counts.

    Parameters
    ----------
    layer, kind : str
        As of :class:`LedgerRow`.
    on_host : bool
        Whether the host does it for the chip.
    """

    layer: str
    kind: str
    on_host: bool = False


def _priced_events(counts: EventCounts, hardware: CostProfile) -> Iterator[tuple[Event, IntArray, Estimate]]:
    """Every event with its count per sample, shape (N,), and the price of one."""
    price = prices(hardware)
    for event, count in _events(counts):
        conv = event.kind == "synop" and event.layer in counts.convolutions and hardware.energy.synop_conv
        yield event, count, Estimate.of(conv) if conv else price[event.kind]


def _events(counts: EventCounts) -> Iterator[tuple[Event, IntArray]]:
    yield Event(INPUT, "message"), counts.load.input_copies.sum(axis=1)
    yield Event(INPUT, "io"), _sent_by_host(counts)
    for index, layer in enumerate(counts.layers):
        for kind, events in layer_events(counts).items():
            yield Event(layer, kind, layer in counts.on_host and kind in HOST_KINDS), events[:, index].sum(axis=1)
    yield Event(MASKS, "mask"), counts.mask_gates
    yield Event(READOUT, "readout"), counts.readout_additions
    yield Event(READOUT, "cutoff"), counts.cutoff_comparisons
    yield Event(READOUT, "io"), counts.messages[:, -1].sum(axis=1)
    yield Event(CHIP, "barrier"), counts.steps


def _sent_by_host(counts: EventCounts) -> IntArray:
    """Spikes that leave the host: the input's, or those of the last layer of encoders that it computes itself."""
    encoders = list(takewhile(lambda layer: layer in counts.on_host, counts.layers))
    sent: IntArray = (counts.messages[:, len(encoders) - 1] if encoders else counts.input_events).sum(axis=1)
    return sent


HOST_KINDS: Final = ("synop", "neuron_update_active", "neuron_update_idle", "spike")


def layer_events(counts: EventCounts) -> dict[str, IntArray]:
    """What a layer does in a step, arrays of shape (N, L, K), by the kind that prices it."""
    return {
        "synop": counts.synops,
        "neuron_update_active": counts.active_updates,
        "neuron_update_idle": counts.idle_updates,
        "spike": counts.messages,
        "message": counts.load.copies,
        "hop_x": counts.load.hops_x,
        "hop_y": counts.load.hops_y,
    }


def _row(hardware: CostProfile, event: Event, count: int, price: Estimate, energy: Estimate | None = None) -> LedgerRow:
    """A row with its energy, or the reason why it has none."""
    if event.on_host:
        return LedgerRow(event.layer, event.kind, count, 0.0, 0.0, 0.0, ON_HOST)
    found = price.scaled(count) if energy is None else energy
    untimed = "no time is known, so that power costs nothing" if event.kind in POWER_KINDS else ""
    note = hardware.unpriced.get(PRICE_OF[event.kind], "" if hardware.timed else untimed)
    return LedgerRow(event.layer, event.kind, count, found.value, found.low, found.high, note)
