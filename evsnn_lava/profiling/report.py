"""The cost report: what one inference takes, and every constant behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, TypeGuard

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.placement import CoreLoad, core_counts, largest_parts, on_host, place
from evsnn_lava.hw_profiles import CostProfile, HardwareProfile, Quantity
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.profiling.counts import EventCounts, IntArray, count_events, even_load, require_run_of
from evsnn_lava.profiling.estimate import Distribution, Estimate, Estimates
from evsnn_lava.profiling.latency import step_times, time_per_sample
from evsnn_lava.profiling.ledger import (
    EVENT_KINDS,
    INPUT,
    KINDS,
    PRICE_OF,
    Ledger,
    build_ledger,
    energy_per_sample,
    power_energy,
)

LEFT_OUT: Final = (
    "time that host and chip take to exchange events",
    "links that saturate, barriers and hops between chips",
    "configuration and reset of the chip, its temperature and voltage",
)
"""What no number of a report contains, whatever the profile."""

PARTED_BY: Final = ("limits.cores_per_chip", "limits.neurons_per_core", "limits.synapse_words_per_core")
"""The limits by which a network is cut into cores."""

SHOWN_KINDS: Final = {
    "synop": ("synop",),
    "neuron": ("neuron_update_active", "neuron_update_idle"),
    "message": ("spike", "message", "hop_x", "hop_y", "io"),
}
"""Kinds of a layer that tables show together."""


@dataclass(frozen=True)
class LayerCost:
    """One layer, per inference (mean over the samples).

    Parameters
    ----------
    name : str
        Name of the layer, or ``(input)``.
    neurons, cores : int
        Its size; 0 for the input, no cores where nothing is known of them.
    spikes, messages, hops, synops, active_updates, idle_updates : float
        Events: neurons that fire, messages to cores, steps from router to router, and so on.
    synop_j, neuron_j, message_j, total_j : Estimate
        Dynamic energy by kind (`SHOWN_KINDS`) and together, in joules.
    """

    name: str
    neurons: int
    cores: int
    spikes: float
    messages: float
    hops: float
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
    hardware : CostProfile
        What it is priced with.
    accuracy : float or None
        Share of right decisions, 0..1; None without labels.
    chips : int
        Chips the network takes.
    layers : tuple of LayerCost
        The input, then every layer.
    ledger : Ledger
        The rows behind everything.
    counts : EventCounts
        The events behind the rows, step by step.
    step_times : Estimates
        Seconds of every executed step, arrays of shape (N, K).
    time_s, energy_j, dynamic_j : Estimates
        Seconds and joules per sample; ``energy_j`` is dynamic plus static.
    cutoff_layers : int
        How many of the last layers are the cutoff itself, decided on chip.
    """

    network: str
    backend: str
    hardware: CostProfile
    accuracy: float | None
    chips: int
    layers: tuple[LayerCost, ...]
    ledger: Ledger
    counts: EventCounts
    step_times: Estimates
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
    def exit_steps(self) -> IntArray:
        """Algorithmic steps, frames seen by the decision, shape (N,)."""
        return self.counts.exit_step

    @property
    def steps(self) -> IntArray:
        """Hardware steps, executed with the delay of the layers, shape (N,)."""
        return self.counts.steps

    @property
    def samples(self) -> int:
        """Number of samples N."""
        return self.counts.samples

    def knows(self, *kinds: str) -> bool:
        """Whether the profile prices any of these kinds of the ledger; of power, whether it also knows the time."""
        costs, timed = self.hardware.costs(), self.hardware.timed
        return any(costs[PRICE_OF[kind]] is not None and (timed or kind in EVENT_KINDS) for kind in kinds)

    @property
    def knows_work(self) -> bool:
        """Whether any dynamic energy is known."""
        return self.knows(*EVENT_KINDS, "working")

    @property
    def power_w(self) -> dict[str, Estimate]:
        """Mean power in watt, as NeuroBench names it: ``idle``, ``active`` (while inferring) and ``dynamic``, the rest.

        Without what the profile does not know; empty where nothing is known of the time, or it may be 0.
        """
        seconds = self.time_s.total()
        if not seconds.low:
            return {}
        known = {"idle": self.knows("static"), "dynamic": self.knows_work}
        idle = Estimate.known(self.hardware.static_power).scaled(self.chips)
        dynamic = _over(self.ledger.dynamic, seconds)
        found = {"idle": idle, "active": Estimate.sum([idle, dynamic]), "dynamic": dynamic}
        return {name: power for name, power in found.items() if known.get(name, all(known.values()))}

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
    hardware: CostProfile,
    labels: npt.NDArray[np.integer] | None = None,
    load: CoreLoad | None = None,
) -> CostReport:
    """Say what a run costs on a chip.

    Parameters
    ----------
    network : NetworkDescription
        What was run, with its masks and cutoff policy.
    result : RunResult
        What the back-end recorded.
    hardware : CostProfile
        A profile of :func:`evsnn_lava.hw_profiles.load_profile`.
    labels : numpy.ndarray of int, shape (N,), optional
        The right classes.
    load : CoreLoad, optional
        What cores did on these samples, from `evsnn_lava.export.placement.LoadMeter`. Without, the work of a layer is
        taken as spread over its cores by their neurons, and a message as going to one core.

    Returns
    -------
    CostReport
        Steps, time and energy per inference with their ranges.

    Raises
    ------
    ConfigError
        If the run is not one of this network, the labels or the load are of another number, or the chip runs at the
        pace of the recording and frames are no slices of time.
    """
    if labels is not None and len(labels) != result.samples:
        raise ConfigError(f"run of {network.name}: {result.samples} samples, {len(labels)} labels; give one per sample")
    return cost_of_counts(
        count_events(network, result, load_by_size(network, result, hardware) if load is None else load),
        hardware,
        network=network.name,
        backend=result.backend,
        accuracy=None if labels is None else result.accuracy(labels),
        cutoff_layers=network.cutoff.layers,
    )


