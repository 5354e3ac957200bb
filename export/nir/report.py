"""What became of a float network when it was written in integers, parameter by parameter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.export.lowering.pooling import FloatArray

DT_SOURCES: Final = {
    "given": "given",
    "file": "read from the file",
    "assumed": "assumed: NIR does not say it; give --dt-ms",
}
"""How the length of a step is known."""

ROUNDED: Final = "rounded to whole numbers"

STATUS: Final = {
    "faithful": "the integers say the same",
    "approximate": "rounded, or another rule that is close",
    "unsupported": "it has no counterpart and is left out",
}

EXACT: Final = 1e-9
"""A relative error below this is float noise."""

NOISE: Final = 1e-12
"""So is a difference below this: where nothing decays, a share of 2^-40 per step is written."""


@dataclass(frozen=True)
class ParameterFact:
    """One parameter of a layer.

    Parameters
    ----------
    parameter : str
        What it is.
    value : str
        In the float network; a span when there are several.
    stored : str
        In the integer network.
    error : float
        Largest relative error.
    status : {"faithful", "approximate", "unsupported"}
        See ``STATUS``.
    remark : str
        Why, when it is more than rounding.
    """

    parameter: str
    value: str
    stored: str
    error: float
    status: str
    remark: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not faithful, rounding included."""
        rounded = (ROUNDED,) if self.error >= EXACT else ()
        return (*rounded, self.remark) if self.remark else rounded


@dataclass(frozen=True)
class LayerFacts:
    """One layer.

    Parameters
    ----------
    layer : str
        Its name.
    weights : int
        Number of weights, in the form in which they are stored.
    low, high : float
        Smallest and largest weight, with the gain of the neuron folded in.
    scale : float
        Integer that stands for the weight 1.0.
    max_error, mean_error : float
        Rounding error of a weight, in the unit of `low` and `high`.
    clipped : int
        Weights beyond the range.
    zeroed : int
        Weights that were not zero and became it.
    parameters : tuple of ParameterFact
        Everything else.
    """

    layer: str
    weights: int
    low: float
    high: float
    scale: float
    max_error: float
    mean_error: float
    clipped: int
    zeroed: int
    parameters: tuple[ParameterFact, ...]


@dataclass(frozen=True)
class QuantisationReport:
    """A network.

    Parameters
    ----------
    source : str
        Where it comes from.
    dt_s : float
        Seconds of a step.
    weight_bits : int
        Bits of a weight.
    layers : tuple of LayerFacts
        From the input to the output.
    notes : tuple of str
        What holds for the whole network.
    dt_source : {"given", "file", "assumed"}
        See ``DT_SOURCES``.
    timed : bool
        Whether numbers of the network depend on dt: it has time constants or delays.
    """

    source: str
    dt_s: float
    weight_bits: int
    layers: tuple[LayerFacts, ...]
    notes: tuple[str, ...] = ()
    dt_source: str = "given"
    timed: bool = False

    @property
    def dt(self) -> str:
        """The length of a step and how it is known, in words.

        Examples
        --------
        >>> QuantisationReport("a.nir", 0.001, 8, (), dt_source="assumed").dt
        'dt 1 ms, assumed: NIR does not say it; give --dt-ms'
        """
        return f"dt {1000 * self.dt_s:g} ms, {DT_SOURCES[self.dt_source]}"

    @property
    def doubtful(self) -> bool:
        """Whether the network may be wrong because nobody said how long a step is."""
        return self.timed and self.dt_source == "assumed"

    @property
    def statuses(self) -> dict[str, int]:
        """How many parameters have each status."""
        found = [fact.status for layer in self.layers for fact in layer.parameters]
        return {status: found.count(status) for status in STATUS}


def span(values: npt.ArrayLike, digits: int = 6) -> str:
    """Numbers as text: one, or the smallest and the largest.

    Examples
    --------
    >>> span([1.0, 1.0]), span([0.25, 3.14159], digits=3)
    ('1', '0.25..3.14')
    """
    array = np.asarray(values, dtype=np.float64)
    low, high = f"{array.min():.{digits}g}", f"{array.max():.{digits}g}"
    return low if low == high else f"{low}..{high}"


def rounding(
    parameter: str, value: FloatArray, stored: FloatArray, shown: npt.ArrayLike, remark: str = ""
) -> ParameterFact:
    """The fact of a parameter that was rounded.

    Parameters
    ----------
    parameter : str
        Its name.
    value : numpy.ndarray of float64
        What it was.
    stored : numpy.ndarray of float64
        What the integers mean, in the same unit.
    shown : array-like of int
        The integers.
    remark : str
        Why it is approximate although the number is exact.

    Examples
    --------
    >>> rounding("threshold", np.array(2.0), np.array(1.5), 96).error
    0.25
    """
    error = np.abs(stored - value) / np.maximum(np.abs(value), np.finfo(float).tiny)
    error = np.where(np.abs(stored - value) < NOISE, 0.0, np.minimum(error, 1e9))
    largest = float(error.max())
    faithful = largest < EXACT and not remark
    status = "faithful" if faithful else "approximate"
    return ParameterFact(parameter, span(value, 4), span(shown), largest, status, remark)
