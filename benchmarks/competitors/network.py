"""The same network in floats: the same layers, weights, decays and thresholds, spikes in and out.

Equations differ from framework to framework, and all of them from the integers, so the spikes differ, too: this is for
cost, not for agreement.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

Neuron = Callable[[torch.Tensor], torch.Tensor]
"""Takes the input current and gives the spikes of all steps, shape (T, N, ...), from a state of zero."""


@dataclass(frozen=True)
class Dynamics:
    """Parameters of a layer's neurons: what they keep of current and voltage in a step, and where they fire."""

    keep_current: float
    keep_voltage: float
    threshold: float


class FloatNetwork(torch.nn.Module):
    """Synapses of torch and the neurons of a framework.

    Parameters
    ----------
    layers : sequence of dict
        As :mod:`benchmarks.floats` writes them.
    weights : sequence of numpy.ndarray or None
        One per layer.
    make : callable
        Makes the neurons of a framework.
    """

    def __init__(
        self, layers: Sequence[dict[str, Any]], weights: Sequence[Any], make: Callable[[Dynamics], torch.nn.Module]
    ) -> None:
        super().__init__()
        pairs = zip(layers, weights, strict=True)
        self.synapses = torch.nn.ModuleList(SYNAPSES[layer["kind"]](layer, weight) for layer, weight in pairs)
        self.neurons = torch.nn.ModuleList(make(Dynamics(**layer["dynamics"])) for layer in layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Output spikes, shape (T, N, classes); x has shape (T, N, C, H, W)."""
        for synapse, neuron in zip(self.synapses, self.neurons, strict=True):
            drive = synapse(x.flatten(0, 1))
            x = neuron(drive.unflatten(0, x.shape[:2]))
        return x


class Scale(torch.nn.Module):
    """The input block: every value drives the neuron of its place."""

    def __init__(self, layer: dict[str, Any], _: Any) -> None:
        super().__init__()
        self.factor = layer["factor"]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The scaled input."""
        return x * self.factor


def dense(layer: dict[str, Any], weight: Any) -> torch.nn.Module:
    """A linear layer on the flattened input."""
    made = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=layer["bias"] is not None)
    return torch.nn.Sequential(torch.nn.Flatten(), _loaded(made, weight, layer["bias"]))


def conv(layer: dict[str, Any], weight: Any) -> torch.nn.Module:
    """A convolution."""
    sizes = (weight.shape[1], weight.shape[0], weight.shape[2:], layer["stride"], layer["padding"])
    return _loaded(torch.nn.Conv2d(*sizes, bias=layer["bias"] is not None), weight, layer["bias"])


def _loaded(module: Any, weight: Any, bias: Any) -> torch.nn.Module:
    module.weight.data = torch.from_numpy(weight)
    if bias is not None:
        module.bias.data = torch.tensor(bias, dtype=torch.float32)
    return module


SYNAPSES: dict[str, Callable[..., torch.nn.Module]] = {"direct": Scale, "dense": dense, "conv": conv}


def load(path: Path, make: Callable[[Dynamics], torch.nn.Module]) -> tuple[FloatNetwork, torch.Tensor]:
    """The network and its frames, (T, N, C, H, W), from a file of :func:`benchmarks.floats.write_floats`."""
    with np.load(path) as file:
        layers = json.loads(str(file["layers"]))
        weights = [file.get(f"weight{i}") for i in range(len(layers))]
        frames = torch.from_numpy(file["frames"].astype(np.float32)).movedim(-1, 0).contiguous()
    return FloatNetwork(layers, weights, make), frames
