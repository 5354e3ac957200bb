"""How long steps take: the busiest core decides, or the clock of the recording."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evsnn_lava.errors import ConfigError
from evsnn_lava.hw_profiles import CostProfile, Times
from evsnn_lava.profiling.counts import EventCounts, FloatArray
from evsnn_lava.profiling.estimate import Estimate, Estimates


def step_times(counts: EventCounts, hardware: CostProfile) -> Estimates:
    """Time of every executed step.

    A step lasts as long as its busiest core, and at least as long as the barrier. The kinds of work
    of a core (synaptic operations, neuron updates, messages) overlap in the value and in the lower
    end, where the longest one counts, and follow each other in the upper end. On a chip that runs at
    the pace of the recording, a step lasts as long as the events that it shows.

    Source: the maximum over cores and resources is the runtime model of arXiv 2601.10035.

    Parameters
    ----------
    counts : EventCounts
        What happened, with the load of the busiest cores.
    hardware : CostProfile
        Its time constants; what is not known takes no time.

    Returns
    -------
    Estimates
        Seconds, arrays of shape (N, K); zero where no step was executed.

    Raises
    ------
    ConfigError
        If the chip runs at the pace of the recording and frames are no slices of time.
    """
    if hardware.pace == "recorded":
        return _recorded(counts, hardware)
    times, load = hardware.time, counts.load
    updates = np.broadcast_to(load.busiest_neurons[None, :, None], load.busiest_synops.shape)
    work = [array.astype(np.float64) for array in (load.busiest_synops, updates, load.busiest_messages)]
    prices, barrier = _prices(times), Estimate.known(times.barrier)
    executed = counts.executed
    return Estimates(
        _overlapping(work, [price.value for price in prices], barrier.value) * executed,
        _overlapping(work, [price.low for price in prices], barrier.low) * executed,
        _in_turn(work, [price.high for price in prices], barrier.high) * executed,
    )


def time_per_sample(steps: Estimates) -> Estimates:
    """Time of every sample: the sum of its steps.

    Parameters
    ----------
    steps : Estimates
        Seconds, arrays of shape (N, K), from :func:`step_times`.

    Returns
    -------
    Estimates
        Seconds, arrays of shape (N,).
    """
    return Estimates(steps.value.sum(axis=1), steps.low.sum(axis=1), steps.high.sum(axis=1))


def _recorded(counts: EventCounts, hardware: CostProfile) -> Estimates:
    if counts.shown_s is None:
        raise ConfigError(
            f"{hardware.name}: a step lasts as long as the events it shows, and these frames are no slices of time; "
            "bin with dt_us, or choose another profile"
        )
    seconds: FloatArray = counts.shown_s[None, :] * counts.executed
    return Estimates(seconds, seconds, seconds)


def _prices(times: Times) -> list[Estimate]:
    return [Estimate.known(quantity) for quantity in (times.synop, times.neuron_update, times.message)]


def _overlapping(work: Sequence[FloatArray], prices: Sequence[float], barrier: float) -> FloatArray:
    longest = np.max([array.max(axis=1) * price for array, price in zip(work, prices, strict=True)], axis=0)
    busiest: FloatArray = np.maximum(longest, barrier)
    return busiest


def _in_turn(work: Sequence[FloatArray], prices: Sequence[float], barrier: float) -> FloatArray:
    per_core = np.sum([array * price for array, price in zip(work, prices, strict=True)], axis=0)
    busiest: FloatArray = per_core.max(axis=1) + barrier
    return busiest
