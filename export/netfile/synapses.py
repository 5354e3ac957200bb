"""Synapses as the arrays of a layer and back, by one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy.typing as npt

from evsnn_lava.export.netfile.places import placed
from evsnn_lava.export.netfile.schema import Tree
from evsnn_lava.export.netfile.values import Block, ints_array, take, take_integers, take_scalar, text_array
from evsnn_lava.network import ComplexSynapse, ConvSynapse, DenseSynapse, DirectSynapse, Layer, Synapse

Connections = tuple[Synapse, DenseSynapse | None]
"""What a layer receives from the layer before, and from itself."""

PAIRS: Final = ("stride", "padding", "dilation")


def encode_synapses(layer: Layer) -> Block:
    """Lay the synapses of a layer out as arrays, with the type of the netx block that they make.

    Parameters
    ----------
    layer : Layer
        A layer that passed :func:`evsnn_lava.export.netfile.netx_limits.check_netx`.

    Returns
    -------
    dict of str to numpy.ndarray
        Name in the group of the layer -> array.

    Examples
    --------
    >>> from evsnn_lava.network import CubaNeuron
    >>> layer = Layer("in", DirectSynapse(weight=32), CubaNeuron(80, 0, 0), (1, 2, 2))
    >>> {name: array.item() for name, array in encode_synapses(layer).items()}
    {'type': b'input', 'weight': 32, 'bias': 0}
    """
    return _ENCODERS[type(layer.synapse)](layer.synapse, layer.recurrent)


def decode_synapses(tree: Tree, block: str, kind: str) -> Connections:
    """Read the synapses of a layer back.

    Parameters
    ----------
    tree : dict of str to numpy.ndarray
        The file.
    block : str
        Path of the layer, such as ``"layer/1"``.
    kind : str
        Its type, one of ``BLOCK_TYPES``.

    Returns
    -------
    synapse : Synapse
        From the layer before.
    recurrent : DenseSynapse or None
        From the layer to itself.

    Raises
    ------
    FormatError
        If something is missing or of the wrong form, or the synapse refuses a value.
    """
    return _DECODERS[kind](tree, block)


def _encode_direct(synapse: DirectSynapse, _: None) -> Block:
    values = {name: ints_array(getattr(synapse, name), "<i2") for name in ("weight", "bias")}
    return {"type": text_array("input", "type"), **values}


def _decode_direct(tree: Tree, block: str) -> Connections:
    weight, bias = take_scalar(tree, f"{block}/weight"), take_scalar(tree, f"{block}/bias")
    with placed(block, {name: name for name in ("weight", "bias")}):
        return DirectSynapse(weight, bias), None


def _encode_conv(synapse: ConvSynapse, _: None) -> Block:
    pairs = {name: ints_array(getattr(synapse, name)) for name in PAIRS}
    weight = ints_array(synapse.weights, "<i2")
    return {"type": text_array("conv", "type"), "weight": weight, **pairs, "groups": ints_array(synapse.groups)}


def _decode_conv(tree: Tree, block: str) -> Connections:
    stride, padding, dilation = (take_integers(tree, f"{block}/{name}", 2) for name in PAIRS)
    weight, groups = take(tree, f"{block}/weight"), take_scalar(tree, f"{block}/groups")
    with placed(block, {name: name for name in ("weight", *PAIRS, "groups")}):
        return ConvSynapse(weight, stride, padding, dilation, groups), None  # type: ignore[arg-type]


def _encode_dense(synapse: DenseSynapse, recurrent: DenseSynapse | None) -> Block:
    block = {"type": text_array("dense" if recurrent is None else "dense_rec", "type")}
    block["weight"] = ints_array(synapse.weights, "<i2")
    if synapse.delays is not None:
        block["delay"] = ints_array(synapse.delays)
    if recurrent is not None:
        block["weight_rec"] = ints_array(recurrent.weights, "<i2")
    return block


def _decode_dense(tree: Tree, block: str) -> Connections:
    if f"{block}/weight/real" in tree:
        real, imag = (_dense(tree, block, f"weight/{part}") for part in ("real", "imag"))
        with placed(f"{block}/weight"):
            return ComplexSynapse(real, imag), None
    return _dense(tree, block, "weight", tree.get(f"{block}/delay")), None


def _decode_recurrent(tree: Tree, block: str) -> Connections:
    delays = tree.get(f"{block}/delay")
    return _dense(tree, block, "weight", delays), _dense(tree, block, "weight_rec", delays)


def _dense(tree: Tree, block: str, name: str, delays: npt.NDArray[Any] | None = None) -> DenseSynapse:
    weights = take(tree, f"{block}/{name}")
    with placed(block, {"weight": name, "delay": "delay"}):
        return DenseSynapse(weights, delays=delays)


def _encode_complex(synapse: ComplexSynapse, _: None) -> Block:
    parts = {"weight/real": synapse.real, "weight/imag": synapse.imag}
    weights = {name: ints_array(part.weights, "<i2") for name, part in parts.items()}
    return {"type": text_array("dense", "type"), **weights}


_ENCODERS: Final[dict[type, Callable[[Any, Any], Block]]] = {
    DirectSynapse: _encode_direct,
    ConvSynapse: _encode_conv,
    DenseSynapse: _encode_dense,
    ComplexSynapse: _encode_complex,
}

_DECODERS: Final[dict[str, Callable[[Tree, str], Connections]]] = {
    "input": _decode_direct,
    "conv": _decode_conv,
    "dense": _decode_dense,
    "dense_rec": _decode_recurrent,
}

BLOCK_TYPES: Final = tuple(_DECODERS)
