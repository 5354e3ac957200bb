"""Neurons as the ``neuron`` group of a layer and back, by one table.

The names and types are those that SLAYER writes and netx reads. For resonators, netx turns ``sinDecay`` and
``cosDecay`` into a period and a decay in floating point and back into integers, cutting the fraction off. The file
therefore holds them half a unit further from zero than they are: what netx cuts is that half, whatever the rounding
errors of its floats, and the integers come out exactly.

Source: ``lava.lib.dl.netx.hdf5.Network.get_neuron_params``, ``lava.lib.dl.slayer.neuron.rf.neuron_params`` and
``lava.proc.rf.process.RF``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import FormatError
from evsnn_lava.export.netfile.places import placed
from evsnn_lava.export.netfile.schema import REMEDY, SUMS, Tree
from evsnn_lava.export.netfile.values import Block, ints_array, take, take_scalar, take_word, text_array
from evsnn_lava.network import (
    CubaNeuron,
    DeltaNeuron,
    Neuron,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
    passes_on,
)

DECAY_LIMIT: Final = 4096

NEURON_PLACES: Final = {
    "vth_mant": "neuron/vThMant",
    "du": "neuron/iDecay",
    "dv": "neuron/vDecay",
    "sin_decay": "neuron/sinDecay",
    "cos_decay": "neuron/cosDecay",
    "bias_mant": "bias",
}
"""Parameters of neurons and where a layer of the file holds them."""


def encode_neuron(neuron: Neuron) -> Block:
    """Lay a neuron out as arrays.

    Parameters
    ----------
    neuron : Neuron
        The neuron of a layer that passed :func:`evsnn_lava.export.netfile.netx_limits.check_netx`.

    Returns
    -------
    dict of str to numpy.ndarray
        Name in the ``neuron`` group -> array; the bias stands outside the group, see :func:`encode_bias`.

    Examples
    --------
    >>> sorted(encode_neuron(SigmaNeuron()))
    ['gradedSpike', 'sigma_output', 'type']
    """
    form = _FORMS[SUMS if passes_on(neuron) else type(neuron)]
    return {"type": text_array(form.type, "type"), "gradedSpike": np.array(neuron.graded), **form.encode(neuron)}


def encode_bias(neuron: Neuron, shape: tuple[int, ...]) -> Block:
    """Lay out the bias: per channel, or per neuron in netx's order (x, y, channel); nothing without one."""
    bias = neuron.per_channel.get("bias_mant")
    if bias is None:
        return {}
    return {"bias": ints_array(bias.transpose() if bias.shape == shape else bias, "<i2")}


def decode_neuron(tree: Tree, block: str, direct: bool) -> Neuron:
    """Read the neuron of a layer back.

    Parameters
    ----------
    tree : dict of str to numpy.ndarray
        The file.
    block : str
        Path of the layer, such as ``"layer/1"``.
    direct : bool
        Whether it is the input block, where netx makes an SDNN neuron a delta neuron.

    Returns
    -------
    Neuron
        As written.

    Raises
    ------
    FormatError
        If something is missing or of the wrong form, or the neuron refuses a value.
    """
    kind = take_word(tree, f"{block}/neuron/type", tuple(dict.fromkeys(form.type for form in _FORMS.values())))
    cls = next(neuron for neuron, form in _FORMS.items() if form.type == kind)
    if kind == "SDNN":
        cls = DeltaNeuron if direct else SigmaNeuron if f"{block}/neuron/sigma_output" in tree else SigmaDeltaNeuron
    with placed(block, NEURON_PLACES):
        decoded: Neuron = _FORMS[cls].decode(tree, block)
    return decoded


def stored_decay(value: int) -> float:
    """A decay of a resonator as the file holds it: half a unit further from zero.

    Examples
    --------
    >>> stored_decay(3000), stored_decay(-1), stored_decay(0)
    (3000.5, -1.5, 0.0)
    """
    return float(value) + 0.5 * int(np.sign(value))


