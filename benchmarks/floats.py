"""A network description in floats, as a file for the frameworks of the other environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.network import ConvSynapse, CubaNeuron, DenseSynapse, DirectSynapse, Layer, NetworkDescription

SCALE = 64
UNITY = 4096


def write_floats(network: NetworkDescription, frames: npt.NDArray[Any], path: Path) -> None:
    """Write layers, weights and frames.

    Parameters
    ----------
    network : NetworkDescription
        CUBA neurons behind dense, convolutional and input synapses.
    frames : numpy.ndarray, shape (N, C, H, W, T)
        What they get.
    path : pathlib.Path
        The file.

    Raises
    ------
    UnsupportedError
        If a layer says something that the frameworks have no words for.
    """
    layers = [_layer(layer) for layer in network.layers]
    weights = {
        f"weight{i}": layer.synapse.weights.astype(np.float32) * 2.0**layer.synapse.weight_exp / SCALE
        for i, layer in enumerate(network.layers)
        if not isinstance(layer.synapse, DirectSynapse)
    }
    kept = {name: array.astype(np.float32) for name, array in weights.items()}
    np.savez(path, layers=json.dumps(layers), frames=frames, **kept)


def _layer(layer: Layer) -> dict[str, Any]:
    neuron, synapse = layer.neuron, layer.synapse
    if not isinstance(neuron, CubaNeuron) or layer.recurrent is not None or np.ndim(neuron.du) or np.ndim(neuron.dv):
        raise UnsupportedError(f"layer {layer.name}: only CUBA neurons with decays in common; leave it out")
    keep_current, keep_voltage = ((UNITY - int(decay)) / UNITY for decay in (neuron.current_decay, neuron.dv))
    bias = None
    if neuron.bias_mant is not None:
        if keep_current:
            raise UnsupportedError(f"layer {layer.name}: a bias beside a current that lasts; leave it out")
        bias = (neuron.bias_mant.astype(float) * 2.0**neuron.bias_exp / UNITY).tolist()
    dynamics = {
        "keep_current": keep_current,
        "keep_voltage": keep_voltage,
        "threshold": neuron.vth_mant / SCALE,
    }
    return {"dynamics": dynamics, "bias": bias, **_synapse(synapse)}


def _synapse(synapse: Any) -> dict[str, Any]:
    if isinstance(synapse, DirectSynapse):
        return {"kind": "direct", "factor": synapse.weight / SCALE}
    if isinstance(synapse, DenseSynapse):
        return {"kind": "dense"}
    if isinstance(synapse, ConvSynapse) and synapse.groups == 1 and synapse.dilation == (1, 1):
        return {"kind": "conv", "stride": synapse.stride, "padding": synapse.padding}
    raise UnsupportedError(f"{type(synapse).__name__} has no counterpart in the frameworks; leave the network out")
