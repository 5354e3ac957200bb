"""lava-dl SLAYER's forward pass in torch, with stock blocks that hold the integers of a description.

    python -m benchmarks.slayer_child FOLDER

First it keeps what every block sends, then it gives the seconds of a forward pass. Without biases the blocks do not
delay, as in training; with them they do, as on the chip, so that every bias starts when ours does.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.jobs import Job
from benchmarks.serve import serve
from evsnn_lava._torch import Tensor, slayer, torch
from evsnn_lava.network import ConvSynapse, CubaNeuron, DirectSynapse, Layer
from evsnn_lava.network.ranges import spread

SCALE, UNITY = 64, 4096


def prepare() -> tuple[dict[str, Any], dict[str, Callable[[], float]]]:
    """Build the blocks, keep what they send, and offer the forward pass."""
    job = Job(Path(sys.argv[1]))
    network = job.network
    delays = any(getattr(layer.neuron, "bias_mant", None) is not None for layer in network.layers)
    last = network.layers[-1]
    blocks = [block_of(layer, delays and layer is not last).eval() for layer in network.layers]
    x = torch.from_numpy(job.frames.astype(np.float32))
    keep_messages(job, blocks, x, delays)

    def forward() -> float:
        begin, sent = time.perf_counter(), x
        with torch.no_grad():
            for block in blocks:
                sent = block(sent)
        return time.perf_counter() - begin

    return {"threads": torch.get_num_threads(), "batch": len(x)}, {"forward": forward}


def keep_messages(job: Job, blocks: list[Any], x: Tensor, delays: bool) -> None:
    """Run the first sample and keep what every block sends."""
    sent, messages = x[:1], []
    with torch.no_grad():
        for block in blocks:
            sent = block(sent)
            messages.append(sent.numpy().round().astype(np.int32))
    first = [0] * (len(blocks) - 1) + [1] if delays else [1 + depth for depth in range(len(blocks))]
    job.save_messages(messages, first)


def block_of(layer: Layer, delays: bool) -> Any:
    """A block of SLAYER with the integers of a layer of CUBA neurons."""
    neuron = layer.neuron
    if not isinstance(neuron, CubaNeuron):
        raise TypeError(f"layer {layer.name} has no CUBA neurons; leave SLAYER out")
    parameters = {
        "threshold": neuron.vth_mant / SCALE,
        "current_decay": int(neuron.current_decay) / UNITY,
        "voltage_decay": int(neuron.dv) / UNITY,
    }
    synapse = layer.synapse
    if isinstance(synapse, DirectSynapse):
        return Input(slayer.neuron.cuba.Neuron(**parameters), synapse, delays)
    if isinstance(synapse, ConvSynapse):
        outputs, inputs, *kernel = synapse.weights.shape
        place = {"stride": synapse.stride, "padding": synapse.padding}
        block = slayer.block.cuba.Conv(parameters, inputs, outputs, tuple(kernel), delay_shift=delays, **place)
    else:
        block = Flattening(parameters, *synapse.weights.shape[::-1], delay_shift=delays)
    load(block.synapse, synapse.weights)
    if neuron.bias_mant is not None:
        block.neuron.norm = Bias(spread(neuron.bias_mant, layer.shape) * 2.0 ** (neuron.bias_exp - 6) / SCALE)
    return block


def load(synapse: Any, weights: npt.NDArray[np.int32]) -> None:
    """Set the weights; SLAYER's own quantisation stays on where it keeps them, which is where they are even."""
    synapse.weight.data = (torch.from_numpy(weights).float() / SCALE).reshape(synapse.weight.shape)
    if (weights % 2).any():
        synapse.pre_hook_fx = None


class Flattening(slayer.block.cuba.Dense):
    """SLAYER's dense block behind a flattened input."""

    def forward(self, x: Tensor) -> Tensor:
        """Spikes, shape (N, out, T)."""
        return super().forward(x.flatten(1, -2))


class Bias(torch.nn.Module):
    """What batch normalisation folds to after training: a constant for every neuron."""

    def __init__(self, values: npt.NDArray[np.floating]) -> None:
        super().__init__()
        self.values = torch.from_numpy(np.asarray(values)).float()[None, ..., None]

    def forward(self, x: Tensor) -> Tensor:
        """The biased drive."""
        return x + self.values


class Input(torch.nn.Module):
    """The input block without its quantisation to 8 bits, which stock netx does not do either."""

    def __init__(self, neuron: Any, synapse: DirectSynapse, delays: bool) -> None:
        super().__init__()
        self.neuron, self.synapse, self.delays = neuron, synapse, delays

    def forward(self, x: Tensor) -> Tensor:
        """Spikes of the input neurons."""
        spikes = self.neuron(x * (self.synapse.weight / SCALE) + self.synapse.bias / SCALE)
        return slayer.axon.delay(spikes, 1) if self.delays else spikes


if __name__ == "__main__":
    serve(prepare)
