"""The deployed integers in stock SLAYER: what lava-dl itself computes for a network description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._torch import slayer, torch
from evsnn_lava.errors import UnsupportedError
from evsnn_lava.network import ConvSynapse, DenseSynapse, Layer, NetworkDescription
from evsnn_lava.simulation.reference import checked_stream, gate_open

SCALE: Final = 64


def slayer_messages(network: NetworkDescription, frames: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.bool_], ...]:
    """Messages of every layer and step, computed by unmodified SLAYER blocks.

    Parameters
    ----------
    network : NetworkDescription
        The network; its integer weights are loaded into ``slayer.block.cuba`` blocks.
    frames : numpy.ndarray of bool, shape (N, C, H, W, T)
        Input frames before masking.

    Returns
    -------
    tuple of numpy.ndarray of bool, each of shape (N, *layer shape, K)
        As in :class:`evsnn_lava.simulation.Trace`.

    Raises
    ------
    UnsupportedError
        If a layer has no exact counterpart in SLAYER.
    """
    stream = checked_stream(network, frames)
    silence = np.zeros((*stream.shape[:-1], network.depth), dtype=bool)
    x = torch.from_numpy(np.concatenate([stream, silence], axis=-1)).float()
    messages = []
    with torch.no_grad():
        for index, layer in enumerate(network.layers):
            spikes = BUILD[type(layer.synapse)](layer)(x.flatten(1, -2) if _is_dense(layer) else x)
            gate = [gate_open(network, index, step) for step in range(network.max_steps)]
            x = spikes * torch.tensor(gate, dtype=spikes.dtype)
            messages.append(x.numpy() > 0)
    return tuple(messages)


def _conv(layer: Layer) -> Any:
    synapse: ConvSynapse = layer.synapse  # type: ignore[assignment]  # chosen by type
    outputs, per_group, *kernel = synapse.weights.shape
    block = slayer.block.cuba.Conv(
        _neuron(layer),
        per_group * synapse.groups,
        outputs,
        tuple(kernel),
        stride=synapse.stride,
        padding=synapse.padding,
        dilation=synapse.dilation,
        groups=synapse.groups,
    )
    return _loaded(layer, block)


def _dense(layer: Layer) -> Any:
    outputs, inputs = layer.synapse.weights.shape
    return _loaded(layer, slayer.block.cuba.Dense(_neuron(layer), inputs, outputs))


def _neuron(layer: Layer) -> dict[str, float]:
    neuron = layer.neuron
    refusals = (
        (neuron.bias_mant is not None and bool(neuron.bias_mant.any()), "has a bias, which SLAYER keeps in its norm"),
        (layer.synapse.weight_exp != 0, "has a weight exponent, which SLAYER does not know"),
        (bool((layer.synapse.weights % 2).any()), "has odd weights, which SLAYER rounds"),
    )
    for refused, reason in refusals:
        if refused:
            raise UnsupportedError(f"layer {layer.name} {reason}; leave SLAYER out of the comparison")
    return {
        "threshold": neuron.vth_mant / SCALE,
        "current_decay": neuron.current_decay / 4096,
        "voltage_decay": neuron.dv / 4096,
        "scale": SCALE,
    }


def _loaded(layer: Layer, block: Any) -> Any:
    weights = torch.from_numpy(np.array(layer.synapse.weights)).float() / SCALE
    block.synapse.weight.data = weights.reshape(block.synapse.weight.shape)
    return block


def _is_dense(layer: Layer) -> bool:
    return isinstance(layer.synapse, DenseSynapse)


BUILD: Final[dict[type, Callable[[Layer], Any]]] = {ConvSynapse: _conv, DenseSynapse: _dense}
