"""Cutting layers into the parts of cores, as the Loihi 2 compiler of 2022 did.

Layers never share a core. A convolution is cut into tiles of full height whose width is a power of two; where one
column is still too much, its rows are cut, and its channels where the kernel does not fit. A dense layer is divided
until the rows of its connections fit. A layer that fits nowhere is cut as far as it can be: ``evsnn check`` says
what is too large.
"""

from __future__ import annotations

from itertools import product

from evsnn_lava.export.placement.plan import CorePlan, LayerPlan, Placement, Range, Tile
from evsnn_lava.export.placement.words import Words, channel_blocks, conv_words, dense_words, weight_bits
from evsnn_lava.hw_profiles import HardwareProfile, Limits
from evsnn_lava.network import ConvSynapse, DeltaNeuron, DirectSynapse, Layer, NetworkDescription

RULE = "compiler 2022"


def place(network: NetworkDescription, hardware: HardwareProfile) -> Placement:
    """Cut a network into the parts of cores.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    hardware : HardwareProfile
        What fits on a core.

    Returns
    -------
    Placement
        It always exists; whether every part fits is said by ``evsnn check``.
    """
    followers = [*network.layers[1:], None]
    plans = tuple(
        plan_layer(index, layer, [] if on_host(layer) else tiles(layer, hardware.limits), follower)
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


def tiles(layer: Layer, limits: Limits) -> list[Tile]:
    """Cut one layer.

    Parameters
    ----------
    layer : Layer
        The layer.
    limits : Limits
        What fits on a core.

    Returns
    -------
    list of Tile
        They cover the layer and do not overlap.
    """
    neurons, words = int(limits.neurons_per_core.si), int(limits.synapse_words_per_core.si)
    if len(layer.shape) == 3:
        return _image_tiles(layer, neurons, words)
    return [Tile(part) for part in spans(layer.neurons, _dense_size(layer, neurons, words))]


def spans(size: int, most: int) -> list[Range]:
    """Half-open ranges of at most `most` that cover ``range(size)``; the last takes the rest.

    Examples
    --------
    >>> spans(10, 4)
    [(0, 4), (4, 8), (8, 10)]
    """
    return [(start, min(start + most, size)) for start in range(0, size, most)]


def _image_tiles(layer: Layer, neurons: int, words: int) -> list[Tile]:
    """Full height; the width is the largest power of two whose tile fits, then rows are cut too."""
    channels, height, width = layer.shape
    deep = _channels_of_core(layer, words)
    parts = -(-deep * height * width // neurons)
    across = 1 << ((width // parts).bit_length() - 1) if width >= parts else 1
    down = height if deep * height * across <= neurons else max(1, neurons // (deep * across))
    if deep * down * across > neurons:
        deep = neurons
    cut = product(spans(channels, deep), spans(height, down), spans(width, across))
    return [Tile(*ranges) for ranges in cut]


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
