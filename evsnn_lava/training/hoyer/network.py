"""The float network of the first stage: Conv-BN-Hoyer blocks and a linear head that does not spike."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evsnn_lava._torch import Tensor, torch
from evsnn_lava.errors import ConfigError
from evsnn_lava.network.synapses import ConvSynapse
from evsnn_lava.training.config import ConvConfig, DenseConfig, HoyerConfig, NetworkConfig
from evsnn_lava.training.hoyer.spike import HoyerSpike

Shape = tuple[int, ...]


class HoyerBlock(torch.nn.Module):
    """Weights without bias, batch norm, Hoyer spike.

    Parameters
    ----------
    layer : ConvConfig or DenseConfig
        The layer.
    shape : tuple of int
        ``(C, H, W)`` or ``(M,)`` of what comes in.
    hoyer : HoyerConfig
        Momentum and extremum.

    Raises
    ------
    ConfigError
        If a convolution follows a dense layer, or the layer is of another type.
    """

    def __init__(self, layer: ConvConfig | DenseConfig, shape: Shape, hoyer: HoyerConfig) -> None:
        super().__init__()
        self.layer, self.input_shape = layer, shape
        self.synapse: torch.nn.Module
        if isinstance(layer, ConvConfig):
            self.shape = _conv_shape(layer, shape)
            self.synapse = torch.nn.Conv2d(
                shape[0], layer.channels, layer.kernel, layer.stride, layer.padding, bias=False
            )
            self.norm: torch.nn.Module = torch.nn.BatchNorm2d(layer.channels)
        elif isinstance(layer, DenseConfig):
            self.shape = (layer.units,)
            self.synapse = torch.nn.Linear(int(np.prod(shape)), layer.units, bias=False)
            self.norm = torch.nn.BatchNorm1d(layer.units)
        else:
            raise ConfigError("network.layers: a [hoyer] network takes conv and dense layers; leave recurrent ones out")
        extrema = self.shape[0] if len(self.shape) == 3 else 1
        self.spike = HoyerSpike(extrema, hoyer.momentum, hoyer.extremum)
        self.measures: list[Tensor] = []
        """Hoyer measures of the last batch, one for each step."""

    def drive(self, x: Tensor) -> Tensor:
        """Normalised input of the neurons."""
        return self.norm(self.synapse(x if len(self.shape) == 3 else x.flatten(1)))


def _conv_shape(layer: ConvConfig, shape: Shape) -> Shape:
    if len(shape) != 3:
        raise ConfigError("network.layers: a conv block follows a dense block; put conv blocks first")
    weights = np.zeros((layer.channels, shape[0], layer.kernel, layer.kernel), dtype=int)
    return ConvSynapse(weights, (layer.stride,) * 2, (layer.padding,) * 2).output_shape(shape)


def running_total(answers: list[Tensor], steps: int) -> Tensor:
    """Sum of the running sums after each of the last steps: what a sigma neuron sends, added up by the readout.

    Each answer counts as often as it is sent. Torch's own running sum has no deterministic form on a GPU.

    Parameters
    ----------
    answers : list of torch.Tensor
        What comes in, step by step.
    steps : int
        How many of the last running sums are added.

    Returns
    -------
    torch.Tensor
        Of the shape of an answer.

    Examples
    --------
    >>> float(running_total([torch.tensor(1.0), torch.tensor(10.0), torch.tensor(100.0)], steps=2))
    122.0
    """
    return torch.stack([min(len(answers) - k, steps) * answer for k, answer in enumerate(answers)]).sum(0)


class HoyerNetwork(torch.nn.Module):
    """Hidden Hoyer blocks and a linear head that adds up.

    With several steps the same picture comes in each of them, a membrane without leak adds up and is reset to 0 by a
    spike, as the deployed neuron does. Batch norm and extremum are shared by the steps.

    Parameters
    ----------
    config : NetworkConfig
        Hidden layers.
    hoyer : HoyerConfig
        Of the blocks.
    input_shape : tuple of int
        ``(C, H, W)``.
    classes : int
        Number of classes.
    """

    def __init__(self, config: NetworkConfig, hoyer: HoyerConfig, input_shape: Shape, classes: int) -> None:
        super().__init__()
        self.blocks = torch.nn.ModuleList()
        shape: Shape = tuple(input_shape)
        for layer in config.layers:
            block = HoyerBlock(layer, shape, hoyer)  # type: ignore[arg-type]  # a recurrent layer is refused there
            self.blocks.append(block)
            shape = block.shape
        self.head = torch.nn.Linear(int(np.prod(shape)), classes, bias=False)
        self.dropout = torch.nn.Dropout(hoyer.dropout)

    def forward(self, frames: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits and spikes.

        Parameters
        ----------
        frames : torch.Tensor of float32, shape (N, C, H, W, T)
            Pictures, the brightest pixel 1.

        Returns
        -------
        logits : torch.Tensor, shape (N, classes)
            What came in so far, summed over the steps, as the deployed head does.
        spikes : list of torch.Tensor
            Mean spikes of every hidden layer in a step, one scalar each.
        """
        x, steps = frames[..., 0], frames.shape[-1]
        sequence = [x] * steps
        rates: list[Tensor] = []
        for block in self.blocks:
            sequence = list(self._sent(block, sequence))
            rates.append(torch.stack(sequence).detach().mean())
        answers = [self.head(x.flatten(1)) for x in self._thinned(sequence)]
        return running_total(answers, steps), rates

    def _sent(self, block: HoyerBlock, sequence: list[Tensor]) -> Iterator[Tensor]:
        """Spikes of a block in each step."""
        if len(block.shape) == 1:
            sequence = self._thinned(sequence)
        membrane: Tensor | None = None
        block.measures.clear()
        drives = block.drive(torch.cat(sequence))
        level = block.spike.level(drives)  # one for all steps: a deployed neuron has one threshold
        for drive in drives.chunk(len(sequence)):
            membrane = drive if membrane is None else membrane + drive
            spikes = block.spike(membrane, level)
            block.measures.append(block.spike.measure)
            membrane = membrane * (1 - spikes.detach())
            yield spikes

    def _thinned(self, sequence: list[Tensor]) -> list[Tensor]:
        """Dropout of the same neurons in every step; were they drawn anew, the steps would make up for it."""
        kept = self.dropout(torch.ones_like(sequence[0]))
        return [x * kept for x in sequence]

    def measure(self) -> Tensor:
        """Hoyer measure of the last batch: mean over the steps, summed over the hidden layers."""
        return torch.stack([torch.stack(block.measures).mean() for block in self.blocks]).sum()

    def parameter_groups(self, weight_decay: float) -> list[dict[str, object]]:
        """Weights with decay; norms and thresholds without."""
        matrices = [p for p in self.parameters() if p.dim() > 1]
        others = [p for p in self.parameters() if p.dim() <= 1]
        return [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
