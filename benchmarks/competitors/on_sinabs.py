"""sinabs: LIF layers on (batch, time, ...)."""

from __future__ import annotations

import math

import torch
from sinabs.activation import MembraneReset, SingleSpike
from sinabs.layers import LIF

from benchmarks.competitors.network import Dynamics

NEVER_DECAYS = 1e9


def time_constant(kept: float) -> float | None:
    """The constant whose ``exp(-1 / tau)`` is the kept share; None for no memory at all."""
    if kept <= 0:
        return None
    return NEVER_DECAYS if kept >= 1 else -1 / math.log(kept)


class Neuron(torch.nn.Module):
    """`sinabs.layers.LIF` with single spikes and a reset to zero."""

    def __init__(self, dynamics: Dynamics) -> None:
        super().__init__()
        current, voltage = (time_constant(kept) for kept in (dynamics.keep_current, dynamics.keep_voltage))
        self.gain = 1 / dynamics.keep_current if current else 1.0  # sinabs decays what arrives before it acts
        self.layer = LIF(
            tau_mem=voltage or 1e-6,
            tau_syn=current,
            spike_threshold=torch.tensor(dynamics.threshold),
            spike_fn=SingleSpike,
            reset_fn=MembraneReset(),
            norm_input=False,
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Spikes of all steps."""
        self.layer.reset_states()
        return self.layer((x * self.gain).transpose(0, 1)).transpose(0, 1)
