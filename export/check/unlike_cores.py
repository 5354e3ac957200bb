"""Rules for a chip whose cores differ: every layer needs one core that is large enough, and no two share one.

Source: the memories and the kernel estimate of sinabs' DYNAP-CNN back-end.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from evsnn_lava.export.check.finding import Change, Finding
from evsnn_lava.export.check.subject import Subject, inside, layer_object
from evsnn_lava.hw_profiles import CoreKind
from evsnn_lava.network import ConvSynapse, DenseSynapse, Layer


@dataclass(frozen=True)
class Need:
    """What one layer asks of its core, in words of weights, neurons and biases."""

    kernel_words: int
    neuron_words: int
    bias_words: int

    @classmethod
    def of(cls, layer: Layer, input_shape: tuple[int, ...]) -> Need:
        """Count what a layer takes; a dense layer is a convolution whose kernel is the whole image.

        Parameters
        ----------
        layer : Layer
            The layer.
        input_shape : tuple of int
            Shape of what it listens to, ``(C, H, W)`` or ``(N,)``.

        Returns
        -------
        Need
            Kernel places and output channels rounded up to powers of two.
        """
        biased = getattr(layer.neuron, "bias_mant", None) is not None
        kernel = 0
        for weights in layer.synapse.matrices[:1]:
            conv = isinstance(layer.synapse, ConvSynapse)
            places = math.prod(weights.shape[2:] if conv else input_shape[1:])
            kernel = input_shape[0] * _power_of_two(places) * _power_of_two(weights.shape[0])
        return cls(kernel, layer.neurons, layer.shape[0] if biased else 0)

    def fits(self, core: CoreKind) -> bool:
        """Whether a core is large enough."""
        return all(getattr(self, name) <= getattr(core, name) for name in NEEDS)


NEEDS = ("kernel_words", "neuron_words", "bias_words")


def large_enough(subject: Subject) -> Iterator[Finding]:
    """For every layer there is a core of that size on the chip."""
    pairs = zip(subject.network.layers, _needs(subject), strict=True)
    for layer, need in pairs if subject.chip.cores else ():
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


def _needs(subject: Subject) -> list[Need]:
    shapes = [subject.network.input_shape, *(layer.shape for layer in subject.network.layers)]
    return [Need.of(layer, shape) for layer, shape in zip(subject.network.layers, shapes, strict=False)]


def whole_image(subject: Subject) -> Iterator[Finding]:
    """A dense layer behind an image is a kernel as large as the image."""
    bounds = subject.bounds("kernel")
    shapes: list[tuple[int, ...]] = [subject.network.input_shape, *(layer.shape for layer in subject.network.layers)]
    for layer, shape in zip(subject.network.layers, shapes, strict=False):
        if bounds is not None and isinstance(layer.synapse, DenseSynapse) and len(shape) == 3:
            remedy = "pool or stride before the dense layer"
            yield inside("kernel", layer_object(layer.name), "kernel", 1, max(shape[1:]), bounds, remedy)


def cores_for_all(subject: Subject) -> Iterator[Finding]:
    """All layers at once find a core that is large enough."""
    if not subject.chip.cores:
        return
    there = [core for core in subject.chip.cores for _ in range(core.count)] * subject.chips
    needs = _needs(subject)
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
