"""Timing: warm-up, repetitions taken in turn, median and range."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Call = Callable[[], float]
"""Does the work once and gives the seconds that it took."""


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Parameters
    ----------
    budget_s : float
        Time for the repetitions of one candidate.
    least, most : int
        Limits of their number.
    shortest_s : float
        A repetition of something quicker is made of so many calls that it takes this long.
    """

    budget_s: float = 4.0
    least: int = 3
    most: int = 9
    shortest_s: float = 0.1

    def repetitions(self, seconds: float) -> int:
        """Repetitions of something that takes `seconds`."""
        return min(max(int(self.budget_s / max(seconds, 1e-9)), self.least), self.most)


FULL = Effort()
QUICK = Effort(budget_s=0.3, least=1, most=3, shortest_s=0.02)


@dataclass(frozen=True)
class Timing:
    """Seconds of every repetition."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)

    def per(self, units: float) -> dict[str, Any]:
        """Median, least and most per unit of work, for a file."""
        values = {"median": self.median, "min": min(self.seconds), "max": max(self.seconds)}
        return {**{name: value / units for name, value in values.items()}, "repetitions": len(self.seconds)}


def stopwatch(work: Callable[[], Any], shortest_s: float = 0.0) -> Call:
    """Make a call out of some work; what is quicker than `shortest_s` is done several times.

    Examples
    --------
    >>> done = []
    >>> seconds = stopwatch(lambda: done.append(1))()
    >>> seconds > 0, done
    (True, [1])
    """
    times = 0

    def once() -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    def call() -> float:
        nonlocal times
        if not times:  # the first call compiles; the second one says how long it takes
            first = once()
            short = first < shortest_s
            times = max(1, math.ceil(shortest_s / max(min(first, once()), 1e-9))) if short else 1
            if not short:
                return first
        begin = time.perf_counter()
        for _ in range(times):
            work()
        return (time.perf_counter() - begin) / times

    return call


def take_turns(calls: Mapping[str, Call], effort: Effort) -> dict[str, Timing]:
    """Measure all candidates in turn, so that a busy moment of the machine hits all of them.

    Parameters
    ----------
    calls : mapping of str to callable
        The candidates. Each is called once as a warm-up, which also says how many repetitions fit.
    effort : Effort
        How long to measure.

    Returns
    -------
    dict of str to Timing
        By name.

    Examples
    --------
    >>> timing = take_turns({"a": lambda: 2.0, "b": lambda: 1.0}, Effort(budget_s=6))
    >>> timing["a"].seconds, timing["b"].per(units=2)["median"]
    ((2.0, 2.0, 2.0), 0.5)
    """
    planned = {name: effort.repetitions(call()) for name, call in calls.items()}
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for round_ in range(max(planned.values(), default=0)):
        for name, call in calls.items():
            if round_ < planned[name]:
                seconds[name].append(call())
    return {name: Timing(tuple(values)) for name, values in seconds.items()}
