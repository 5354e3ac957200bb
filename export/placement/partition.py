"""Cutting layers into the parts of cores, as the Loihi 2 compiler of 2022 did.

Layers never share a core. A convolution is cut into tiles of full height whose width is a power of two; where one
column is still too much, its rows are cut, and its channels where the kernel does not fit. A dense layer is divided
until the rows of its connections fit. A layer that fits nowhere is cut as far as it helps: ``evsnn check`` says
what is too large.
"""

from __future__ import annotations

from itertools import product
from typing import Final

from evsnn_lava.export.placement.plan import CorePlan, LayerPlan, Placement, Range, Tile
from evsnn_lava.export.placement.store import LayerStore
from evsnn_lava.hw_profiles import Chip, Limits
from evsnn_lava.network import DeltaNeuron, DirectSynapse, Layer, NetworkDescription

RULE: Final = "compiler 2022"

Size = tuple[int, int, int]
"""Channels, rows and columns of a part."""


def place(network: NetworkDescription, hardware: Chip) -> Placement:
    """Cut a network into the parts of cores.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    hardware : Chip
        What fits on a core.

    Returns
    -------
    Placement
        It always exists; whether every part fits is said by ``evsnn check``.
    """
    limits, stores = hardware.limits, layer_stores(network)
    plans = tuple(plan_layer(index, store, compiler_size(store, limits)) for index, store in enumerate(stores))
    return Placement(network.name, hardware.name, RULE, int(limits.cores_per_chip.si), plans)


def layer_stores(network: NetworkDescription) -> list[LayerStore]:
    """What every layer stores, with the layer behind it."""
    followers = [*network.layers[1:], None]
    return [LayerStore.of(layer, follower) for layer, follower in zip(network.layers, followers, strict=True)]


def on_host(layer: Layer) -> bool:
    """Whether the sender computes the layer: a delta encoder at the input is part of the adapter on the host."""
    return isinstance(layer.synapse, DirectSynapse) and isinstance(layer.neuron, DeltaNeuron)


def plan_layer(index: int, store: LayerStore, size: Size) -> LayerPlan:
    """Say what every part of a layer stores.

    Parameters
    ----------
    index : int
        Index of the layer.
    store : LayerStore
        The layer.
    size : (int, int, int)
        Channels, rows and columns of a part.

    Returns
    -------
    LayerPlan
        One core for each part; none for a layer that the host computes.
    """
    parts = [] if on_host(store.layer) else tiles(store.layer, size)
    cores = tuple(CorePlan(index, tile, store.words(tile)) for tile in parts)
    blocks = max((store.blocks(tile) for tile in parts), default=0)
    return LayerPlan(store.layer.name, store.weight_bits, blocks, cores)


def tiles(layer: Layer, size: Size) -> list[Tile]:
    """Parts of a size that cover a layer; the last of a row takes the rest.

    Parameters
    ----------
    layer : Layer
        The layer.
    size : (int, int, int)
        Channels, rows and columns of a part; of a flat layer, neurons, 1 and 1.

    Returns
    -------
    list of Tile
        They do not overlap.
    """
    return [Tile(*ranges) for ranges in product(*map(spans, image_shape(layer), size))]


def image_shape(layer: Layer) -> Size:
    """Channels, rows and columns; the neurons of a flat layer count as channels of one place."""
    if len(layer.shape) != 3:
        return layer.neurons, 1, 1
    channels, height, width = layer.shape
    return channels, height, width


def spans(length: int, most: int) -> list[Range]:
    """Half-open ranges of at most `most` that cover ``range(length)``; the last takes the rest.

    Examples
    --------
    >>> spans(10, 4)
    [(0, 4), (4, 8), (8, 10)]
    """
    return [(start, min(start + most, length)) for start in range(0, length, most)]


def compiler_size(store: LayerStore, limits: Limits) -> Size:
    """Size of the parts that the compiler cuts a layer into.

    Parameters
    ----------
    store : LayerStore
        The layer.
    limits : Limits
        What fits on a core.

    Returns
    -------
    (int, int, int)
        Channels, rows and columns; as small as it helps where nothing fits.
    """
    neurons, words = int(limits.neurons_per_core.si), int(limits.synapse_words_per_core.si)
    if len(store.layer.shape) == 3:
        size = _image_size(store, neurons, words)
    else:
        size = (_dense_size(store, neurons, words), 1, 1)
    return _divided(store, size, limits)


def fits(store: LayerStore, size: Size, limits: Limits) -> bool:
    """Whether a part of a layer fits on a core.

    Parameters
    ----------
    store : LayerStore
        The layer.
    size : (int, int, int)
        Channels, rows and columns of the part.
    limits : Limits
        What fits on a core.

    Returns
    -------
    bool
        By every limit that the profile states.
    """
    tile = part(size)
    if tile.neurons > limits.neurons_per_core.si or store.synapse_words(tile) > limits.synapse_words_per_core.si:
        return False
    groups = limits.groups_per_core
    return not _beyond(store, size, limits) and (groups is None or store.blocks(tile) <= groups.si)


def part(size: Size) -> Tile:
    """The first part of that size."""
    deep, down, across = size
    return Tile((0, deep), (0, down), (0, across))


def _divided(store: LayerStore, size: Size, limits: Limits) -> Size:
    """Halve the parts while they break another limit and halving helps."""
    beyond = _beyond(store, size, limits)
    while beyond:
        axis = next((axis for axis in (2, 1, 0) if size[axis] > 1), None)
        if axis is None:
            break
        smaller = _halved(size, axis)
        less = _beyond(store, smaller, limits)
        if less >= beyond:
            break
        size, beyond = smaller, less
    return size


def _halved(size: Size, axis: int) -> Size:
    deep, down, across = (-(-length // 2) if place == axis else length for place, length in enumerate(size))
    return deep, down, across


def _beyond(store: LayerStore, size: Size, limits: Limits) -> int:
    """Words and entries that a part has too many of."""
    words = store.words(part(size))
    pairs = (
        (words.total, limits.words_per_core),
        (words.axon_in, limits.axon_in_per_core),
        (words.axon_map, limits.axon_map_per_core),
    )
    return sum(max(0, used - int(limit.si)) for used, limit in pairs if limit is not None)


def _image_size(store: LayerStore, neurons: int, words: int) -> Size:
    """Full height; the width is the largest power of two whose tile fits, then rows are cut too."""
    _, height, width = image_shape(store.layer)
    deep = _channels_of_core(store, neurons, words)
    parts = -(-deep * height * width // neurons)
    across = 1 << ((width // parts).bit_length() - 1) if width >= parts else 1
    down = height if deep * height * across <= neurons else max(1, neurons // (deep * across))
    return deep, down, across


def _channels_of_core(store: LayerStore, neurons: int, words: int) -> int:
    """Channels whose neurons and kernel fit; all of them where that is possible, one where nothing is.

    Fewer channels may take more words, as three make two blocks and four make one.
    """
    channels = store.layer.shape[0]
    sizes = (-(-channels // parts) for parts in range(1, channels))
    fitting = (size for size in sizes if size <= neurons and store.synapse_words(part((size, 1, 1))) <= words)
    return next(fitting, 1)


def _dense_size(store: LayerStore, neurons: int, words: int) -> int:
    """Neurons are divided until the rows of all connections into them, the recurrent ones too, fit."""
    total = store.layer.neurons
    cores = -(-total // neurons)
    while True:
        size = -(-total // cores)
        needed = store.synapse_words(part((size, 1, 1)))
        if needed <= words or size == 1:
            return size
        cores *= -(-needed // words)
