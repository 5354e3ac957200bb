"""Doing the units of a search on the cores of this machine, whatever becomes of single workers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from typing import Final, Protocol

from evsnn_lava.cli.search_work import Answer, Job, Task, answer
from evsnn_lava.errors import RunError

MOST_TRIES: Final = 3
"""Workers that may die of a unit before the search gives up."""

Done = Iterator[tuple[Job, Answer]]
Start = Callable[[int], Executor]


class Crew(Protocol):
    """Whoever does units, in any order."""

    def results(self, jobs: Sequence[Job]) -> Done:
        """Do units and hand out each as it is done."""

    def close(self) -> None:
        """End all workers."""


class Alone:
    """The process of the search itself does all units, one after the other."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def results(self, jobs: Sequence[Job]) -> Done:
        """Do units and hand out each as it is done."""
        for job in jobs:
            yield job, answer(self._task, job)

    def close(self) -> None:
        """There is nothing to end."""


class Workers:
    """Processes of this machine that do units; a dead one is replaced, and what it was at is done again.

    Parameters
    ----------
    task : Task
        What all units share.
    workers : int
        How many.
    start : callable, optional
        Starts an executor of so many workers.
    """

    def __init__(self, task: Task, workers: int, start: Start | None = None) -> None:
        self._task, self._width, self._start = task, workers, start or processes
        self._pool: Executor | None = None

    def results(self, jobs: Sequence[Job]) -> Done:
        """Do units and hand out each as it is done.

        Raises
        ------
        RunError
            If ``MOST_TRIES`` workers died of the same unit.
        """
        waiting, tries = deque(jobs), Counter[Job]()
        while waiting:
            under_way: dict[Future[Answer], Job] = {}
            try:
                yield from self._done(waiting, under_way, tries)
            except BrokenProcessPool:
                self.close()
                saved = {future: job for future, job in under_way.items() if _has_answer(future)}
                yield from ((job, future.result()) for future, job in saved.items())
                lost = [job for future, job in under_way.items() if future not in saved]
                tries.update(lost)
                _require_patience(lost, tries)
                waiting.extendleft(lost)

    def close(self) -> None:
        """End all workers as soon as their unit is done."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _done(self, waiting: deque[Job], under_way: dict[Future[Answer], Job], tries: Counter[Job]) -> Done:
        while waiting or under_way:
            while waiting and self._has_room(waiting[0], under_way, tries):
                self._pool = self._pool or self._start(self._width)
                future = self._pool.submit(answer, self._task, waiting[0])
                under_way[future] = waiting.popleft()
            finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in finished:
                found = future.result()
                yield under_way.pop(future), found

    def _has_room(self, job: Job, under_way: dict[Future[Answer], Job], tries: Counter[Job]) -> bool:
        """A unit that a worker may have died of runs alone, so that no other one is blamed for it."""
        suspects = any(tries[each] for each in (job, *under_way.values()))
        return len(under_way) < (1 if suspects else self._width)


def processes(workers: int) -> Executor:
    """Processes that are started and not forked, as the one of the search may have threads."""
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_begin)


def _has_answer(future: Future[Answer]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _require_patience(lost: list[Job], tries: Counter[Job]) -> None:
    for job in lost:
        if tries[job] >= MOST_TRIES:
            raise RunError(
                f"search: {tries[job]} workers died doing {job}; give it more memory or take fewer samples (--limit)"
            )


def _begin() -> None:
    """In a worker: Ctrl-C is for the search itself, and without it nobody needs a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)
