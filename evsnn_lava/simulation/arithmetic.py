"""Loihi's integer arithmetic: one obvious function per neuron and synapse type.

This module and ``reference.py`` are the specification in code. They are slow on purpose: no
trick, no cache, the equations of the description and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import ConvSynapse, CubaNeuron, DenseSynapse
from evsnn_lava.network.ranges import DECAY_UNITY, STATE_BITS

IntArray = npt.NDArray[np.int64]

STATE_LIMIT: Final = 1 << (STATE_BITS - 1)


def decay(state: IntArray, amount: int) -> IntArray:
    """Let a state decay by `amount` / 4096, rounding toward zero.

    Parameters
    ----------
    state : numpy.ndarray of int64
        Current or voltage.
    amount : int
        0..4096.

    Returns
    -------
    numpy.ndarray of int64
        The decayed state.

    Examples
    --------
    >>> decay(np.array([-3, 3]), 1024).tolist()
    [-2, 2]
    """
    product = state * (DECAY_UNITY - amount)
    decayed: IntArray = np.sign(product) * (np.abs(product) >> 12)
    return decayed


def wrap_state(state: IntArray) -> IntArray:
    """Wrap a current into 24 bits once, as ``PyLifModelBitAcc`` does.

    Examples
    --------
    >>> wrap_state(np.array([8388608, 8388609, -8388608])).tolist()
    [8388608, -8388607, 8388608]
    """
    wrapped = np.where(state > STATE_LIMIT, state - 2 * STATE_LIMIT, state)
    return np.where(wrapped <= -STATE_LIMIT, state + 2 * STATE_LIMIT, wrapped)


def clip_state(state: IntArray) -> IntArray:
    """Saturate a voltage at 24 bits.

    Examples
    --------
    >>> clip_state(np.array([9000000])).tolist()
    [8388607]
    """
    return np.clip(state, -STATE_LIMIT + 1, STATE_LIMIT - 1)


def step_cuba(
    neuron: CubaNeuron, shape: tuple[int, ...], u: IntArray, v: IntArray, activation: IntArray
) -> tuple[IntArray, IntArray, npt.NDArray[np.bool_]]:
    """Advance CUBA neurons by one step.

    Parameters
    ----------
    neuron : CubaNeuron
        Parameters; its docstring has the equations.
    shape : tuple of int
        Shape of the layer.
    u, v, activation : numpy.ndarray of int64, shape (N, *shape)
        Current, voltage and synaptic input.

    Returns
    -------
    u, v : numpy.ndarray of int64
        The new state.
    spikes : numpy.ndarray of bool
        Who fired.

    Examples
    --------
    >>> neuron = CubaNeuron(vth_mant=1, du=4095, dv=0)
    >>> zero = np.zeros((1, 2), dtype=np.int64)
    >>> step_cuba(neuron, (2,), zero, zero, np.array([[1, 2]]))[2].tolist()
    [[False, True]]
    """
    u = wrap_state(decay(u, neuron.current_decay) + (activation << 6))
    v = clip_state(decay(v, neuron.dv) + u + neuron.bias(shape))
    spikes = v > neuron.threshold
    return u, np.where(spikes, 0, v), spikes


def shift(activation: IntArray, weight_exp: int) -> IntArray:
    """Scale a summed activation by ``2 ** weight_exp``, rounding down."""
    return activation << weight_exp if weight_exp >= 0 else activation >> -weight_exp


def apply_dense(synapse: DenseSynapse, spikes: npt.NDArray[Any]) -> IntArray:
    """Sum the weights of the inputs that fired.

    Parameters
    ----------
    synapse : DenseSynapse
        Weights ``(out, in)``.
    spikes : numpy.ndarray, shape (N, ...)
        Flattened in ``(C, H, W)`` order.

    Returns
    -------
    numpy.ndarray of int64, shape (N, out)
        The activation.

    Examples
    --------
    >>> apply_dense(DenseSynapse([[2, -4]]), np.array([[True, True]])).tolist()
    [[-2]]
    """
    flat = spikes.reshape(len(spikes), -1).astype(np.int64)
    return shift(flat @ synapse.weights.T.astype(np.int64), synapse.weight_exp)


def apply_conv(synapse: ConvSynapse, spikes: npt.NDArray[Any]) -> IntArray:
    """Convolve: for every kernel position, add its weights times the shifted input.

    Parameters
    ----------
    synapse : ConvSynapse
        Weights ``(C_out, C_in / groups, kH, kW)``.
    spikes : numpy.ndarray, shape (N, C_in, H, W)
        Who fired.

    Returns
    -------
    numpy.ndarray of int64, shape (N, C_out, H_out, W_out)
        The activation.

    Examples
    --------
    >>> conv = ConvSynapse(np.array([[[[2, 4]]]]))
    >>> apply_conv(conv, np.array([[[[1, 0, 1]]]])).tolist()
    [[[[2, 4]]]]
    """
    channels, rows, columns = synapse.output_shape(spikes.shape[1:])
    pad = [(0, 0), (0, 0), *((p, p) for p in synapse.padding)]
    padded = np.pad(spikes.astype(np.int64), pad).reshape(len(spikes), synapse.groups, -1, *_padded(synapse, spikes))
    weights = synapse.weights.astype(np.int64).reshape(synapse.groups, -1, *synapse.weights.shape[1:])
    total = np.zeros((len(spikes), synapse.groups, weights.shape[1], rows, columns), dtype=np.int64)
    (down, right), (step_y, step_x) = synapse.stride, synapse.dilation
    for y in range(weights.shape[-2]):
        for x in range(weights.shape[-1]):
            top, left = y * step_y, x * step_x
            seen = padded[..., top : top + down * rows : down, left : left + right * columns : right]
            seen = seen[..., :rows, :columns]
            total += np.einsum("goi,ngihw->ngohw", weights[..., y, x], seen, optimize=True)
    return shift(total.reshape(len(spikes), channels, rows, columns), synapse.weight_exp)


def _padded(synapse: ConvSynapse, spikes: npt.NDArray[Any]) -> tuple[int, int]:
    height, width = spikes.shape[-2:]
    return height + 2 * synapse.padding[0], width + 2 * synapse.padding[1]


APPLY: Final[dict[type, Callable[..., IntArray]]] = {DenseSynapse: apply_dense, ConvSynapse: apply_conv}
"""Which function computes which synapse."""

STEP: Final[dict[type, Callable[..., tuple[IntArray, IntArray, npt.NDArray[np.bool_]]]]] = {CubaNeuron: step_cuba}
"""Which function computes which neuron."""
