"""SLAYER neurons as neurons of the description: the same spikes in integers, or a refusal."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._torch import F, slayer, torch
from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.slayer.weights import require_scale, whole_numbers
from evsnn_lava.network import CubaNeuron, DeltaNeuron, RfIzNeuron, RfNeuron, SigmaDeltaNeuron, SigmaNeuron
from evsnn_lava.network.description import Neuron

IntArray = npt.NDArray[np.int32]
Shape = tuple[int, ...]

EPSILON_LIMIT: Final = 4096
"""From this threshold mantissa on, SLAYER's epsilon of 0.01 is lost in float32, and its ``>=`` fires at equality."""

DELTA_SCALE: Final = 64
"""netx fixes the fractional bits of sigma-delta messages and states at 6 each, which is this weight scale."""

_EPSILON: Final = 0.01
"""What SLAYER adds to the threshold of a CUBA neuron, in units of the voltage."""

_FULL: Final = (0, 4096)


def read_cuba(name: str, neuron: Any, shape: Shape) -> CubaNeuron:
    """A CUBA neuron.

    Parameters
    ----------
    name : str
        Name of the layer, for messages.
    neuron : slayer.neuron.cuba.Neuron
        In evaluation mode: dropout is off, a norm uses its running mean.
    shape : tuple of int
        Shape of the neurons as SLAYER sees them.

    Returns
    -------
    CubaNeuron
        Per-channel parameters have one value per channel.

    Raises
    ------
    UnsupportedError
        If it has graded spikes, a norm that scales, decays that SLAYER applies to another axis or has not drawn yet,
        fires at equality with its threshold, or has another threshold than it was made with.
    """
    if neuron.graded_spike:
        raise UnsupportedError(
            f"layer {name}: it sends graded spikes, the deployed neuron sends 0 or 1; set graded_spike=False"
        )
    scale = require_scale(name, neuron)
    _require_own_threshold(name, neuron)
    keep_current, keep_voltage = (_decay(name, neuron, side, shape) for side in ("current_decay", "voltage_decay"))
    bias = _norm_bias(name, neuron, scale, shape[0])
    vth_mant = _threshold(name, neuron, keep_current, keep_voltage)
    return CubaNeuron(vth_mant, keep_current - 1, keep_voltage, bias)


def read_delta(name: str, neuron: Any, _: Shape) -> DeltaNeuron:
    """The delta half of a sigma-delta neuron: an input block.

    Raises
    ------
    UnsupportedError
        As :func:`read_sigma_delta`.
    """
    return DeltaNeuron(_delta_threshold(name, neuron))


def read_sigma(name: str, neuron: Any, _: Shape) -> SigmaNeuron:
    """The sigma half of a sigma-delta neuron: an output block."""
    _delta_threshold(name, neuron)
    return SigmaNeuron()


def read_sums(name: str, neuron: Any, _: Shape) -> SigmaDeltaNeuron:
    """A head of sums: its block has a neuron for the scale of the weights alone, the deployed one passes on."""
    require_scale(name, neuron)
    return SigmaDeltaNeuron.sums()


def read_sigma_delta(name: str, neuron: Any, shape: Shape) -> SigmaDeltaNeuron:
    """A sigma-delta neuron.

    Raises
    ------
    UnsupportedError
        If it has another activation than ReLU or identity, cumulative errors, a scale other than 64 or a threshold
        that is no multiple of 1/64.
    """
    activation = _activation(name, neuron.activation)
    bias = _norm_bias(name, neuron, require_scale(name, neuron), shape[0])
    if neuron.bias_is_set:
        given = whole_bias(name, np.broadcast_to(neuron.bias.detach().cpu().numpy(), shape))
        bias = given if bias is None else given + bias.reshape(-1, *(1,) * (len(shape) - 1))
    return SigmaDeltaNeuron(_delta_threshold(name, neuron), bias, activation)


