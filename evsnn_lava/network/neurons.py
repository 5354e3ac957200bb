"""Neuron types of the description."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evsnn_lava.network.ranges import frozen_ints, require_range


@dataclass(frozen=True, eq=False)
class CubaNeuron:
    r"""Current-based leaky integrate-and-fire neuron in Loihi's integers.

    With :math:`d(x, k) = \operatorname{sgn}(x)\,\lfloor |x|\,(4096 - k) / 4096 \rfloor` (rounding
    toward zero) and the synaptic input :math:`a`:

    .. math::
        u &\leftarrow \operatorname{wrap}_{24}(d(u, du + 1) + 64\,a) \\
        v &\leftarrow \operatorname{clip}_{24}(d(v, dv) + u + bias\_mant \cdot 2^{bias\_exp}) \\
        s &= [v > 64\,vth\_mant], \qquad v \leftarrow 0 \text{ where } s

    Source: ``lava.proc.lif.models.PyLifModelBitAcc``.

    Parameters
    ----------
    vth_mant : int
        Threshold mantissa, 0..131071; the threshold is ``vth_mant * 64``.
    du : int
        Current decay as Lava writes it, -1..4095; the current keeps ``(4095 - du) / 4096``.
        It is ``iDecay - 1`` of SLAYER and of the ``.net`` file.
    dv : int
        Voltage decay, 0..4096; the voltage keeps ``(4096 - dv) / 4096``. It is ``vDecay``.
    bias_mant : array-like of int, shape (C,), optional
        One bias mantissa per output channel, -4096..4095. None means no bias.
    bias_exp : int
        Bias exponent, 0..7.

    Raises
    ------
    CapacityError
        If a value lies outside its range.

    Examples
    --------
    >>> CubaNeuron(vth_mant=80, du=1023, dv=128).current_decay
    1024
    """

    vth_mant: int
    du: int
    dv: int
    bias_mant: npt.NDArray[np.int32] | None = None
    bias_exp: int = 6

    def __post_init__(self) -> None:
        """Check the ranges and freeze the bias."""
        for quantity in ("vth_mant", "du", "dv", "bias_exp"):
            require_range(quantity, getattr(self, quantity), "CubaNeuron")
            object.__setattr__(self, quantity, int(getattr(self, quantity)))
        if self.bias_mant is not None:
            object.__setattr__(self, "bias_mant", frozen_ints(self.bias_mant, "bias_mant", "CubaNeuron"))

    @property
    def current_decay(self) -> int:
        """Effective decay of the current per step in 1/4096 (int, 0..4096): SLAYER's ``iDecay``."""
        return self.du + 1

    @property
    def threshold(self) -> int:
        """Threshold in units of the voltage (int): ``vth_mant << 6``."""
        return self.vth_mant << 6

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
        if self.bias_mant is None:
            return np.zeros((1,) * len(shape), dtype=np.int64)
        shifted = self.bias_mant.astype(np.int64) << self.bias_exp
        return shifted.reshape(-1, *(1,) * (len(shape) - 1))
