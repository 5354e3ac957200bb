"""How a network lies in Lava: axis order, models and names of the processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import unknown_name
from evsnn_lava.network import NetworkDescription

LAYERS: Final = "layers"
FUSED: Final = "fused"


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


def lava_parameter(value: int | npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Lay out a parameter so that it broadcasts over neurons in Lava's axis order.

    Parameters
    ----------
    value : int or numpy.ndarray of int, shape (C,) or (C, H, W)
        One number, one per channel or one per neuron.

    Returns
    -------
    numpy.ndarray of int, shape (1,), (C,) or (W, H, C)
        The channel is Lava's last axis.

    Examples
    --------
    >>> lava_parameter(3).shape, lava_parameter(np.zeros(4)).shape, lava_parameter(np.zeros((4, 3, 2))).shape
    ((1,), (4,), (2, 3, 4))
    """
    array = np.atleast_1d(value)
    return lava_axes(array) if array.ndim > 1 else array


def source_shapes(network: NetworkDescription) -> tuple[tuple[int, ...], ...]:
    """Shapes of the input and of every layer, in that order: the sources of messages."""
    return (network.input_shape, *(layer.shape for layer in network.layers))


def source_graded(network: NetworkDescription) -> tuple[bool, ...]:
    """Whether the messages of the input and of every layer are numbers, in that order."""
    return (network.recipe.message_bits > 0, *(layer.neuron.graded for layer in network.layers))


def process_names(network: NetworkDescription, model: str = LAYERS) -> tuple[str, ...]:
    """Names of the processes on the board, in the order in which messages pass them; recorders come last.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    model : str
        Which of `MODELS` stands for the network.

    Returns
    -------
    tuple of str
        The feeder is the first one; the processes of the network follow.

    Raises
    ------
    ConfigError
        If there is no such model; the message lists all.
    """
    if model not in MODELS:
        raise unknown_name("model of the Lava graph", model, MODELS)
    return ("feeder", *MODELS[model](network))


def _fused_names(_: NetworkDescription) -> tuple[str, ...]:
    return ("network", "readout")


def _layers_names(network: NetworkDescription) -> tuple[str, ...]:
    layers = [layer.name for layer in network.layers]
    recorders = (f"{name} recorder" for name in ("input", *layers))
    return (*(f"{name} neurons" for name in layers), "readout", *recorders)


MODELS: Final[dict[str, Callable[[NetworkDescription], tuple[str, ...]]]] = {LAYERS: _layers_names, FUSED: _fused_names}
"""The models of a network in Lava, by the names of the processes behind the feeder.

``layers`` is a process per synapse and per layer of neurons, ``fused`` is one process with the engine in it.
"""
