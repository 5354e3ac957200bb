"""How large the weights of the comparators must be, so that what leaks or stays never changes a decision.

A current with ``du = 0`` keeps 4095/4096 of itself per step and loses, rounded toward zero, at most
``ceil(|u| / 4096)``. A voltage with ``dv = 4095``, the largest that the chip's register holds, keeps 1/4096. A lead of
one spike is ``64 w``, and the threshold lies half way between two leads. So the decision is exact as long as all losses
together, and what the voltage keeps, stay below ``32 w``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

LARGEST_WEIGHT: Final = 254
LEAK: Final = 4096
NO_LEAK_DU: Final = -1
"""Lava's fixed-point model keeps all of a current then; no register of the chip holds it."""
CHIP_DV: Final = 4095
FORGET_DV: Final = 4096
CURRENT_LIMIT: Final = 1 << 23


@dataclass(frozen=True)
class Scale:
    """The weight of one spike, and what is known about its error.

    Parameters
    ----------
    weight : int
        Weight of an output spike at a comparator, even.
    du : int
        Decay of the comparators' current: 0, or -1 where no weight is large enough.
    error, allowed : int
        How far a voltage can be off at most, and from where on a decision could change, in units of the voltage.
    """

    weight: int
    du: int
    error: int
    allowed: int

    @property
    def dv(self) -> int:
        """Decay of the voltages: the most that the chip has, or all where it does not matter to the chip any more."""
        return CHIP_DV if self.du >= 0 else FORGET_DV


def choose_scale(leads: IntArray) -> Scale | None:
    """Choose the smallest weight for which the leak is proven harmless.

    Parameters
    ----------
    leads : numpy.ndarray of int64, shape (K,)
        The largest lead, offsets included, that a comparator can hold in each step; the first one also bounds what its
        bias makes up for.

    Returns
    -------
    Scale or None
        None where a current would leave its range.

    Examples
    --------
    >>> choose_scale(np.arange(30))
    Scale(weight=2, du=0, error=29, allowed=64)
    >>> choose_scale(np.arange(300)).du, choose_scale(np.array([70000]))
    (-1, None)
    """
    highest = 64 * (int(leads.max()) + int(leads[0]) + 2)
    for weight in range(2, LARGEST_WEIGHT + 1, 2):
        lost = leak(leads, weight)
        error = lost + -(-(highest * weight + lost) // LEAK)
        if error < 32 * weight and highest * weight + lost < CURRENT_LIMIT:
            return Scale(weight, 0, error, 32 * weight)
    return Scale(2, NO_LEAK_DU, 0, 64) if highest * 2 < CURRENT_LIMIT else None


def leak(leads: IntArray, weight: int) -> int:
    """Bound what a current has lost, in any direction, after the last step.

    Parameters
    ----------
    leads : numpy.ndarray of int64, shape (K,)
        The largest lead in each step.
    weight : int
        Weight of a spike.

    Returns
    -------
    int
        Units of the current.

    Examples
    --------
    >>> leak(np.array([0, 1, 2, 60]), 2)
    2
    """
    lost = 0
    for lead in leads[:-1].tolist():
        lost += -(-(64 * weight * lead + lost) // LEAK)
    return lost
