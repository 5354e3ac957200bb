"""Resonate-and-fire neurons of the description: a complex state that rotates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from evsnn_lava.network.ranges import whole_number


@dataclass(frozen=True, eq=False)
class RfNeuron:
    r"""Resonate-and-fire neuron that fires when its phase passes zero.

    With :math:`d(x) = \operatorname{sgn}(x)\,\lfloor |x| / 2^{decay\_bits} \rfloor` and the complex
    synaptic input :math:`a + ib`:

    .. math::
        re' &= \operatorname{clip}_{24}(d(cos\_decay \cdot re) - d(sin\_decay \cdot im) + a \cdot 2^{state\_exp}) \\
        im' &= \operatorname{clip}_{24}(d(sin\_decay \cdot re) + d(cos\_decay \cdot im) + b \cdot 2^{state\_exp}) \\
        s &= [re' \ge vth\_mant \cdot 2^{state\_exp}]\,[im' \ge 0]\,[im < 0]

    Source: ``lava.proc.rf.models.PyRFModelFixed``.

    Parameters
    ----------
    vth_mant : int
        Threshold, 0..131071.
    sin_decay, cos_decay : int
        Decayed rotation per step in ``1 / 2**decay_bits``. Lava's ``RF`` computes them in floats from a period and a
        decay; its model takes any integers.
    state_exp : int
        Fractional bits of the state, 0..7.
    decay_bits : int
        Bits of the decays, 1..12.

    Raises
    ------
    CapacityError
        If a value lies outside its range.
    ConfigError
        If a value is not one number.

    Examples
    --------
    >>> RfNeuron(vth_mant=10, sin_decay=1024, cos_decay=3900).threshold
    640
    """

    graded: ClassVar[bool] = False

    vth_mant: int
    sin_decay: int
    cos_decay: int
    state_exp: int = 6
    decay_bits: int = 12

    def __post_init__(self) -> None:
        """Check the ranges."""
        for quantity in ("vth_mant", "sin_decay", "cos_decay", "state_exp", "decay_bits"):
            object.__setattr__(self, quantity, whole_number(getattr(self, quantity), quantity, type(self).__name__))

    @property
    def threshold(self) -> int:
        """Threshold in units of the state."""
        return self.vth_mant << self.state_exp

    @property
    def per_channel(self) -> dict[str, npt.NDArray[np.int32]]:
        """No parameter is an array."""
        return {}


@dataclass(frozen=True, eq=False)
class RfIzNeuron(RfNeuron):
    r"""Resonate-and-fire neuron after Izhikevich: it fires at a threshold of the imaginary part and is reset.

    The state turns as in :class:`RfNeuron`; :math:`s = [im' \ge vth\_mant \cdot 2^{state\_exp}]`, and where it fires
    the real part becomes 0 and the imaginary part one less than the threshold.

    Source: ``lava.proc.rf_iz.models.PyRF_IZModelFixed``.
    """
