"""The ledger: what every layer spends on every kind of operation, in rows that sum to the total."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np

from evsnn_lava.hw_profiles import Energies, HardwareProfile
from evsnn_lava.profiling.counts import EventCounts, IntArray
from evsnn_lava.profiling.estimate import Estimate, Estimates

KINDS: Final[dict[str, str]] = {
    "synop": "one non-zero weight applied for one spike",
    "neuron_update_active": "one neuron in one step with work to do",
    "neuron_update_idle": "one neuron in one step without work to do",
    "message": "one spike sent",
    "readout": "one output value added to a score",
    "cutoff": "one score compared to find the two best",
    "mask": "one question whether a layer's frame is masked",
    "static": "one step of static power",
}

# Not layers of the network, hence the parentheses: a layer may well be called "input".
INPUT: Final = "(input)"
MASKS: Final = "(masks)"
READOUT: Final = "(readout)"
CHIP: Final = "(chip)"

OFF_CORE: Final = "runs on the host or an embedded CPU, whose energy is not published; charged 0"


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
        What the number leaves out.
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


def prices(energies: Energies) -> dict[str, Estimate]:
    """What one operation of every priced kind costs in joules.

    An update counted as active may have been idle and the other way round, so the range of both
    reaches from the idle to the active price.

    Parameters
    ----------
    energies : Energies
        Energy constants.

    Returns
    -------
    dict of str to Estimate
        Keys of ``KINDS``.
    """
    active, idle = (Estimate.of(energies.neuron_update_active), Estimate.of(energies.neuron_update_idle))
    low, high = min(idle.low, active.low), active.high
    return {
        "synop": Estimate.of(energies.synop),
        "neuron_update_active": Estimate(active.value, low, high),
        "neuron_update_idle": Estimate(idle.value, low, high),
        "message": Estimate.of(energies.message),
    }


def build_ledger(counts: EventCounts, hardware: HardwareProfile, time_s: Estimates, chips: int = 1) -> Ledger:
    """Price the events.

    Parameters
    ----------
    counts : EventCounts
        What happened.
    hardware : HardwareProfile
        What it costs.
    time_s : Estimates
        Time of every sample, for static power.
    chips : int
        Chips that draw static power.

    Returns
    -------
    Ledger
        The input, one row per layer and kind, the masks, the readout and the chip.
    """
    price = prices(hardware.energy)
    rows = [_priced(INPUT, "message", int(counts.input_events.sum()), price["message"])]
    for index, layer in enumerate(counts.layers):
        for kind, events in _priced_events(counts).items():
            count = int(events[:, index].sum())
            beside = layer in counts.on_host and kind != "message"
            rows.append(_off_core(layer, kind, count) if beside else _priced(layer, kind, count, price[kind]))
    rows += _off_core_rows(counts)
    rows.append(_static_row(counts, static_energy(hardware, time_s, chips).total()))
    return Ledger(counts.samples, tuple(rows))


def energy_per_sample(counts: EventCounts, energies: Energies) -> Estimates:
    """Dynamic energy of every sample.

    Parameters
    ----------
    counts : EventCounts
        What happened.
    energies : Energies
        Energy constants.

    Returns
    -------
    Estimates
        Joules, arrays of shape (N,).
    """
    price = prices(energies)
    total = Estimates.exact(counts.input_events.sum(axis=1)).times(price["message"])
    on_core = np.array([layer not in counts.on_host for layer in counts.layers])
    for kind, events in _priced_events(counts).items():
        paid = events if kind == "message" else events * on_core[None, :, None]
        total = total + Estimates.exact(paid.sum(axis=(1, 2))).times(price[kind])
    return total


def static_energy(hardware: HardwareProfile, time_s: Estimates, chips: int = 1) -> Estimates:
    """Static power times time of every sample, in joules; parameters as for :func:`build_ledger`."""
    return time_s.times(Estimate.of(hardware.static_power).scaled(chips))


def _priced_events(counts: EventCounts) -> dict[str, IntArray]:
    return {
        "synop": counts.synops,
        "neuron_update_active": counts.active_updates,
        "neuron_update_idle": counts.idle_updates,
        "message": counts.messages,
    }


def _priced(layer: str, kind: str, count: int, price: Estimate) -> LedgerRow:
    energy = price.scaled(count)
    return LedgerRow(layer, kind, count, energy.value, energy.low, energy.high)


def _off_core_rows(counts: EventCounts) -> list[LedgerRow]:
    work = (
        (MASKS, "mask", counts.mask_gates),
        (READOUT, "readout", counts.readout_additions),
        (READOUT, "cutoff", counts.cutoff_comparisons),
    )
    return [_off_core(layer, kind, int(count.sum())) for layer, kind, count in work]


def _off_core(layer: str, kind: str, count: int) -> LedgerRow:
    return LedgerRow(layer, kind, count, 0.0, 0.0, 0.0, OFF_CORE)


def _static_row(counts: EventCounts, energy: Estimate) -> LedgerRow:
    return LedgerRow(CHIP, "static", int(counts.steps.sum()), energy.value, energy.low, energy.high)
