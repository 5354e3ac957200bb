"""What the blocks of a netx file have in common: what comes before a block, what becomes of it, its sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import FormatError
from evsnn_lava.export.netx.container import REMEDY
from evsnn_lava.export.netx.groups import Decision, Group
from evsnn_lava.network import Layer

Shape = tuple[int, ...]

NEURON_LIMIT: Final = 1 << 24
"""Neurons of a layer; a chip has a million."""

MESSAGE_BITS: Final = 16
"""Bits of a message of netx's sigma-delta neurons."""

FORMS: Final = {
    "input": "the frames of the network, which a convolution and a dense block take alike",
    "map": "neurons in channels, rows and columns; a dense block needs a flatten before it",
    "flat": "a row of neurons; a convolution cannot follow",
}


@dataclass(frozen=True)
class Source:
    """What a block is connected to.

    Parameters
    ----------
    shape : tuple of int or None
        ``(C, H, W)`` or ``(N,)``; None when nothing says so before the first block with weights.
    message_bits : int
        Bits of the messages that come in, 0 for spikes.
    clamp_delays : bool
        Whether delays beyond 62 become 62, as in netx, instead of an error.
    fold_input : bool
        Whether weight and bias of input neurons are applied to numbers, too.
    form : str
        See ``FORMS``.
    """

    shape: Shape | None
    message_bits: int = 0
    clamp_delays: bool = False
    fold_input: bool = False
    form: str = "input"

    def after(self, layer: Layer, form: str) -> Source:
        """What the block after a layer is connected to."""
        bits = MESSAGE_BITS if layer.neuron.graded else 0
        return replace(self, shape=layer.shape, message_bits=bits, form=form)


@dataclass(frozen=True)
class Block:
    """What became of a block.

    Parameters
    ----------
    source : Source
        What the next block is connected to.
    input_shape : tuple of int or None
        Shape of what the block takes.
    layer : Layer or None
        The layer; None for a block that only says a shape.
    decisions : tuple of Decision
        What had to be decided.
    """

    source: Source
    input_shape: Shape | None
    layer: Layer | None = None
    decisions: tuple[Decision, ...] = ()


def layer_name(group: Group, kind: str) -> str:
    """Name of the layer: its kind and its number in the file, for example ``conv3``."""
    return kind + group.path.rpartition("/")[2]


def positive(group: Group, name: str, sizes: tuple[int, ...]) -> Shape:
    """Read a shape of so many numbers, all of them positive, that makes no more neurons than the limit."""
    values = group.numbers(name)
    shape = tuple(values.tolist()) if values.ndim == 1 else ()
    if len(shape) not in sizes or min(shape) < 1:
        allowed = " or ".join(map(str, sizes))
        raise FormatError(f"{group.where(name)} has shape {values.shape}, expected {allowed} positive sizes; {REMEDY}")
    if math.prod(shape) > NEURON_LIMIT:
        raise FormatError(f"{group.where(name)} is {shape}, the limit is {NEURON_LIMIT} neurons; {REMEDY}")
    return shape


def pair(group: Group, name: str) -> tuple[int, int]:
    """Read ``(vertical, horizontal)``; a single number stands for both."""
    values = group.numbers(name)
    if values.shape not in ((), (2,)):
        raise FormatError(f"{group.where(name)} has shape {values.shape}, expected one number or a pair; {REMEDY}")
    vertical, horizontal = np.broadcast_to(values, 2).tolist()
    return vertical, horizontal


def require(group: Group, name: str, found: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    """Refuse a data set that contradicts the rest of the file."""
    if found != expected:
        raise FormatError(f"{group.where(name)} is {found}, the rest of the file says {expected}; {REMEDY}")


def require_sizes(group: Group, weights: npt.NDArray[Any], sizes: dict[str, int]) -> None:
    """Check the data sets that only repeat what the weights say."""
    for name, size in sizes.items():
        if group.has(name):
            require(group, name, (group.number(name),), (size,))
    if group.has("kernelSize"):
        require(group, "kernelSize", pair(group, "kernelSize"), weights.shape[2:])
