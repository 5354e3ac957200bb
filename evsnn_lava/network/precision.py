"""What a synapse of few bits keeps of a weight.

Source: ``lava.utils.weightutils.clip_weights`` and ``truncate_weights``, which Lava's synapses apply in their first
step with eight bits unless they are told otherwise. The synapses of a description keep every bit of -256..255: Lava
does the same with nine bits and mixed signs.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import CapacityError, unknown_name

FULL_BITS: Final = 8
"""Bits of a weight whose sign is the same for the whole synapse."""

SIGN_MODES: Final = {
    "mixed": "weights of both signs, -256..255; the sign takes one of the bits",
    "excitatory": "no weight is negative, 0..255",
    "inhibitory": "no weight is positive, -255..0",
    "null": "not stated; treated as excitatory",
}


def sign_mode_of(weights: npt.ArrayLike) -> str:
    """Name the sign mode that Lava finds for weights when none is stated.

    Parameters
    ----------
    weights : array-like of int
        At least one weight.

    Returns
    -------
    str
        A key of ``SIGN_MODES``.

    Examples
    --------
    >>> sign_mode_of([0, 3]), sign_mode_of([-1, 0]), sign_mode_of([-1, 3])
    ('excitatory', 'inhibitory', 'mixed')
    """
    given = np.asarray(weights)
    if given.min() >= 0:
        return "excitatory"
    return "inhibitory" if given.max() <= 0 else "mixed"


def stored_weights(weights: npt.ArrayLike, weight_bits: int, sign_mode: str | None = None) -> npt.NDArray[np.int32]:
    """Weights that a synapse of `weight_bits` bits multiplies with.

    Parameters
    ----------
    weights : array-like of int, any shape
        Weight mantissas; what lies outside the range of the sign mode is clipped.
    weight_bits : int
        0..8, with mixed signs 0..9; the lowest bits that do not fit become 0, toward minus infinity with mixed signs,
        else toward zero.
    sign_mode : {"mixed", "excitatory", "inhibitory", "null"}, optional
        None means that of the weights, see :func:`sign_mode_of`.

    Returns
    -------
    numpy.ndarray of int32
        Of the same shape.

    Raises
    ------
    ConfigError
        If the sign mode is unknown.
    CapacityError
        If the number of bits is out of range, or weights are no whole numbers.

    Examples
    --------
    >>> stored_weights([-3, 5], 8).tolist(), stored_weights([-3, 5], 9).tolist(), stored_weights([-3, -256], 8).tolist()
    ([-4, 4], [-3, 5], [-3, -255])
    """
    given = np.asarray(weights)
    if not np.issubdtype(given.dtype, np.integer):
        raise CapacityError(f"stored weights: weights must be whole numbers, found {given.dtype}; quantise them first")
    mode = sign_mode_of(given) if sign_mode is None else sign_mode
    if mode not in SIGN_MODES:
        raise unknown_name("sign mode", mode, SIGN_MODES)
    mixed, sign = mode == "mixed", -1 if mode == "inhibitory" else 1
    dropped = FULL_BITS + mixed - weight_bits
    if not 0 <= dropped <= FULL_BITS + mixed:
        raise CapacityError(
            f"stored weights: weight_bits is {weight_bits}, the limit with {mode} weights is 0..{FULL_BITS + mixed}; "
            "choose one inside"
        )
    most = (1 << FULL_BITS) - 1
    clipped = np.clip(sign * given.astype(np.int64), -most - 1 if mixed else 0, most)
    kept: npt.NDArray[np.int32] = (sign * (clipped >> dropped << dropped)).astype(np.int32)
    return kept
