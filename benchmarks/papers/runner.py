"""Do the units that are not done: any number of processes may, one unit is done by one of them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from benchmarks.machine import machine
from benchmarks.papers.locks import held
from benchmarks.papers.places import Places
from benchmarks.papers.records import read_record, write_record
from evsnn_lava.errors import EvsnnError

WAIT_S: Final = 5.0
"""Between two looks at units that other processes have taken."""


class BusyError(Exception):
    """What a unit begins with is being made by another process."""


class Task(Protocol):
    """What the runner must know of a unit."""

    study: str

    @property
    def name(self) -> str:
        """Name of its files."""
        ...

    def identity(self) -> dict[str, Any]:
        """What its result says of itself, among it the whole configuration."""
        ...

    def is_of(self, found: dict[str, Any]) -> bool:
        """Whether a result is one of this unit as it is configured now."""
        ...

    def is_trained(self, places: Places) -> bool:
        """Whether the networks that it measures are there."""
        ...

    def train(self, places: Places) -> None:
        """Train them; :class:`BusyError` if another process makes what they begin with."""
        ...

    def measure(self, places: Places) -> dict[str, Any]:
        """Everything that goes into its result."""
        ...


Check = Callable[[Task, Places], bool]


def is_done(task: Task, places: Places) -> bool:
    """Whether a unit has a result, of its present configuration."""
    found = read_record(places.result(task.study, task.name))
    return found is not None and task.is_of(found)


def is_trained(task: Task, places: Places) -> bool:
    """Whether there is something to measure."""
    return task.is_trained(places)


def forget(tasks: Iterable[Task], places: Places, networks: bool) -> None:
    """Remove results, and trained networks if asked for, so that they are made again."""
    for task in tasks:
        places.result(task.study, task.name).unlink(missing_ok=True)
        if networks:
            shutil.rmtree(places.folder(task.study, task.name), ignore_errors=True)


def run_tasks(tasks: Sequence[Task], places: Places, train_only: bool = False) -> list[str]:
    """Do units one after the other; those that others have taken are waited for.

    Parameters
    ----------
    tasks : sequence of Task
        Each after the one that it begins with.
    places : Places
        Where everything lies.
    train_only : bool
        Train what is missing, measure nothing.

    Returns
    -------
    list of str
        Units that failed, with what they said.
    """
    finished: Check = is_trained if train_only else is_done
    left, failed = [task for task in tasks if not finished(task, places)], []
    while left:
        waiting = []
        for task in left:
            try:
                if not _attempt(task, places, finished, train_only):
                    waiting.append(task)
            except EvsnnError as error:
                failed.append(f"{task.study}/{task.name}: {error}")
                print(failed[-1], flush=True)
        if len(waiting) == len(left):
            time.sleep(WAIT_S)
        left = waiting
    return failed


def _attempt(task: Task, places: Places, finished: Check, train_only: bool) -> bool:
    """Try to do a unit; False while it must wait."""
    with held(places.lock(task.study, task.name)) as mine:
        if not mine:
            return False
        if finished(task, places):  # by another process, in between
            return True
        print(f"{task.study}/{task.name}", flush=True)
        try:
            _train(task, places)
        except BusyError:
            return False
        return train_only or _measure(task, places)


def _train(task: Task, places: Places) -> None:
    """Train what is not there, and remember how long it took."""
    if task.is_trained(places):
        return
    begin = time.perf_counter()
    task.train(places)
    write_record(_clock(task, places), {"train_s": time.perf_counter() - begin})


def _measure(task: Task, places: Places) -> bool:
    begin = time.perf_counter()
    found = task.measure(places)
    trained = read_record(_clock(task, places)) or {}
    seconds = {"train_s": trained.get("train_s"), "measure_s": time.perf_counter() - begin}
    content = {**task.identity(), "machine": machine(), **seconds, **found}
    write_record(places.result(task.study, task.name), content)
    return True


def _clock(task: Task, places: Places) -> Path:
    return places.folder(task.study, task.name) / "seconds.json"


def states(tasks: Iterable[Task], places: Places) -> list[tuple[str, str]]:
    """How far every unit is: done, taken, stale (its result is of another configuration), trained or missing."""
    return [(f"{task.study}/{task.name}", _state(task, places)) for task in tasks]


def _state(task: Task, places: Places) -> str:
    if is_done(task, places):
        return "done"
    lock = places.lock(task.study, task.name)
    if lock.exists():
        with held(lock) as mine:
            if not mine:
                return "taken"
    if places.result(task.study, task.name).exists():
        return "stale"
    return "trained" if task.is_trained(places) else "missing"
