"""Threads that run samples: each takes the next one as soon as a slot of it is free."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import NetworkDescription
from evsnn_lava.simulation.engine.flight import Flight
from evsnn_lava.simulation.engine.readout import Stops
from evsnn_lava.simulation.engine.sending import FIRED, SENT, UPDATED

IntArray = npt.NDArray[np.int64]
Progress = Callable[[int, int, int], None]

POLL_S: Final = 0.05


@dataclass(frozen=True)
class Wanted:
    """What is to be written down besides decisions.

    Parameters
    ----------
    counters : bool
        Messages and synaptic operations.
    activity : bool
        What else the engine does.
    history : bool
        Scores after every frame.
    """

    counters: bool = True
    activity: bool = False
    history: bool = False


@dataclass(frozen=True, eq=False)
class Logbook:
    """What became of N samples; a thread writes the row of a sample when it is decided.

    Parameters
    ----------
    exit_step : numpy.ndarray of int64, shape (N,)
        Frames seen at the exit, 0 for a sample that is not done.
    scores : numpy.ndarray of int64, shape (N, classes)
        Output summed up.
    input_events : numpy.ndarray of int64, shape (N, K)
        Messages of the input.
    sent, operations : numpy.ndarray of int64, shape (N, L, K)
        Messages after the masks, and synaptic operations.
    fired, updated : numpy.ndarray of int64, shape (N, L, K), or (N, L, 0) if not wanted
        Messages before the masks, and neurons updated.
    history : numpy.ndarray of int64, shape (N, T', classes), or (N, 0, classes) if not wanted
        Scores after every frame.
    """

    exit_step: IntArray
    scores: IntArray
    input_events: IntArray
    sent: IntArray
    operations: IntArray
    fired: IntArray
    updated: IntArray
    history: IntArray

    @classmethod
    def blank(cls, samples: int, network: NetworkDescription, wanted: Wanted) -> Logbook:
        """Nothing is done yet."""
        classes, layers, steps = len(network.class_names), network.depth, network.max_steps
        counted, more = (samples, layers, steps), (samples, layers, steps if wanted.activity else 0)
        shapes = [(samples,), (samples, classes), (samples, steps), counted, counted, more, more]
        shapes.append((samples, network.masks.stream_steps if wanted.history else 0, classes))
        return cls(*(np.zeros(shape, dtype=np.int64) for shape in shapes))


class Run:
    """Samples, the place where their results go, and the threads that work on them.

    Parameters
    ----------
    frames : numpy.ndarray, shape (N, C, H, W, T)
        Recorded frames.
    stops : Stops
        When they stop.
    logbook : Logbook
        Filled.
    wanted : Wanted
        What the logbook has room for.
    """

    def __init__(self, frames: npt.NDArray[Any], stops: Stops, logbook: Logbook, wanted: Wanted) -> None:
        self._frames, self._stops, self._logbook, self._wanted = frames, stops, logbook, wanted
        self._next = iter(range(len(frames)))
        self._stopped = threading.Event()
        self._share = 1

    def go(self, flights: list[Flight], progress: Progress | None) -> None:
        """Run all samples, a thread per flight; one flight needs no thread of its own."""
        self._share = fair_share(len(self._frames), len(flights), flights[0].slots)
        if len(flights) == 1:
            self._work(flights[0], progress)
            return
        with ThreadPoolExecutor(len(flights), thread_name_prefix="evsnn-engine") as pool:
            try:
                waiting = {pool.submit(self._work, flight) for flight in flights}
                while waiting:
                    done, waiting = wait(waiting, POLL_S, FIRST_EXCEPTION)
                    for ended in done:
                        ended.result()
                    self._report(progress)
            finally:
                self._stopped.set()  # an error or Ctrl-C: the other threads end with their window

    def _report(self, progress: Progress | None) -> None:
        if progress is not None:
            exits = self._logbook.exit_step.copy()  # other threads go on writing
            done, depth = int(np.count_nonzero(exits)), self._logbook.sent.shape[1]
            progress(done, len(exits), int(exits.sum()) + depth * done)

    def _work(self, flight: Flight, progress: Progress | None = None) -> None:
        """Keep a flight full until there is nothing left; few samples are shared out among the threads."""
        flight.keep_history(self._wanted.history)
        sample = np.full(flight.slots, -1, dtype=np.int64)
        while not self._stopped.is_set():
            for slot in np.flatnonzero(sample[: self._share] < 0).tolist():
                sample[slot] = self._begin(flight, slot)
            active = sample >= 0
            if not active.any():
                return
            flight.advance(self._stops, active, self._wanted.counters)
            done = np.flatnonzero(active & (flight.exit_step > 0))
            if len(done):
                self._note(flight, done, sample[done])
                sample[done] = -1
            self._report(progress)

    def _begin(self, flight: Flight, slot: int) -> int:
        number = next(self._next, -1)
        if number >= 0:
            flight.begin(slot, self._frames[number])
        return number

    def _note(self, flight: Flight, slots: IntArray, numbers: IntArray) -> None:
        """Write the rows of samples that are done, up to the exit of each."""
        book = self._logbook
        book.scores[numbers], book.history[numbers] = flight.scores[slots], flight.history[slots]
        steps = flight.exit_step[slots] + len(flight.layers)
        executed = np.arange(book.input_events.shape[1]) < steps[:, None]
        if self._wanted.counters:
            book.input_events[numbers] = flight.intake.lists.count[slots] * executed
            book.sent[numbers] = flight.counts(SENT, slots) * executed[:, None]
            book.operations[numbers] = flight.operations(slots) * executed[:, None]
        if self._wanted.activity:
            book.fired[numbers] = flight.counts(FIRED, slots) * executed[:, None]
            book.updated[numbers] = flight.counts(UPDATED, slots) * executed[:, None]
        book.exit_step[numbers] = flight.exit_step[slots]  # last: it says that the rows are there


def fair_share(samples: int, threads: int, slots: int) -> int:
    """Samples in flight of a thread so that all threads end at the same time, if all samples take as long.

    Examples
    --------
    >>> fair_share(100, 2, 32)  # two rounds of 25 each, not one of 32 and one of 18
    25
    """
    share = max(1, -(-samples // threads))
    rounds = -(-share // slots)
    return -(-share // rounds)
