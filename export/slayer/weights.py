"""Integer weights of SLAYER synapses: what the forward pass multiplies with, read without touching the module."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._torch import Tensor, torch
from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.lowering.kernels import MATRIX_LIMIT
from evsnn_lava.network import QuantisationFacts
from evsnn_lava.network.ranges import RANGES

IntArray = npt.NDArray[np.int32]
Shape = tuple[int, ...]

_BATCH: Final = 256


def require_scale(name: str, neuron: Any) -> int:
    """The integer that stands for 1.0 in the weights of a block.

    Raises
    ------
    UnsupportedError
        If it is no power of two: SLAYER's float weights are then no exact multiples.
    """
    scale = int(neuron.w_scale)
    if scale < 1 or math.log2(scale) % 1:
        raise UnsupportedError(f"layer {name}: the weight scale is {scale}, only powers of two are exact; use 64")
    return scale


def quantised(name: str, synapse: Any, scale: int, mask: Tensor | None = None) -> tuple[IntArray, QuantisationFacts]:
    """Integers that a synapse multiplies with.

    Parameters
    ----------
    name : str
        Name of the layer, for messages.
    synapse : slayer.synapse layer
        With a real weight; a weight norm is folded, the module stays as it is.
    scale : int
        Integer that stands for 1.0, a power of two.
    mask : torch.Tensor, optional
        The block's connection mask. SLAYER's weight norm undoes it.

    Returns
    -------
    weights : numpy.ndarray of int32
        Of the shape of the parameter without its last axis, time.
    facts : QuantisationFacts
        What rounding did.

    Raises
    ------
    UnsupportedError
        If weights are not finite, not quantised or all zero, or the synapse has a bias.
    """
    require_no_bias(name, synapse)
    with torch.no_grad():
        raw = raw_weight(synapse, mask)
        if not raw.isfinite().all():
            broken = int((~raw.isfinite()).sum())
            raise UnsupportedError(
                f"layer {name}: {broken} weights are not finite; train again with a smaller learning_rate"
            )
        hook = synapse.pre_hook_fx
        used = raw if hook is None else hook(raw)
    weights = whole_numbers(name, used.cpu().numpy()[..., 0], scale, "weight")
    if not weights.any():
        raise UnsupportedError(f"layer {name}: all weights are zero after quantisation; train it longer or remove it")
    return weights, _facts(name, raw.cpu().numpy()[..., 0], weights, scale)


def require_no_bias(name: str, module: Any) -> None:
    """Refuse a bias that was given to a block or synapse later: SLAYER adds it to the current, netx knows none.

    Raises
    ------
    UnsupportedError
        If it is not None.
    """
    if module.bias is not None:
        raise UnsupportedError(
            f"layer {name}: the bias of its {type(module).__name__} is set, which SLAYER adds to the current and no "
            "layer can; set it to None and train with a norm, slayer.neuron.norm.MeanOnlyBatchNorm"
        )


def raw_weight(synapse: Any, mask: Tensor | None = None) -> Tensor:
    """Float weight before quantisation, as the next forward pass will find it."""
    if hasattr(synapse, "weight_g"):
        return torch._weight_norm(synapse.weight_v, synapse.weight_g, 0).detach()
    weight = synapse.weight.detach()
    return weight if mask is None else weight * mask.to(weight.dtype)


def whole_numbers(name: str, values: npt.NDArray[np.floating], scale: int, what: str) -> IntArray:
    """Scaled floats as integers, if they are that.

    Raises
    ------
    UnsupportedError
        If any is no whole number or out of the range of a weight.
    """
    scaled = values.astype(np.float64) * scale
    low, high = RANGES["weight"]
    if (scaled != np.rint(scaled)).any() or (scaled.size and (scaled.min() < low or scaled.max() > high)):
        raise UnsupportedError(
            f"layer {name}: its {what}s are no multiples of 1/{scale} within {low}/{scale}..{high}/{scale}; "
            "leave pre_hook_fx at SLAYER's quantize_8bit"
        )
    return scaled.astype(np.int32)


def unit_responses(name: str, synapse: Any, scale: int, shape: Shape) -> tuple[IntArray, Shape]:
    """Write any linear synapse out as a matrix, by feeding it one input at a time.

    Parameters
    ----------
    name : str
        Name of the layer, for messages.
    synapse : slayer.synapse layer
        The synapse, quantising.
    scale : int
        Integer that stands for 1.0.
    shape : tuple of int
        Shape of the input.

    Returns
    -------
    matrix : numpy.ndarray of int32, shape (out, in)
        The weights, rows and columns flattened in ``(C, H, W)`` order.
    shape : tuple of int
        Shape of the output.

    Raises
    ------
    UnsupportedError
        If the matrix would have more than ``MATRIX_LIMIT`` entries.
    """
    inputs, device = math.prod(shape), synapse.weight.device
    with torch.no_grad():
        output = tuple(synapse(torch.zeros(1, *shape, 1, device=device)).shape[1:-1])
        size = inputs * math.prod(output)
        if size > MATRIX_LIMIT:
            raise UnsupportedError(
                f"layer {name}: written out as a matrix it has {size} connections, the limit is {MATRIX_LIMIT}; "
                "use fewer channels or a smaller image, or a convolution with stride"
            )
        rows = []
        for start in range(0, inputs, _BATCH):
            units = torch.zeros(min(_BATCH, inputs - start), inputs, device=device)
            units[torch.arange(len(units)), torch.arange(len(units)) + start] = 1
            rows.append(synapse(units.reshape(-1, *shape, 1)).flatten(1).cpu().numpy())
    return whole_numbers(name, np.concatenate(rows).T, scale, "weight"), output


def _facts(name: str, raw: npt.NDArray[np.floating], weights: IntArray, scale: int) -> QuantisationFacts:
    error = np.abs(np.clip(raw, -256 / scale, 254 / scale) - weights / scale)
    clipped = np.count_nonzero((raw < -257 / scale) | (raw > 255 / scale))
    return QuantisationFacts(name, float(scale), float(error.max()), int(clipped), int(np.count_nonzero(weights == 0)))
