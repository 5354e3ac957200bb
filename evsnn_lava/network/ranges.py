"""The integer ranges that a description may use, as one table, and the check against it.

Source: ``lava.proc.lif.models.PyLifModelBitAcc`` (decays 12 bits, threshold 17, bias mantissa 13,
bias exponent 3), ``lava.proc.dense.models.PyDenseModelBitAcc`` (weights 8 bits and a sign), netx (delays up to 62),
``lava.proc.sdn`` (exponents of 3 bits) and ``lava.proc.rf`` (decays of 12 bits).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import CapacityError, ConfigError

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
    "delay": (0, 62),
    "input_weight": (-32768, 32767),
    "spike_exp": (0, 7),
    "state_exp": (0, 7),
    "sin_decay": (-4096, 4096),
    "cos_decay": (-4096, 4096),
    "decay_bits": (1, 12),
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


def whole_number(value: npt.ArrayLike, quantity: str, owner: str) -> int:
    """Check a parameter that is one number for the whole layer.

    Parameters
    ----------
    value : int
        The parameter, of any integer type.
    quantity : str
        A key of ``RANGES``.
    owner : str
        Who holds the value, for the message.

    Returns
    -------
    int
        A plain int.

    Raises
    ------
    CapacityError
        If the value lies outside the range.
    ConfigError
        If it is not one number.

    Examples
    --------
    >>> whole_number(np.uint8(3), "bias_exp", "CubaNeuron")
    3
    """
    require_range(quantity, value, owner)
    array = np.asarray(value)
    if array.ndim:
        raise ConfigError(
            f"{owner}: {quantity} has shape {array.shape}, a layer has one for all neurons; give one number"
        )
    return int(array)


def frozen_parameter(value: npt.ArrayLike, quantity: str, owner: str) -> int | npt.NDArray[np.int32]:
    """Check a parameter that is one number or one per channel.

    Parameters
    ----------
    value : int or array-like of int, shape (C,)
        The parameter; an array whose values are all equal stays an array.
    quantity : str
        A key of ``RANGES``.
    owner : str
        Who holds the value, for the message.

    Returns
    -------
    int or numpy.ndarray of int32
        A plain int, or a read-only copy.

    Raises
    ------
    CapacityError
        If a value lies outside the range.

    Examples
    --------
    >>> frozen_parameter(np.int64(3), "dv", "CubaNeuron"), frozen_parameter([3, 4], "dv", "CubaNeuron").tolist()
    (3, [3, 4])
    """
    array = frozen_ints(value, quantity, owner)
    return int(array) if array.ndim == 0 else array


def spread(value: int | npt.NDArray[np.integer], shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Lay a parameter out so that it broadcasts over the neurons of a layer.

    Parameters
    ----------
    value : int or numpy.ndarray of int, shape (C,) or `shape`
        One number, one per channel or one per neuron.
    shape : tuple of int
        ``(C, H, W)`` or ``(C,)`` of the layer.

    Returns
    -------
    numpy.ndarray of int64
        Of as many dimensions as `shape`.

    Examples
    --------
    >>> spread(np.array([1, 2]), (2, 3, 4)).shape
    (2, 1, 1)
    """
    array = np.asarray(value, dtype=np.int64)
    return array if array.shape == shape else array.reshape(-1, *(1,) * (len(shape) - 1))
