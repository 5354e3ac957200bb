"""Messages between cores: how many, how far, and across how many chips.

Cores are filled in order along a snake through the 8 x 4 routers of a chip, four cores a router; a message travels
first along one axis, then along the other, and a message to several cores is sent once to each. How the compiler
really arranges cores is not published.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.export.placement.activity import Activity
from evsnn_lava.export.placement.plan import LayerPlan, Placement, Range, Tile
from evsnn_lava.network import ConvSynapse, DirectSynapse, Layer, NetworkDescription, Synapse

FloatArray = npt.NDArray[np.float64]

COLUMNS: Final = 8
ROWS: Final = 4
CORES_PER_ROUTER: Final = 4


@dataclass(frozen=True)
class LayerTraffic:
    """Messages from one layer to the next, per step.

    Parameters
    ----------
    source, target : str
        Names; ``(input)`` for the host.
    messages : float
        Messages that neurons make.
    copies : float
        Messages that cores send: one for each core that a message goes to.
    hops : float
        Steps from router to router of all copies; 0 from the host, whose place is not known.
    across_chips : float
        Copies that leave a chip.
    """

    source: str
    target: str
    messages: float
    copies: float
    hops: float
    across_chips: float


def router_columns(cores_per_chip: int) -> int:
    """Columns of routers of a chip: eight, or as many as its cores take.

    Examples
    --------
    >>> router_columns(120), router_columns(256)
    (8, 16)
    """
    return max(COLUMNS, -(-cores_per_chip // (ROWS * CORES_PER_ROUTER)))


def position(core: int, cores_per_chip: int) -> tuple[int, int, int]:
    """Chip, column and row of the router of a core, in the order in which cores are filled.

    Parameters
    ----------
    core : int
        Number of the core, from 0.
    cores_per_chip : int
        Cores that are used of a chip.

    Returns
    -------
    (int, int, int)
        Chip, column, row.

    Examples
    --------
    >>> position(0, 120), position(4, 120), position(16, 120), position(120, 120)
    ((0, 0, 0), (0, 0, 1), (0, 1, 3), (1, 0, 0))
    """
    chip, within = divmod(core, cores_per_chip)
    column, place = divmod(within // CORES_PER_ROUTER, ROWS)
    return chip, column, place if column % 2 == 0 else ROWS - 1 - place


def estimate_traffic(network: NetworkDescription, placement: Placement, activity: Activity) -> tuple[LayerTraffic, ...]:
    """Estimate what layers send each other.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    placement : Placement
        Where it lies.
    activity : Activity
        What its neurons send.

    Returns
    -------
    tuple of LayerTraffic
        From the input to the last layer, recurrent layers to themselves, too.
    """
    first = np.cumsum([0, *(len(plan.cores) for plan in placement.layers)])
    found = [_from_host(network.layers[0], placement.layers[0], activity.sources[0])]
    for index, layer in enumerate(network.layers):
        plan, sent = placement.layers[index], activity.sources[index + 1]
        followers: list[tuple[int, Synapse]] = [] if layer.recurrent is None else [(index, layer.recurrent)]
        if index + 1 < network.depth:
            followers.append((index + 1, network.layers[index + 1].synapse))
        for other, synapse in followers:
            target = placement.layers[other]
            pairs = _pairs(synapse, plan, first[index], target, first[other], sent)
            found.append(_summed(plan.name, target.name, sent, pairs, placement.cores_per_chip))
    return tuple(found)


Pair = tuple[int, int, float]
"""Two cores, and the messages from the one to the other in a step."""

Seen = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Channels, rows and columns, sorted."""


def _pairs(
    synapse: Synapse, plan: LayerPlan, start: int, target: LayerPlan, begin: int, sent: FloatArray
) -> Iterator[Pair]:
    image = _image(sent)
    for other, receiver in enumerate(target.cores):
        seen = seen_by(synapse, receiver.tile, image.shape)
        for number, core in enumerate(plan.cores):
            if messages := _messages(image, seen, core.tile):
                yield start + number, begin + other, messages


def seen_by(synapse: Synapse, target: Tile, shape: tuple[int, ...]) -> Seen:
    """What a part of a layer sees of its source.

    Parameters
    ----------
    synapse : Synapse
        What it listens through.
    target : Tile
        The part.
    shape : tuple of int
        ``(C, H, W)`` of the source.

    Returns
    -------
    (numpy.ndarray, numpy.ndarray, numpy.ndarray) of int64
        Channels, rows and columns: all for a dense layer; for a convolution those of the kernel at the places of the
        part, without what stride and dilation leave out, and the channels of its groups.

    Examples
    --------
    >>> conv = ConvSynapse(np.full((2, 1, 1, 3), 2), stride=(1, 4), groups=2)
    >>> [each.tolist() for each in seen_by(conv, Tile((1, 2), (0, 1), (0, 2)), (2, 1, 9))]
    [[1], [0], [0, 1, 2, 4, 5, 6]]
    """
    if isinstance(synapse, ConvSynapse):
        rows, columns = (_reached(synapse, axis, target, shape) for axis in (0, 1))
        return _group_channels(synapse, target.channels), rows, columns
    if isinstance(synapse, DirectSynapse):
        channels, rows, columns = (np.arange(*ranges) for ranges in (target.channels, target.rows, target.columns))
        return channels, rows, columns
    channels, rows, columns = map(np.arange, shape)
    return channels, rows, columns


def _reached(synapse: ConvSynapse, axis: int, target: Tile, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    out = (target.rows, target.columns)[axis]
    starts = np.arange(*out) * synapse.stride[axis] - synapse.padding[axis]
    kernel = np.arange(synapse.weights.shape[2 + axis]) * synapse.dilation[axis]
    reached = np.unique(starts[:, None] + kernel)
    inside: npt.NDArray[np.int64] = reached[(reached >= 0) & (reached < shape[1 + axis])]
    return inside


def _group_channels(synapse: ConvSynapse, channels: Range) -> npt.NDArray[np.int64]:
    outputs, per_group = synapse.weights.shape[:2]
    each = outputs // synapse.groups
    return np.arange(channels[0] // each * per_group, (-(-channels[1] // each)) * per_group)


def _image(sent: FloatArray) -> FloatArray:
    return sent if sent.ndim == 3 else sent.reshape(-1, 1, 1)


def _messages(image: FloatArray, seen: Seen, tile: Tile) -> float:
    """Messages per step of what is seen of a part of the source."""
    ranges = (tile.channels, tile.rows, tile.columns)
    inside = [each[(each >= low) & (each < high)] for each, (low, high) in zip(seen, ranges, strict=True)]
    return float(image[np.ix_(*inside)].sum())


def _summed(source: str, target: str, sent: FloatArray, pairs: Iterator[Pair], per_chip: int) -> LayerTraffic:
    copies = hops = across = 0.0
    for one, other, messages in pairs:
        (chip, column, row), (chip2, column2, row2) = position(one, per_chip), position(other, per_chip)
        copies += messages
        hops += messages * (abs(column - column2) + abs(row - row2))
        across += messages * (chip != chip2)
    return LayerTraffic(source, target, float(sent.sum()), copies, hops, across)


def _from_host(layer: Layer, plan: LayerPlan, sent: FloatArray) -> LayerTraffic:
    image = _image(sent)
    whole = Tile(*((0, length) for length in image.shape))
    seen = (seen_by(layer.synapse, core.tile, image.shape) for core in plan.cores)
    copies = sum(_messages(image, each, whole) for each in seen)
    return LayerTraffic("(input)", plan.name, float(sent.sum()), copies, 0.0, 0.0)
