"""The readout of the engine: adds up the output and stops every sample on its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import NEVER, CutoffPolicy
from evsnn_lava.simulation.engine.compiled import inner, kernel


@inner
def _gap(scores):
    """Lead of the largest score over the second largest; 0 if there is only one."""
    if len(scores) < 2:
        return np.int64(0)
    best, second = max(scores[0], scores[1]), min(scores[0], scores[1])
    for score in scores[2:]:
        if score > best:
            best, second = score, best
        elif score > second:
            second = score
    return best - second


@kernel
def read_out(lists, order, depth, thresholds, clock, scores, exit_step, history):
    """Add the output of a window to the scores, up to the exit of each sample.

    Parameters
    ----------
    lists : tuple of numpy.ndarray
        Lists of the last layer.
    order : numpy.ndarray of int64, shape (classes,)
        Class of every neuron of the engine.
    depth : int
        Number of layers.
    thresholds : numpy.ndarray of int64, shape (T',)
        See `CutoffPolicy`.
    clock : (numpy.ndarray, numpy.ndarray)
        First step and steps of the window, of every slot.
    scores : numpy.ndarray of int64, shape (slots, classes)
        Output summed up.
    exit_step : numpy.ndarray of int64, shape (slots,)
        Frames seen at the exit, 0 as long as a sample is not decided.
    history : numpy.ndarray of int64, shape (slots, T', classes) or (slots, 0, classes)
        Scores after every frame, if they are wanted.
    """
    index, value, start, count = lists
    first, steps = clock
    for slot in range(len(steps)):
        for step in range(max(first[slot], depth), first[slot] + steps[slot]):
            if exit_step[slot]:
                break
            begin = start[slot, step % start.shape[1]]
            for at in range(begin, begin + count[slot, step % start.shape[1]]):
                scores[slot, order[index[at]]] += value[at] if len(value) > 1 else 1
            frame = step - depth
            if history.shape[1]:
                history[slot, frame] = scores[slot]
            limit = thresholds[frame]
            if frame == len(thresholds) - 1 or (limit < NEVER and _gap(scores[slot]) > limit):
                exit_step[slot] = frame + 1


@dataclass(frozen=True, eq=False)
class Stops:
    """When samples stop.

    Parameters
    ----------
    thresholds : numpy.ndarray of int64, shape (T',)
        See `CutoffPolicy`.
    following : numpy.ndarray of int64, shape (T',)
        The first frame, from each one on, after which a sample may stop.
    """

    thresholds: npt.NDArray[np.int64]
    following: npt.NDArray[np.int64]

    @classmethod
    def of(cls, policy: CutoffPolicy) -> Stops:
        """Those of a policy.

        Examples
        --------
        >>> Stops.of(CutoffPolicy("topk_gap", [NEVER, 2, NEVER, NEVER])).following.tolist()
        [1, 1, 3, 3]
        """
        may_stop = policy.thresholds < NEVER
        may_stop[-1] = True
        frames = np.where(may_stop, np.arange(policy.steps), policy.steps)
        return cls(policy.thresholds, np.minimum.accumulate(frames[::-1])[::-1])

    @classmethod
    def at_the_end(cls, steps: int) -> Stops:
        """No sample stops before its last frame."""
        return cls.of(CutoffPolicy.never(steps))
