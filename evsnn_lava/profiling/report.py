"""The cost report: what one inference takes, and every constant behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.placement import place
from evsnn_lava.hw_profiles import HardwareProfile, Quantity
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.profiling.counts import EventCounts, IntArray, count_events
from evsnn_lava.profiling.estimate import Distribution, Estimate, Estimates
from evsnn_lava.profiling.latency import time_per_sample
from evsnn_lava.profiling.ledger import INPUT, Ledger, build_ledger, energy_per_sample, static_energy

LEFT_OUT: Final = (
    "input and output between host and chip",
    "the work of host and embedded CPUs (readout, cutoff, masks): counted, charged 0",
    "hops between cores, several destination cores of one spike, uneven load of a layer's cores",
)
"""What no number of a report contains."""

PARTED_BY: Final = ("limits.cores_per_chip", "limits.neurons_per_core", "limits.synapse_words_per_core")
"""The limits by which a network is cut into cores."""

_NEURON_KINDS: Final = ("neuron_update_active", "neuron_update_idle")


@dataclass(frozen=True)
class LayerCost:
    """One layer, per inference (mean over the samples).

    Parameters
    ----------
    name : str
        Name of the layer, or ``(input)``.
    neurons, cores : int
        Its size; 0 for the input.
    spikes, synops, active_updates, idle_updates : float
        Events.
    synop_j, neuron_j, message_j, total_j : Estimate
        Dynamic energy by kind and together, in joules.
    """

    name: str
    neurons: int
    cores: int
    spikes: float
    synops: float
    active_updates: float
    idle_updates: float
    synop_j: Estimate
    neuron_j: Estimate
    message_j: Estimate
    total_j: Estimate

    @classmethod
    def together(cls, name: str, layers: Sequence[LayerCost]) -> LayerCost:
        """Add up layers under a new name."""
        summed: dict[str, Any] = {}
        for part in fields(cls)[1:]:
            values = [getattr(layer, part.name) for layer in layers]
            summed[part.name] = Estimate.sum(values) if part.name.endswith("_j") else sum(values)
        return cls(name, **summed)


@dataclass(frozen=True)
class Constant:
    """One constant that a report used, with its provenance.

    Parameters
    ----------
    name : str
        Dotted name in the profile, for example ``energy.synop``.
    quantity : Quantity
        Value, unit, range, source, year, scope, status, note.
    """

    name: str
    quantity: Quantity


@dataclass(frozen=True, eq=False)
class CostReport:
    """What N inferences cost on one chip.

    Parameters
    ----------
    network, backend : str
        What ran, and who counted.
    hardware : HardwareProfile
        What it is priced with.
    accuracy : float or None
        Share of right decisions, 0..1; None without labels.
    chips : int
        Chips the network takes.
    layers : tuple of LayerCost
        The input, then every layer.
    ledger : Ledger
        The rows behind everything.
    exit_steps, steps : numpy.ndarray of int64, shape (N,)
        Algorithmic steps (frames seen by the decision) and hardware steps (executed, with the
        delay of the layers).
    time_s, energy_j, dynamic_j : Estimates
        Seconds and joules per sample; ``energy_j`` is dynamic plus static.
    cutoff_layers : int
        How many of the last layers are the cutoff itself, decided on chip.
    """

    network: str
    backend: str
    hardware: HardwareProfile
    accuracy: float | None
    chips: int
    layers: tuple[LayerCost, ...]
    ledger: Ledger
    exit_steps: IntArray
    steps: IntArray
    time_s: Estimates
    energy_j: Estimates
    dynamic_j: Estimates
    cutoff_layers: int = 0

    @property
    def cutoff(self) -> LayerCost | None:
        """All layers that decide on chip, as one; None where the host decides."""
        if not self.cutoff_layers:
            return None
        return LayerCost.together("cutoff on chip", self.layers[-self.cutoff_layers :])

    @property
    def samples(self) -> int:
        """Number of samples N."""
        return len(self.steps)

    @property
    def cores(self) -> int:
        """Neuro-cores of all layers."""
        return sum(layer.cores for layer in self.layers)

    @property
    def static_j(self) -> Estimate:
        """Static energy per inference in joules."""
        return self.ledger.per_inference(self.ledger.static)

    @property
    def distributions(self) -> dict[str, Distribution]:
        """Mean, p50, p95 and maximum of ``exit_steps``, ``steps``, ``time_s``, ``energy_j``, ``dynamic_j``."""
        return {
            "exit_steps": Estimates.exact(self.exit_steps).distribution(),
            "steps": Estimates.exact(self.steps).distribution(),
            "time_s": self.time_s.distribution(),
            "energy_j": self.energy_j.distribution(),
            "dynamic_j": self.dynamic_j.distribution(),
        }

    @property
    def constants(self) -> tuple[Constant, ...]:
        """Every constant used, in the order of the profile; of the limits those that say how many cores there are."""
        named = self.hardware.quantities().items()
        return tuple(
            Constant(name, each) for name, each in named if not name.startswith("limits.") or name in PARTED_BY
        )


def profile_run(
    network: NetworkDescription,
    result: RunResult,
    hardware: HardwareProfile,
    labels: npt.NDArray[np.integer] | None = None,
) -> CostReport:
    """Say what a run costs on a chip.

    Parameters
    ----------
    network : NetworkDescription
        What was run, with its masks and cutoff policy.
    result : RunResult
        What the back-end recorded.
    hardware : HardwareProfile
        A profile of :func:`evsnn_lava.hw_profiles.load_profile`.
    labels : numpy.ndarray of int, shape (N,), optional
        The right classes.

    Returns
    -------
    CostReport
        Steps, time and energy per inference with their ranges.

    Raises
    ------
    ConfigError
        If the run is not one of this network or the labels are of another number.
    """
    if labels is not None and len(labels) != result.samples:
        raise ConfigError(f"run of {network.name}: {result.samples} samples, {len(labels)} labels; give one per sample")
    return cost_of_counts(
        count_events(network, result),
        np.array([len(layer.cores) for layer in place(network, hardware).layers], dtype=np.int64),
        hardware,
        network=network.name,
        backend=result.backend,
        accuracy=None if labels is None else result.accuracy(labels),
        cutoff_layers=network.cutoff.layers,
    )


def cost_of_counts(
    counts: EventCounts,
    cores: IntArray,
    hardware: HardwareProfile,
    *,
    network: str = "",
    backend: str = "",
    accuracy: float | None = None,
    cutoff_layers: int = 0,
) -> CostReport:
    """Price counts from any origin.

    Parameters
    ----------
    counts : EventCounts
        What happened.
    cores : numpy.ndarray of int64, shape (L,)
        Cores of every layer.
    hardware : HardwareProfile
        What it costs.
    network, backend : str
        Names for the report.
    accuracy : float, optional
        Share of right decisions.
    cutoff_layers : int
        How many of the last layers are the cutoff.

    Returns
    -------
    CostReport
        Steps, time and energy per inference with their ranges.
    """
    chips = -(-int(cores.sum()) // int(hardware.limits.cores_per_chip.si))
    time_s = time_per_sample(counts, cores, hardware.time)
    dynamic_j = energy_per_sample(counts, hardware.energy)
    ledger = build_ledger(counts, hardware, time_s, chips)
    sizes = [(INPUT, 0, 0), *zip(counts.layers, counts.neurons.tolist(), cores.tolist(), strict=True)]
    return CostReport(
        network=network,
        backend=backend,
        hardware=hardware,
        accuracy=accuracy,
        chips=chips,
        layers=tuple(_layer_cost(ledger, *size) for size in sizes),
        ledger=ledger,
        exit_steps=counts.exit_step,
        steps=counts.steps,
        time_s=time_s,
        energy_j=dynamic_j + static_energy(hardware, time_s, chips),
        dynamic_j=dynamic_j,
        cutoff_layers=cutoff_layers,
    )


def _layer_cost(ledger: Ledger, name: str, neurons: int, cores: int) -> LayerCost:
    def energy(*kinds: str) -> Estimate:
        return ledger.per_inference(ledger.energy(name, kinds) if kinds else ledger.energy(name))

    def count(kind: str) -> float:
        return ledger.count(name, [kind]) / ledger.samples

    return LayerCost(
        name=name,
        neurons=neurons,
        cores=cores,
        spikes=count("message"),
        synops=count("synop"),
        active_updates=count("neuron_update_active"),
        idle_updates=count("neuron_update_idle"),
        synop_j=energy("synop"),
        neuron_j=energy(*_NEURON_KINDS),
        message_j=energy("message"),
        total_j=energy(),
    )
