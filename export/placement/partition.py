"""Cutting layers into the parts of cores, as the Loihi 2 compiler of 2022 did.

Layers never share a core. A convolution is cut into tiles of full height whose width is a power of two; where one
column is still too much, its rows are cut, and its channels where the kernel does not fit. A dense layer is divided
until the rows of its connections fit. A layer that fits nowhere is cut as far as it can be: ``evsnn check`` says
what is too large.
"""

from __future__ import annotations

from itertools import product
from typing import Final

from evsnn_lava.export.placement.plan import CorePlan, LayerPlan, Placement, Range, Tile
from evsnn_lava.export.placement.words import Words, channel_blocks, conv_words, dense_words, weight_bits
from evsnn_lava.hw_profiles import Chip, Limits
from evsnn_lava.network import ConvSynapse, DeltaNeuron, DirectSynapse, Layer, NetworkDescription

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
    followers = [*network.layers[1:], None]
    plans = tuple(
        plan_layer(index, layer, [] if on_host(layer) else tiles(layer, hardware.limits, follower), follower)
        for index, (layer, follower) in enumerate(zip(network.layers, followers, strict=True))
    )
    per_chip = int(hardware.limits.cores_per_chip.si)
    return Placement(network.name, hardware.name, RULE, per_chip, plans)


def on_host(layer: Layer) -> bool:
    """Whether the sender computes the layer: a delta encoder at the input is part of the adapter on the host."""
    return isinstance(layer.synapse, DirectSynapse) and isinstance(layer.neuron, DeltaNeuron)


def plan_layer(index: int, layer: Layer, parts: list[Tile], follower: Layer | None) -> LayerPlan:
    """Say what every part of a layer stores.

    Parameters
    ----------
    index : int
        Index of the layer.
    layer : Layer
        The layer.
    parts : list of Tile
        How it is cut; none if it takes no core.
    follower : Layer or None
        The layer behind it.

    Returns
    -------
    LayerPlan
        One core for each part.
    """
    bits = max((weight_bits(matrix) for synapse in layer.synapses for matrix in synapse.matrices), default=0)
    cores = tuple(CorePlan(index, tile, words_of(layer, tile, follower)) for tile in parts)
    return LayerPlan(layer.name, bits, max((blocks_of(layer, tile) for tile in parts), default=0), cores)


def words_of(layer: Layer, tile: Tile, follower: Layer | None) -> Words:
    """Words of one part of a layer.

    Parameters
    ----------
    layer : Layer
        The layer.
    tile : Tile
        Which part.
    follower : Layer or None
        The layer behind it: a convolution needs an entry per place and block, another one per neuron.

    Returns
    -------
    Words
        What its core stores.
    """
    blocks = blocks_of(layer, tile)
    sends_to_conv = follower is not None and isinstance(follower.synapse, ConvSynapse)
    return Words(
        synapse=synapse_words(layer, tile),
        neuron=tile.neurons,
        axon_in=_axons_in(layer, blocks),
        axon_map=tile.places * blocks if sends_to_conv else tile.neurons,
    )


def blocks_of(layer: Layer, tile: Tile) -> int:
    """Groups of neurons that a part forms on its core; the input counts as one."""
    return len(channel_blocks(tile.depth)) if isinstance(layer.synapse, ConvSynapse) else 1


def synapse_words(layer: Layer, tile: Tile) -> int:
    """Words of the weights of one part of a layer.

    Parameters
    ----------
    layer : Layer
        The layer.
    tile : Tile
        Which part.

    Returns
    -------
    int
        Words; 0 for a layer without weights.
    """
    if isinstance(layer.synapse, ConvSynapse):
        return _kernel_words(layer.synapse, tile)
    return sum(
        dense_words(matrix.shape[1], tile.neurons, weight_bits(matrix), synapse.max_delay > 0)
        for synapse in layer.synapses
        for matrix in synapse.matrices
    )


