"""Where two runs of the same samples differ: the quantities, and the first place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import NetworkDescription, RunResult

PER_SAMPLE: Final = ("decision", "exit_step", "steps", "scores")
PER_STEP: Final = ("input_events", "messages", "synops")
"""The arrays of a `RunResult` that are compared."""


@dataclass(frozen=True)
class Difference:
    """Where a run first differs from the reference.

    Parameters
    ----------
    quantity : str
        An array of `RunResult`.
    sample : int
        Index of the sample, from 0: the first that differs.
    layer : str or None
        Name of the layer, or ``input``; None for what is no layer's.
    step : int or None
        Step of the sample; None for what is counted once per sample.
    expected, found : int
        In the reference and in the other back-end.
    """

    quantity: str
    sample: int
    layer: str | None
    step: int | None
    expected: int
    found: int

    def __str__(self) -> str:
        """In words."""
        layer = "" if self.layer is None else f", layer {self.layer}"
        step = "" if self.step is None else f", step {self.step}"
        return f"{self.quantity} of sample {self.sample}{layer}{step}: {self.expected} expected, {self.found} found"


def unequal_quantities(expected: RunResult, found: RunResult) -> tuple[str, ...]:
    """Name the quantities in which two runs differ.

    Parameters
    ----------
    expected, found : RunResult
        The runs.

    Returns
    -------
    tuple of str
        Empty if they are the same.
    """
    names = (*PER_SAMPLE, *PER_STEP)
    return tuple(name for name in names if not np.array_equal(getattr(expected, name), getattr(found, name)))


def first_difference(network: NetworkDescription, expected: RunResult, found: RunResult) -> Difference | None:
    """Find the first difference: the first sample, in it the first step, in it the layer nearest to the input.

    Parameters
    ----------
    network : NetworkDescription
        What was run.
    expected, found : RunResult
        The runs.

    Returns
    -------
    Difference or None
        What is counted once per sample is named where that sample's counts of all steps agree.
    """
    layers = ["input", *(layer.name for layer in network.layers)]
    places = []
    for name in (*PER_STEP, *PER_SAMPLE):
        ours, theirs = (_by_step(getattr(result, name)) for result in (expected, found))
        unequal = ours != theirs
        if unequal.any():
            sample, step, layer = (int(i) for i in np.unravel_index(unequal.argmax(), unequal.shape))
            value = int(ours[sample, step, layer]), int(theirs[sample, step, layer])
            layer += name in ("messages", "synops")
            places.append((sample, name in PER_SAMPLE, step, layer, name, value))
    if not places:
        return None
    sample, per_sample, step, layer, name, value = min(places)
    where = (None, None) if per_sample else (layers[layer], step)
    return Difference(name, sample, where[0], where[1], *value)


def _by_step(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Counts with the axes sample, step, layer; what has no steps or layers has one."""
    if values.ndim == 3:
        return values.transpose(0, 2, 1)
    return values.reshape(len(values), -1, 1)
