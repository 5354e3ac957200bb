"""The integer ranges that a description may use, as one table, and the check against it.

Source: ``lava.proc.lif.models.PyLifModelBitAcc`` (decays 12 bits, threshold 17, bias mantissa 13,
bias exponent 3) and ``lava.proc.dense.models.PyDenseModelBitAcc`` (weights 8 bits and a sign).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import CapacityError

STATE_BITS: Final = 24
DECAY_UNITY: Final = 4096

RANGES: Final[dict[str, tuple[int, int]]] = {
    "vth_mant": (0, 131071),
    "du": (-1, 4095),
    "dv": (0, 4096),
    "bias_mant": (-4096, 4095),
    "bias_exp": (0, 7),
    "weight": (-256, 255),
    "weight_exp": (-8, 7),
}


def require_range(quantity: str, value: npt.ArrayLike, owner: str) -> None:
    """Refuse a value outside the range of its quantity.

    Parameters
    ----------
    quantity : str
        A key of ``RANGES``.
    value : array-like of int
        The value or values.
    owner : str
        Who holds the value, for the message.

    Raises
    ------
    CapacityError
        If any value lies outside the range or is not an integer.

    Examples
    --------
    >>> require_range("dv", 4096, "CubaNeuron")
    """
    array = np.asarray(value)
    low, high = RANGES[quantity]
    if not np.issubdtype(array.dtype, np.integer):
        raise CapacityError(f"{owner}: {quantity} must be whole numbers, found {array.dtype}; quantise it first")
    if array.size and (array.min() < low or array.max() > high):
        raise CapacityError(
            f"{owner}: {quantity} spans {array.min()}..{array.max()}, the limit is {low}..{high}; rescale or clip it"
        )


def frozen_ints(value: npt.ArrayLike, quantity: str, owner: str) -> npt.NDArray[np.int32]:
    """Copy integers into a read-only ``int32`` array after a range check.

    Parameters
    ----------
    value : array-like of int
        The values.
    quantity : str
        A key of ``RANGES``.
    owner : str
        Who holds the value, for the message.

    Returns
    -------
    numpy.ndarray of int32
        A read-only, C-contiguous copy.

    Raises
    ------
    CapacityError
        If a value lies outside the range.

    Examples
    --------
    >>> frozen_ints([1, 2], "weight", "DenseSynapse").flags.writeable
    False
    """
    require_range(quantity, value, owner)
    array = np.array(value, dtype=np.int32, order="C")
    array.setflags(write=False)
    return array
