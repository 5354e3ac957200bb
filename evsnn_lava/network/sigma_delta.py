"""Sigma-delta neurons of the description: graded messages that carry changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import unknown_name
from evsnn_lava.network.ranges import frozen_ints, spread, whole_number

ACTIVATIONS: Final = {"relu": "negative activations become 0", "unit": "the activation is passed on as it is"}

_SCALED: Final = ("vth_mant", "spike_exp", "state_exp")


@dataclass(frozen=True, eq=False)
class DeltaNeuron:
    r"""Sends the change of its input when it is large enough: the input neuron of sigma-delta networks.

    With the input :math:`a` and :math:`e = spike\_exp + state\_exp`, in 32-bit integers:

    .. math::
        x &= a \cdot 2^{e}, \qquad \delta = x - act + residue \\
        o &= \delta \, [\,|\delta| \ge vth\_mant \cdot 2^{e}\,], \qquad
        residue \leftarrow \delta - o, \qquad act \leftarrow x

    The message is :math:`\lfloor o / 2^{state\_exp} \rfloor`; what the floor cuts off is lost. The word
    :math:`-2^{31}` has no absolute value and is never sent.

    Source: ``lava.proc.sdn.models.PyDeltaModelFixed``.

    Parameters
    ----------
    vth_mant : int
        Threshold, 0..131071, in units of the input.
    spike_exp, state_exp : int
        Fractional bits of messages, and further fractional bits of the states, 0..7.

    Raises
    ------
    CapacityError
        If a value lies outside its range.
    ConfigError
        If a value is not one number.

    Examples
    --------
    >>> DeltaNeuron(vth_mant=6).threshold == 6 * 64 * 64
    True
    """

    graded: ClassVar[bool] = True

    vth_mant: int
    spike_exp: int = 6
    state_exp: int = 6

    def __post_init__(self) -> None:
        """Check the ranges."""
        _check_scaled(self)

    @property
    def threshold(self) -> int:
        """Threshold in units of the states."""
        return self.vth_mant << (self.spike_exp + self.state_exp)

    @property
    def per_channel(self) -> dict[str, npt.NDArray[np.int32]]:
        """No parameter is an array."""
        return {}


@dataclass(frozen=True, eq=False)
class SigmaDeltaNeuron:
    r"""Adds up what comes in, applies its activation function and sends the change.

    :math:`\sigma \leftarrow \sigma + a`, then the rule of :class:`DeltaNeuron` with
    :math:`x = f(\sigma + bias\_mant \cdot 2^{e})`.

    Source: ``lava.proc.sdn.models.PySigmaDeltaModelFixed``.

    Parameters
    ----------
    vth_mant : int
        Threshold, 0..131071.
    bias_mant : array-like of int, shape (C,) or the shape of the layer, optional
        Bias of the activation, -4096..4095.
    activation : {"relu", "unit"}
        See ``ACTIVATIONS``.
    spike_exp, state_exp : int
        As in :class:`DeltaNeuron`.

    Raises
    ------
    CapacityError
        If a value lies outside its range.
    ConfigError
        If the activation is unknown, or a value that is one for the layer is not one number.

    Examples
    --------
    >>> SigmaDeltaNeuron(vth_mant=0, bias_mant=[1, -2], spike_exp=0, state_exp=2).bias((2,)).tolist()
    [4, -8]
    """

    graded: ClassVar[bool] = True

    vth_mant: int
    bias_mant: npt.NDArray[np.int32] | None = None
    activation: str = "relu"
    spike_exp: int = 6
    state_exp: int = 6

    def __post_init__(self) -> None:
        """Check the ranges and freeze the bias."""
        _check_scaled(self)
        if self.activation not in ACTIVATIONS:
            raise unknown_name("activation", self.activation, ACTIVATIONS)
        if self.bias_mant is not None:
            object.__setattr__(self, "bias_mant", frozen_ints(self.bias_mant, "bias_mant", "SigmaDeltaNeuron"))

    @property
    def threshold(self) -> int:
        """Threshold in units of the states."""
        return self.vth_mant << (self.spike_exp + self.state_exp)

    @property
    def per_channel(self) -> dict[str, npt.NDArray[np.int32]]:
        """The bias, if there is one."""
        return {} if self.bias_mant is None else {"bias_mant": self.bias_mant}

    @classmethod
    def sums(cls) -> SigmaDeltaNeuron:
        """The neuron that passes on what comes in: the change of a sum is its summand.

        As the last layer behind spikes it is a head of sums; what it sent so far adds up to the score of the class.

        Examples
        --------
        >>> passes_on(SigmaDeltaNeuron.sums()), passes_on(SigmaDeltaNeuron(vth_mant=1))
        (True, False)
        """
        return cls(vth_mant=0, activation="unit", spike_exp=0, state_exp=0)

    def bias(self, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
        """Spread the bias over the neurons.

        Parameters
        ----------
        shape : tuple of int
            Shape of the layer, ``(C, H, W)`` or ``(C,)``.

        Returns
        -------
        numpy.ndarray of int64
            The bias in units of the states, of a shape that broadcasts to `shape`.
        """
        mantissas = spread(0 if self.bias_mant is None else self.bias_mant, shape)
        return mantissas << (self.spike_exp + self.state_exp)


@dataclass(frozen=True, eq=False)
class SigmaNeuron:
    """Adds up what comes in, in 32 bits, and sends the sum in every step: the output of sigma-delta networks.

    Source: ``lava.proc.sdn.models.PySigmaModelFixed``.

    Examples
    --------
    >>> SigmaNeuron().graded
    True
    """

    graded: ClassVar[bool] = True

    @property
    def per_channel(self) -> dict[str, npt.NDArray[np.int32]]:
        """No parameter is an array."""
        return {}


def _check_scaled(neuron: DeltaNeuron | SigmaDeltaNeuron) -> None:
    owner = type(neuron).__name__
    for quantity in _SCALED:
        object.__setattr__(neuron, quantity, whole_number(getattr(neuron, quantity), quantity, owner))


def passes_on(neuron: object) -> bool:
    """Whether a neuron is that of :meth:`SigmaDeltaNeuron.sums`: no threshold, scale, rectifier or bias.

    Examples
    --------
    >>> passes_on(SigmaDeltaNeuron(vth_mant=0, activation="unit")), passes_on(SigmaNeuron())
    (False, False)
    """
    if not isinstance(neuron, SigmaDeltaNeuron) or neuron.bias_mant is not None:
        return False
    return (neuron.vth_mant, neuron.activation, neuron.spike_exp, neuron.state_exp) == (0, "unit", 0, 0)
