"""Synapse types of the description."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError
from evsnn_lava.network.ranges import frozen_ints, whole_number

Shape = tuple[int, ...]
Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class DenseSynapse:
    """Every input reaches every output; the input is flattened in ``(C, H, W)`` order.

    A message that was sent in step ``k`` arrives in step ``k + 1 + delay``. Sums are words of 32 bits; with delays,
    every product is one. Every bit of a weight counts: what a synapse of fewer bits keeps is said by
    :func:`evsnn_lava.network.precision.stored_weights`.

    Source: ``lava.proc.dense.models``, ``PyDenseModelBitAcc`` and, with delays, ``PyDelayDenseModelBitAcc``.

    Parameters
    ----------
    weights : array-like of int, shape (out, in)
        Weight mantissas, -256..255.
    weight_exp : int
        The summed activation is shifted left by it (right, rounding down, when negative); with delays, the sum of
        each delay is shifted by itself.
    delays : array-like of int, shape (out, in), (1, in) or (out, 1), optional
        Steps, 0..62, that each connection waits. None means none.

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
    delays: npt.NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        """Check the ranges and freeze the weights."""
        object.__setattr__(self, "weights", frozen_ints(self.weights, "weight", "DenseSynapse"))
        object.__setattr__(self, "weight_exp", whole_number(self.weight_exp, "weight_exp", "DenseSynapse"))
        if self.weights.ndim != 2 or 0 in self.weights.shape:
            raise ConfigError(
                f"DenseSynapse: weights have shape {self.weights.shape}, expected (out, in); reshape them"
            )
        if self.delays is not None:
            object.__setattr__(self, "delays", self._spread_delays(self.delays))

    def _spread_delays(self, delays: npt.ArrayLike) -> npt.NDArray[np.int32]:
        given = frozen_ints(delays, "delay", "DenseSynapse")
        outputs, inputs = self.weights.shape
        if given.ndim != 2 or given.shape[0] not in (1, outputs) or given.shape[1] not in (1, inputs):
            raise ConfigError(
                f"DenseSynapse: delays have shape {given.shape}, the weights {self.weights.shape}; "
                "give one per connection, (1, in) or (out, 1)"
            )
        return frozen_ints(np.broadcast_to(given, self.weights.shape), "delay", "DenseSynapse")

    @property
    def max_delay(self) -> int:
        """Longest delay in steps, 0 without delays."""
        return 0 if self.delays is None else int(self.delays.max())

    @property
    def matrices(self) -> tuple[npt.NDArray[np.int32], ...]:
        """Stored weights, for counting."""
        return (self.weights,)

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

    Of the sum, the low 24 bits are kept; it must not leave 32 bits, where Lava's model is undefined.

    Source: ``lava.proc.conv.models.PyConvModelFixed``, whose kernel is stored flipped.

    Parameters
    ----------
    weights : array-like of int, shape (C_out, C_in / groups, kH, kW)
        Weight mantissas, -256..255.
    stride, padding, dilation : (int, int)
        ``(vertical, horizontal)``.
    groups : int
        Number of blocked connections.
    weight_exp : int
        Shift of the summed activation, after its cut to 24 bits. Lava's own model ignores it: back-ends that stand on
        Lava refuse another one than 0.

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
        object.__setattr__(self, "weight_exp", whole_number(self.weight_exp, "weight_exp", "ConvSynapse"))
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
        whole = isinstance(self.groups, int | np.integer)
        if not whole or self.groups < 1 or self.weights.shape[0] % self.groups:
            raise ConfigError(
                f"ConvSynapse: groups is {self.groups}, it must divide the {self.weights.shape[0]} output channels"
            )
        object.__setattr__(self, "groups", int(self.groups))

    @property
    def max_delay(self) -> int:
        """A convolution has no delays."""
        return 0

    @property
    def matrices(self) -> tuple[npt.NDArray[np.int32], ...]:
        """Stored weights, for counting."""
        return (self.weights,)

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


@dataclass(frozen=True, eq=False)
class ComplexSynapse:
    """Two dense connections from the same inputs: real and imaginary input of resonators.

    Source: ``lava.lib.dl.netx.blocks.process.ComplexDense``.

    Parameters
    ----------
    real, imag : DenseSynapse
        Both of the same shape and without delays.

    Raises
    ------
    ConfigError
        If the two do not fit together.

    Examples
    --------
    >>> ComplexSynapse(DenseSynapse([[1, 2]]), DenseSynapse([[3, 4]])).output_shape((2,))
    (1,)
    """

    real: DenseSynapse
    imag: DenseSynapse

    def __post_init__(self) -> None:
        """Check that both parts are alike."""
        if self.real.weights.shape != self.imag.weights.shape or self.max_delay:
            raise ConfigError(
                f"ComplexSynapse: real weights {self.real.weights.shape}, imaginary {self.imag.weights.shape}, "
                f"delays up to {self.max_delay}; make both alike, without delays"
            )

    @property
    def max_delay(self) -> int:
        """Longest delay of the parts."""
        return max(self.real.max_delay, self.imag.max_delay)

    @property
    def matrices(self) -> tuple[npt.NDArray[np.int32], ...]:
        """Stored weights, for counting."""
        return (self.real.weights, self.imag.weights)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Shape that the synapse delivers for an input of `input_shape`, ``(out,)``."""
        return self.real.output_shape(input_shape)


@dataclass(frozen=True, eq=False)
class DirectSynapse:
    """Hands every input to the neuron of the same place: the input block of SLAYER and netx.

    It delivers ``weight * x + bias`` one step later; on the chip it is no synapse but the neuron's own input.

    Source: ``lava.lib.dl.slayer.block.base.AbstractInput`` and the ``transform`` of netx's input block.

    Parameters
    ----------
    weight : int
        Factor of the input, 64 means 1.0.
    bias : int
        Added in every step.

    Raises
    ------
    CapacityError
        If a value lies outside its range.
    ConfigError
        If a value is not one number.

    Examples
    --------
    >>> DirectSynapse().output_shape((3, 33, 100))
    (3, 33, 100)
    """

    weight: int = 64
    bias: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("weight", "bias"):
            object.__setattr__(self, name, whole_number(getattr(self, name), "input_weight", "DirectSynapse"))

    @property
    def max_delay(self) -> int:
        """There is no delay."""
        return 0

    @property
    def matrices(self) -> tuple[npt.NDArray[np.int32], ...]:
        """Nothing is stored in synapses."""
        return ()

    def output_shape(self, input_shape: Shape) -> Shape:
        """Shape that the synapse delivers: that of the input."""
        return input_shape


Synapse = DenseSynapse | ConvSynapse | ComplexSynapse | DirectSynapse
