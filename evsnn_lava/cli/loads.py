"""What cores do on the samples of a verb, for its cost report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy.typing as npt

from evsnn_lava.export.placement import CoreLoad, LoadMeter, joined, place
from evsnn_lava.hw_profiles import CostProfile
from evsnn_lava.network import NetworkDescription
from evsnn_lava.profiling import is_placeable


def core_load(
    network: NetworkDescription, blocks: Iterable[npt.NDArray[Any]], hardware: CostProfile
) -> CoreLoad | None:
    """Measure what the cores of a chip do, step by step, where it is known how a network lies on it.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    blocks : iterable of numpy.ndarray, each of shape (n, C, H, W, T)
        Frames before masking.
    hardware : CostProfile
        The chip.

    Returns
    -------
    CoreLoad or None
        For :func:`evsnn_lava.profiling.profile_run`, which also takes None.
    """
    if not is_placeable(hardware):
        return None
    meter = LoadMeter(network, place(network, hardware))
    return joined([meter.measure(frames) for frames in blocks])
