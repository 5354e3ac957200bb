"""Doing the units of a search on a Ray cluster."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from typing import Any, Final

from evsnn_lava import __version__
from evsnn_lava.cli.search_crew import MOST_TRIES, Done
from evsnn_lava.cli.search_work import Answer, Job, Task, answer
from evsnn_lava.errors import BackendUnavailableError, ConfigError, EvsnnError, RunError

LOCAL: Final = "local"
"""Address that stands for a cluster of this machine alone, started for the search."""

AUTO: Final = "auto"
"""The cluster that this machine is part of."""

REACHABLE_S: Final = 5.0

Work = Callable[[Task, Job], Answer]


class RayCrew:
    """Tasks of a Ray cluster; Ray starts one again whose worker or node has died.

    Parameters
    ----------
    task : Task
        What all units share; it is put into the cluster's store once.
    address : str
        ``local``, ``auto`` for the cluster that this machine is part of, or ``host:port``.
    work : callable
        Does a unit.

    Raises
    ------
    BackendUnavailableError
        If there is no cluster at that address.
    ModuleNotFoundError
        If Ray is not installed.
    """

    def __init__(self, task: Task, address: str, work: Work = answer) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody
        import ray

        self._ray = ray
        self._joined = not ray.is_initialized()
        if self._joined:
            _join(ray, address)
        self._task = ray.put(task)
        self._remote = ray.remote(num_cpus=1, max_retries=MOST_TRIES - 1)(_checked(work))

    def results(self, jobs: Sequence[Job]) -> Done:
        """Do units and hand out each as it is done.

        Raises
        ------
        RunError
            If a unit's workers died again and again.
        """
        under_way = {self._remote.remote(self._task, job, __version__): job for job in jobs}
        while under_way:
            (finished,), _ = self._ray.wait(list(under_way), num_returns=1)
            job = under_way.pop(finished)
            yield job, self._answer_of(finished, job)

    def close(self) -> None:
        """Leave the cluster; one that was started for the search ends."""
        if self._joined:
            self._ray.shutdown()

    def _answer_of(self, finished: Any, job: Job) -> Answer:
        try:
            found: Answer = self._ray.get(finished)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, EvsnnError):
                raise error.cause from error
            raise
        except self._ray.exceptions.RayError as error:
            raise RunError(
                f"search: Ray gave up on {job} ({type(error).__name__}); give its workers more memory or take fewer "
                "samples (--limit)"
            ) from error
        return found


def _join(ray: Any, address: str) -> None:
    _require_reachable(address)
    started_here = {"include_dashboard": False} if address == LOCAL else {}
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False, **started_here)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise _unavailable(address, error) from error


def _require_reachable(address: str) -> None:
    """Somebody must listen at a stated address: Ray itself would try for minutes."""
    if address in (LOCAL, AUTO):
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise ConfigError(f"--ray is {address!r}; give {LOCAL}, {AUTO} or host:port")
    try:
        socket.create_connection((host, int(port)), timeout=REACHABLE_S).close()
    except (OSError, OverflowError) as error:
        raise _unavailable(address, error) from error


def _unavailable(address: str, error: Exception) -> BackendUnavailableError:
    reason = " ".join(str(error).split())[:120]
    return BackendUnavailableError(
        f"no Ray cluster at {address}: {reason}; start one with `ray start --head`, or give --ray {LOCAL}"
    )


def _checked(work: Work) -> Callable[[Task, Job, str], Answer]:
    """The same work, refused where another version would do it."""

    def unit(task: Task, job: Job, version: str) -> Answer:
        from evsnn_lava import __version__ as installed  # here: that of the worker

        if version != installed:
            raise RunError(f"search: a worker has evsnn_lava {installed}, the search {version}; install the same")
        return work(task, job)

    return unit
