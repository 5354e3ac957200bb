"""What stock netx computes exactly, and the check that refuses the rest.

netx rescales dense weights to fill eight bits and Lava truncates them again. For most matrices this
changes nothing; for some it changes weights, drops all of them or fails. It fixes exponents, knows some
neurons in some places only, and starts one step early. What would differ is refused here, with
a remedy, so that the file never computes something else than the description says.

Source: ``lava.lib.dl.netx.hdf5``, ``lava.lib.dl.netx.utils.optimize_weight_bits``,
``lava.lib.dl.netx.blocks.process``, ``lava.utils.weightutils``, ``lava.proc.dense.models``,
``lava.proc.conv.models.PyConvModelFixed``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.netfile.netx_weights import WEIGHT_BITS, largest_sum, netx_dense_weights, netx_weight_bits
from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    DeltaNeuron,
    DenseSynapse,
    DirectSynapse,
    Layer,
    NetworkDescription,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
    passes_on,
)
from evsnn_lava.network.ranges import DECAY_UNITY, spread

CONV_SIZE_LIMIT: Final = 127
"""Lava keeps kernel size, stride, padding, dilation and groups in signed bytes."""

PLACES: Final[dict[type, tuple[type, ...]]] = {
    DirectSynapse: (CubaNeuron, DeltaNeuron),
    ConvSynapse: (CubaNeuron, SigmaDeltaNeuron, SigmaNeuron),
    DenseSynapse: (CubaNeuron, SigmaDeltaNeuron, SigmaNeuron),
    ComplexSynapse: (RfNeuron, RfIzNeuron),
}
"""The neurons that netx makes behind each synapse; in its input block, every SDNN neuron becomes a delta neuron."""

FIXED: Final = {"bias_exp": 6, "spike_exp": 6, "state_exp": 6, "decay_bits": 12, "activation": "relu"}
"""Parameters of neurons that netx does not read."""

WORD_LIMIT: Final = 2**25 - 2**17
"""Below it an activation, shifted by 6 and added to a 24-bit current, stays inside Lava's 32 bits."""

CONV_LIMIT: Final = 2**23
"""Where the summed activation of a convolution wraps."""

HELD_DOWN: Final = 2**23 - 1
"""How far below zero a voltage and a current can start; see "What stock netx makes of it" in ``docs/format.md``."""


def check_netx(network: NetworkDescription) -> None:
    """Refuse a network that stock netx would not load or not compute exactly.

    Sums that depend on graded messages of earlier layers are not bounded here: their size is known only in a run.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Raises
    ------
    UnsupportedError
        The first problem, with the layer, the fact and the remedy.
    """
    for _, problem in netx_problems(network):
        raise problem


def netx_problems(network: NetworkDescription) -> Iterator[tuple[str, UnsupportedError]]:
    """Find all that stock netx would not load or not compute exactly, one of each check that can be made of a layer.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Yields
    ------
    (str, UnsupportedError)
        Name of the layer, and what :func:`check_netx` would say.
    """
    largest: int | None = max(abs(value) for value in network.recipe.value_range)
    binary = network.recipe.message_bits == 0
    starts_early = not isinstance(network.layers[0].synapse, DirectSynapse)
    for layer in network.layers:
        is_head = binary and layer is network.layers[-1] and layer.recurrent is None
        checks: tuple[Check, ...] = (
            ("place", partial(_check_place, layer), ()),
            ("sums", partial(_check_sums, layer, is_head), ("place",)),
            ("fixed", partial(_check_fixed, layer), ("place",)),
            ("recurrence", partial(_check_recurrence, layer, binary), ("place",)),
            ("weights", partial(_check_weights, layer), ("place", "recurrence")),
            ("activation", partial(_check_activation, layer, largest, binary), ("place", "recurrence", "weights")),
            ("start", partial(_check_start, layer), ("place",)),
        )
        yield from ((layer.name, problem) for problem in _problems(checks[: None if starts_early else -1]))
        binary = not layer.neuron.graded
        largest = 1 if binary else None


Check = tuple[str, Callable[[], None], tuple[str, ...]]
"""A check, and those that it presupposes: what they refuse, it cannot look at."""


