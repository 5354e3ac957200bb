"""Synapse types of the description."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError
from evsnn_lava.network.ranges import frozen_ints, require_range

Shape = tuple[int, ...]
Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class DenseSynapse:
    """Every input reaches every output; the input is flattened in ``(C, H, W)`` order.

    Source: ``lava.proc.dense.models.PyDenseModelBitAcc`` without delays.

    Parameters
    ----------
    weights : array-like of int, shape (out, in)
        Weight mantissas, -256..255.
    weight_exp : int
        The summed activation is shifted left by it (right, rounding down, when negative).

    Raises
    ------
    CapacityError
        If a value lies outside its range.
    ConfigError
        If the weights are not a matrix.

    Examples
    --------
    >>> DenseSynapse([[2, -4, 6]]).output_shape((3,))
    (1,)
    """

    weights: npt.NDArray[np.int32]
    weight_exp: int = 0

    def __post_init__(self) -> None:
        """Check the ranges and freeze the weights."""
        object.__setattr__(self, "weights", frozen_ints(self.weights, "weight", "DenseSynapse"))
        require_range("weight_exp", self.weight_exp, "DenseSynapse")
        if self.weights.ndim != 2 or 0 in self.weights.shape:
            raise ConfigError(
                f"DenseSynapse: weights have shape {self.weights.shape}, expected (out, in); reshape them"
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Shape that the synapse delivers for an input of `input_shape`.

        Parameters
        ----------
        input_shape : tuple of int
            Shape of what comes in, ``(C, H, W)`` or ``(N,)``.

        Returns
        -------
        tuple of int
            ``(out,)``.

        Raises
        ------
        ConfigError
            If the input has another size than the weights.
        """
        outputs, inputs = self.weights.shape
        if math.prod(input_shape) != inputs:
            raise ConfigError(
                f"DenseSynapse: input {input_shape} has {math.prod(input_shape)} values, "
                f"the weights expect {inputs}; check the layer before it"
            )
        return (outputs,)


@dataclass(frozen=True, eq=False)
class ConvSynapse:
    """Two-dimensional convolution (cross-correlation, as torch does it).

    Source: ``lava.proc.conv.models.PyConvModelBitAcc``, whose kernel is stored flipped.

    Parameters
    ----------
    weights : array-like of int, shape (C_out, C_in / groups, kH, kW)
        Weight mantissas, -256..255.
    stride, padding, dilation : (int, int)
        ``(vertical, horizontal)``.
    groups : int
        Number of blocked connections.
    weight_exp : int
        Shift of the summed activation.

    Raises
    ------
    CapacityError
        If a value lies outside its range.
    ConfigError
        If the sizes do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> conv = ConvSynapse(np.ones((8, 2, 5, 5), int), stride=(2, 2), padding=(2, 2))
    >>> conv.output_shape((2, 34, 34))
    (8, 17, 17)
    """

    weights: npt.NDArray[np.int32]
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    weight_exp: int = 0

    def __post_init__(self) -> None:
        """Check the ranges and sizes and freeze the weights."""
        object.__setattr__(self, "weights", frozen_ints(self.weights, "weight", "ConvSynapse"))
        require_range("weight_exp", self.weight_exp, "ConvSynapse")
        if self.weights.ndim != 4 or 0 in self.weights.shape:
            raise ConfigError(
                f"ConvSynapse: weights have shape {self.weights.shape}, "
                "expected (C_out, C_in/groups, kH, kW); reshape them"
            )
        for name, low in (("stride", 1), ("padding", 0), ("dilation", 1)):
            given = getattr(self, name)
            pair = np.asarray(given)
            if pair.shape != (2,) or not np.issubdtype(pair.dtype, np.integer) or pair.min() < low:
                raise ConfigError(f"ConvSynapse: {name} is {given}, expected two whole numbers >= {low}; correct it")
            object.__setattr__(self, name, (int(pair[0]), int(pair[1])))
        if self.groups < 1 or self.weights.shape[0] % self.groups:
            raise ConfigError(
                f"ConvSynapse: groups is {self.groups}, it must divide the {self.weights.shape[0]} output channels"
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Shape that the synapse delivers for an input of `input_shape`.

        Parameters
        ----------
        input_shape : tuple of int
            ``(C, H, W)`` of what comes in.

        Returns
        -------
        tuple of int
            ``(C_out, H_out, W_out)``.

        Raises
        ------
        ConfigError
            If the input is not ``(C, H, W)``, has other channels or is smaller than the kernel.
        """
        channels = self.weights.shape[1] * self.groups
        if len(input_shape) != 3 or input_shape[0] != channels:
            raise ConfigError(f"ConvSynapse: input {input_shape} is not ({channels}, H, W); check the layer before it")
        rows, columns = (
            (size + 2 * pad - step * (kernel - 1) - 1) // stride + 1
            for size, pad, step, kernel, stride in zip(
                input_shape[1:], self.padding, self.dilation, self.weights.shape[2:], self.stride, strict=True
            )
        )
        if rows < 1 or columns < 1:
            raise ConfigError(
                f"ConvSynapse: input {input_shape} is smaller than the kernel; pad it or shrink the kernel"
            )
        return (int(self.weights.shape[0]), rows, columns)


Synapse = DenseSynapse | ConvSynapse
