"""Start-up: the first call after an installation, and later ones, each in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.jobs import Job
from benchmarks.measure import Timing
from benchmarks.networks import Case
from benchmarks.worker import Worker


def measure_startup(case: Case, later: int) -> dict[str, Any]:
    """Start with an empty cache of compiled code, then `later` times with a full one.

    Parameters
    ----------
    case : Case
        The process runs one sample of it.
    later : int
        How many later starts.

    Returns
    -------
    dict
        Seconds of the import of the engine, of its first result, and of the whole process up to then.
    """
    with TemporaryDirectory(prefix="evsnn-bench-") as folder:
        job = Job.write(Path(folder) / "job", case, 1)
        environment = {"NUMBA_CACHE_DIR": str(Path(folder) / "cache")}
        first, *others = [_start(job, environment) for _ in range(1 + later)]
    return {
        "network": case.title,
        "first": first,
        "later": {key: Timing(tuple(o[key] for o in others)).per(1) for key in first},
    }


def _start(job: Job, environment: dict[str, str]) -> dict[str, float]:
    with Worker(sys.executable, "benchmarks.startup_child", [str(job.folder)], environment) as worker:
        return {**worker.facts, "process_s": worker.start_s}
