"""Other ways to cut a network: on the fewest cores, or so that the busiest core has the least to do.

A step lasts as long as its busiest core, not as the sum of all. Lava's compiler offers no door to choose: these say
what a network would have to be cut into, and what that would be worth.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Final

from evsnn_lava.export.placement.activity import Activity, LayerWork, core_time
from evsnn_lava.export.placement.partition import (
    Size,
    compiler_size,
    fits,
    image_shape,
    layer_stores,
    plan_layer,
    tiles,
)
from evsnn_lava.export.placement.plan import LayerPlan, Placement
from evsnn_lava.export.placement.store import LayerStore
from evsnn_lava.hw_profiles import Chip, HardwareProfile, Limits
from evsnn_lava.network import Layer, NetworkDescription

FEWEST: Final = "fewest cores"
BALANCED: Final = "balanced"


def place_fewest(network: NetworkDescription, chip: Chip) -> Placement:
    """Cut every layer into as few parts as the limits allow.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    chip : Chip
        What fits on a core.

    Returns
    -------
    Placement
        Of dense layers any cut; of convolutions widths that are powers of two, as the compiler takes.
    """
    plans = []
    for index, store in enumerate(layer_stores(network)):
        size = min(_fitting(store, chip.limits), key=lambda size: _count(store.layer, size))
        plans.append(plan_layer(index, store, size))
    return Placement(network.name, chip.name, FEWEST, int(chip.limits.cores_per_chip.si), tuple(plans))


def place_balanced(network: NetworkDescription, chip: HardwareProfile, activity: Activity, cores: int) -> Placement:
    """Cut the layer of the busiest core again and again, as long as there are cores.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    chip : HardwareProfile
        What fits on a core, and what operations take.
    activity : Activity
        What its neurons send, measured.
    cores : int
        How many cores there are; the placement takes more only where the fewest are more.

    Returns
    -------
    Placement
        No cut of these kinds on so many cores has a busiest core that is done earlier.
    """
    ladders = [_ladder(index, store, chip, cores, activity) for index, store in enumerate(layer_stores(network))]
    rungs = [0] * len(ladders)
    while True:
        busiest = max(range(len(ladders)), key=lambda index: ladders[index][rungs[index]][0])
        if rungs[busiest] + 1 == len(ladders[busiest]):
            break
        used = sum(len(ladder[rung][1].cores) for ladder, rung in zip(ladders, rungs, strict=True))
        now, then = (ladders[busiest][rungs[busiest] + more][1] for more in (0, 1))
        if used - len(now.cores) + len(then.cores) > cores:
            break
        rungs[busiest] += 1
    plans = tuple(ladder[rung][1] for ladder, rung in zip(ladders, rungs, strict=True))
    return Placement(network.name, chip.name, BALANCED, int(chip.limits.cores_per_chip.si), plans)


Ladder = list[tuple[float, LayerPlan]]
"""Cuts of a layer with the time of their busiest core in seconds; each takes more cores than the one before it."""


def _ladder(index: int, store: LayerStore, chip: HardwareProfile, cores: int, activity: Activity) -> Ladder:
    layer = store.layer
    work = LayerWork(layer, *activity.sources[index : index + 2])
    sizes = sorted(_fitting(store, chip.limits), key=lambda size: _count(layer, size))
    ladder: Ladder = []
    for size in [sizes[0], *(size for size in sizes[1:] if _count(layer, size) <= cores)]:
        load = max((core_time(chip, tile, work.synops(tile)) for tile in tiles(layer, size)), default=0.0)
        if not ladder or load < ladder[-1][0]:
            plan = plan_layer(index, store, size)
            ladder = [rung for rung in ladder if len(rung[1].cores) < len(plan.cores)]
            ladder.append((load, plan))
    return ladder


def _count(layer: Layer, size: Size) -> int:
    """Parts of that size."""
    return math.prod(-(-length // most) for length, most in zip(image_shape(layer), size, strict=True))


def _fitting(store: LayerStore, limits: Limits) -> list[Size]:
    """All sizes that fit; the compiler's own where none does."""
    return [size for size in _sizes(store, limits) if fits(store, size, limits)] or [compiler_size(store, limits)]


def _sizes(store: LayerStore, limits: Limits) -> Iterator[Size]:
    """Sizes of the parts: the compiler's; even divisions of neurons, channels and rows; columns by powers of two."""
    layer = store.layer
    yield compiler_size(store, limits)
    channels, height, width = image_shape(layer)
    if len(layer.shape) != 3:
        yield from ((size, 1, 1) for size in _divisions(channels))
        return
    across = [1 << power for power in range(width.bit_length() + 1)]
    yield from product(_halvings(channels), _divisions(height), across)


def _divisions(length: int) -> list[int]:
    """Every size that an even division can give, the largest first."""
    return sorted({-(-length // parts) for parts in range(1, length + 1)}, reverse=True)


def _halvings(length: int) -> list[int]:
    return sorted({-(-length // (1 << power)) for power in range(length.bit_length() + 1)}, reverse=True)
