"""Every way to stop that ``evsnn report`` sets side by side, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.export.placement import CoreLoad
from evsnn_lava.hw_profiles import CostProfile
from evsnn_lava.network import NetworkDescription, RunResult
from evsnn_lava.profiling import CostReport, profile_run
from evsnn_lava.reporting.html import TradePoint

MOST_STOPS: Final = 60
"""Fixed stops that are priced, at most; evenly spread over the frames."""

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Priced:
    """A chip, and what its cores do on the samples.

    Parameters
    ----------
    hardware : CostProfile
        The chip.
    load : CoreLoad or None
        Of complete runs; None where it is not known how a network lies on it.
    """

    hardware: CostProfile
    load: CoreLoad | None

    def report(self, network: NetworkDescription, run: RunResult, labels: IntArray | None) -> CostReport:
        """Price a run of the samples, whenever it stops."""
        return profile_run(network, run, self.hardware, labels, self.load)


def fixed_stops(
    network: NetworkDescription,
    full: RunResult,
    scores: IntArray,
    labels: IntArray | None,
    chips: tuple[Priced, ...],
) -> tuple[TradePoint, ...]:
    """Every sample stopped after the same frame, for every frame.

    Parameters
    ----------
    network : NetworkDescription
        The network, without cutoff.
    full : RunResult
        Its run.
    scores : numpy.ndarray of int64, shape (N, T', classes)
        Scores after every frame.
    labels : numpy.ndarray of int64, shape (N,), optional
        The right classes.
    chips : tuple of Priced
        Chips, with what their cores do in that run.

    Returns
    -------
    tuple of TradePoint
        At most ``MOST_STOPS``, the first and the last frame among them.
    """
    last = scores.shape[1]
    stops = np.unique(np.linspace(1, last, min(last, MOST_STOPS)).round().astype(int)).tolist()
    return tuple(
        priced(
            f"fixed stop after {stop} {'frame' if stop == 1 else 'frames'}",
            network,
            stopped(full, scores, np.full(full.samples, stop), network.depth),
            labels,
            chips,
        )
        for stop in stops
    )


def stopped(full: RunResult, scores: IntArray, exit_step: IntArray, depth: int) -> RunResult:
    """The run in which samples had stopped earlier: what was not executed counts nothing.

    Parameters
    ----------
    full : RunResult
        A run without cutoff.
    scores : numpy.ndarray of int64, shape (N, T', classes)
        Scores after every frame.
    exit_step : numpy.ndarray of int64, shape (N,)
        When each sample stops, 1..T'.
    depth : int
        Layers of the network.

    Returns
    -------
    RunResult
        As the back-end would have recorded it.
    """
    steps = exit_step + depth
    executed = np.arange(full.input_events.shape[1]) < steps[:, None]
    reached = scores[np.arange(full.samples), exit_step - 1]
    return replace(
        full,
        exit_step=exit_step,
        decision=reached.argmax(axis=1),
        scores=reached,
        steps=steps,
        input_events=full.input_events * executed,
        messages=full.messages * executed[:, None],
        synops=full.synops * executed[:, None],
    )


def priced(
    label: str, network: NetworkDescription, run: RunResult, labels: IntArray | None, chips: tuple[Priced, ...]
) -> TradePoint:
    """Price a way to stop on every chip.

    Parameters
    ----------
    label : str
        Name of the way.
    network : NetworkDescription
        What ran.
    run : RunResult
        How it stopped.
    labels : numpy.ndarray of int64, shape (N,), optional
        The right classes.
    chips : tuple of Priced
        The chips.

    Returns
    -------
    TradePoint
        Means over the samples.
    """
    return trade_point(label, tuple(chip.report(network, run, labels) for chip in chips))


def trade_point(label: str, reports: Sequence[CostReport]) -> TradePoint:
    """What a way to stop reaches, from its report on every chip."""
    found = reports[0].distributions
    return TradePoint(
        label,
        frames=found["exit_steps"].mean.value,
        steps=found["steps"].mean.value,
        accuracy=reports[0].accuracy,
        energy_j=tuple(report.distributions["energy_j"].mean for report in reports),
    )
