"""Linear maps without neurons between them, composed exactly into one convolution or one matrix.

A pooling is a convolution of every channel with a kernel of ones; two convolutions in a row are one larger
convolution. What needs care is padding: zeros around the *inner* map are not zeros around the outer one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.lowering.kernels import MATRIX_LIMIT

FloatArray = npt.NDArray[np.float64]
Pair = tuple[int, int]
Shape = tuple[int, ...]

WORK_LIMIT: Final = 1 << 30
"""Most values that pass through the maps while they are expanded."""

_BATCH: Final = 256
_ROOM: Final = 1 << 22


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution in float, cross-correlation as torch does it.

    Parameters
    ----------
    weights : numpy.ndarray of float64, shape (C_out, C_in / groups, kH, kW)
        The kernel.
    stride, padding, dilation : (int, int)
        ``(vertical, horizontal)``.
    groups : int
        Number of blocked connections.
    """

    weights: FloatArray
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    @property
    def reach(self) -> Pair:
        """Size of the field that one output sees."""
        rows, columns = (
            (size - 1) * step + 1 for size, step in zip(self.weights.shape[2:], self.dilation, strict=True)
        )
        return rows, columns

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the output for an input ``(C, H, W)``.

        Raises
        ------
        UnsupportedError
            If the input has other channels or is smaller than the kernel.
        """
        channels = self.weights.shape[1] * self.groups
        if len(shape) != 3 or shape[0] != channels:
            raise UnsupportedError(f"a convolution of {channels} channels gets an input {shape}; correct the graph")
        sizes = [_outputs(self, shape, axis) for axis in (0, 1)]
        if min(sizes) < 1:
            raise UnsupportedError(f"an input {shape} is smaller than its kernel {self.reach}; pad it")
        return (len(self.weights), *sizes)

    def apply(self, values: FloatArray) -> FloatArray:
        """Convolve values of shape (N, C, H, W)."""
        _, rows, columns = self.output_shape(values.shape[1:])
        padded = np.pad(values, [(0, 0), (0, 0), *((p, p) for p in self.padding)])
        padded = padded.reshape(len(values), self.groups, -1, *padded.shape[2:])
        kernel = self.weights.reshape(self.groups, -1, *self.weights.shape[1:])
        total = np.zeros((len(values), self.groups, kernel.shape[1], rows, columns))
        (down, right), (step_y, step_x) = self.stride, self.dilation
        for y, x in np.ndindex(*kernel.shape[-2:]):
            seen = padded[..., y * step_y :: down, x * step_x :: right][..., :rows, :columns]
            total += np.einsum("goi,ngihw->ngohw", kernel[..., y, x], seen, optimize=True)
        return total.reshape(len(values), -1, rows, columns)


def pooling(channels: int, kernel: Pair, stride: Pair, padding: Pair = (0, 0), average: bool = False) -> Convolution:
    """Sum or average pooling as a convolution of every channel by itself.

    An average divides by the size of the kernel, zeros of the padding included.

    Examples
    --------
    >>> pooling(1, (2, 2), (2, 2), average=True).apply(np.ones((1, 1, 3, 2))).tolist()
    [[[[1.0]]]]
    """
    value = 1 / math.prod(kernel) if average else 1.0
    return Convolution(np.full((channels, 1, *kernel), value), stride, padding, groups=channels)


def _outputs(conv: Convolution, shape: Shape, axis: int) -> int:
    room = shape[axis + 1] + 2 * conv.padding[axis] - conv.reach[axis]
    return room // conv.stride[axis] + 1


def surplus(first: Convolution, second: Convolution, shape: Shape) -> Pair:
    """Rows and columns at the end of the input that must be cut off before the two maps can become one.

    A pooling drops what does not fill a window. Behind it a padded convolution sees zeros there; the composed one
    would see the dropped values.

    Parameters
    ----------
    first, second : Convolution
        In the order in which they act.
    shape : tuple of int
        ``(C, H, W)`` of the input of `first`.

    Returns
    -------
    (int, int)
        Rows, columns; mostly (0, 0).

    Raises
    ------
    UnsupportedError
        If zeros around the inner map cannot be expressed as zeros around its input.
    """
    rows, columns = (_surplus(first, second, shape, axis) for axis in (0, 1))
    return rows, columns


def _surplus(first: Convolution, second: Convolution, shape: Shape, axis: int) -> int:
    if not second.padding[axis]:
        return 0
    stride, padding, reach = first.stride[axis], first.padding[axis], first.reach[axis]
    extra = max(shape[axis + 1] - (_outputs(first, shape, axis) * stride - padding), 0)
    if not padding < reach <= stride + (0 if extra else padding):
        raise UnsupportedError(
            f"windows of {reach} with stride {stride} overlap and a padded convolution follows without a neuron "
            "between; no single convolution computes that, put a neuron between them"
        )
    return extra


def compose(first: Convolution, second: Convolution) -> Convolution:
    """The one convolution that computes `second` after `first`.

    Exact on inputs from which the :func:`surplus` has been cut off.

    Parameters
    ----------
    first, second : Convolution
        In the order in which they act.

    Returns
    -------
    Convolution
        Without dilation; strides multiply, every kernel element of `second` becomes a kernel of `first`.

    Examples
    --------
    >>> pool, conv = pooling(1, (2, 2), (2, 2)), Convolution(np.array([[[[1.0, 3.0]]]]))
    >>> compose(pool, conv).weights.tolist()
    [[[[1.0, 1.0, 3.0, 3.0], [1.0, 1.0, 3.0, 3.0]]]]
    """
    if not len(first.weights) == second.weights.shape[1] * second.groups:
        raise UnsupportedError(f"{len(first.weights)} channels meet {second.weights.shape[1] * second.groups}")
    steps = [s * d for s, d in zip(first.stride, second.dilation, strict=True)]
    size = [(k - 1) * step + r for k, step, r in zip(second.weights.shape[2:], steps, first.reach, strict=True)]
    inputs, between, outputs = first.weights.shape[1] * first.groups, len(first.weights), len(second.weights)
    kernels = (outputs * inputs, *size), (between * inputs, *first.weights.shape[2:]), (outputs * between, 1)
    if max(math.prod(kernel) for kernel in kernels) > MATRIX_LIMIT:
        raise UnsupportedError(
            f"the composed kernel of {outputs} x {inputs} channels would be {size[0]} x {size[1]}, "
            f"the limit is {MATRIX_LIMIT} weights, also for {between} channels between the maps; put a neuron there"
        )
    inner, outer = _ungrouped(first), _ungrouped(second)
    weights = np.zeros((len(outer), inner.shape[1], *size))
    for y, x in np.ndindex(*outer.shape[2:]):
        top, left = y * steps[0], x * steps[1]
        field = weights[..., top : top + first.reach[0] : first.dilation[0], left : left + first.reach[1] :]
        field = field[..., :: first.dilation[1]]
        field += np.einsum("oc,cihw->oihw", outer[..., y, x], inner)
    groups = _groups(first, second)
    return Convolution(
        _grouped(weights, groups),
        (first.stride[0] * second.stride[0], first.stride[1] * second.stride[1]),
        (
            second.padding[0] * first.stride[0] + first.padding[0],
            second.padding[1] * first.stride[1] + first.padding[1],
        ),
        groups=groups,
    )


def _groups(first: Convolution, second: Convolution) -> int:
    """Groups that are left: a map of every channel by itself keeps those of the other."""
    for one, other in ((first, second), (second, first)):
        if one.groups == len(one.weights) and one.weights.shape[1] == 1:
            return other.groups
    return 1


def _ungrouped(conv: Convolution) -> FloatArray:
    """The kernel with zeros between the groups, (C_out, C_in, kH, kW)."""
    outputs, inputs = conv.weights.shape[0] // conv.groups, conv.weights.shape[1]
    full = np.zeros((conv.weights.shape[0], inputs * conv.groups, *conv.weights.shape[2:]))
    for group in range(conv.groups):
        rows = slice(group * outputs, (group + 1) * outputs)
        full[rows, group * inputs : (group + 1) * inputs] = conv.weights[rows]
    return full


def _grouped(full: FloatArray, groups: int) -> FloatArray:
    """The blocks of a kernel that the groups keep."""
    blocks = full.reshape(groups, -1, groups, full.shape[1] // groups, *full.shape[2:])
    kept = np.stack([blocks[group, :, group] for group in range(groups)])
    return kept.reshape(len(full), -1, *full.shape[2:])


def cropping(channels: int, rows: int, columns: int) -> Convolution:
    """A convolution that drops the last rows and columns and changes nothing else.

    Examples
    --------
    >>> cropping(1, 1, 0).apply(np.array([[[[5.0], [7.0]]]])).tolist()
    [[[[5.0]]]]
    """
    weights = np.zeros((channels, 1, rows + 1, columns + 1))
    weights[..., 0, 0] = 1
    return Convolution(weights, groups=channels)


def as_matrix(apply: Callable[[FloatArray], FloatArray], inputs: Shape, widest: int = 1) -> FloatArray:
    """The matrix of a linear map, by applying it to every unit vector.

    Parameters
    ----------
    apply : callable
        From (N, *inputs) to (N, ...).
    inputs : tuple of int
        Shape of one input.
    widest : int
        Most values between two of its steps, which bounds the work.

    Returns
    -------
    numpy.ndarray of float64, shape (out, in)
        Inputs and outputs flattened in ``(C, H, W)`` order.

    Raises
    ------
    UnsupportedError
        If the matrix would be gigantic.
    """
    size = math.prod(inputs)
    outputs = apply(np.zeros((1, *inputs))).size
    if size * outputs > MATRIX_LIMIT or size * widest > WORK_LIMIT:
        raise UnsupportedError(
            f"{outputs} x {size} weights would be needed to write the maps as one matrix, the limit is {MATRIX_LIMIT}; "
            "put a neuron between the convolution and the dense map"
        )
    batch = max(1, min(_BATCH, _ROOM // max(size, widest)))
    rows = []
    for start in range(0, size, batch):
        units = np.zeros((min(batch, size - start), size))
        units[np.arange(len(units)), start + np.arange(len(units))] = 1
        rows.append(apply(units.reshape(-1, *inputs)).reshape(len(units), -1))
    return np.concatenate(rows).T.copy()


def scaled(conv: Convolution, factor: FloatArray) -> Convolution:
    """The convolution with every output channel times a factor, shape (C_out,)."""
    return replace(conv, weights=conv.weights * factor.reshape(-1, 1, 1, 1))