def _problems(checks: tuple[Check, ...]) -> Iterator[UnsupportedError]:
    failed: set[str] = set()
    for name, check, presupposed in checks:
        if failed.isdisjoint(presupposed):
            try:
                check()
            except UnsupportedError as problem:
                failed.add(name)
                yield problem


def _check_place(layer: Layer) -> None:
    neuron, synapse = layer.neuron, layer.synapse
    places = PLACES.get(type(synapse), ())
    if type(neuron) not in places:
        raise UnsupportedError(
            f"layer {layer.name}: netx has no {type(neuron).__name__} behind a {type(synapse).__name__}; "
            f"use {' or '.join(place.__name__ for place in places) or 'a synapse of the description'}"
        )


def _check_sums(layer: Layer, is_head: bool) -> None:
    if passes_on(layer.neuron) and not is_head:
        raise UnsupportedError(
            f"layer {layer.name}: neurons that pass on what comes in are a head, the last layer, behind spikes and "
            "without recurrence; use others here"
        )


def _check_fixed(layer: Layer) -> None:
    neuron, synapse = layer.neuron, layer.synapse
    if passes_on(neuron):
        return  # the file calls them by another type, at which netx stops
    has_bias = "bias_mant" in neuron.per_channel
    if has_bias and isinstance(synapse, DirectSynapse):
        raise UnsupportedError(
            f"layer {layer.name}: the neurons behind a DirectSynapse have a bias, which netx's input block has not; "
            "leave it out or use the bias of the DirectSynapse"
        )
    for name, value in FIXED.items():
        found = getattr(neuron, name, value)
        if found != value and (name != "bias_exp" or has_bias):
            raise UnsupportedError(
                f"layer {layer.name}: {name} is {found}, netx fixes it at {value}; rescale weights, bias and threshold"
            )


def _check_recurrence(layer: Layer, binary: bool) -> None:
    """Recurrence in netx: behind dense synapses only, with one delay matrix and one message type for both."""
    recurrent, synapse = layer.recurrent, layer.synapse
    if recurrent is None:
        return
    if not isinstance(synapse, DenseSynapse):
        raise UnsupportedError(
            f"layer {layer.name}: netx has no recurrent layer behind a {type(synapse).__name__}; use a DenseSynapse"
        )
    if layer.neuron.graded and binary:
        raise UnsupportedError(
            f"layer {layer.name}: its input is binary, its own graded messages would become binary in netx; "
            "put a layer of graded neurons before it"
        )
    if not _equal(synapse.delays, recurrent.delays):
        raise UnsupportedError(
            f"layer {layer.name}: the delays of the input and of the recurrent synapse differ, netx has one matrix for "
            "both; make them equal or put a layer between (from SLAYER: set delay=False in the block before)"
        )


def _equal(delays: npt.NDArray[np.int32] | None, others: npt.NDArray[np.int32] | None) -> bool:
    if delays is None or others is None:
        return delays is others
    return np.array_equal(delays, others)


def _check_weights(layer: Layer) -> None:
    synapse, name = layer.synapse, layer.name
    parts = (synapse.real, synapse.imag) if isinstance(synapse, ComplexSynapse) else layer.synapses
    for part in parts:
        if (weight_exp := getattr(part, "weight_exp", 0)) != 0:
            raise UnsupportedError(
                f"layer {name}: weight_exp is {weight_exp}, netx reads none; scale weights and threshold"
            )
    if isinstance(synapse, ConvSynapse):
        _check_conv(name, synapse)
    elif isinstance(synapse, ComplexSynapse):
        for weights in synapse.matrices:
            _check_dense(name, weights)
    elif isinstance(synapse, DenseSynapse):
        _check_dense_layer(layer, synapse)


def _check_dense_layer(layer: Layer, synapse: DenseSynapse) -> None:
    if layer.recurrent is None:
        _check_dense(layer.name, synapse.weights)
        return
    own = layer.recurrent.weights
    both = np.hstack([synapse.weights, own])
    _check_dense(layer.name, both, own.shape[1])
    if synapse.delays is not None and (shift := netx_weight_bits(both)[0]):
        raise UnsupportedError(
            f"layer {layer.name}: netx would multiply the weights of a recurrent layer with delays by {2**shift}; "
            f"make the weights {2**shift} times as large, or leave the delays out"
        )