def read_rf(name: str, neuron: Any, _: Shape) -> RfNeuron:
    """A resonate-and-fire neuron, with phase threshold or after Izhikevich.

    Raises
    ------
    UnsupportedError
        If it has graded spikes, norms or frequencies of its own per channel.
    """
    require_scale(name, neuron)
    _require_own_threshold(name, neuron)
    refusals = (
        (neuron.graded_spike, "it sends graded spikes, the deployed neuron sends 0 or 1; set graded_spike=False"),
        (neuron.real_norm is not None, "it has a norm, which a resonator cannot fold; train without norm"),
        (neuron.sin_decay.numel() > 1 or not neuron.shared_param, "it has a frequency per channel; set shared_param"),
        (neuron.v_th_mant <= 0, "its threshold is 0, it fires without input; raise it"),
    )
    for refused, reason in refusals:
        if refused:
            raise UnsupportedError(f"layer {name}: {reason}")
    own = copy.deepcopy(neuron)
    if own.requires_grad:
        own.clamp()  # as the next forward pass will
    sin, cos = (int(torch.round(part.detach()).item()) for part in (own.sin_decay, own.cos_decay))
    kind = RfIzNeuron if isinstance(neuron, slayer.neuron.rf_iz.Neuron) else RfNeuron
    return kind(int(neuron.v_th_mant), sin, cos)


def spread_over(neuron: Neuron, shape: Shape) -> Neuron:
    """The same neurons one by one: what was given per channel is repeated over ``(H, W)`` of `shape`."""
    per_channel = {
        name: np.broadcast_to(value.reshape(-1, *(1,) * (len(shape) - 1)), shape).reshape(-1)
        if value.shape != shape
        else value.reshape(-1)
        for name, value in neuron.per_channel.items()
    }
    changes: dict[str, Any] = per_channel
    return replace(neuron, **changes) if changes else neuron


def has_bias(neuron: Neuron) -> bool:
    """Whether something is added in every step, which makes the step where the neuron starts matter."""
    bias = getattr(neuron, "bias_mant", None)
    return bias is not None and bool(np.any(bias))


def norm_divisor(name: str, neuron: Any) -> float:
    """Power of two by which a ``WgtScaleBatchNorm`` divides between current and voltage; 1 for other norms.

    Where the current keeps nothing, or everything, from step to step, nothing is rounded and the weights can be divided
    instead.

    Raises
    ------
    UnsupportedError
        If it divides a current that is rounded.
    """
    norm = getattr(neuron, "norm", None)
    if not isinstance(norm, slayer.neuron.norm.WgtScaleBatchNorm):
        return 1.0
    with torch.no_grad():
        divisor = float(norm.std(norm.running_var))
    exact = isinstance(neuron, slayer.neuron.cuba.Neuron) and neuron.shared_param
    if divisor != 1 and not (exact and int(torch.round(neuron.current_decay.detach()).item()) in _FULL):
        raise UnsupportedError(
            f"layer {name}: its WgtScaleBatchNorm divides by {divisor:g} between current and voltage, which has no "
            "exact form; use MeanOnlyBatchNorm"
        )
    return divisor


def whole_bias(name: str, values: npt.NDArray[np.floating]) -> IntArray:
    """A bias of sigma-delta neurons in units of 1/64."""
    scaled = values.astype(np.float64) * DELTA_SCALE
    if (scaled != np.rint(scaled)).any():
        raise UnsupportedError(f"layer {name}: its bias is no multiple of 1/{DELTA_SCALE}; round it before set_bias")
    return scaled.astype(np.int32)


def _decay(name: str, neuron: Any, side: str, shape: Shape) -> Any:
    """Rounded as SLAYER does, half to even; one number, or one per channel."""
    if hasattr(neuron, f"{side}_min"):
        raise UnsupportedError(f"layer {name}: its decays are not drawn yet; run the network once before compiling")
    value = getattr(neuron, side).detach()
    value = torch.round(value.clamp(0, neuron.p_scale) if neuron.requires_grad else value).cpu().numpy()
    if value.min() < _FULL[0] or value.max() > _FULL[1]:
        raise UnsupportedError(
            f"layer {name}: {side} spans {value.min():.0f}..{value.max():.0f} of 4096, the limit is 0..4096; clamp it"
        )
    if value.size == 1:
        return int(value.item())
    if len(shape) != 1:
        raise UnsupportedError(
            f"layer {name}: SLAYER's CPU code lays a decay per channel along the width of an image; "
            "set shared_param=True here"
        )
    return value.astype(np.int32)


