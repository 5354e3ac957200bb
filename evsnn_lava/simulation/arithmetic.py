"""Loihi's integer arithmetic: the operations that neurons and synapses share.

This module, ``neurons.py``, ``synapses.py`` and ``reference.py`` are the specification in code. They
are slow on purpose: no trick, no cache, the equations of the description and nothing else. Numbers are
held in 64 bits and cut to the 24 or 32 bits of Lava's models where those cut them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network.ranges import DECAY_UNITY, STATE_BITS

IntArray = npt.NDArray[np.int64]

STATE_LIMIT: Final = 1 << (STATE_BITS - 1)


def shrink(value: IntArray, bits: int) -> IntArray:
    """Divide by ``2 ** bits``, rounding toward zero.

    Examples
    --------
    >>> shrink(np.array([-3, 3]), 1).tolist()
    [-1, 1]
    """
    shrunk: IntArray = np.sign(value) * (np.abs(value) >> bits)
    return shrunk


def decay(state: IntArray, amount: int | IntArray) -> IntArray:
    """Let a state decay by `amount` / 4096, rounding toward zero.

    Parameters
    ----------
    state : numpy.ndarray of int64
        Current or voltage.
    amount : int or numpy.ndarray of int64
        0..4096, broadcast over the state.

    Returns
    -------
    numpy.ndarray of int64
        The decayed state.

    Examples
    --------
    >>> decay(np.array([-3, 3]), 1024).tolist()
    [-2, 2]
    """
    return shrink(state * (DECAY_UNITY - amount), 12)


def wrap_state(state: IntArray) -> IntArray:
    """Wrap a current once by 24 bits, as ``PyLifModelBitAcc`` does: what is far outside stays outside.

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


def wrap_sum(value: IntArray) -> IntArray:
    """Keep the low 24 bits, as a signed number: the sum of a convolution in ``PyConvModelFixed``.

    Examples
    --------
    >>> wrap_sum(np.array([8388608, -8388609, 5])).tolist()
    [-8388608, 8388607, 5]
    """
    return (value + STATE_LIMIT) % (2 * STATE_LIMIT) - STATE_LIMIT


def wrap_word(value: IntArray) -> IntArray:
    """Keep the low 32 bits, as a signed number: the word in which Lava's models send, shift and add.

    Examples
    --------
    >>> wrap_word(np.array([2**31, 5])).tolist()
    [-2147483648, 5]
    """
    return value.astype(np.int32).astype(np.int64)


def shift(activation: IntArray, weight_exp: int) -> IntArray:
    """Scale a summed activation by ``2 ** weight_exp``, rounding down.

    Examples
    --------
    >>> shift(np.array([-3, 3]), -1).tolist(), shift(np.array([-3, 3]), 2).tolist()
    ([-2, 1], [-12, 12])
    """
    return activation << weight_exp if weight_exp >= 0 else activation >> -weight_exp