def load_by_size(network: NetworkDescription, result: RunResult, hardware: CostProfile) -> CoreLoad:
    """The load of cores as their sizes suggest; one core per layer on a chip of which no placement is known.

    Parameters
    ----------
    network, result, hardware
        As for :func:`profile_run`.

    Returns
    -------
    CoreLoad
        See :func:`evsnn_lava.profiling.counts.even_load`.
    """
    require_run_of(network, result)
    neurons = np.array([layer.neurons for layer in network.layers], dtype=np.int64)
    cores, largest = np.array([int(not on_host(layer)) for layer in network.layers]), None
    if is_placeable(hardware):
        placement = place(network, hardware)
        cores, largest = core_counts(placement), largest_parts(placement)
    return even_load(result.input_events, result.messages, result.synops, neurons, cores, largest)


def is_placeable(hardware: CostProfile) -> TypeGuard[HardwareProfile]:
    """Whether it is known how the compiler cuts a network for this chip."""
    return isinstance(hardware, HardwareProfile) and not hardware.cores


def cost_of_counts(
    counts: EventCounts,
    hardware: CostProfile,
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
    hardware : CostProfile
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
    known = is_placeable(hardware)
    cores = counts.load.cores * known
    chips = -(-int(cores.sum()) // int(hardware.limits.cores_per_chip.si)) if is_placeable(hardware) else 1
    steps = step_times(counts, hardware)
    time_s = time_per_sample(steps)
    dynamic_j = energy_per_sample(counts, hardware, time_s, chips)
    ledger = build_ledger(counts, hardware, time_s, chips)
    sizes = [(INPUT, 0, 0), *zip(counts.layers, counts.neurons.tolist(), cores.tolist(), strict=True)]
    first, *layers = (_layer_cost(ledger, *size) for size in sizes)
    return CostReport(
        network=network,
        backend=backend,
        hardware=hardware,
        accuracy=accuracy,
        chips=chips,
        layers=(replace(first, spikes=float(counts.input_events.sum() / counts.samples)), *layers),
        ledger=ledger,
        counts=counts,
        step_times=steps,
        time_s=time_s,
        energy_j=dynamic_j + power_energy(hardware.static_power, time_s, chips),
        dynamic_j=dynamic_j,
        cutoff_layers=cutoff_layers,
    )


def _over(energy: Estimate, seconds: Estimate) -> Estimate:
    """Energy over time: power."""
    return Estimate(energy.value / seconds.value, energy.low / seconds.high, energy.high / seconds.low)


def _layer_cost(ledger: Ledger, name: str, neurons: int, cores: int) -> LayerCost:
    def energy(kinds: Sequence[str] = tuple(KINDS)) -> Estimate:
        return ledger.per_inference(ledger.energy(name, kinds))

    def count(*kinds: str) -> float:
        return ledger.count(name, kinds) / ledger.samples

    return LayerCost(
        name=name,
        neurons=neurons,
        cores=cores,
        spikes=count("spike"),
        messages=count("message"),
        hops=count("hop_x", "hop_y"),
        synops=count("synop"),
        active_updates=count("neuron_update_active"),
        idle_updates=count("neuron_update_idle"),
        total_j=energy(),
        **{f"{shown}_j": energy(kinds) for shown, kinds in SHOWN_KINDS.items()},
    )
