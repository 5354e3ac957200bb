"""Layers as netx reads them: its own functions then make the same processes as of a ``.net`` file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    DeltaNeuron,
    DenseSynapse,
    Layer,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
)


class Block(dict[str, Any]):
    """A group of the file: netx asks it for entries, and its `f` whether there is one."""

    @property
    def f(self) -> Block:
        """The group itself; netx looks for ``weight/imag`` there."""
        return self


def netx_block(layer: Layer) -> Block:
    """Write a layer as netx reads it.

    Parameters
    ----------
    layer : Layer
        Any but an input block.

    Returns
    -------
    Block
        What ``netx.utils.NetDict`` gives for the layer of a file.

    Examples
    --------
    >>> block = netx_block(Layer("fc", DenseSynapse([[2, -4]]), CubaNeuron(80, 1023, 128), (1,)))
    >>> block["type"], block["neuron"]["iDecay"].item(), "weight/imag" in block.f
    ('dense', 1024, False)
    """
    parts = _SYNAPSES[type(layer.synapse)](layer)
    block = Block(shape=np.array(layer.shape), neuron=Block(_NEURONS[type(layer.neuron)](layer.neuron)), **parts)
    bias = layer.neuron.per_channel.get("bias_mant")
    if bias is not None:
        block["bias"] = np.array(bias.transpose() if bias.shape == layer.shape else bias, dtype=int)
    return block


def _as_read(value: Any) -> Any:
    """A number or an array as h5py gives it: single numbers are numpy's."""
    return np.array(value)[()]


def _dense(layer: Layer) -> dict[str, Any]:
    synapse: Any = layer.synapse
    parts = {"type": "dense" if layer.recurrent is None else "dense_rec", "weight": np.array(synapse.weights, int)}
    if synapse.delays is not None:
        parts["delay"] = _as_read(synapse.delays)
    if layer.recurrent is not None:
        parts["weight_rec"] = np.array(layer.recurrent.weights, int)
    return parts


def _conv(layer: Layer) -> dict[str, Any]:
    synapse: Any = layer.synapse
    sizes = {name: _as_read(getattr(synapse, name)) for name in ("stride", "padding", "dilation", "groups")}
    return {"type": "conv", "weight": np.array(synapse.weights, int), **sizes}


def _complex(layer: Layer) -> dict[str, Any]:
    synapse: Any = layer.synapse
    parts = {"weight/real": synapse.real, "weight/imag": synapse.imag}
    return {"type": "dense", **{name: np.array(part.weights, int) for name, part in parts.items()}}


def _cuba(neuron: CubaNeuron) -> dict[str, Any]:
    decays = {"iDecay": _as_read(neuron.current_decay), "vDecay": _as_read(neuron.dv)}
    return {"type": "CUBA", "vThMant": _as_read(neuron.vth_mant), **decays}


def _sdnn(neuron: DeltaNeuron | SigmaDeltaNeuron) -> dict[str, Any]:
    return {"type": "SDNN", "vThMant": _as_read(neuron.vth_mant)}


def _sigma(_: SigmaNeuron) -> dict[str, Any]:
    return {"type": "SDNN", "sigma_output": np.array(True)}


def _resonator(neuron: RfNeuron) -> dict[str, Any]:
    """Half a unit further from zero: netx goes through floats and cuts that half off, see docs/format.md."""
    kind = "RF_IZHIKEVICH" if isinstance(neuron, RfIzNeuron) else "RF_PHASE"
    decays = {"sinDecay": neuron.sin_decay, "cosDecay": neuron.cos_decay}
    stored = {name: _as_read(value + 0.5 * np.sign(value)) for name, value in decays.items()}
    return {"type": kind, "vThMant": _as_read(neuron.vth_mant), **stored}


_NEURONS: Final[dict[type, Callable[[Any], dict[str, Any]]]] = {
    CubaNeuron: _cuba,
    DeltaNeuron: _sdnn,
    SigmaDeltaNeuron: _sdnn,
    SigmaNeuron: _sigma,
    RfNeuron: _resonator,
    RfIzNeuron: _resonator,
}
_SYNAPSES: Final[dict[type, Callable[[Layer], dict[str, Any]]]] = {
    DenseSynapse: _dense,
    ConvSynapse: _conv,
    ComplexSynapse: _complex,
}
