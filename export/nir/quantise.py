"""One layer in float to one layer in integers: the scale, the rounding, and the facts about it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from evsnn_lava.errors import ConfigError, UnsupportedError
from evsnn_lava.export.lowering.pooling import Convolution, FloatArray, Shape, scaled
from evsnn_lava.export.nir.linear import Connection
from evsnn_lava.export.nir.maps import fitted
from evsnn_lava.export.nir.neurons import FloatNeuron, per_channel
from evsnn_lava.export.nir.report import LayerFacts, ParameterFact, rounding, span
from evsnn_lava.export.nir.scale import GRID, IntArray, WeightGrid, choose_scale, whole, whole_threshold
from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    DenseSynapse,
    DirectSynapse,
    QuantisationFacts,
    Synapse,
)
from evsnn_lava.network.ranges import DECAY_UNITY, RANGES

CURRENT_LIMIT: Final = 1 << 23
RESET: Final = "a spike sets the voltage to v_reset, as NIR says; where the writer subtracts the threshold it differs"
RESET_START: Final = "the voltage is counted from v_reset and starts there, NIR starts at 0"
THRESHOLD_EXP: Final = 6
"""The threshold is ``vth_mant << 6``, and netx reads a bias with the same exponent."""


@dataclass(frozen=True)
class Options:
    """How to write floats as integers.

    Parameters
    ----------
    dt_s : float
        Seconds of a step.
    weight_bits : int
        Bits of a weight, 2..8.
    inclusive : bool
        The network was trained with neurons that spike *at* the threshold; NIR's spike above it.
    """

    dt_s: float
    weight_bits: int = 8
    inclusive: bool = False

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not (math.isfinite(self.dt_s) and self.dt_s > 0):
            raise ConfigError(f"dt is {self.dt_s} s, it must be positive; give the step the network was trained with")
        if not 2 <= self.weight_bits <= 8:
            raise ConfigError(f"weight_bits is {self.weight_bits}, the limit is 2..8; choose 8")


@dataclass(frozen=True, eq=False)
class FloatLayer:
    """A layer before rounding.

    Parameters
    ----------
    name : str
        Name of the layer: that of the neuron node.
    shape : tuple of int
        ``(C, H, W)`` or ``(N,)``.
    feeds : tuple of Connection
        From other layers; in a chain one.
    loop : Connection or None
        From itself.
    neuron : FloatNeuron
        What a step does.
    direct : bool
        The input goes straight to the neurons.
    scale : float or None
        The scale that the writer of the graph asks for.
    weight_exp : (int, int)
        The same of the exponents of feed and loop.
    bias_exp : int
        The same of the bias.
    depth : int
        Number of layers before it.
    threshold_limit : int
        Largest threshold mantissa.
    """

    name: str
    shape: Shape
    feeds: tuple[Connection, ...]
    loop: Connection | None
    neuron: FloatNeuron
    direct: bool = False
    scale: float | None = None
    weight_exp: tuple[int, int] = (0, 0)
    bias_exp: int = THRESHOLD_EXP
    depth: int = 0
    threshold_limit: int = RANGES["vth_mant"][1]


@dataclass(frozen=True, eq=False)
class _Rounded:
    """Weights before and after."""

    exact: FloatArray
    whole: IntArray
    clipped: int


@dataclass(frozen=True, eq=False)
class WholeLayer:
    """A layer after rounding.

    Parameters
    ----------
    synapses : tuple of Synapse
        One for each feed.
    loop : DenseSynapse or None
        From the layer to itself.
    neuron : CubaNeuron
        Its neurons.
    facts : QuantisationFacts
        What goes into the network's file.
    report : LayerFacts
        Everything that was rounded.
    """

    synapses: tuple[Synapse, ...]
    loop: DenseSynapse | None
    neuron: CubaNeuron
    facts: QuantisationFacts
    report: LayerFacts


def quantise(layer: FloatLayer, options: Options) -> WholeLayer:
    """Write a layer in integers.

    The unit of a layer is free: one scale multiplies weights, bias and threshold. It is chosen so that the threshold
    is exact, no weight is clipped and the weights lose least (:func:`choose_scale`).

    Parameters
    ----------
    layer : FloatLayer
        The layer.
    options : Options
        Step and bits.

    Returns
    -------
    WholeLayer
        The integers and everything that was rounded.

    Raises
    ------
    UnsupportedError
        If neurons of a channel differ where the integers have one number per channel, or a delay is too long.
    CapacityError
        If a number does not fit.
    """
    neuron, name = layer.neuron, layer.name
    unit = float(neuron.threshold.max())
    relative = unit / neuron.threshold if unit else np.ones(layer.shape)
    factor = per_channel(neuron.gain * relative, "gain or threshold", name)
    bias = (_offset(layer) * neuron.offset_gain + neuron.drift) * relative
    floats = [_weights(feed, factor, layer.direct) / 2.0 ** layer.weight_exp[0] for feed in layer.feeds]
    if layer.loop is not None:
        floats.append(_weights(layer.loop, factor, False) / 2.0 ** layer.weight_exp[1])
    joined = np.concatenate([part.reshape(-1) for part in floats])
    grid = WeightGrid.direct() if layer.direct else WeightGrid.of(joined, options.weight_bits)
    scale = layer.scale or choose_scale(joined, grid, unit, bias, layer.threshold_limit)
    rounded = [_round(part, scale, grid, name, layer.scale is not None) for part in floats]
    cuba, facts = _quantise_neuron(layer, unit, bias, scale, options)
    synapses = tuple(
        _synapse(layer, feed, part.whole, options) for feed, part in zip(layer.feeds, rounded, strict=False)
    )
    loop = None if layer.loop is None else _dense(layer, layer.loop, rounded[-1].whole, 1, options)
    stored = synapses if loop is None else (*synapses, loop)
    facts = (*facts, *_delay_facts(layer, options), *_overflow(stored, cuba))
    return WholeLayer(synapses, loop, cuba, *_summary(name, scale, rounded, facts))


def _offset(layer: FloatLayer) -> FloatArray:
    total: FloatArray = np.zeros(layer.shape)
    for connection in (*layer.feeds, layer.loop):
        if connection is not None:
            total = total + fitted(connection.offset, layer.shape, "bias")
    return total


def _weights(connection: Connection, factor: FloatArray, direct: bool) -> FloatArray:
    """Weights with the gain of every receiving neuron folded in."""
    if direct:
        return np.array([(connection.plain or 0.0) * factor[0]])
    if isinstance(connection.linear, Convolution):
        return scaled(connection.linear, factor).weights
    weights = connection.linear.weights
    return weights * np.repeat(factor, len(weights) // len(factor))[:, None]


def _round(weights: FloatArray, scale: float, grid: WeightGrid, name: str, given: bool) -> _Rounded:
    """Round to the grid; where the writer gave the scale, any whole weight is meant."""
    target = weights * scale
    near, (low, high) = np.rint(target), RANGES["weight"]
    meant = given and np.abs(target - near).max() < GRID and near.min() >= low and near.max() <= high
    stepped = near if meant else grid.round(target)
    clipped = near if meant else grid.clip(stepped)
    return _Rounded(weights, whole(clipped, f"node {name}"), int((stepped != clipped).sum()))


def _synapse(layer: FloatLayer, feed: Connection, weights: IntArray, options: Options) -> Synapse:
    if layer.direct:
        return DirectSynapse(int(weights[0]))
    linear = feed.linear
    if isinstance(linear, Convolution):
        exponent = layer.weight_exp[0]
        return ConvSynapse(weights, linear.stride, linear.padding, linear.dilation, linear.groups, exponent)
    return _dense(layer, feed, weights, 0, options)


def _dense(layer: FloatLayer, connection: Connection, weights: IntArray, index: int, options: Options) -> DenseSynapse:
    delays = _steps(layer.name, connection, options) if connection.seconds.any() else None
    return DenseSynapse(weights, layer.weight_exp[index], delays)


def _steps(name: str, connection: Connection, options: Options) -> IntArray:
    low, high = RANGES["delay"]
    steps = np.rint(connection.seconds / options.dt_s)
    if steps.min() < low or steps.max() > high:
        raise UnsupportedError(
            f"node {name}: delays of {span(connection.seconds)} s are {span(steps)} steps of {options.dt_s:g} s, the "
            f"limit is {low}..{high} steps; shorten them or choose a longer dt"
        )
    return whole(steps, f"node {name}")


def _quantise_neuron(
    layer: FloatLayer, unit: float, bias: FloatArray, scale: float, options: Options
) -> tuple[CubaNeuron, tuple[ParameterFact, ...]]:
    neuron, name, remarks = layer.neuron, layer.name, layer.neuron.remarks
    vth = whole_threshold(unit * scale, options.inclusive)
    current = whole(neuron.current_decay * DECAY_UNITY, f"node {name}")
    voltage = whole(neuron.voltage_decay * DECAY_UNITY, f"node {name}")
    exponent = 2.0 ** (layer.bias_exp - THRESHOLD_EXP)
    mantissa = whole(bias * scale / exponent, f"node {name}")
    compared = vth + 1 if options.inclusive else vth
    facts = (
        rounding("threshold", np.array(unit), np.array(compared / scale), vth),
        rounding("voltage decay", neuron.voltage_decay, voltage / DECAY_UNITY, voltage),
        rounding(
            "current decay", neuron.current_decay, current / DECAY_UNITY, current, remarks.get("current decay", "")
        ),
        rounding("bias", bias, mantissa * exponent / scale, mantissa, _bias_remark(layer, bool(bias.any()))),
        _reset(neuron),
    )
    cuba = CubaNeuron(
        vth_mant=vth,
        du=_parameter(current - 1, "tau_syn", name),
        dv=_parameter(voltage, "tau", name),
        bias_mant=_bias(mantissa),
        bias_exp=layer.bias_exp,
    )
    return cuba, facts


def _bias_remark(layer: FloatLayer, biased: bool) -> str:
    """Why a bias is approximate: it is the same in every step, from the first step on."""
    early = f"acts {layer.depth} steps before the first frame reaches the layer" if biased and layer.depth else ""
    slow = layer.neuron.remarks.get("bias", "") if _offset(layer).any() else ""
    return "; ".join(part for part in (slow, early) if part)


def _reset(neuron: FloatNeuron) -> ParameterFact:
    if neuron.reset.any():
        return ParameterFact("reset", span(neuron.reset), "0", 0.0, "approximate", f"{RESET_START}; {RESET}")
    return ParameterFact("reset", "0", "0", 0.0, "faithful", RESET)


def _parameter(values: IntArray, what: str, name: str) -> Any:
    """One number for the layer when all are equal, else one per channel."""
    if not np.ptp(values):
        return int(values.flat[0])
    return per_channel(values.astype(np.float64), what, name).astype(np.int64)


def _bias(mantissa: IntArray) -> IntArray | None:
    if not mantissa.any():
        return None
    flat = mantissa.reshape(len(mantissa), -1)
    return mantissa if np.ptp(flat, axis=1).any() else flat[:, 0]


def _delay_facts(layer: FloatLayer, options: Options) -> tuple[ParameterFact, ...]:
    found = [("delay", feed) for feed in layer.feeds] + ([("loop delay", layer.loop)] if layer.loop else [])
    return tuple(
        rounding(
            what,
            one.seconds,
            _steps(layer.name, one, options) * np.float64(options.dt_s),
            _steps(layer.name, one, options),
        )
        for what, one in found
        if one.seconds.any()
    )


def _overflow(synapses: tuple[Synapse, ...], neuron: CubaNeuron) -> tuple[ParameterFact, ...]:
    """Whether the current can wrap at 24 bits when every input spikes in every step."""
    summed = sum(
        np.abs(synapse.matrices[0].astype(np.int64).reshape(len(synapse.matrices[0]), -1)).sum(axis=1).max()
        for synapse in synapses
        if synapse.matrices
    )
    kept = float(np.max(DECAY_UNITY / np.maximum(np.asarray(neuron.du) + 1, 1e-3)))
    largest = 64 * float(summed) * kept
    if largest < CURRENT_LIMIT:
        return ()
    remark = f"wraps at 2^23, which takes {100 * CURRENT_LIMIT / largest:.2g} % of all inputs in every step"
    return (ParameterFact("range of the current", "unlimited", "24 bits", 0.0, "approximate", remark),)


def _summary(
    name: str, scale: float, rounded: list[_Rounded], facts: tuple[ParameterFact, ...]
) -> tuple[QuantisationFacts, LayerFacts]:
    exact = np.concatenate([part.exact.reshape(-1) for part in rounded])
    stored = np.concatenate([part.whole.reshape(-1) for part in rounded])
    errors = np.abs(stored / scale - exact)
    clipped, largest = sum(part.clipped for part in rounded), float(errors.max())
    relative = largest / (float(np.abs(exact).max()) or 1.0)
    status = "faithful" if relative < GRID else "approximate"
    weights = ParameterFact("weights", span(exact, 4), span(stored), relative, status)
    report = LayerFacts(
        name,
        exact.size,
        float(exact.min()),
        float(exact.max()),
        scale,
        largest,
        float(errors.mean()),
        clipped,
        int(((stored == 0) & (exact != 0)).sum()),
        (weights, *facts),
    )
    return QuantisationFacts(name, scale, largest, clipped, int((stored == 0).sum())), report
