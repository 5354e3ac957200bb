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
from evsnn_lava.export.placement.plan import CorePlan, LayerPlan, Placement, Range, Tile
from evsnn_lava.network import ConvSynapse, Layer, NetworkDescription

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
        if layer.recurrent is not None:
            pairs = _pairs(layer, plan, first[index], plan, first[index], sent, dense=True)
            found.append(_summed(plan.name, plan.name, sent, pairs, placement.cores_per_chip))
        if index + 1 < network.depth:
            follower, target = network.layers[index + 1], placement.layers[index + 1]
            pairs = _pairs(follower, plan, first[index], target, first[index + 1], sent)
            found.append(_summed(plan.name, target.name, sent, pairs, placement.cores_per_chip))
    return tuple(found)


Pair = tuple[int, int, float]
"""Two cores, and the messages from the one to the other in a step."""


def _pairs(
    layer: Layer, plan: LayerPlan, start: int, target: LayerPlan, begin: int, sent: FloatArray, dense: bool = False
) -> Iterator[Pair]:
    for number, core in enumerate(plan.cores):
        for other, receiver in enumerate(target.cores):
            part = core.tile if dense else seen_part(layer, core, receiver.tile)
            if part is not None:
                yield start + number, begin + other, _messages(sent, part)


def seen_part(layer: Layer, core: CorePlan, target: Tile) -> Tile | None:
    """What a part of the next layer sees of a core.

    Parameters
    ----------
    layer : Layer
        The next layer.
    core : CorePlan
        The core that sends.
    target : Tile
        The part of the next layer.

    Returns
    -------
    Tile or None
        All of it for a dense layer, the window of a convolution, None where they do not meet.
    """
    if not isinstance(layer.synapse, ConvSynapse):
        return core.tile
    ranges = []
    for axis, (ours, theirs) in enumerate(((core.tile.rows, target.rows), (core.tile.columns, target.columns))):
        window = _window(layer.synapse, axis, theirs)
        common = max(ours[0], window[0]), min(ours[1], window[1])
        if common[0] >= common[1]:
            return None
        ranges.append(common)
    return Tile(core.tile.channels, ranges[0], ranges[1])


def _window(synapse: ConvSynapse, axis: int, out: Range) -> Range:
    stride, padding, dilation = synapse.stride[axis], synapse.padding[axis], synapse.dilation[axis]
    kernel = synapse.weights.shape[2 + axis]
    return out[0] * stride - padding, (out[1] - 1) * stride - padding + dilation * (kernel - 1) + 1


def _messages(sent: FloatArray, part: Tile) -> float:
    image = sent if sent.ndim == 3 else sent.reshape(-1, 1, 1)
    return float(image[slice(*part.channels), slice(*part.rows), slice(*part.columns)].sum())


def _summed(source: str, target: str, sent: FloatArray, pairs: Iterator[Pair], per_chip: int) -> LayerTraffic:
    copies = hops = across = 0.0
    for one, other, messages in pairs:
        (chip, column, row), (chip2, column2, row2) = position(one, per_chip), position(other, per_chip)
        copies += messages
        hops += messages * (abs(column - column2) + abs(row - row2))
        across += messages * (chip != chip2)
    return LayerTraffic(source, target, float(sent.sum()), copies, hops, across)


def _from_host(layer: Layer, plan: LayerPlan, sent: FloatArray) -> LayerTraffic:
    image = sent.shape if sent.ndim == 3 else (sent.size, 1, 1)
    host = CorePlan(-1, Tile((0, image[0]), (0, image[1]), (0, image[2])), plan.cores[0].words) if plan.cores else None
    parts = [seen_part(layer, host, core.tile) for core in plan.cores] if host else []
    copies = sum(_messages(sent, part) for part in parts if part is not None)
    return LayerTraffic("(input)", plan.name, float(sent.sum()), copies, 0.0, 0.0)