def _check_dense(name: str, weights: npt.NDArray[np.int32], own: int | None = None) -> None:
    if not weights.any():
        raise UnsupportedError(
            f"layer {name}: all {weights.size} dense weights are zero, which netx cannot load; "
            "train it again with less pruning or leave the layer out"
        )
    bits = netx_weight_bits(weights)[1]
    changed = netx_dense_weights(weights, own) != weights
    if changed.any():
        raise UnsupportedError(
            f"layer {name}: netx would change {int(changed.sum())} of {weights.size} dense weights "
            f"(first {weights[changed][0]}); make them even and keep them within -254..254"
        )
    if bits > WEIGHT_BITS:
        raise UnsupportedError(
            f"layer {name}: dense weights {weights.min()}..{weights.max()} with odd values take {bits} bits, "
            f"a synapse has {WEIGHT_BITS}; make them even"
        )


def _check_conv(name: str, synapse: ConvSynapse) -> None:
    sizes = {
        "kernel": max(synapse.weights.shape[2:]),
        "stride": max(synapse.stride),
        "padding": max(synapse.padding),
        "dilation": max(synapse.dilation),
        "groups": synapse.groups,
    }
    for quantity, size in sizes.items():
        if size > CONV_SIZE_LIMIT:
            raise UnsupportedError(
                f"layer {name}: {quantity} is {size}, Lava's signed byte ends at {CONV_SIZE_LIMIT}; make it smaller"
            )


def _check_activation(layer: Layer, largest: int | None, binary: bool) -> None:
    """The largest sum that messages of at most `largest` can make; None where they are not bounded."""
    synapse = layer.synapse
    if largest is None or (layer.recurrent is not None and layer.neuron.graded):
        return
    if isinstance(synapse, DirectSynapse):
        reached, limit = abs(synapse.weight) * largest + abs(synapse.bias), WORD_LIMIT
        if isinstance(layer.neuron, DeltaNeuron):
            return  # it wraps at 32 bits in Lava as it does in the description
    else:
        own = 0 if layer.recurrent is None else largest_sum(layer.recurrent.weights)
        reached = own + largest * max(largest_sum(weights) for weights in synapse.matrices)
        limit = _limit(layer, binary)
    if reached >= limit:
        raise UnsupportedError(
            f"layer {layer.name}: inputs can sum up to {reached}, Lava wraps at {limit}; "
            "use smaller weights or fewer message_bits"
        )


def _limit(layer: Layer, binary: bool) -> int:
    """Where a sum wraps. Sums of graded messages are made in 32 bits, of the weights that netx has scaled up."""
    if isinstance(layer.synapse, ConvSynapse):
        return CONV_LIMIT
    if binary:
        return WORD_LIMIT
    parts = [np.hstack([part.matrices[0] for part in layer.synapses])]
    if isinstance(layer.synapse, ComplexSynapse):
        parts = list(layer.synapse.matrices)
    return min(WORD_LIMIT, *(2**31 >> netx_weight_bits(part)[0] for part in parts))


def _check_start(layer: Layer) -> None:
    """Without an input block, netx's neurons take a step before our first; they must not send in it."""
    neuron = layer.neuron
    if isinstance(neuron, SigmaDeltaNeuron) and neuron.bias_mant is not None and neuron.bias_mant.any():
        raise UnsupportedError(
            f"layer {layer.name}: netx starts the bias of sigma-delta neurons a step early and cannot reset them; "
            "begin the network with a DirectSynapse"
        )
    if isinstance(neuron, RfIzNeuron) and neuron.vth_mant == 0:
        raise UnsupportedError(
            f"layer {layer.name}: resonators with threshold 0 fire before the first input; use at least 1"
        )
    if isinstance(neuron, CubaNeuron) and neuron.bias_mant is not None:
        kept = (spread(decay, layer.shape) for decay in (neuron.dv, neuron.current_decay))
        held_down = sum(HELD_DOWN * (DECAY_UNITY - decay) >> 12 for decay in kept)
        if (neuron.bias(layer.shape) - held_down > neuron.threshold).any():
            raise UnsupportedError(
                f"layer {layer.name}: the bias is above the threshold and voltage and current decay by "
                f"{np.max(neuron.dv)} and {np.max(neuron.current_decay)} of 4096: netx fires a step early; lower the "
                "bias or a decay, or begin the network with a DirectSynapse"
            )
