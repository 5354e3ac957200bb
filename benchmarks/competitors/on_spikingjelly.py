"""SpikingJelly: the current-based node in multi-step mode."""

from __future__ import annotations

import torch
from spikingjelly.activation_based import neuron

from benchmarks.competitors.network import Dynamics


class Neuron(torch.nn.Module):
    """`CUBALIFNode` with a reset to zero."""

    def __init__(self, dynamics: Dynamics) -> None:
        super().__init__()
        kept = (dynamics.keep_current, dynamics.keep_voltage)
        self.node = neuron.CUBALIFNode(*kept, v_threshold=dynamics.threshold, v_reset=0.0)
        self.node.step_mode = "m"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Spikes of all steps."""
        self.node.reset()
        return self.node(x)
