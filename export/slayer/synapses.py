"""SLAYER synapses as synapses of the description: one reader per kind of block."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._torch import torch
from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.slayer.weights import quantised, require_no_bias, require_scale, unit_responses, whole_numbers
from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    DenseSynapse,
    DirectSynapse,
    QuantisationFacts,
    Synapse,
)

IntArray = npt.NDArray[np.int32]
Shape = tuple[int, ...]

GROUPS_LIMIT: Final = 127
"""Lava keeps the number of groups in a signed byte."""

_HOOK_RANGE: Final = (-256, 254)


@dataclass(frozen=True)
class Incoming:
    """What a block receives.

    Parameters
    ----------
    shape : tuple of int
        Shape of the input as SLAYER sees it, ``(C, H, W)`` or ``(N,)``.
    grid : bool
        Whether the layer before kept that shape; if not, it was written out as a matrix.
    scale : int
        Integer that stands for 1.0 in a frame of the input, for input blocks.
    quantised : bool
        Whether graded frames are already what the hook of an input block leaves.
    """

    shape: Shape
    grid: bool
    scale: int = 1
    quantised: bool = False


@dataclass(frozen=True, eq=False)
class Wiring:
    """How a block is connected.

    Parameters
    ----------
    synapse : Synapse
        From the layer before.
    shape : tuple of int
        Shape of the neurons as SLAYER sees them.
    facts : QuantisationFacts
        What rounding did.
    recurrent : DenseSynapse, optional
        From the layer to itself.
    """

    synapse: Synapse
    shape: Shape
    facts: QuantisationFacts
    recurrent: DenseSynapse | None = None


def slayer_frames(values: npt.ArrayLike, scale: int = 64) -> IntArray:
    """Graded frames as the hook of SLAYER's Input blocks leaves them: even numbers within -256..254.

    Parameters
    ----------
    values : array_like of float
        Frames in SLAYER's own units, of any shape.
    scale : int
        Weight scale of the Input block; so many stand for 1.0.

    Returns
    -------
    numpy.ndarray of int32
        Of the same shape, in units of 1/`scale`: what ``quantize_8bit`` makes of the frames.

    Examples
    --------
    >>> slayer_frames([0.5, 1 / 64, 3 / 64, 5.0, -9.0]).tolist()
    [32, 0, 4, 254, -256]
    """
    halves = np.rint(np.asarray(values, dtype=np.float32) * np.float32(scale / 2))
    return np.clip(2 * halves, *_HOOK_RANGE).astype(np.int32)


def wire_input(name: str, block: Any, source: Incoming) -> Wiring:
    """An input block: frames times weight plus bias.

    Raises
    ------
    UnsupportedError
        If the scaled input is no whole number, or frames are graded and it is not said that they are quantised.
    """
    scale = require_scale(name, block.neuron)
    if source.scale != 1 and not source.quantised:
        raise UnsupportedError(
            f"layer {name}: SLAYER rounds graded frames to even {scale}ths within {_HOOK_RANGE[0]}..{_HOOK_RANGE[1]}, "
            "the integers take them as they are; make them with slayer_frames and pass quantised_input=True"
        )
    with torch.no_grad():
        factor, bias, one = (
            default if value is None else float(block.pre_hook_fx(value))
            for value, default in ((block.weight, 1.0), (block.bias, 0.0), (torch.ones(1), 1.0))
        )
    weight = factor * scale / source.scale
    if (source.scale == 1 and one != 1) or weight % 1 or (bias * scale) % 1:
        raise UnsupportedError(
            f"layer {name}: an input of 1 becomes {factor * one * scale:g}/{scale}, of which frames in units of "
            f"1/{source.scale} are no whole part; use scale=64 and a weight of 1"
        )
    facts = QuantisationFacts(name, float(scale), 0.0, 0, 0)
    return Wiring(DirectSynapse(int(weight), int(bias * scale)), source.shape, facts)


def wire_dense(name: str, block: Any, source: Incoming) -> Wiring:
    """A dense block; on an image, SLAYER slides its kernel over it.

    Raises
    ------
    UnsupportedError
        If the sizes do not fit, or for what :func:`quantised` refuses.
    """
    mask = getattr(block, "mask", None)
    weights, facts = quantised(name, block.synapse, require_scale(name, block.neuron), mask)
    if len(source.shape) == 1:
        return Wiring(DenseSynapse(_as_matrix(name, weights, source)), (len(weights),), facts)
    if source.grid:
        synapse = ConvSynapse(weights)
        return Wiring(synapse, synapse.output_shape(source.shape), facts)
    if mask is not None:
        raise UnsupportedError(f"layer {name}: a mask on a dense block over an image; put a Flatten before it")
    return _written_out(name, block, source, facts)


def wire_flat(name: str, block: Any, source: Incoming) -> Wiring:
    """A dense block that flattens its input itself."""
    return wire_dense(name, block, replace(source, shape=(math.prod(source.shape),)))


def wire_conv(name: str, block: Any, source: Incoming) -> Wiring:
    """A convolution."""
    _require_image(name, source)
    weights, facts = quantised(name, block.synapse, require_scale(name, block.neuron))
    if not source.grid:
        return _written_out(name, block, source, facts)
    s = block.synapse
    synapse = ConvSynapse(weights, s.stride[:2], s.padding[:2], s.dilation[:2], s.groups)
    return Wiring(synapse, synapse.output_shape(source.shape), facts)


def wire_pool(name: str, block: Any, source: Incoming) -> Wiring:
    """A pool: a convolution of every channel by itself.

    SLAYER lays the channels below each other and slides one kernel over all rows, behind ``H % kernel`` rows (and
    columns) of zeros. Where windows do not cross channels, that is a grouped convolution; else a matrix.
    """
    _require_image(name, source)
    kernel, facts = quantised(name, block.synapse, require_scale(name, block.neuron))
    sides = _pool_sides(block.synapse, source.shape)
    if not source.grid or sides is None:
        return _written_out(name, block, source, facts)
    (top, down), (left, across) = sides
    kernel = np.pad(kernel[0, 0], ((top, 0), (left, 0)))
    channels = source.shape[0]
    groups = max(g for g in range(1, min(channels, GROUPS_LIMIT) + 1) if channels % g == 0)
    width = channels // groups
    own = np.eye(width, dtype=np.int32)[np.arange(channels) % width]
    s = block.synapse
    synapse = ConvSynapse(own[..., None, None] * kernel, s.stride[:2], (down, across), s.dilation[:2], groups)
    return Wiring(synapse, synapse.output_shape(source.shape), facts)


def wire_transposed(name: str, block: Any, source: Incoming) -> Wiring:
    """A transposed convolution or an unpool: always a matrix."""
    _require_image(name, source)
    facts = quantised(name, block.synapse, require_scale(name, block.neuron))[1]
    return _written_out(name, block, source, facts)


def wire_recurrent(name: str, block: Any, source: Incoming) -> Wiring:
    """A recurrent block."""
    if len(source.shape) != 1:
        raise UnsupportedError(
            f"layer {name}: a recurrent block takes no image {source.shape}; put a Flatten before it"
        )
    require_no_bias(name, block)
    scale = require_scale(name, block.neuron)
    weights, facts = quantised(name, block.input_synapse, scale)
    own = block.recurrent_synapse
    with torch.no_grad():  # SLAYER never calls this synapse: it takes the weight as it lies there
        used = own.weight if own.pre_hook_fx is None else own.pre_hook_fx(own.weight.detach())
    back = whole_numbers(name, used.detach().cpu().numpy()[..., 0, 0, 0], scale, "recurrent weight")
    recurrent = DenseSynapse(back) if back.any() else None
    return Wiring(DenseSynapse(_as_matrix(name, weights, source)), (len(weights),), facts, recurrent)


def wire_flat_recurrent(name: str, block: Any, source: Incoming) -> Wiring:
    """A recurrent block that flattens its input itself."""
    return wire_recurrent(name, block, replace(source, shape=(math.prod(source.shape),)))


def wire_complex(name: str, block: Any, source: Incoming) -> Wiring:
    """A dense block of resonators: real and imaginary weights."""
    if len(source.shape) != 1:
        raise UnsupportedError(f"layer {name}: resonators take no image {source.shape}; put a Flatten before them")
    scale, both = require_scale(name, block.neuron), block.synapse
    real, facts = quantised(name, both.real, scale, block.mask)
    imag, _ = quantised(name, both.imag, scale, block.mask)
    parts = (DenseSynapse(_as_matrix(name, part, source)) for part in (real, imag))
    return Wiring(ComplexSynapse(*parts), (len(real),), facts)


def _written_out(name: str, block: Any, source: Incoming, facts: QuantisationFacts) -> Wiring:
    matrix, shape = unit_responses(name, block.synapse, require_scale(name, block.neuron), source.shape)
    return Wiring(DenseSynapse(matrix), shape, facts)


def _as_matrix(name: str, weights: IntArray, source: Incoming) -> IntArray:
    matrix = weights.reshape(len(weights), -1)
    if matrix.shape[1] != math.prod(source.shape):
        raise UnsupportedError(
            f"layer {name}: it takes {matrix.shape[1]} inputs, {source.shape} arrive; correct in_neurons"
        )
    return matrix


def _require_image(name: str, source: Incoming) -> None:
    if len(source.shape) != 3:
        raise UnsupportedError(f"layer {name}: it takes an image, {source.shape} arrives; put it before the Flatten")


def _pool_sides(synapse: Any, shape: Shape) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Per axis, zeros to put before the kernel and padding on both sides; None if windows cross channels.

    SLAYER pads behind the image only. A kernel with as many zeros in front, on an image padded on both sides, sees
    the same.
    """
    sides = []
    for axis, size in enumerate(shape[1:]):
        kernel, stride, padding, dilation = (
            getattr(synapse, which)[axis] for which in ("kernel_size", "stride", "padding", "dilation")
        )
        extra = size % kernel
        reach = dilation * (kernel - 1) + 1
        if extra % dilation:
            return None
        if axis == 0 and shape[0] > 1 and not _stays_inside(size + extra, stride, padding, reach):
            return None
        sides.append((extra // dilation, padding + extra))
    return sides[0], sides[1]


def _stays_inside(rows: int, stride: int, padding: int, reach: int) -> bool:
    """Whether windows over stacked images of so many rows each stay within their image."""
    return padding == 0 and rows % stride == 0 and rows - stride + reach <= rows
