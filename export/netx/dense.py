"""Dense blocks of a netx file: plain, complex and recurrent ones.

Source: ``lava.lib.dl.netx.hdf5.Network.create_dense``.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from evsnn_lava.errors import FormatError, UnsupportedError
from evsnn_lava.export.netx.container import REMEDY
from evsnn_lava.export.netx.groups import Decision, Group, IntArray, build
from evsnn_lava.export.netx.neurons import Found, Place, integrator, read_neuron
from evsnn_lava.export.netx.parts import Block, Shape, Source, layer_name, positive, require, require_sizes
from evsnn_lava.export.netx.weights import multiplied
from evsnn_lava.network import ComplexSynapse, DenseSynapse, Layer
from evsnn_lava.network.ranges import RANGES, require_range

DELAY_LIMIT: Final = RANGES["delay"][1]


def read_dense(group: Group, source: Source) -> Block:
    """Read ``dense``; ``weight/real`` and ``weight/imag`` instead of ``weight`` make it complex."""
    if group.has("weight/imag"):
        return _read_complex(group, source)
    (forward,), decisions = multiplied(group.where("weight"), _matrix(group, "weight"))
    delays, clamped = _delays(group, forward, source)
    synapse = build(group.path, DenseSynapse, forward, delays=delays)
    return _finished(group, source, synapse, None, decisions + clamped)


def _read_complex(group: Group, source: Source) -> Block:
    if group.has("delay"):
        raise UnsupportedError(f"{group.where('delay')}: netx ignores the delay of resonators; train them without")
    parts: list[DenseSynapse] = []
    decisions: list[Decision] = []
    for name in ("weight/real", "weight/imag"):
        (part,), changed = multiplied(group.where(name), _matrix(group, name))
        parts.append(build(group.path, DenseSynapse, part))
        decisions += changed
    return _finished(group, source, build(group.path, ComplexSynapse, *parts), None, decisions)


def read_recurrent(group: Group, source: Source) -> Block:
    """Read ``dense_rec``, or ``recurrent`` of older files, which stock netx silently skips."""
    if group.has("delay"):
        raise UnsupportedError(
            f"{group.where('delay')}: netx gives a recurrent block with delays other weights; train it without"
        )
    old = group.text("type") == "recurrent"
    forward, back = _matrix(group, "weight"), _matrix(group, "recWeight" if old else "weight_rec")
    if back.shape != (len(forward), len(forward)):
        raise FormatError(f"/{group.path}: recurrent weights have shape {back.shape}, expected a square; {REMEDY}")
    (forward, back), decisions = multiplied(group.where("weight"), forward, back)
    if old:
        decisions.append(Decision(group.where("type"), "recurrent, which stock netx skips, is read as dense_rec"))
    synapse, recurrent = (build(group.path, DenseSynapse, part) for part in (forward, back))
    return _finished(group, source, synapse, recurrent, decisions)


def _finished(
    group: Group,
    source: Source,
    synapse: DenseSynapse | ComplexSynapse,
    recurrent: DenseSynapse | None,
    decisions: list[Decision],
) -> Block:
    """Put a neuron behind the synapse, and check that both fit to what comes before."""
    if source.form == "map":
        raise FormatError(f"/{group.path}: a dense block after {source.shape} without flatten, netx fails; {REMEDY}")
    outputs, inputs = synapse.matrices[0].shape
    require_sizes(group, synapse.matrices[0], {"inFeatures": inputs, "outFeatures": outputs})
    input_shape = source.shape or (inputs, 1, 1)
    shape = build(group.path, synapse.output_shape, input_shape)
    neuron, made = _neuron(group, _bias(group, shape))
    layer = build(group.path, Layer, layer_name(group, "dense"), synapse, neuron, shape, recurrent)
    if recurrent is not None and neuron.graded and not source.message_bits:
        raise UnsupportedError(f"/{group.path}: netx takes recurrent graded messages for spikes; feed it graded input")
    return Block(source.after(layer, "flat"), input_shape, layer, (*decisions, *made))


def _neuron(group: Group, bias: IntArray | None) -> Found:
    place = Place(group.group("neuron"), False, bias)
    return read_neuron(place) if group.has("neuron") else integrator(place)


def _bias(group: Group, shape: Shape) -> IntArray | None:
    if not group.has("bias"):
        return None
    bias = group.numbers("bias")
    if bias.shape == ():
        bias = np.full(shape, bias)
    require(group, "bias", bias.shape, shape)
    build(f"{group.path}/bias", require_range, "bias_mant", bias, "bias")
    return bias


def _matrix(group: Group, name: str) -> IntArray:
    """Weights ``(out, in)``; a flat list is cut into one row per output."""
    outputs = math.prod(positive(group, "shape", (1, 3)))
    weights = group.numbers(name)
    if weights.ndim == 1 and weights.size % outputs == 0:
        weights = weights.reshape(outputs, -1)
    if weights.ndim != 2 or len(weights) != outputs:
        raise FormatError(f"{group.where(name)} has shape {weights.shape}, expected ({outputs}, inputs); {REMEDY}")
    build(f"{group.path}/{name}", require_range, "weight", weights, "weights")
    return weights


def _delays(group: Group, weights: IntArray, source: Source) -> tuple[IntArray | None, list[Decision]]:
    """One for all, one per output, one per input or one per connection; per output when both fit, as in netx."""
    if not group.has("delay"):
        return None, []
    delays = group.numbers("delay")
    outputs, inputs = weights.shape
    laid_out = {(outputs, inputs): (outputs, inputs), (inputs,): (1, inputs), (outputs,): (outputs, 1), (): (1, 1)}
    if delays.shape not in laid_out:
        raise FormatError(
            f"{group.where('delay')} has shape {delays.shape}, weights {weights.shape}; give one per output or input"
        )
    build(f"{group.path}/delay", require_range, "delay", np.minimum(delays, DELAY_LIMIT), "delays")
    return np.minimum(delays, DELAY_LIMIT).reshape(laid_out[delays.shape]), _clamped(group, delays, source)


def _clamped(group: Group, delays: IntArray, source: Source) -> list[Decision]:
    long = int((delays > DELAY_LIMIT).sum())
    if long and not source.clamp_delays:
        raise UnsupportedError(
            f"{group.where('delay')} goes up to {delays.max()}, the limit is {DELAY_LIMIT}; allow to clamp it, as netx"
        )
    fact = f"{long} delays of up to {delays.max()} became {DELAY_LIMIT}, as in netx"
    return [Decision(group.where("delay"), fact)] if long else []
