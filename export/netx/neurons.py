"""Neurons of a netx file: what stands below ``neuron``, and what netx makes of it.

Source: ``lava.lib.dl.netx.hdf5.Network.get_neuron_params``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from evsnn_lava.errors import FormatError, UnsupportedError
from evsnn_lava.export.netx.container import REMEDY
from evsnn_lava.export.netx.groups import Decision, Group, IntArray, build
from evsnn_lava.network import CubaNeuron, DeltaNeuron, Neuron, RfIzNeuron, RfNeuron, SigmaDeltaNeuron, SigmaNeuron
from evsnn_lava.network.ranges import RANGES, require_range

THRESHOLD_LIMIT: Final = RANGES["vth_mant"][1]
SILENT: Final = "only a voltage within 63 of saturation exceeds it, so the layer is not meant to fire: read its voltage"

_TRAINING_ONLY: Final = {"theta", "tauRho", "scaleRho"}
_IGNORED_BY_NETX: Final = {"refDelay": 1, "wgtExp": 0, "weight_exp": 0, "gradedSpike": 0}
"""Data sets that netx ignores, with the one value for which ignoring them is right."""

_CUBA_FIELDS: Final = {"type", "iDecay", "vDecay", "vThMant", *_TRAINING_ONLY, *_IGNORED_BY_NETX}
_SDNN_FIELDS: Final = {"type", "vThMant", "activation", "sigma_output", "weight_exp"}
_RF_FIELDS: Final = {"type", "vThMant", "sinDecay", "cosDecay", "gradedSpike", "weight_exp"}


@dataclass(frozen=True)
class Place:
    """Where a neuron stands.

    Parameters
    ----------
    group : Group
        ``/layer/<i>/neuron``.
    is_input : bool
        Whether it takes the network's input.
    bias : numpy.ndarray of int64 or None
        Bias of its layer, one per channel or per neuron.
    """

    group: Group
    is_input: bool
    bias: IntArray | None


Found = tuple[Neuron, list[Decision]]
Numbers = TypeVar("Numbers", int, "int | IntArray")


def read_neuron(place: Place) -> Found:
    """Read a neuron.

    Parameters
    ----------
    place : Place
        Where it stands.

    Returns
    -------
    Neuron
        The neuron.
    list of Decision
        What had to be decided.

    Raises
    ------
    FormatError
        If it is incomplete, contradictory or unknown.
    UnsupportedError
        If netx would silently compute something else.
    CapacityError
        If a number does not fit into Loihi's integers.
    """
    group = place.group
    kind = group.text("type")
    if kind in REFUSED:
        raise UnsupportedError(f"{group.where('type')} is {kind}: {REFUSED[kind]}")
    if kind not in NEURONS:
        raise FormatError(f"{group.where('type')} is {kind}; the known ones are {', '.join(NEURONS)}")
    read, known = NEURONS[kind]
    group.require_known(known)
    for name, harmless in _IGNORED_BY_NETX.items():
        if group.number(name, harmless) != harmless:
            raise UnsupportedError(
                f"{group.where(name)} is {group.number(name)}, which netx ignores; train it again with {harmless}"
            )
    return read(place)


def integrator(place: Place) -> Found:
    """The neuron of a layer without one: it sums in the current, forgets the voltage and never fires."""
    neuron = build(place.group.path, CubaNeuron, THRESHOLD_LIMIT, -1, 4096, place.bias)
    return neuron, [Decision(f"/{place.group.path}", f"is missing: an integrator without leak, {_capped(131072)}")]


def _capped(threshold: int) -> str:
    return f"whose threshold {threshold} became {THRESHOLD_LIMIT}, the most of 17 bits; {SILENT}"


def _whole(group: Group, name: str, quantity: str) -> int:
    """A number within the range of its quantity; the error names its data set."""
    return _within(group, name, quantity, group.number(name))


def _within(group: Group, name: str, quantity: str, value: Numbers) -> Numbers:
    build(f"{group.path}/{name}", require_range, quantity, value, group.text("type"))
    return value


def _read_cuba(place: Place) -> Found:
    group, decisions = place.group, []
    threshold = group.number("vThMant")
    if threshold > THRESHOLD_LIMIT:
        decisions.append(Decision(f"/{group.path}", f"a neuron {_capped(threshold)}"))
    elif threshold == THRESHOLD_LIMIT:
        decisions.append(Decision(f"/{group.path}", f"a neuron with the threshold {threshold}; {SILENT}"))
    capped = _within(group, "vThMant", "vth_mant", min(threshold, THRESHOLD_LIMIT))
    du, dv = (_within(group, name, "dv", _decay(group, name)) for name in ("iDecay", "vDecay"))
    neuron = build(group.path, CubaNeuron, capped, du - 1, dv, place.bias)
    return neuron, decisions


def _decay(group: Group, name: str) -> int | IntArray:
    """A decay is one number, or one per channel."""
    decay = group.numbers(name)
    if decay.size == 1:
        return int(decay.reshape(-1)[0])
    if decay.ndim != 1:
        raise FormatError(f"{group.where(name)} has shape {decay.shape}, expected one number per channel; {REMEDY}")
    return decay


def _read_sdnn(place: Place) -> Found:
    """Sigma-delta neurons: netx decides by the place and by whether ``sigma_output`` is there at all."""
    group = place.group
    if place.is_input:
        return build(group.path, DeltaNeuron, _whole(group, "vThMant", "vth_mant")), []
    if group.has("sigma_output"):
        return _sigma(place), []
    if (activation := group.text("activation")) != "relu":
        raise UnsupportedError(f"{group.where('activation')} is {activation}, netx computes relu; train it with relu")
    return build(group.path, SigmaDeltaNeuron, _whole(group, "vThMant", "vth_mant"), place.bias), []


def _sigma(place: Place) -> SigmaNeuron:
    if not place.group.flag("sigma_output"):
        raise FormatError(f"{place.group.where('sigma_output')} is False, which netx takes for True; remove it")
    if place.bias is not None:
        raise UnsupportedError(f"/{place.group.path}: a sigma neuron has no bias, netx fails; export it without")
    return SigmaNeuron()


def _read_rf(place: Place) -> Found:
    group = place.group
    if place.bias is not None:
        raise UnsupportedError(f"/{group.path}: netx drops the bias of a resonator; train it without normalisation")
    stored = _whole(group, "sinDecay", "sin_decay"), _whole(group, "cosDecay", "cos_decay")
    used = rotation(*stored)
    fact = f"netx computes the rotation (sin, cos) {stored} again and gets {used}, which the network has"
    neuron = build(group.path, _RESONATORS[group.text("type")], _whole(group, "vThMant", "vth_mant"), *used)
    return neuron, [] if used == stored else [Decision(f"/{group.path}", fact)]


def rotation(sin_decay: int, cos_decay: int) -> tuple[int, int]:
    """What becomes of a resonator's decays when netx turns them into a period and a decay, and Lava back.

    Source: ``lava.lib.dl.slayer.neuron.rf.neuron_params``, ``lava.proc.rf.process.RF``; in their order of operations,
    since the last one cuts the fraction off.

    Parameters
    ----------
    sin_decay, cos_decay : int
        As in the file, in 1/4096.

    Returns
    -------
    (int, int)
        What Lava rotates with.

    Examples
    --------
    >>> rotation(0, 4000), rotation(1234, 3800)
    ((0, 4000), (1234, 3799))
    """
    sin, cos = np.float64(sin_decay) / 4096, np.float64(cos_decay) / 4096
    alpha = 1 - np.sqrt(sin**2 + cos**2)
    frequency = np.arctan2(sin, cos) / 2 / np.pi
    period = 1 / frequency if frequency else np.inf
    turned = ((1 - alpha) * turn(np.pi * 2 * 1 / period) for turn in (np.sin, np.cos))
    again_sin, again_cos = (int(np.int32(part * 4096)) for part in turned)
    return again_sin, again_cos


_RESONATORS: Final[dict[str, type[RfNeuron]]] = {"RF_PHASE": RfNeuron, "RF_IZHIKEVICH": RfIzNeuron}

NEURONS: Final[dict[str, tuple[Callable[[Place], Found], set[str]]]] = {
    "CUBA": (_read_cuba, _CUBA_FIELDS),
    "LOIHI": (_read_cuba, _CUBA_FIELDS),
    "SDNN": (_read_sdnn, _SDNN_FIELDS),
    "RF_PHASE": (_read_rf, _RF_FIELDS),
    "RF_IZHIKEVICH": (_read_rf, _RF_FIELDS),
}
"""Type -> how it is read, and the data sets that may stand beside it. LOIHI is the old name of CUBA."""

_ADAPTIVE: Final = "netx drops the adaptation of the threshold; train with CUBA or RF neurons"
REFUSED: Final = {
    "ALIF": "netx cannot load it; train with CUBA neurons",
    "ADRF_PHASE": _ADAPTIVE,
    "ADRF_IZHIKEVICH": _ADAPTIVE,
}
"""Types that lava-dl writes and netx does not compute, with the remedy."""
