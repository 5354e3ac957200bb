"""The spiking neuron of the description: current-based leaky integrate-and-fire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from evsnn_lava.network.ranges import frozen_ints, frozen_parameter, spread, whole_number

Parameter = int | npt.NDArray[np.int32]
"""One number for the layer, or one per output channel."""


@dataclass(frozen=True, eq=False)
class CubaNeuron:
    r"""Current-based leaky integrate-and-fire neuron in Loihi's integers.

    With :math:`d(x, k) = \operatorname{sgn}(x)\,\lfloor |x|\,(4096 - k) / 4096 \rfloor` (rounding
    toward zero) and the synaptic input :math:`a`:

    .. math::
        u &\leftarrow \operatorname{wrap}_{24}(d(u, du + 1) + 64\,a) \\
        v &\leftarrow \operatorname{clip}_{24}(d(v, dv) + u + bias\_mant \cdot 2^{bias\_exp}) \\
        s &= [v > 64\,vth\_mant], \qquad v \leftarrow 0 \text{ where } s

    A current that leaves :math:`-2^{23}+1 \ldots 2^{23}` wraps once by :math:`2^{24}`; a voltage saturates at
    :math:`\pm(2^{23} - 1)`. Before that, sums and shifts are cut to 32 bits, as Lava's arrays are; inputs below
    :math:`2^{25}` never show it.

    Source: ``lava.proc.lif.models.PyLifModelBitAcc``.

    Parameters
    ----------
    vth_mant : int
        Threshold mantissa, 0..131071; the threshold is ``vth_mant * 64``.
    du : int or array-like of int, shape (C,)
        Current decay as Lava writes it, -1..4095; the current keeps ``(4095 - du) / 4096``.
        It is ``iDecay - 1`` of SLAYER and of the ``.net`` file.
    dv : int or array-like of int, shape (C,)
        Voltage decay, 0..4096; the voltage keeps ``(4096 - dv) / 4096``. It is ``vDecay``.
    bias_mant : array-like of int, shape (C,) or the shape of the layer, optional
        One bias mantissa per output channel or per neuron, -4096..4095. None means no bias.
    bias_exp : int
        Bias exponent, 0..7.

    Raises
    ------
    CapacityError
        If a value lies outside its range.
    ConfigError
        If ``vth_mant`` or ``bias_exp`` is not one number.

    Examples
    --------
    >>> CubaNeuron(vth_mant=80, du=1023, dv=128).current_decay
    1024
    """

    graded: ClassVar[bool] = False
    """Whether the messages carry a number; a spike is 1."""

    vth_mant: int
    du: Parameter
    dv: Parameter
    bias_mant: npt.NDArray[np.int32] | None = None
    bias_exp: int = 6

    def __post_init__(self) -> None:
        """Check the ranges and freeze the arrays."""
        for quantity in ("vth_mant", "bias_exp"):
            object.__setattr__(self, quantity, whole_number(getattr(self, quantity), quantity, "CubaNeuron"))
        for quantity in ("du", "dv"):
            object.__setattr__(self, quantity, frozen_parameter(getattr(self, quantity), quantity, "CubaNeuron"))
        if self.bias_mant is not None:
            object.__setattr__(self, "bias_mant", frozen_ints(self.bias_mant, "bias_mant", "CubaNeuron"))

    @property
    def current_decay(self) -> Parameter:
        """Effective decay of the current per step in 1/4096 (0..4096): SLAYER's ``iDecay``."""
        return self.du + 1

    @property
    def threshold(self) -> int:
        """Threshold in units of the voltage (int): ``vth_mant << 6``."""
        return self.vth_mant << 6

    @property
    def per_channel(self) -> dict[str, npt.NDArray[np.int32]]:
        """Parameters that are arrays, by name: one value per channel (``bias_mant``: or per neuron)."""
        named = {"du": self.du, "dv": self.dv, "bias_mant": self.bias_mant}
        return {name: value for name, value in named.items() if isinstance(value, np.ndarray)}

    def bias(self, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
        """Spread the bias over the neurons.

        Parameters
        ----------
        shape : tuple of int
            Shape of the layer, ``(C, H, W)`` or ``(C,)``.

        Returns
        -------
        numpy.ndarray of int64
            The bias in units of the voltage, of a shape that broadcasts to `shape`.
        """
        return spread(0 if self.bias_mant is None else self.bias_mant, shape) << self.bias_exp