def _require_own_threshold(name: str, neuron: Any) -> None:
    """SLAYER rounds a threshold when the neuron is made, and compares with the attributes that it finds later."""
    own = _EPSILON / neuron.s_scale
    epsilon = getattr(neuron, "threshold_eps", own)
    refusals = (
        (
            neuron.threshold * neuron.w_scale != int(neuron.v_th_mant),
            f"its threshold was changed to {neuron.threshold:g}, no multiple of 1/{neuron.w_scale}; make a new neuron",
        ),
        (epsilon != own, f"its threshold_eps is {epsilon:g}, SLAYER's own is {own:g}; leave it and set the threshold"),
    )
    for refused, reason in refusals:
        if refused:
            raise UnsupportedError(f"layer {name}: {reason}")


def _threshold(name: str, neuron: Any, keep_current: Any, keep_voltage: Any) -> int:
    """SLAYER tests ``v >= threshold + epsilon`` in float32, the integers ``v > threshold``."""
    vth_mant = int(neuron.v_th_mant)
    if vth_mant < EPSILON_LIMIT:
        return vth_mant
    if np.isin(keep_current, _FULL).all() and np.isin(keep_voltage, _FULL).all():
        return vth_mant - 1  # without rounding, voltages are multiples of 64 like the threshold
    raise UnsupportedError(
        f"layer {name}: from a threshold of {EPSILON_LIMIT}/{neuron.w_scale} on, SLAYER also fires at the threshold "
        f"itself ({vth_mant}/{neuron.w_scale}), the integers only above it; scale weights and threshold down"
    )


def _norm_bias(name: str, neuron: Any, scale: int, channels: int) -> IntArray | None:
    """A norm is a bias: minus its quantised mean, divided as the weights are."""
    norm = neuron.norm
    if norm is None:
        return None
    norms = slayer.neuron.norm
    if not isinstance(norm, norms.MeanOnlyBatchNorm | norms.WgtScaleBatchNorm):
        raise UnsupportedError(f"layer {name}: its norm {type(norm).__name__} is unknown; use MeanOnlyBatchNorm")
    with torch.no_grad():
        shift = norm.pre_hook_fx(norm.running_mean).cpu().numpy()
    bias = -whole_numbers(name, shift, scale, "running mean") / norm_divisor(name, neuron)
    if (bias % 1).any():
        raise UnsupportedError(f"layer {name}: its norm divides its bias to no whole number; use MeanOnlyBatchNorm")
    return np.broadcast_to(bias.astype(np.int32), (channels,))


def _delta_threshold(name: str, neuron: Any) -> int:
    delta = neuron.delta
    thresholds = np.maximum(delta.threshold.detach().cpu().numpy().astype(np.float64), 1 / delta.scale)
    mantissas = thresholds * DELTA_SCALE
    refusals = (
        (require_scale(name, neuron) != DELTA_SCALE, f"the weight scale is {neuron.w_scale}; use {DELTA_SCALE}"),
        (delta.cum_error, "it sums up errors (cum_error), which the deployed neuron does not; set cum_error=False"),
        (mantissas.min() != mantissas.max(), "it has a threshold per channel; set shared_param=True"),
        (
            bool((mantissas != np.rint(mantissas)).any()),
            f"its threshold {thresholds.max():g} (at least 1/{delta.scale} in SLAYER) is no multiple of 1/64; round it",
        ),
    )
    for refused, reason in refusals:
        if refused:
            raise UnsupportedError(f"layer {name}: {reason}")
    return int(mantissas.max())


def _activation(name: str, activation: Any) -> str:
    if activation in (F.relu, torch.relu) or isinstance(activation, torch.nn.ReLU):
        return "relu"
    if isinstance(activation, torch.nn.Identity):
        return "unit"
    called = getattr(activation, "__name__", type(activation).__name__)
    raise UnsupportedError(f"layer {name}: its activation is {called}; use torch.nn.functional.relu or nn.Identity")


READ_NEURON: Final[dict[str, Callable[[str, Any, Shape], Any]]] = {
    "cuba": read_cuba,
    "sigma_delta": read_sigma_delta,
    "delta": read_delta,
    "sigma": read_sigma,
    "sums": read_sums,
    "rf": read_rf,
}
"""How to read a neuron, by what its block makes of it."""
