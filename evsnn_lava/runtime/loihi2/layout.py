"""What the source sends, as the first block of netx takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import ConvSynapse, DirectSynapse, NetworkDescription


def host_layers(network: NetworkDescription) -> int:
    """Layers that the host computes: 1 if the network starts with an input block, whose neurons no synapse feeds."""
    return int(isinstance(network.layers[0].synapse, DirectSynapse))


def sent_by_host(network: NetworkDescription, sources: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.int32]:
    """Lay out what the source sends in every step.

    Parameters
    ----------
    network : NetworkDescription
        Its first layer on the chip chooses the order.
    sources : sequence of numpy.ndarray, each of shape (N, *shape, K)
        What the input and each layer send, see `evsnn_lava.simulation.counting.sources`.

    Returns
    -------
    numpy.ndarray of int32, shape (N, K, W, H, C) or (N, K, neurons)
        A dense layer takes a vector in the order channel, row, column.
    """
    first = host_layers(network)
    sent = np.moveaxis(sources[first], -1, 1)
    if isinstance(network.layers[first].synapse, ConvSynapse):
        return np.ascontiguousarray(sent.transpose(0, 1, 4, 3, 2), dtype=np.int32)
    return np.ascontiguousarray(sent.reshape(*sent.shape[:2], -1), dtype=np.int32)


def steps_period(steps: int) -> int:
    """The shortest period of `LIFReset` on the chip that holds so many steps: a power of two.

    Examples
    --------
    >>> steps_period(16), steps_period(17)
    (16, 32)
    """
    return 1 << int(np.ceil(np.log2(steps)))
