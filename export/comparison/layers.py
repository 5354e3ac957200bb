"""What changed between the layers of two networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

import numpy as np

from evsnn_lava.export.comparison.fields import Change, FieldChange, field_changes
from evsnn_lava.export.inspect import weight_bits
from evsnn_lava.export.part_words import part_kind
from evsnn_lava.network import Layer, NetworkDescription

Pair = tuple[int | None, int | None]
"""Index of a layer before and after; None where there is none."""


@dataclass(frozen=True)
class WeightSize:
    """What weights take.

    Parameters
    ----------
    weights, nonzero : int
        Stored weights (a shared one counts once), and those that are not zero.
    bits : int
        Bits for all of them, at the width that each matrix needs.
    """

    weights: int
    nonzero: int
    bits: int

    @property
    def sparsity(self) -> float:
        """Share of the weights that are zero, 0..1."""
        return 1 - self.nonzero / self.weights if self.weights else 0.0


@dataclass(frozen=True)
class LayerComparison:
    """A layer before and after.

    Parameters
    ----------
    before, after : str or None
        Its names; None where there is no such layer.
    changes : tuple of Change or ArrayChange
        What is different in it, the name apart.
    size_before, size_after : WeightSize
        Its weights, the recurrent ones too.
    newly_dropped, newly_kept : tuple of int
        Frames that its mask drops now, or does not drop any more.
    """

    before: str | None
    after: str | None
    changes: tuple[FieldChange, ...]
    size_before: WeightSize
    size_after: WeightSize
    newly_dropped: tuple[int, ...] = ()
    newly_kept: tuple[int, ...] = ()

    @property
    def status(self) -> str:
        """``added``, ``removed``, ``renamed``, ``changed`` or ``same``."""
        if self.before is None or self.after is None:
            return "added" if self.before is None else "removed"
        if self.before != self.after:
            return "renamed"
        return "changed" if self.changes or self.newly_dropped or self.newly_kept else "same"


def compare_layers(before: NetworkDescription, after: NetworkDescription) -> tuple[LayerComparison, ...]:
    """Compare layer by layer.

    Parameters
    ----------
    before, after : NetworkDescription
        The networks.

    Returns
    -------
    tuple of LayerComparison
        In the order of the network before; what was added stands where it is now. A layer with another name at the
        same place is the same one renamed, if shape and kind are those of before.
    """
    return tuple(_compared(before, after, pair) for pair in matched_layers(before.layers, after.layers))


def weight_size(layers: Iterable[Layer]) -> WeightSize:
    """Weights of layers together.

    Parameters
    ----------
    layers : iterable of Layer
        The layers.

    Returns
    -------
    WeightSize
        Their sum.
    """
    matrices = [matrix for layer in layers for synapse in layer.synapses for matrix in synapse.matrices]
    return WeightSize(
        sum(matrix.size for matrix in matrices),
        sum(int(np.count_nonzero(matrix)) for matrix in matrices),
        sum(matrix.size * weight_bits(matrix) for matrix in matrices),
    )


def matched_layers(before: tuple[Layer, ...], after: tuple[Layer, ...]) -> Iterator[Pair]:
    """Which layer after is which layer before.

    Parameters
    ----------
    before, after : tuple of Layer
        Two chains.

    Yields
    ------
    (int or None, int or None)
        Indices before and after.
    """
    names = [layer.name for layer in before], [layer.name for layer in after]
    for kind, low, high, start, stop in SequenceMatcher(None, *names, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from zip(range(low, high), range(start, stop), strict=True)
            continue
        for i, j in zip_longest(range(low, high), range(start, stop)):
            if i is None or j is None or _alike(before[i], after[j]):
                yield i, j
            else:
                yield i, None
                yield None, j


def _alike(before: Layer, after: Layer) -> bool:
    kinds = [(type(layer.synapse), type(layer.neuron), layer.shape) for layer in (before, after)]
    return kinds[0] == kinds[1]


def _compared(before: NetworkDescription, after: NetworkDescription, pair: Pair) -> LayerComparison:
    old = None if pair[0] is None else before.layers[pair[0]]
    new = None if pair[1] is None else after.layers[pair[1]]
    dropped, kept = _mask_changes(before, after, pair)
    return LayerComparison(
        None if old is None else old.name,
        None if new is None else new.name,
        () if old is None or new is None else tuple(_layer_changes(old, new)),
        weight_size([] if old is None else [old]),
        weight_size([] if new is None else [new]),
        dropped,
        kept,
    )


def _layer_changes(before: Layer, after: Layer) -> Iterator[FieldChange]:
    if before.shape != after.shape:
        yield from field_changes("shape", before.shape, after.shape)
    for what in ("synapse", "recurrent", "neuron"):
        old, new = getattr(before, what), getattr(after, what)
        if type(old) is type(new):
            yield from field_changes("recurrent" if what == "recurrent" else "", old, new)
        else:
            yield Change(what, part_kind(old), part_kind(new))


def _mask_changes(
    before: NetworkDescription, after: NetworkDescription, pair: Pair
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if pair[0] is None or pair[1] is None or before.masks.steps != after.masks.steps:
        return (), ()
    old, new = before.masks.keep[pair[0]], after.masks.keep[pair[1]]
    return tuple(np.flatnonzero(old & ~new).tolist()), tuple(np.flatnonzero(new & ~old).tolist())
