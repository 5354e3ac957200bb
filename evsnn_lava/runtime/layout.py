"""How a network lies in Lava: axis order, names of the processes, and whether Lava computes it exactly."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import CapacityError, UnsupportedError
from evsnn_lava.network import ConvSynapse, CubaNeuron, Layer, NetworkDescription

CONV_LIMIT: Final = 1 << 23
CURRENT_LIMIT: Final = 1 << 30
WRAP: Final = 1 << 24


def lava_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Shape in Lava's axis order: ``(W, H, C)`` for ``(C, H, W)``.

    Examples
    --------
    >>> lava_shape((2, 34, 30))
    (30, 34, 2)
    """
    return shape[::-1]


def lava_axes(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Turn an array of one frame into Lava's axis order, and back.

    Examples
    --------
    >>> lava_axes(np.zeros((2, 34, 30))).shape
    (30, 34, 2)
    """
    return np.ascontiguousarray(array.transpose())


def source_shapes(network: NetworkDescription) -> tuple[tuple[int, ...], ...]:
    """Shapes of the input and of every layer, in that order: the sources of spikes."""
    return (network.input_shape, *(layer.shape for layer in network.layers))


def process_names(network: NetworkDescription) -> tuple[str, ...]:
    """Names of our processes in the order in which spikes pass them, the recorders at the end."""
    layers = [layer.name for layer in network.layers]
    return (
        "feeder",
        *(f"{name} neurons" for name in layers),
        "readout",
        *(f"{name} recorder" for name in ("input", *layers)),
    )


def check_lava(network: NetworkDescription) -> None:
    """Refuse a network that Lava's processes do not compute exactly.

    Lava's Conv has no weight exponent and wraps its sum at 24 bits; its LIF adds in 32 bits. The bounds hold for
    any input, so a network that passes cannot overflow.

    Parameters
    ----------
    network : NetworkDescription
        The network to be run.

    Raises
    ------
    UnsupportedError
        If a convolution has a weight exponent.
    CapacityError
        If a sum of weights could overflow.
    """
    for layer in network.layers:
        largest = _largest_activation(layer)
        if isinstance(layer.synapse, ConvSynapse):
            if layer.synapse.weight_exp:
                raise UnsupportedError(
                    f"layer {layer.name}: weight_exp of a convolution is {layer.synapse.weight_exp}, "
                    "Lava's Conv knows only 0; scale the weights and the threshold instead"
                )
            _limit(layer, largest, CONV_LIMIT, "the sum of the weights")
        _limit(layer, _largest_current(layer.neuron, largest), CURRENT_LIMIT, "the current")


def _limit(layer: Layer, value: int, limit: int, what: str) -> None:
    if value >= limit:
        raise CapacityError(
            f"layer {layer.name}: {what} can reach {value}, Lava computes exactly below {limit}; use smaller weights"
        )


def _largest_activation(layer: Layer) -> int:
    """Largest sum that any input can cause: all inputs with weights of one sign fire."""
    weights = layer.synapse.weights.reshape(len(layer.synapse.weights), -1).astype(np.int64)
    largest = max(weights.clip(min=0).sum(axis=1).max(), -weights.clip(max=0).sum(axis=1).min())
    shift = layer.synapse.weight_exp
    return int(largest) << shift if shift >= 0 else int(largest) >> -shift


def _largest_current(neuron: CubaNeuron, activation: int) -> int:
    """Largest sum of decayed current and input, when the current wraps by 24 bits once per step and decays."""
    step = activation << 6
    if step <= WRAP:
        return WRAP // 2 + step
    return (step - WRAP) * 4096 // neuron.current_decay + WRAP + step if neuron.current_decay else CURRENT_LIMIT
