"""The network that is trained: SLAYER blocks in a row, with frame masks between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._torch import Tensor, torch
from evsnn_lava.errors import ConfigError
from evsnn_lava.network.synapses import ConvSynapse
from evsnn_lava.training.blocks import Conv, Dense, Sums
from evsnn_lava.training.config import ConvConfig, DenseConfig, NetworkConfig, RecurrentConfig
from evsnn_lava.training.recurrent import Recurrent

Shape = tuple[int, ...]
Responses = list[tuple[Tensor, Tensor]]


class EventNetwork(torch.nn.Module):
    """SLAYER CUBA blocks from input frames to what says the class: spikes, or sums of weights.

    Parameters
    ----------
    config : NetworkConfig
        Hidden blocks and neuron parameters.
    input_shape : tuple of int
        ``(C, H, W)`` of a frame.
    classes : int
        Number of output neurons.

    Raises
    ------
    ConfigError
        If the blocks do not fit together.
    """

    def __init__(self, config: NetworkConfig, input_shape: Shape, classes: int) -> None:
        super().__init__()
        head = DenseConfig(type="dense", units=classes, weight_scale=config.output_weight_scale)
        neuron = config.neuron.model_dump()
        self.dropout = config.dropout
        self.blocks = torch.nn.ModuleList()
        self.shapes: list[Shape] = [tuple(input_shape)]
        for layer in config.layers:
            self._append(*BUILD[type(layer)](layer, neuron, self.shapes[-1]))
        self._append(*_dense(head, neuron, self.shapes[-1], HEADS[config.head]))

    def _append(self, block: torch.nn.Module, shape: Shape) -> None:
        self.blocks.append(block)
        self.shapes.append(shape)

    def forward(self, x: Tensor, gate: Callable[[int, Tensor], Tensor] | None = None) -> Responses:
        """Spikes and voltage of every block.

        Parameters
        ----------
        x : torch.Tensor of float32, shape (N, C, H, W, T)
            Frames.
        gate : callable, optional
            Called with the index and the input of each block; returns the input that it gets.

        Returns
        -------
        list of (torch.Tensor, torch.Tensor)
            One pair per block; entry ``t`` of a block belongs to frame ``t`` (blocks do not delay
            here, deployment does).
        """
        responses: Responses = []
        for index, block in enumerate(self.blocks):
            spikes, voltage = block.respond(x if gate is None else gate(index, x))
            responses.append((spikes, voltage))
            x = self._thinned(spikes)
        return responses

    @property
    def depth(self) -> int:
        """Number of layers."""
        return len(self.blocks)

    def _thinned(self, spikes: Tensor) -> Tensor:
        """Silence some neurons for the whole recording while training; spikes stay spikes, nothing is scaled up."""
        if not self.training or not self.dropout:
            return spikes
        return spikes * (torch.rand(spikes.shape[:-1], device=spikes.device) >= self.dropout)[..., None]


def hard_gate(keep: npt.NDArray[np.bool_]) -> Callable[[int, Tensor], Tensor]:
    """Gate function of hard masks on the axis of the frames that are sent.

    Parameters
    ----------
    keep : numpy.ndarray of bool, shape (L, T')
        One row per block.

    Returns
    -------
    callable
        For :meth:`EventNetwork.forward`; mutes what a block does not receive.
    """

    def gate(index: int, x: Tensor) -> Tensor:
        return x if keep[index].all() else x * torch.as_tensor(keep[index], dtype=x.dtype, device=x.device)

    return gate


def _conv(layer: ConvConfig, neuron: dict[str, Any], shape: Shape) -> tuple[torch.nn.Module, Shape]:
    if len(shape) != 3:
        raise ConfigError("network.layers: a conv block follows a dense block; put conv blocks first")
    k = layer.kernel
    probe = ConvSynapse(
        np.zeros((layer.channels, shape[0], k, k), dtype=int), (layer.stride,) * 2, (layer.padding,) * 2
    )
    block = Conv(
        neuron,
        shape[0],
        layer.channels,
        k,
        stride=layer.stride,
        padding=layer.padding,
        weight_scale=layer.weight_scale,
        delay_shift=False,
    )
    return block, probe.output_shape(shape)


def _dense(
    layer: DenseConfig, neuron: dict[str, Any], shape: Shape, kind: type[Dense] = Dense
) -> tuple[torch.nn.Module, Shape]:
    inputs = int(np.prod(shape))
    return kind(neuron, inputs, layer.units, weight_scale=layer.weight_scale, delay_shift=False), (layer.units,)


def _recurrent(layer: RecurrentConfig, neuron: dict[str, Any], shape: Shape) -> tuple[torch.nn.Module, Shape]:
    block = Recurrent(neuron, int(np.prod(shape)), layer.units, weight_scale=layer.weight_scale, delay_shift=False)
    with torch.no_grad():
        block.recurrent_synapse.weight *= layer.recurrent_scale / layer.weight_scale
    return block, (layer.units,)


BUILD: Final[dict[type, Callable[..., tuple[torch.nn.Module, Shape]]]] = {
    ConvConfig: _conv,
    DenseConfig: _dense,
    RecurrentConfig: _recurrent,
}


HEADS: Final[dict[str, type[Dense]]] = {"spikes": Dense, "sums": Sums}
"""The block of the output neurons, by ``network.head``."""


def thresholds(network: EventNetwork) -> Sequence[float]:
    """Threshold of each block that spikes; a head of sums, which is the last one, has none."""
    return [float(block.neuron.threshold) for block in network.blocks if not isinstance(block, Sums)]
