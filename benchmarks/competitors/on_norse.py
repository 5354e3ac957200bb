"""norse: LIF modules that loop over time."""

from __future__ import annotations

import torch
from norse.torch import LIF, LIFParameters

from benchmarks.competitors.network import Dynamics

DT = 1e-3


class Neuron(torch.nn.Module):
    """norse scales the current by the voltage's decay; the drive is divided by it."""

    def __init__(self, dynamics: Dynamics) -> None:
        super().__init__()
        decay = 1 - dynamics.keep_voltage
        self.gain = 1 / decay if decay else 1.0
        rates = ((1 - kept) / DT for kept in (dynamics.keep_current, dynamics.keep_voltage))
        tau_syn_inv, tau_mem_inv = map(torch.tensor, rates)
        parameters = LIFParameters(tau_syn_inv, tau_mem_inv, v_th=torch.tensor(dynamics.threshold))
        self.lif = LIF(parameters, dt=DT)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Spikes of all steps."""
        return self.lif(x * self.gain)[0]
