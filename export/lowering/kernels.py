"""Several convolutions over the same image as one: kernels of different size and padding in a common frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import ConvSynapse
from evsnn_lava.simulation.synapses import apply_conv

IntArray = npt.NDArray[np.int32]
Pair = tuple[int, int]

MATRIX_LIMIT: Final = 1 << 24
"""Most connections of a layer, or weights of a kernel, that something is written out to."""

_BATCH = 256


@dataclass(frozen=True)
class Frame:
    """Padding and kernel size that hold every kernel of a layer.

    Parameters
    ----------
    padding, kernel : (int, int)
        Vertical and horizontal.
    """

    padding: Pair
    kernel: Pair


def common_frame(synapses: Sequence[ConvSynapse], image: Pair, out: Pair) -> Frame:
    """Find the smallest common frame.

    Parameters
    ----------
    synapses : sequence of ConvSynapse
        All of the same stride, from `image` to `out`.
    image, out : (int, int)
        Height and width.

    Returns
    -------
    Frame
        A kernel that starts ``padding - p`` later than one with padding ``p`` sees the same pixels; the rest is zeros.
    """
    sides = [_side(synapses, axis, image[axis], out[axis]) for axis in (0, 1)]
    return Frame((sides[0][0], sides[1][0]), (sides[0][1], sides[1][1]))


def _side(synapses: Sequence[ConvSynapse], axis: int, size: int, out: int) -> Pair:
    stride = synapses[0].stride[axis]
    padding = max(synapse.padding[axis] for synapse in synapses)
    while True:
        least = max(
            padding - s.padding[axis] + s.dilation[axis] * (s.weights.shape[2 + axis] - 1) + 1 for s in synapses
        )
        most = size + 2 * padding - stride * (out - 1)
        if least <= most:
            return padding, max(least, most - stride + 1)
        padding += 1


def placed_kernel(synapse: ConvSynapse, frame: Frame) -> IntArray:
    """The kernel in the common frame, without groups and dilation, shape (C_out, C_in, kH, kW)."""
    outputs, per_group, height, width = synapse.weights.shape
    kernel = np.zeros((outputs, per_group * synapse.groups, *frame.kernel), dtype=np.int32)
    top, left = (frame.padding[axis] - synapse.padding[axis] for axis in (0, 1))
    rows, columns = (
        start + synapse.dilation[axis] * np.arange(n) for axis, start, n in ((0, top, height), (1, left, width))
    )
    share = outputs // synapse.groups
    for group in range(synapse.groups):
        sent, seen = (np.arange(n) + group * n for n in (share, per_group))
        kernel[np.ix_(sent, seen, rows, columns)] = synapse.weights[sent]
    return kernel


def conv_matrix(synapse: ConvSynapse, shape: tuple[int, ...]) -> IntArray:
    """A convolution written out, shape (out, in), both flattened in ``(C, H, W)`` order.

    Examples
    --------
    >>> conv_matrix(ConvSynapse(np.array([[[[2, 4]]]])), (1, 1, 3)).tolist()
    [[2, 4, 0], [0, 2, 4]]
    """
    inputs = int(np.prod(shape))
    units = np.eye(inputs, dtype=np.int8)
    parts = [apply_conv(synapse, part.reshape(-1, *shape)) for part in np.array_split(units, -(-inputs // _BATCH))]
    return np.concatenate([part.reshape(len(part), -1) for part in parts]).T.astype(np.int32)