def _bias(tree: Tree, block: str) -> npt.NDArray[Any] | None:
    bias = tree.get(f"{block}/bias")
    return None if bias is None or bias.ndim == 0 else bias.transpose()  # a single one is that of the input block


def _threshold(neuron: CubaNeuron | DeltaNeuron | SigmaDeltaNeuron | RfNeuron) -> Block:
    return {"vThMant": ints_array(neuron.vth_mant)}


def _encode_cuba(neuron: CubaNeuron) -> Block:
    decays = {"iDecay": ints_array(neuron.current_decay), "vDecay": ints_array(neuron.dv)}
    return {**decays, **_threshold(neuron), "refDelay": ints_array(1)}


def _decode_cuba(tree: Tree, block: str) -> CubaNeuron:
    current_decay, dv = take(tree, f"{block}/neuron/iDecay"), take(tree, f"{block}/neuron/vDecay")
    if current_decay.size and int(current_decay.min()) < 0:  # before one is taken away, which could wrap
        raise FormatError(f"/{block}/neuron/iDecay is below 0; {REMEDY}")
    vth_mant = take_scalar(tree, f"{block}/neuron/vThMant")
    return CubaNeuron(vth_mant, current_decay - 1, dv, _bias(tree, block))


def _decode_delta(tree: Tree, block: str) -> DeltaNeuron:
    return DeltaNeuron(take_scalar(tree, f"{block}/neuron/vThMant"))


def _decode_sigma_delta(tree: Tree, block: str) -> SigmaDeltaNeuron:
    return SigmaDeltaNeuron(take_scalar(tree, f"{block}/neuron/vThMant"), _bias(tree, block))


def _encode_resonator(neuron: RfNeuron) -> Block:
    decays = {"sinDecay": neuron.sin_decay, "cosDecay": neuron.cos_decay}
    return {**{name: np.array(stored_decay(value), "<f8") for name, value in decays.items()}, **_threshold(neuron)}


def _decode_resonator(cls: type[RfNeuron]) -> Callable[[Tree, str], RfNeuron]:
    def decode(tree: Tree, block: str) -> RfNeuron:
        decays = (_decay(tree, f"{block}/neuron/{name}") for name in ("sinDecay", "cosDecay"))
        return cls(take_scalar(tree, f"{block}/neuron/vThMant"), *decays)

    return decode


def _decay(tree: Tree, path: str) -> int:
    value = take_scalar(tree, path)
    if not abs(value) < DECAY_LIMIT + 1:  # NaN compares as false
        raise FormatError(f"/{path} is {value}, the limit is {-DECAY_LIMIT}..{DECAY_LIMIT}; {REMEDY}")
    return int(value)


@dataclass(frozen=True)
class _Form:
    """How the file writes a neuron type."""

    type: str
    encode: Callable[[Any], Block]
    decode: Callable[[Tree, str], Any]


_FORMS: Final[dict[type | str, _Form]] = {
    CubaNeuron: _Form("CUBA", _encode_cuba, _decode_cuba),
    DeltaNeuron: _Form("SDNN", _threshold, _decode_delta),
    SigmaDeltaNeuron: _Form("SDNN", _threshold, _decode_sigma_delta),
    SigmaNeuron: _Form("SDNN", lambda _: {"sigma_output": np.array(True)}, lambda *_: SigmaNeuron()),
    RfNeuron: _Form("RF_PHASE", _encode_resonator, _decode_resonator(RfNeuron)),
    RfIzNeuron: _Form("RF_IZHIKEVICH", _encode_resonator, _decode_resonator(RfIzNeuron)),
    SUMS: _Form(SUMS, lambda _: {}, lambda *_: SigmaDeltaNeuron.sums()),
}
"""By class of neuron; sigma-delta neurons that pass on, which netx has no words for, by a name of their own."""