def _kernel_words(synapse: ConvSynapse, tile: Tile) -> int:
    outputs, inputs, height, width = synapse.weights.shape
    bits, per_group = weight_bits(synapse.weights), outputs // synapse.groups
    groups = -(-tile.depth // per_group)
    return conv_words((inputs * groups, height, width), tile.depth, bits, groups)


def _axons_in(layer: Layer, blocks: int) -> int:
    if isinstance(layer.synapse, ConvSynapse):
        return blocks
    if isinstance(layer.synapse, DirectSynapse):
        return 1
    return sum(synapse.matrices[0].shape[1] for synapse in layer.synapses)


def tiles(layer: Layer, limits: Limits, follower: Layer | None = None) -> list[Tile]:
    """Cut one layer.

    Parameters
    ----------
    layer : Layer
        The layer.
    limits : Limits
        What fits on a core.
    follower : Layer, optional
        The layer behind it.

    Returns
    -------
    list of Tile
        They cover the layer and do not overlap.
    """
    neurons, words = int(limits.neurons_per_core.si), int(limits.synapse_words_per_core.si)
    if len(layer.shape) == 3:
        size = _image_size(layer, neurons, words)
    else:
        size = (_dense_size(layer, neurons, words), 1, 1)
    size = _divided(layer, size, limits, follower)
    shape = layer.shape if len(layer.shape) == 3 else (layer.neurons, 1, 1)
    return [Tile(*ranges) for ranges in product(*map(spans, shape, size))]


def _divided(layer: Layer, size: Size, limits: Limits, follower: Layer | None) -> Size:
    """Halve the parts while they break another limit and halving helps."""
    beyond = _beyond(layer, size, limits, follower)
    while beyond:
        axis = next((axis for axis in (2, 1, 0) if size[axis] > 1), None)
        if axis is None:
            return size
        smaller = _halved(size, axis)
        less = _beyond(layer, smaller, limits, follower)
        if less >= beyond:
            return size
        size, beyond = smaller, less
    return size


def _halved(size: Size, axis: int) -> Size:
    deep, down, across = (-(-length // 2) if place == axis else length for place, length in enumerate(size))
    return deep, down, across


def _beyond(layer: Layer, size: Size, limits: Limits, follower: Layer | None) -> int:
    """Words and entries that a part has too many of."""
    words = words_of(layer, Tile(*((0, length) for length in size)), follower)
    pairs = (
        (words.total, limits.words_per_core),
        (words.axon_in, limits.axon_in_per_core),
        (words.axon_map, limits.axon_map_per_core),
    )
    return sum(max(0, used - int(limit.si)) for used, limit in pairs if limit is not None)


def spans(size: int, most: int) -> list[Range]:
    """Half-open ranges of at most `most` that cover ``range(size)``; the last takes the rest.

    Examples
    --------
    >>> spans(10, 4)
    [(0, 4), (4, 8), (8, 10)]
    """
    return [(start, min(start + most, size)) for start in range(0, size, most)]


def _image_size(layer: Layer, neurons: int, words: int) -> Size:
    """Full height; the width is the largest power of two whose tile fits, then rows are cut too."""
    _, height, width = layer.shape
    deep = _channels_of_core(layer, words)
    parts = -(-deep * height * width // neurons)
    across = 1 << ((width // parts).bit_length() - 1) if width >= parts else 1
    down = height if deep * height * across <= neurons else max(1, neurons // (deep * across))
    return (min(deep, neurons), down, across)


def _channels_of_core(layer: Layer, words: int) -> int:
    """Channels whose kernel fits; all of them where that is possible, one where nothing is."""
    channels = layer.shape[0]
    parts = 1
    while parts < channels and synapse_words(layer, Tile((0, -(-channels // parts)))) > words:
        parts += 1
    return -(-channels // parts)


def _dense_size(layer: Layer, neurons: int, words: int) -> int:
    """Neurons are divided until the rows of all connections into them, the recurrent ones too, fit."""
    cores = -(-layer.neurons // neurons)
    while True:
        size = -(-layer.neurons // cores)
        needed = synapse_words(layer, Tile((0, size)))
        if needed <= words or size == 1:
            return size
        cores *= -(-needed // words)
