"""Placements side by side: cores, the busiest of them, and how long a step takes with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evsnn_lava.export.placement.activity import Activity, core_time, placed_synops
from evsnn_lava.export.placement.plan import Placement
from evsnn_lava.export.placement.traffic import LayerTraffic, estimate_traffic
from evsnn_lava.hw_profiles import HardwareProfile
from evsnn_lava.network import NetworkDescription


@dataclass(frozen=True)
class Balance:
    """How even the work of a placement is.

    Parameters
    ----------
    placement : Placement
        Where the network lies.
    synops : tuple of tuple of float
        Synaptic operations per step of every core, layer by layer.
    busiest_layer : str
        Layer of the core that takes longest.
    bound_by : str
        What that core does longest: ``operations`` or ``neurons``.
    busiest_synops : float
        The most synaptic operations per step that a core has.
    step_s : float
        Estimated mean time of a step: that of the core that takes longest.
    traffic : tuple of LayerTraffic
        What layers send each other.
    """

    placement: Placement
    synops: tuple[tuple[float, ...], ...]
    busiest_layer: str
    bound_by: str
    busiest_synops: float
    step_s: float
    traffic: tuple[LayerTraffic, ...]

    @property
    def imbalance(self) -> float:
        """The most operations of a core over the mean of all cores; 1 is even."""
        loads = [load for layer in self.synops for load in layer]
        mean = sum(loads) / max(1, len(loads))
        return self.busiest_synops / mean if mean else 1.0


def balance_of(
    network: NetworkDescription, placement: Placement, activity: Activity, hardware: HardwareProfile
) -> Balance:
    """Say how even a placement is.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    placement : Placement
        Where it lies.
    activity : Activity
        What its neurons send.
    hardware : HardwareProfile
        What operations take.

    Returns
    -------
    Balance
        With the estimated time of a step.
    """
    loads = placed_synops(network, placement, activity)
    pairs = zip(placement.cores, (load for each in loads for load in each.tolist()), strict=True)
    times = [core_time(hardware, core.tile, load) for core, load in pairs]
    busiest = int(np.argmax(times))
    neurons_s = placement.cores[busiest].tile.neurons * hardware.time.seconds("neuron_update")
    return Balance(
        placement=placement,
        synops=tuple(tuple(each.tolist()) for each in loads),
        busiest_layer=placement.layers[placement.cores[busiest].layer].name,
        bound_by="neurons" if times[busiest] <= neurons_s else "operations",
        busiest_synops=max(float(each.max(initial=0.0)) for each in loads),
        step_s=max(times[busiest], hardware.time.seconds("barrier")),
        traffic=estimate_traffic(network, placement, activity),
    )
