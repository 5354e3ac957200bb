"""The readout of the engine: adds up the output and stops every sample on its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import NEVER, CutoffPolicy
from evsnn_lava.network.softmax import SOFTMAX_BITS
from evsnn_lava.simulation.engine.compiled import inner, kernel

CERTAIN = 2 ** (2 * SOFTMAX_BITS)


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


@inner
def _confidence(scores, softmax):
    """Softmax of the largest score: see `evsnn_lava.network.confidence`."""
    best = scores[0]
    for score in scores[1:]:
        best = max(best, score)
    total = np.int64(0)
    for score in scores:
        behind = best - score
        if behind < len(softmax):
            total += softmax[behind]
    return np.int64(CERTAIN // total)


@kernel
def read_out(lists, order, depth, rule, clock, scores, exit_step, history):
    """Add the output of a window to the scores, up to the exit of each sample.

    Parameters
    ----------
    lists : tuple of numpy.ndarray
        Lists of the last layer.
    order : numpy.ndarray of int64, shape (classes,)
        Class of every neuron of the engine.
    depth : int
        Number of layers.
    rule : (numpy.ndarray, numpy.ndarray) of int64
        Thresholds and softmax table, see `CutoffPolicy`.
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
    thresholds, softmax = rule
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
            stops = frame == len(thresholds) - 1
            if not stops and limit < NEVER:
                lead = _confidence(scores[slot], softmax) if len(softmax) else _gap(scores[slot])
                stops = lead > limit
            if stops:
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
    softmax : numpy.ndarray of int64, shape (length,)
        See `CutoffPolicy`.
    """

    thresholds: npt.NDArray[np.int64]
    following: npt.NDArray[np.int64]
    softmax: npt.NDArray[np.int64]

    @property
    def rule(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """What the kernel compares."""
        return self.thresholds, self.softmax

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
        return cls(policy.thresholds, np.minimum.accumulate(frames[::-1])[::-1], policy.softmax)

    @classmethod
    def at_the_end(cls, steps: int) -> Stops:
        """No sample stops before its last frame."""
        return cls.of(CutoffPolicy.never(steps))
