"""The linear nodes of NIR as maps in float.

Shapes are ours: ``(C, H, W)``, where NIR's ``(C, L)`` of one-dimensional convolutions is ``(C, 1, L)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from evsnn_lava.errors import FormatError, UnsupportedError
from evsnn_lava.export.lowering.kernels import MATRIX_LIMIT
from evsnn_lava.export.lowering.pooling import Convolution, FloatArray, Pair, Shape, pooling
from evsnn_lava.export.nir.graph import kind

SIDE_LIMIT: Final = 255
"""Largest kernel, stride, padding and dilation."""

GROUP_LIMIT: Final = 1 << 16


@dataclass(frozen=True, eq=False)
class Matrix:
    """A dense map of the flattened input; weights (out, in)."""

    weights: FloatArray

    def output_shape(self, shape: Shape) -> Shape:
        """``(out,)``."""
        if math.prod(shape) != self.weights.shape[1]:
            raise UnsupportedError(
                f"a matrix {self.weights.shape} gets an input {shape} of {math.prod(shape)} values; correct the graph"
            )
        return (len(self.weights),)

    def apply(self, values: FloatArray) -> FloatArray:
        """Multiply values of shape (N, ...)."""
        return values.reshape(len(values), -1) @ self.weights.T


@dataclass(frozen=True, eq=False)
class Flat:
    """Flattening, in ``(C, H, W)`` order."""

    def output_shape(self, shape: Shape) -> Shape:
        """``(C * H * W,)``."""
        return (math.prod(shape),)

    def apply(self, values: FloatArray) -> FloatArray:
        """Flatten values of shape (N, ...)."""
        return values.reshape(len(values), -1)


@dataclass(frozen=True, eq=False)
class Factor:
    """Every value times its own number."""

    values: FloatArray

    def output_shape(self, shape: Shape) -> Shape:
        """The shape stays."""
        return shape

    def apply(self, values: FloatArray) -> FloatArray:
        """Multiply values of shape (N, ...)."""
        return values * fitted(self.values, values.shape[1:], "scale")


@dataclass(frozen=True, eq=False)
class Offset:
    """A number added to every value, or to all of a channel."""

    values: FloatArray

    def output_shape(self, shape: Shape) -> Shape:
        """The shape stays."""
        return shape

    def apply(self, values: FloatArray) -> FloatArray:
        """Add to values of shape (N, ...)."""
        return values + fitted(self.values, values.shape[1:], "bias")


@dataclass(frozen=True, eq=False)
class Wait:
    """Every value some seconds later; as a map it does nothing."""

    seconds: FloatArray

    def output_shape(self, shape: Shape) -> Shape:
        """The shape stays."""
        return shape

    def apply(self, values: FloatArray) -> FloatArray:
        """Nothing changes but the time."""
        return values


Map = Convolution | Matrix | Flat | Factor | Offset | Wait


def numbers(node: Any, name: str, where: str) -> FloatArray:
    """A parameter of a node as finite float64 numbers.

    Raises
    ------
    FormatError
        If it is missing or something else.
    """
    try:
        array = np.asarray(getattr(node, name), dtype=np.float64)
    except (AttributeError, TypeError, ValueError) as error:
        raise FormatError(f"node {where}: {name} is no array of numbers; write the graph again") from error
    if not array.size or not np.isfinite(array).all():
        raise FormatError(f"node {where}: {name} is empty or not finite; write the graph again")
    return array


def fitted(values: FloatArray, shape: Shape, what: str) -> FloatArray:
    """Lay parameters out over a layer: one number, one per channel or one per neuron.

    Raises
    ------
    UnsupportedError
        If they do not fit.
    """
    if values.size == math.prod(shape):
        return values.reshape(shape)
    if values.size in (1, shape[0]):
        return np.broadcast_to(values.reshape(-1, *(1,) * (len(shape) - 1)), shape)
    raise UnsupportedError(f"{what} of shape {values.shape} does not fit a layer {shape}; correct the graph")


def maps_of(node: Any, name: str, shape: Shape) -> list[Map]:
    """The maps that a linear node stands for.

    Parameters
    ----------
    node : nir.NIRNode
        A node whose kind is in ``LINEAR``.
    name : str
        Its name, for messages.
    shape : tuple of int
        Shape of its input.

    Returns
    -------
    list of Map
        In the order in which they act.

    Raises
    ------
    FormatError, UnsupportedError
        If a parameter is not what it should be.
    """
    return _MAPS[kind(node)](node, name, shape)


def _conv2d(node: Any, name: str, shape: Shape) -> list[Map]:
    return _conv(node, name, numbers(node, "weight", name), 2)


def _conv1d(node: Any, name: str, shape: Shape) -> list[Map]:
    weights = numbers(node, "weight", name)
    return _conv(node, name, weights[:, :, None] if weights.ndim == 3 else weights, 1)


def _conv(node: Any, name: str, weights: FloatArray, axes: int) -> list[Map]:
    groups = _pair(node, "groups", name, 1, limit=GROUP_LIMIT)[1]
    if weights.ndim != 4 or groups < 1 or len(weights) % groups:
        raise FormatError(f"node {name}: weights {weights.shape} in {groups} groups make no convolution; correct it")
    if max(weights.shape[2:]) > SIDE_LIMIT:
        raise UnsupportedError(
            f"its kernel is {weights.shape[2:]}, the limit is {SIDE_LIMIT} a side; use a smaller one"
        )
    stride, dilation = (_pair(node, what, name, axes, fill=1) for what in ("stride", "dilation"))
    if min(*stride, *dilation) < 1:
        raise FormatError(f"node {name}: stride {stride} and dilation {dilation} must be at least 1; correct it")
    conv = Convolution(weights, stride, (0, 0), dilation, groups)
    return [replace(conv, padding=_padding(node, name, conv, axes)), Offset(numbers(node, "bias", name))]


def _padding(node: Any, name: str, conv: Convolution, axes: int) -> Pair:
    """Padding in numbers; "same" is what keeps the size."""
    if not isinstance(node.padding, str):
        return _pair(node, "padding", name, axes)
    total = [reach - 1 for reach in conv.reach] if node.padding == "same" else [0, 0]
    if any(size % 2 for size in total) or (any(total) and conv.stride != (1, 1)):
        raise UnsupportedError(f"padding {node.padding!r} is not the same on both sides; give it in numbers")
    return total[0] // 2, total[1] // 2


def _pair(node: Any, what: str, name: str, axes: int, fill: int = 0, limit: int = SIDE_LIMIT) -> Pair:
    """Two whole numbers ``(vertical, horizontal)``; `fill` stands where there is only one axis."""
    values = numbers(node, what, name).reshape(-1)
    if values.size not in (1, axes) or (values % 1).any() or values.min() < 0 or values.max() > limit:
        found = np.asarray(values).tolist()[:4]
        raise FormatError(f"node {name}: {what} is {found}, expected {axes} whole numbers up to {limit}; correct it")
    if axes == 1:
        return fill, int(values[0])
    return int(values[0]), int(values[-1])


def _affine(node: Any, name: str, shape: Shape) -> list[Map]:
    return [*_linear(node, name, shape), Offset(numbers(node, "bias", name))]


def _linear(node: Any, name: str, shape: Shape) -> list[Map]:
    weights = numbers(node, "weight", name)
    if weights.ndim != 2:
        raise UnsupportedError(f"its weights have shape {weights.shape}, expected (out, in); use a matrix")
    return [Matrix(weights)]


def _pool(node: Any, name: str, shape: Shape) -> list[Map]:
    kernel, stride, padding = (_pair(node, what, name, 2) for what in ("kernel_size", "stride", "padding"))
    if min(*kernel, *stride) < 1:
        raise FormatError(f"node {name}: kernel {kernel} and stride {stride} must be at least 1; correct it")
    if shape[0] * math.prod(kernel) > MATRIX_LIMIT:
        raise UnsupportedError(f"a kernel {kernel} for {shape[0]} channels is gigantic; use a smaller one")
    return [pooling(shape[0], kernel, stride, padding, average=kind(node) == "AvgPool2d")]


_MAPS: Final[dict[str, Callable[[Any, str, Shape], list[Map]]]] = {
    "Affine": _affine,
    "Linear": _linear,
    "Conv1d": _conv1d,
    "Conv2d": _conv2d,
    "SumPool2d": _pool,
    "AvgPool2d": _pool,
    "Flatten": lambda node, name, shape: [Flat()],
    "Scale": lambda node, name, shape: [Factor(numbers(node, "scale", name))],
    "Delay": lambda node, name, shape: [Wait(numbers(node, "delay", name))],
}
"""How a node becomes maps."""
