"""What changed between two networks: layers, masks, policy, recipe, provenance, golden vectors, size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.export.comparison.fields import Change, FieldChange, field_changes, in_words
from evsnn_lava.export.comparison.layers import LayerComparison, WeightSize, compare_layers, weight_size
from evsnn_lava.export.comparison.objects import text_changes
from evsnn_lava.export.part_words import plural
from evsnn_lava.network import NEVER, GoldenVectors, NetworkDescription, QuantisationFacts

FEW_SAMPLES: Final = 20
"""Golden samples whose decisions are written out."""


@dataclass(frozen=True)
class NetworkComparison:
    """Two networks side by side.

    Parameters
    ----------
    before, after : str
        Their names.
    layers : tuple of LayerComparison
        Every layer of both, those that are the same too.
    sections : mapping from str to tuple of Change or ArrayChange
        What changed elsewhere; a key of ``SECTIONS`` is missing where nothing did.
    neurons_before, neurons_after : int
        How many they have.
    size_before, size_after : WeightSize
        All their weights.
    """

    before: str
    after: str
    layers: tuple[LayerComparison, ...]
    sections: Mapping[str, tuple[FieldChange, ...]]
    neurons_before: int
    neurons_after: int
    size_before: WeightSize
    size_after: WeightSize

    @property
    def same(self) -> bool:
        """Whether they are the same network: nothing at all changed."""
        return not self.sections and all(layer.status == "same" for layer in self.layers)


def compare(before: NetworkDescription, after: NetworkDescription) -> NetworkComparison:
    """Say what changed from one network to another.

    Parameters
    ----------
    before, after : NetworkDescription
        The networks.

    Returns
    -------
    NetworkComparison
        All differences.

    Examples
    --------
    >>> from evsnn_lava.network import CubaNeuron, CutoffPolicy, DenseSynapse, FrameMasks, InputRecipe, Layer
    >>> layer = Layer("fc", DenseSynapse([[2, -4], [0, 6]]), CubaNeuron(vth_mant=80, du=1023, dv=128), (2,))
    >>> recipe, masks = InputRecipe(1, 1, steps=4, dt_us=1000), FrameMasks.all_kept(4, layers=1)
    >>> network = NetworkDescription("tiny", (layer,), recipe, masks, CutoffPolicy.never(4), ("off", "on"))
    >>> compare(network, network).same
    True
    >>> compare(network, network.with_cutoff(CutoffPolicy.fixed(2, 4))).sections["cutoff"][0]
    Change(what='kind', before='never', after='fixed')
    """
    found = {name: tuple(changes(before, after)) for name, changes in SECTIONS.items()}
    return NetworkComparison(
        before.name,
        after.name,
        compare_layers(before, after),
        {name: changes for name, changes in found.items() if changes},
        sum(layer.neurons for layer in before.layers),
        sum(layer.neurons for layer in after.layers),
        weight_size(before.layers),
        weight_size(after.layers),
    )


def _name(before: NetworkDescription, after: NetworkDescription) -> Iterator[FieldChange]:
    yield from field_changes("name", before.name, after.name)


def _recipe(before: NetworkDescription, after: NetworkDescription) -> Iterator[FieldChange]:
    yield from field_changes("", before.recipe, after.recipe)


def _masks(before: NetworkDescription, after: NetworkDescription) -> Iterator[FieldChange]:
    """What is no matter of a single layer."""
    yield from field_changes("semantics", before.masks.semantics, after.masks.semantics)
    yield from field_changes("frames sent", before.masks.stream_steps, after.masks.stream_steps)


def _cutoff(before: NetworkDescription, after: NetworkDescription) -> Iterator[FieldChange]:
    for name in ("kind", "epsilon", "calibration_hash", "calibration_samples", "layers"):
        yield from field_changes(name, getattr(before.cutoff, name), getattr(after.cutoff, name))
    old, new = before.cutoff.thresholds, after.cutoff.thresholds
    words = [thresholds_in_words(table.tolist()) for table in (old, new)]
    yield from field_changes("thresholds", *(words if words[0] != words[1] else (old, new)))
    yield from field_changes("softmax", before.cutoff.softmax, after.cutoff.softmax)


def thresholds_in_words(thresholds: list[int]) -> str:
    """A table of thresholds in a line, equal neighbours together.

    Parameters
    ----------
    thresholds : list of int
        One per frame.

    Returns
    -------
    str
        For example ``never x 2, 3, 2 x 2``.

    Examples
    --------
    >>> thresholds_in_words([2147483647, 2147483647, 3, -1])
    'never x 2, 3, always'
    """
    words = ("never" if value >= NEVER else "always" if value < 0 else str(value) for value in thresholds)
    runs = ((word, len(list(run))) for word, run in groupby(words))
    return ", ".join(word if count == 1 else f"{word} x {count}" for word, count in runs)


def _classes(before: NetworkDescription, after: NetworkDescription) -> Iterator[FieldChange]:
    for index, (old, new) in enumerate(zip_longest(before.class_names, after.class_names)):
        yield from field_changes(f"class {index}", old, new)


def _quantisation(before: NetworkDescription, after: NetworkDescription) -> Iterator[FieldChange]:
    old, new = ({fact.layer: fact for fact in network.quantisation} for network in (before, after))
    for layer in dict.fromkeys([*old, *new]):
        pair = old.get(layer), new.get(layer)
        if None in pair:
            yield Change(layer, *map(_fact, pair))
        else:
            yield from field_changes(layer, *pair)


def _fact(fact: QuantisationFacts | None) -> str:
    if fact is None:
        return "none"
    return f"scale {in_words(fact.weight_scale)}, error {in_words(fact.max_error)}, {fact.clipped} clipped"


def _provenance(before: NetworkDescription, after: NetworkDescription) -> Iterator[FieldChange]:
    for key in sorted({*before.provenance, *after.provenance}):
        yield from text_changes(key, before.provenance.get(key), after.provenance.get(key))


def _golden(before: NetworkDescription, after: NetworkDescription) -> Iterator[FieldChange]:
    old, new = before.golden, after.golden
    if old is None or new is None:
        samples = ["none" if golden is None else _samples(golden) for golden in (old, new)]
        if samples[0] != samples[1]:
            yield Change("samples", *samples)
        return
    yield from field_changes("samples", len(old.frames), len(new.frames))
    yield from field_changes("input frames", old.frames, new.frames)
    yield from field_changes("messages", int(old.spike_counts.sum()), int(new.spike_counts.sum()))
    if not np.array_equal(old.spike_hashes, new.spike_hashes):
        yield Change("hashes of the messages", _hashes(old), _hashes(new, old))
    else:
        yield from field_changes("message counts", old.spike_counts, new.spike_counts)
    yield from field_changes("exit steps", _listed(old.exit_step), _listed(new.exit_step))
    yield from field_changes("decisions", _listed(old.decision), _listed(new.decision))


def _samples(golden: GoldenVectors) -> str:
    return f"{len(golden.frames)} {plural(len(golden.frames), 'sample')}"


def _listed(numbers: npt.NDArray[np.int64]) -> str | npt.NDArray[np.int64]:
    return ", ".join(map(str, numbers.tolist())) if len(numbers) <= FEW_SAMPLES else numbers


def _hashes(golden: GoldenVectors, before: GoldenVectors | None = None) -> str:
    _, layers, steps = golden.spike_hashes.shape
    size = " x ".join([_samples(golden), f"{layers} {plural(layers, 'layer')}", f"{steps} {plural(steps, 'step')}"])
    if before is None or before.spike_hashes.shape != golden.spike_hashes.shape:
        return size
    return f"{np.count_nonzero(golden.spike_hashes != before.spike_hashes)} of them differ"


SECTIONS: Final[dict[str, Callable[[NetworkDescription, NetworkDescription], Iterator[FieldChange]]]] = {
    "network": _name,
    "recipe": _recipe,
    "masks": _masks,
    "cutoff": _cutoff,
    "classes": _classes,
    "quantisation": _quantisation,
    "provenance": _provenance,
    "golden": _golden,
}
"""Everything but the layers."""
