"""Rules about numbers: every parameter must fit into the register that it goes to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from evsnn_lava.export.check.finding import Finding
from evsnn_lava.export.check.subject import Subject, inside, layer_object
from evsnn_lava.network import ComplexSynapse, ConvSynapse, Layer

REMEDIES: Final = {
    "weight": "scale the layer and its threshold down, or clip",
    "weight_exp": "shift weights and threshold instead",
    "vth_mant": "scale weights, bias and threshold down",
    "du": "train with that decay; -1, a current that never decays, exists in Lava alone",
    "dv": "choose a slower decay",
    "bias_mant": "scale weights, bias and threshold down, or raise bias_exp",
    "bias_exp": "shift the mantissas instead",
    "delay": "train with shorter delays (SLAYER: max_delay)",
    "kernel": "use a smaller kernel, or two layers",
}
"""What helps when a parameter is out of range."""


def parameters(subject: Subject) -> Iterator[Finding]:
    """Every parameter of every layer fits into its register."""
    for layer in subject.network.layers:
        for name, (low, high) in spans_of(layer).items():
            bounds = subject.bounds(name)
            if bounds is not None:
                yield inside(name, layer_object(layer.name), name, low, high, bounds, REMEDIES[name])


def spans_of(layer: Layer) -> dict[str, tuple[int, int]]:
    """Smallest and largest value of every parameter of a layer.

    Parameters
    ----------
    layer : Layer
        The layer.

    Returns
    -------
    dict of str to (int, int)
        Keys of ``REMEDIES``; only what the layer has.
    """
    found: dict[str, list[object]] = {}
    for synapse in layer.synapses:
        for part in (synapse.real, synapse.imag) if isinstance(synapse, ComplexSynapse) else (synapse,):
            for weights in part.matrices:
                found.setdefault("weight", []).append(weights)
            found.setdefault("weight_exp", []).append(getattr(part, "weight_exp", 0))
            found.setdefault("delay", []).append(part.max_delay)
        if isinstance(synapse, ConvSynapse):
            found["kernel"] = [synapse.weights.shape[2:]]
    biased = getattr(layer.neuron, "bias_mant", None) is not None
    for name in ("vth_mant", "du", "dv", *(("bias_mant", "bias_exp") if biased else ())):
        value = getattr(layer.neuron, name, None)
        if value is not None:
            found[name] = [value]
    return {name: _span(values) for name, values in found.items()}


def _span(values: list[object]) -> tuple[int, int]:
    arrays = [np.asarray(value) for value in values]
    return min(int(array.min()) for array in arrays), max(int(array.max()) for array in arrays)


def message_bits(subject: Subject) -> Iterator[Finding]:
    """Numbers that messages carry fit into them."""
    bounds = subject.bounds("message_bits")
    if bounds is None:
        return
    remedy = "send spikes, or fewer bits" if bounds.high else "the chip sends spikes alone: use spiking neurons"
    bits = subject.network.recipe.message_bits
    yield inside("message_bits", "input", "message_bits", bits, bits, bounds, remedy)
    for layer in subject.network.layers:
        sent = GRADED_BITS if layer.neuron.graded else 0
        yield inside("message_bits", layer_object(layer.name), "message_bits", sent, sent, bounds, remedy)


GRADED_BITS: Final = 32
"""Bits of a message of graded neurons in the description; Lava's models cut at the same place."""


def sensor(subject: Subject) -> Iterator[Finding]:
    """The image fits the camera of the chip."""
    bounds = subject.bounds("sensor")
    if bounds is not None:
        side = max(subject.network.input_shape[1:])
        remedy = "crop or downsample the recordings in the recipe"
        yield inside("sensor", "input", "sensor", side, side, bounds, remedy)
