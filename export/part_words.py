"""The words that tables have for the parts of a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    DeltaNeuron,
    DenseSynapse,
    DirectSynapse,
    Neuron,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
    Synapse,
    passes_on,
)


def part_kind(part: Synapse | Neuron | None) -> str:
    """What a synapse or a neuron is, in a word.

    Parameters
    ----------
    part : Synapse, Neuron or None
        A part of a layer.

    Returns
    -------
    str
        As the tables call it; ``none`` without one.

    Examples
    --------
    >>> part_kind(RfNeuron(5, 100, 4000)), part_kind(DirectSynapse()), part_kind(None)
    ('RF', 'input', 'none')
    """
    if part is None:
        return "none"
    if passes_on(part):
        return "sums"
    return _NEURONS.get(type(part)) or _KINDS[type(part)][0]


def plural(count: float, noun: str) -> str:
    """A noun as it stands behind a count.

    Parameters
    ----------
    count : int or float
        How many.
    noun : str
        One of them.

    Returns
    -------
    str
        With an s, but for one.

    Examples
    --------
    >>> plural(1, "layer"), plural(2, "layer")
    ('layer', 'layers')
    """
    return noun if count == 1 else f"{noun}s"


def synapse_detail(synapse: Synapse) -> str:
    """What a table says about a synapse besides its kind.

    Parameters
    ----------
    synapse : Synapse
        The synapse.

    Returns
    -------
    str
        Kernel, stride and so on of a convolution where they say something, or delays; else empty.

    Examples
    --------
    >>> synapse_detail(DirectSynapse(weight=64, bias=-3)), synapse_detail(DenseSynapse([[1]], delays=[[2]]))
    ('64 x -3', 'delays 2..2')
    """
    return _KINDS[type(synapse)][1](synapse)


def _delays(synapse: DenseSynapse) -> str:
    """Range of the delays."""
    return "" if synapse.delays is None else f"delays {synapse.delays.min()}..{synapse.max_delay}"


def _no_detail(synapse: ComplexSynapse) -> str:
    return ""


def _direct_detail(synapse: DirectSynapse) -> str:
    return f"{synapse.weight} x" + (f" {synapse.bias:+d}" if synapse.bias else "")


def _conv_detail(synapse: ConvSynapse) -> str:
    """Kernel size, and what differs from a plain convolution: ``5x5 s2 p1 d2 g4``."""
    parts = [("s", synapse.stride, (1, 1)), ("p", synapse.padding, (0, 0)), ("d", synapse.dilation, (1, 1))]
    words = [letter + _pair(pair) for letter, pair, plain in parts if pair != plain]
    height, width = synapse.weights.shape[2:]
    groups = [f"g{synapse.groups}"] if synapse.groups > 1 else []
    return " ".join([f"{height}x{width}", *words, *groups])


def _pair(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]},{pair[1]}"


_KINDS: Final[dict[type, tuple[str, Callable[[Any], str]]]] = {
    ConvSynapse: ("conv", _conv_detail),
    DenseSynapse: ("dense", _delays),
    ComplexSynapse: ("complex", _no_detail),
    DirectSynapse: ("input", _direct_detail),
}

_NEURONS: Final[dict[type, str]] = {
    CubaNeuron: "CUBA",
    DeltaNeuron: "delta",
    SigmaDeltaNeuron: "sigma-delta",
    SigmaNeuron: "sigma",
    RfNeuron: "RF",
    RfIzNeuron: "RF-Iz",
}
