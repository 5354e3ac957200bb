"""Blocks of a netx file: what stands below ``/layer/<i>``, and the layer that netx makes of it.

Source: ``lava.lib.dl.netx.hdf5.Network._create`` and the functions that it calls.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from evsnn_lava.errors import FormatError, UnsupportedError
from evsnn_lava.export.netx.container import REMEDY
from evsnn_lava.export.netx.dense import read_dense, read_recurrent
from evsnn_lava.export.netx.groups import Decision, Group, IntArray, build
from evsnn_lava.export.netx.neurons import Place, read_neuron
from evsnn_lava.export.netx.parts import Block, Shape, Source, layer_name, pair, positive, require, require_sizes
from evsnn_lava.network import ConvSynapse, CubaNeuron, DirectSynapse, Layer
from evsnn_lava.network.ranges import require_range


def read_block(group: Group, source: Source) -> Block:
    """Read a block.

    Parameters
    ----------
    group : Group
        ``/layer/<i>``.
    source : Source
        What comes before it.

    Returns
    -------
    Block
        The layer and what follows from it.

    Raises
    ------
    FormatError
        If it is incomplete, contradictory or unknown.
    UnsupportedError
        If netx does not load it, or would silently compute something else.
    CapacityError
        If a number does not fit into Loihi's integers.
    """
    kind = group.text("type")
    if kind in REFUSED:
        raise UnsupportedError(f"{group.where('type')} is {kind}, which netx cannot load; {REFUSED[kind]}")
    if kind not in BLOCKS:
        raise FormatError(f"{group.where('type')} is {kind}; the known ones are {', '.join(BLOCKS)}")
    read, known = BLOCKS[kind]
    group.require_known([*known, *(f"neuron/{name}" for name in group.group("neuron").fields)])
    return read(group, source)


def _read_input(group: Group, source: Source) -> Block:
    """Read the neurons that take the input; without neurons, the block only says its shape."""
    if group.path != "layer/0":
        raise FormatError(f"/{group.path} is an input block, which stands first; {REMEDY}")
    sizes = positive(group, "shape", (1, 3))
    shape = sizes if len(sizes) == 3 else (*sizes, 1, 1)
    if not group.has("neuron"):
        group.require_known(("type", "shape"))
        return Block(replace(source, shape=shape, form="input" if len(sizes) == 3 else "flat"), shape)
    neuron, decisions = read_neuron(Place(group.group("neuron"), True, None))
    synapse, made = _input_synapse(group, source, isinstance(neuron, CubaNeuron))
    layer = build(group.path, Layer, layer_name(group, "input"), synapse, neuron, shape)
    after = source.after(layer, "map" if len(sizes) == 3 else "flat")
    return Block(after, shape, layer, (*made, *decisions))


def _input_synapse(group: Group, source: Source, has_current: bool) -> tuple[DirectSynapse, list[Decision]]:
    """Apply the input's transform to spikes; to numbers, which need not be whole, only on request: netx does not."""
    weight, bias = group.number("weight", 64), group.number("bias", 0)
    path = f"/{group.path}"
    if source.fold_input or not source.message_bits:
        value = "value" if source.message_bits else "spike"
        fact = f"an input neuron gets {weight} x {value} + {bias}, the transform in the file"
        return build(group.path, DirectSynapse, weight, bias), [Decision(path, fact)]
    fact = (
        f"input values reach the neurons as they are, as in netx; {weight} x value + {bias} is left to the user, or to "
        "the network with --fold-input"
    )
    decisions = [Decision(path, fact)]
    if has_current and (group.group("neuron").numbers("iDecay") != 4096).any():
        fact = "the input enters the current, as in training; users of netx set it as the bias of the voltage"
        decisions.append(Decision(path, fact))
    return DirectSynapse(weight=1), decisions


def _read_flatten(group: Group, source: Source) -> Block:
    if group.has("shape") and source.shape is not None:
        require(group, "shape", (math.prod(positive(group, "shape", (1, 3))),), (math.prod(source.shape),))
    return Block(replace(source, form="flat"), source.shape)


def _read_conv(group: Group, source: Source) -> Block:
    if source.shape is None:
        raise FormatError(f"/{group.path}: a convolution without an input block; give the input shape (C, H, W)")
    if source.form == "flat":
        raise FormatError(f"/{group.path}: a convolution after a row of neurons, netx fails; {REMEDY}")
    if group.has("delay") and group.numbers("delay").any():
        raise UnsupportedError(f"{group.where('delay')}: netx ignores the delay of a convolution; train it without")
    synapse = _conv_synapse(group)
    shape = build(group.path, synapse.output_shape, source.shape)
    require(group, "shape", positive(group, "shape", (3,)), shape)
    require_sizes(group, synapse.weights, {"inChannels": source.shape[0], "outChannels": shape[0]})
    neuron, decisions = read_neuron(Place(group.group("neuron"), False, _conv_bias(group, shape)))
    layer = build(group.path, Layer, layer_name(group, "conv"), synapse, neuron, shape)
    return Block(source.after(layer, "map"), source.shape, layer, tuple(decisions))


def _conv_synapse(group: Group) -> ConvSynapse:
    """Read the kernel; older files have a fifth dimension, time."""
    weights = group.numbers("weight")
    if weights.ndim not in (4, 5) or weights.shape[4:] not in ((), (1,)):
        raise FormatError(
            f"{group.where('weight')} has shape {weights.shape}, expected (C_out, C_in/groups, kH, kW[, 1]); {REMEDY}"
        )
    pairs = {name: pair(group, name) for name in ("stride", "padding", "dilation")}
    build(f"{group.path}/weight", require_range, "weight", weights, "weights")
    return build(group.path, ConvSynapse, weights.reshape(weights.shape[:4]), groups=group.number("groups"), **pairs)


def _conv_bias(group: Group, shape: Shape) -> IntArray | None:
    """Read one bias per channel, or one per neuron; the latter in the order of netx (x, y, channel)."""
    if not group.has("bias"):
        return None
    bias = group.numbers("bias")
    if bias.shape == shape[::-1]:
        return bias.transpose(2, 1, 0)
    require(group, "bias", bias.shape, shape[:1])
    return bias


_FIELDS: Final = ("type", "shape", "weight", "bias")
_DENSE_FIELDS: Final = (*_FIELDS, "inFeatures", "outFeatures", "delay")
_CONV_SIZES: Final = ("inChannels", "outChannels", "kernelSize", "stride", "padding", "dilation", "groups", "delay")

BLOCKS: Final[dict[str, tuple[Callable[[Group, Source], Block], tuple[str, ...]]]] = {
    "input": (_read_input, _FIELDS),
    "flatten": (_read_flatten, ("type", "shape")),
    "conv": (_read_conv, (*_FIELDS, *_CONV_SIZES)),
    "dense": (read_dense, (*_DENSE_FIELDS, "weight/real", "weight/imag")),
    "dense_rec": (read_recurrent, (*_DENSE_FIELDS, "weight_rec")),
    "recurrent": (read_recurrent, (*_DENSE_FIELDS, "recWeight")),
}
"""Type -> how it is read, and the data sets that may stand beside ``neuron``."""

_LOWER: Final = "export the trained model with `evsnn export`, which lowers it to a convolution"
REFUSED: Final = {
    "pool": _LOWER,
    "average": "leave the last block out and average its input yourself",
    "convT": "train with stride and padding instead",
    "unpool": "train with stride and padding instead",
    "concat": "export the trained model with `evsnn export`",
    "dense_comp": "write it as dense with weight/real and weight/imag",
}
"""Types that lava-dl knows and netx raises on, with the remedy."""
