"""snnTorch: the second-order neuron, stepped in a loop as its documents do."""

from __future__ import annotations

import snntorch
import torch

from benchmarks.competitors.network import Dynamics


class Neuron(torch.nn.Module):
    """`snntorch.Synaptic` with a reset to zero."""

    def __init__(self, dynamics: Dynamics) -> None:
        super().__init__()
        kept = (dynamics.keep_current, dynamics.keep_voltage)
        self.cell = snntorch.Synaptic(*kept, threshold=dynamics.threshold, reset_mechanism="zero", reset_delay=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Spikes of all steps."""
        current, voltage = torch.zeros_like(x[0]), torch.zeros_like(x[0])
        spikes = []
        for step in x:
            sent, current, voltage = self.cell(step, current, voltage)
            spikes.append(sent)
        return torch.stack(spikes)
