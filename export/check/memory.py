"""Rules about room: what one core holds, and how many cores there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from evsnn_lava.export.check.finding import Change, Finding
from evsnn_lava.export.check.subject import Subject, layer_object, within
from evsnn_lava.export.placement.fullness import USES
from evsnn_lava.export.placement.plan import CorePlan, Tile
from evsnn_lava.export.placement.store import LayerStore
from evsnn_lava.export.placement.words import channel_blocks
from evsnn_lava.hw_profiles import Limits
from evsnn_lava.network import ConvSynapse, Layer

MEASURES: Final[dict[str, tuple[str, str]]] = {
    "neurons_per_core": ("neurons", "neurons"),
    "synapse_words_per_core": ("synapse_words", "words of weights"),
    "axon_in_per_core": ("axons_in", "entries for what arrives"),
    "axon_map_per_core": ("axons_out", "entries for what is sent"),
    "words_per_core": ("total_words", "words in all"),
    "groups_per_core": ("groups", "groups of neurons"),
    "decays_per_core": ("decays", "pairs of decays"),
}
"""By limit: the rule, and the words for what it measures on a core."""


def _groups(layer: Layer, core: CorePlan) -> int:
    return len(channel_blocks(core.tile.depth)) if isinstance(layer.synapse, ConvSynapse) else 1


def _decays(layer: Layer, core: CorePlan) -> int:
    channels = np.arange(*core.tile.channels)
    pairs = [np.broadcast_to(getattr(layer.neuron, name, 0), (layer.shape[0],))[channels] for name in ("du", "dv")]
    return len(np.unique(np.stack(pairs), axis=1).T)


BY_LAYER: Final[dict[str, Callable[[Layer, CorePlan], int]]] = {
    "groups_per_core": _groups,
    "decays_per_core": _decays,
}
"""Limits for which the core alone does not say how much of them it uses."""


def used(name: str, layer: Layer, core: CorePlan) -> int:
    """How much of a limit a core uses; `name` is a key of ``MEASURES``."""
    return BY_LAYER[name](layer, core) if name in BY_LAYER else USES[name](core)


def core_memory(subject: Subject) -> Iterator[Finding]:
    """The fullest core of every layer holds what lies on it."""
    for name, (rule, words) in MEASURES.items():
        limit = subject.limit(name)
        if limit is None:
            continue
        for layer, plan in subject.layers:
            value = max(used(name, layer, core) for core in plan.cores)
            fact = f"{value} {words} on the fullest of {len(plan.cores)} cores"
            change = REMEDIES.get(rule, smaller_layer)(layer, subject.chip.limits)
            yield within(rule, layer_object(layer.name), fact, value, limit, change)


def fewer_inputs(layer: Layer, limits: Limits) -> Change:
    """Say how many inputs a layer can have that does not fit even when it is cut into single neurons or channels.

    Parameters
    ----------
    layer : Layer
        The layer.
    limits : Limits
        What fits on a core.

    Returns
    -------
    Change
        The number of input channels of a convolution, of inputs of another layer, by the tightest of all limits.
    """
    if not layer.synapse.matrices:
        return smaller_layer(layer, limits)
    conv, tile = isinstance(layer.synapse, ConvSynapse), Tile((0, 1))
    inputs, words = int(layer.synapse.matrices[0].shape[1]), LayerStore.of(layer).words(tile)
    row = LayerStore.of(replace(layer, recurrent=None)).synapse_words(tile) // inputs
    beyond = (
        (words.synapse, limits.synapse_words_per_core, row),
        (words.axon_in, limits.axon_in_per_core, int(not conv)),
        (words.total, limits.words_per_core, row + int(not conv)),
    )
    fitting = inputs - max(
        -(-max(0, taken - int(limit.si)) // each) for taken, limit, each in beyond if limit is not None and each
    )
    if fitting < 1:
        return smaller_layer(layer, limits)
    noun = "input channels" if conv else "inputs"
    return Change("inputs", fitting, f"{fitting} {noun} instead of {inputs} fit; pool or stride in the layer before")


def fewer_blocks(layer: Layer, limits: Limits) -> Change:
    """Say which number of channels, next below, is made of few enough powers of two; parameters as above."""
    most = 0 if limits.groups_per_core is None else int(limits.groups_per_core.si)
    channels = next(number for number in range(layer.shape[0], 0, -1) if len(channel_blocks(number)) <= most)
    return Change("channels", channels, f"{channels} channels are {most} powers of two, {layer.shape[0]} are more")


def smaller_layer(layer: Layer, _: Limits) -> Change:
    """Say that the layer itself is too large; parameters as above."""
    return Change("neurons", None, f"layer {layer.name} cannot be cut further; make it smaller")


def fewer_decays(layer: Layer, limits: Limits) -> Change:
    """Say how many different decays a core holds; parameters as above."""
    most = 0 if limits.decays_per_core is None else int(limits.decays_per_core.si)
    return Change("decays", most, f"{most} different pairs of du and dv fit; train one for the layer or round them")


REMEDIES: Final = {
    "synapse_words": fewer_inputs,
    "axons_in": fewer_inputs,
    "total_words": fewer_inputs,
    "groups": fewer_blocks,
    "decays": fewer_decays,
}
"""What helps when a layer breaks a rule even in the smallest parts."""


def cores(subject: Subject) -> Iterator[Finding]:
    """All layers together find enough cores; layers never share one."""
    if subject.placement is None:
        return
    needed, per_chip = len(subject.placement.cores), subject.limit("cores_per_chip")
    if per_chip is None:
        return
    room = int(per_chip.si) * subject.chips
    chips = -(-needed // int(per_chip.si))
    largest = max(subject.placement.layers, key=lambda plan: len(plan.cores))
    fits = needed <= room
    yield Finding(
        rule="cores",
        object="network",
        level="ok" if fits else "error",
        fact=f"{needed} cores, {len(largest.cores)} of them for layer {largest.name}; there are {room}",
        value=needed,
        limit=room,
        basis=per_chip.status,
        source=per_chip.source,
        change=None
        if fits
        else Change(
            "chips", chips, f"{chips} chips have enough cores (--chips {chips}); or make layer {largest.name} smaller"
        ),
    )
