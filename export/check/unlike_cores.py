"""Rules for a chip whose cores differ: every layer needs one core that is large enough, and no two share one.

Source: the memories and the kernel estimate of sinabs' DYNAP-CNN back-end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from evsnn_lava.export.check.finding import Change, Finding
from evsnn_lava.export.check.subject import Subject, layer_object
from evsnn_lava.hw_profiles import CoreKind
from evsnn_lava.network import ConvSynapse, Layer


@dataclass(frozen=True)
class Need:
    """What one layer asks of its core, in words of weights, neurons and biases."""

    kernel_words: int
    neuron_words: int
    bias_words: int

    @classmethod
    def of(cls, layer: Layer) -> Need:
        """Count what a layer takes; a dense layer is a convolution whose kernel is the whole image.

        Parameters
        ----------
        layer : Layer
            The layer.

        Returns
        -------
        Need
            Kernel places and output channels rounded up to powers of two.
        """
        kernel = 0
        for weights in layer.synapse.matrices[:1]:
            groups = layer.synapse.groups if isinstance(layer.synapse, ConvSynapse) else 1
            places = int(np.prod(weights.shape[2:]))
            kernel = weights.shape[1] * groups * _power_of_two(places) * _power_of_two(weights.shape[0])
        biased = getattr(layer.neuron, "bias_mant", None) is not None
        return cls(kernel, layer.neurons, layer.shape[0] if biased else 0)

    def fits(self, core: CoreKind) -> bool:
        """Whether a core is large enough."""
        return all(getattr(self, name) <= getattr(core, name) for name in NEEDS)


NEEDS = ("kernel_words", "neuron_words", "bias_words")


def large_enough(subject: Subject) -> Iterator[Finding]:
    """For every layer there is a core of that size on the chip."""
    for layer in subject.network.layers if subject.chip.cores else ():
        need = Need.of(layer)
        for name in NEEDS:
            value, most = getattr(need, name), max(getattr(core, name) for core in subject.chip.cores)
            noun = name.replace("_", " ")
            fits = value <= most
            yield Finding(
                name,
                layer_object(layer.name),
                "ok" if fits else "error",
                f"{value} {noun}, the largest core has {most}",
                value,
                most,
                subject.chip.limits.neurons_per_core.status,
                subject.chip.limits.neurons_per_core.source,
                None if fits else Change(name, most, f"{most} {noun} fit; use fewer channels, or a larger stride"),
            )


def cores_for_all(subject: Subject) -> Iterator[Finding]:
    """All layers at once find a core that is large enough."""
    if not subject.chip.cores:
        return
    there = [core for core in subject.chip.cores for _ in range(core.count)] * subject.chips
    needs = [Need.of(layer) for layer in subject.network.layers]
    possible = csr_matrix([[need.fits(core) for core in there] for need in needs])
    found = maximum_bipartite_matching(possible, perm_type="column")
    without = [layer.name for layer, core in zip(subject.network.layers, found, strict=True) if core < 0]
    limit = subject.chip.limits.cores_per_chip
    words = f"no core is left for {', '.join(without)}; make the layers smaller or fewer"
    yield Finding(
        "cores",
        "network",
        "error" if without else "ok",
        f"{len(needs)} layers for {len(there)} cores, {len(needs) - len(without)} find one",
        len(needs),
        len(there),
        limit.status,
        limit.source,
        Change("layers", len(needs) - len(without), words) if without else None,
    )


def _power_of_two(number: int) -> int:
    return 1 << (number - 1).bit_length()
