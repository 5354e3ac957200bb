"""How long steps take: the busiest core decides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evsnn_lava.hw_profiles import Times
from evsnn_lava.profiling.counts import EventCounts, IntArray
from evsnn_lava.profiling.estimate import Estimate, Estimates, FloatArray


def step_times(counts: EventCounts, cores: IntArray, times: Times) -> Estimates:
    """Time of every executed step.

    A step lasts as long as its busiest core, and at least as long as the barrier. The kinds of work
    of a core (synaptic operations, neuron updates, messages) overlap in the value and in the lower
    end, where the longest one counts, and follow each other in the upper end. A layer's work is
    taken as spread evenly over its cores.

    Source: the maximum over cores and resources is the runtime model of arXiv 2601.10035.

    Parameters
    ----------
    counts : EventCounts
        What happened.
    cores : numpy.ndarray of int64, shape (L,)
        Cores of every layer; 0 for one that the host computes.
    times : Times
        Time constants.

    Returns
    -------
    Estimates
        Seconds, arrays of shape (N, K); zero where no step was executed.
    """
    updates = np.broadcast_to(counts.neurons[None, :, None], counts.synops.shape)
    share: FloatArray = np.where(cores > 0, 1 / np.maximum(cores, 1), 0.0)  # what takes no core takes none of its time
    work: list[FloatArray] = [array * share[None, :, None] for array in (counts.synops, updates, counts.messages)]
    prices = [Estimate.of(quantity) for quantity in (times.synop, times.neuron_update, times.message)]
    barrier = Estimate.of(times.barrier)
    executed = counts.executed
    return Estimates(
        _overlapping(work, [price.value for price in prices], barrier.value) * executed,
        _overlapping(work, [price.low for price in prices], barrier.low) * executed,
        _in_turn(work, [price.high for price in prices], barrier.high) * executed,
    )


def time_per_sample(counts: EventCounts, cores: IntArray, times: Times) -> Estimates:
    """Time of every sample: the sum of its steps.

    Parameters
    ----------
    counts, cores, times
        As for :func:`step_times`.

    Returns
    -------
    Estimates
        Seconds, arrays of shape (N,).
    """
    steps = step_times(counts, cores, times)
    return Estimates(steps.value.sum(axis=1), steps.low.sum(axis=1), steps.high.sum(axis=1))


def _overlapping(work: Sequence[FloatArray], prices: Sequence[float], barrier: float) -> FloatArray:
    longest = np.max([array.max(axis=1) * price for array, price in zip(work, prices, strict=True)], axis=0)
    busiest: FloatArray = np.maximum(longest, barrier)
    return busiest


def _in_turn(work: Sequence[FloatArray], prices: Sequence[float], barrier: float) -> FloatArray:
    per_core = np.sum([array * price for array, price in zip(work, prices, strict=True)], axis=0)
    busiest: FloatArray = per_core.max(axis=1) + barrier
    return busiest
