"""Workers that die lose nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool

import psutil
import pytest

from evsnn_lava.cli.search_crew import MOST_TRIES, Alone, Workers
from evsnn_lava.errors import ConfigError, RunError
from evsnn_lava.export.netfile.reader import read_net

from .search_tasks import jobs_of, task_of, write_halves


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return read_net(write_halves(tmp_path_factory.mktemp("crew")))


@pytest.fixture(scope="module")
def task(network):
    return task_of(network)


@pytest.fixture(scope="module")
def jobs(network):
    return jobs_of(network)


def gathered(results):
    return {str(job): json.dumps(found) for job, found in results}


class Frail(Executor):
    """Does a unit when it is submitted; some units break it."""

    def __init__(self, deaths, log):
        self._deaths, self._log, self._dead = deaths, log, False

    def submit(self, work, task, job):
        if self._dead:
            raise BrokenProcessPool("it is dead")
        future = Future()
        self._log.append(job)
        if self._deaths.get(job, 0) > 0:
            self._deaths[job] -= 1
            self._dead = True
            future.set_exception(BrokenProcessPool("a worker died"))
        else:
            future.set_result({"rows": [str(job)]})
        return future


def frail(task, deaths):
    pools, log = [], []

    def start(width):
        pools.append(Frail(deaths, log))
        return pools[-1]

    return Workers(task, 3, start), pools, log


def test_what_a_dead_worker_was_at_is_done_again(task, jobs):
    crew, pools, log = frail(task, {jobs[4]: 2, jobs[7]: 1})
    assert sorted(str(job) for job, _ in crew.results(jobs)) == sorted(map(str, jobs))
    assert len(pools) == 4
    again = {jobs[4]: 3, jobs[7]: 2}
    assert {job: log.count(job) for job in jobs} == {job: again.get(job, 1) for job in jobs}  # what is done stays done


def test_a_unit_that_kills_every_worker_is_named(task, jobs):
    crew, pools, _ = frail(task, {jobs[2]: 99})
    done = []
    with pytest.raises(
        RunError, match=f"{MOST_TRIES} workers died doing keep 1, 6 frames, 8 bits .selection.;"
    ) as error:
        done.extend(str(job) for job, _ in crew.results(jobs))
    assert str(jobs[2]) in str(error.value)
    assert {str(jobs[0]), str(jobs[1])} <= set(done)
    assert len(pools) == MOST_TRIES


def test_a_killed_process_loses_nothing(task, jobs):
    """The process that just gave the third answer, or its neighbour, is killed by the system."""
    crew, found, killed = Workers(task, 2), {}, []
    try:
        for job, answer in crew.results(jobs):
            found[str(job)] = json.dumps(answer)
            if len(found) == 3:
                victim = next(
                    child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())
                )
                os.kill(victim.pid, signal.SIGKILL)
                killed.append(victim)
    finally:
        crew.close()
    assert killed
    assert found == gathered(Alone(task).results(jobs))


ABANDON = """
import os, signal, time
from evsnn_lava.cli.search_crew import processes
if __name__ == "__main__":
    pool = processes(1)
    print(pool.submit(os.getpid).result(), flush=True)
    pool.submit(time.sleep, 60)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_end_with_a_killed_search(tmp_path):
    script = tmp_path / "abandon.py"
    script.write_text(ABANDON)
    done = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int(done.stdout)).wait(10)


def test_an_error_of_a_unit_reaches_the_caller(task, jobs):
    class Wrong(Frail):
        def submit(self, work, task, job):
            future = Future()
            future.set_exception(ConfigError("no such thing"))
            return future

    with pytest.raises(ConfigError, match="no such thing"):
        list(Workers(task, 2, lambda width: Wrong({}, [])).results(jobs))
