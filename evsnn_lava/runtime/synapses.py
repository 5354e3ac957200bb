"""Which process stands for which synapse: Lava's own where there is one, one of ours elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from evsnn_lava._lava import Conv, Dense, SignMode
from evsnn_lava.network import ComplexSynapse, ConvSynapse, DenseSynapse, DirectSynapse, Layer
from evsnn_lava.runtime.layout import lava_shape
from evsnn_lava.runtime.processes.delayed_dense import DelayedDense
from evsnn_lava.runtime.processes.direct import Direct
from evsnn_lava.runtime.processes.exact_conv import ExactConv

EXACT_WEIGHTS: Final = {"num_weight_bits": 9, "sign_mode": SignMode.MIXED}
"""Lava's Dense rounds odd weights in 8 bits and clips -256 when no weight is positive; so it changes none."""

MESSAGE_BITS: Final = {False: 0, True: 24}
"""By whether messages are graded; without bits, Lava takes every number as a spike."""

CONV_SIZE_LIMIT: Final = 127
"""Lava's Conv keeps strides, sizes and groups in 8 bits, and computes the sizes of padded inputs in them."""


def synapse_processes(layer: Layer, shape: tuple[int, ...], graded: bool) -> list[tuple[str, Any]]:
    """Make the processes that feed the neurons of a layer from the layer before.

    Parameters
    ----------
    layer : Layer
        Its synapse chooses the process.
    shape : tuple of int
        Shape of the source.
    graded : bool
        Whether the source sends numbers.

    Returns
    -------
    list of (str, AbstractProcess)
        Processes with ports ``s_in`` and ``a_out``, each with the port of the neurons that takes its activation. One
        with a port ``begin_in`` wants to know when a sample begins.
    """
    return PROCESSES[type(layer.synapse)](layer.synapse, shape, graded, f"{layer.name} synapse")


def recurrent_process(layer: Layer) -> Any:
    """Make the process through which a layer feeds itself; its synapse must be there."""
    return _dense_process(layer.recurrent, layer.neuron.graded, f"{layer.name} recurrence")


def _dense_process(synapse: Any, graded: bool, name: str) -> Any:
    if synapse.delays is not None:
        return DelayedDense(synapse, name)
    options = {**EXACT_WEIGHTS, "weight_exp": synapse.weight_exp, "num_message_bits": MESSAGE_BITS[graded]}
    return Dense(weights=np.array(synapse.weights), name=name, **options)


def _dense(synapse: DenseSynapse, _: tuple[int, ...], graded: bool, name: str) -> list[tuple[str, Any]]:
    return [("a_in", _dense_process(synapse, graded, name))]


def _complex(synapse: ComplexSynapse, _: tuple[int, ...], graded: bool, name: str) -> list[tuple[str, Any]]:
    return [
        ("a_real_in", _dense_process(synapse.real, graded, f"{name}, real")),
        ("a_imag_in", _dense_process(synapse.imag, graded, f"{name}, imaginary")),
    ]


def _direct(synapse: DirectSynapse, shape: tuple[int, ...], _: bool, name: str) -> list[tuple[str, Any]]:
    return [("a_in", Direct(lava_shape(shape), synapse, name))]


def _conv(synapse: ConvSynapse, shape: tuple[int, ...], graded: bool, name: str) -> list[tuple[str, Any]]:
    """Lava convolves where the description correlates: the kernel is flipped, and all axes are reversed."""
    process = (Conv if not graded and _fits_lava(synapse, shape) else ExactConv)(
        weight=np.array(synapse.weights[:, :, ::-1, ::-1].transpose(0, 3, 2, 1)),
        weight_exp=synapse.weight_exp,
        input_shape=lava_shape(shape),
        stride=synapse.stride[::-1],
        padding=synapse.padding[::-1],
        dilation=synapse.dilation[::-1],
        groups=synapse.groups,
        num_message_bits=MESSAGE_BITS[graded],
        name=name,
    )
    return [("a_in", process)]


def _fits_lava(synapse: ConvSynapse, shape: tuple[int, ...]) -> bool:
    padded = (size + 2 * padding for size, padding in zip(shape[1:], synapse.padding, strict=True))
    channels = synapse.weights.shape[:2]  # Lava divides them by the groups, in the 8 bits of these
    sizes = (*padded, *channels, *synapse.stride, *synapse.dilation, synapse.groups)  # no kernel is larger than padded
    return synapse.weight_exp == 0 and max(sizes) <= CONV_SIZE_LIMIT


PROCESSES: Final[dict[type, Callable[[Any, tuple[int, ...], bool, str], list[tuple[str, Any]]]]] = {
    DenseSynapse: _dense,
    ConvSynapse: _conv,
    ComplexSynapse: _complex,
    DirectSynapse: _direct,
}
