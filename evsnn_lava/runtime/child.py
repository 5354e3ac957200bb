"""The child of a session: it forks the worker, in which Lava runs, watches it and clears up after it.

When the session ends it (SIGTERM), lets go of it (end of input) or dies (even of SIGKILL), or the worker dies, it
kills the worker's process group, reaps all orphans and removes their shared memory. The folder of the session goes
last, when the session needs it no more: a session that is alive may want to read why the worker died.

`evsnn_lava.runtime.host` starts it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.runtime.worker import work

Work = Callable[[Connection, Exchange, str], None]

POLL_S: Final = 0.25
STDIN: Final = 0
SHARED_MEMORY: Final = Path("/dev/shm")  # where Linux keeps it; elsewhere segments cannot be listed
PR_SET_CHILD_SUBREAPER: Final = 36


def main(arguments: list[str], work: Work = work) -> None:
    """Fork the worker and watch over it.

    Parameters
    ----------
    arguments : list of str
        File descriptor of the connection, process id of the session, folder, memory prefix.
    work : callable
        What the worker does with the connection, the folder and the prefix.
    """
    descriptor, session, folder, prefix = int(arguments[0]), int(arguments[1]), Path(arguments[2]), arguments[3]
    wakeup = _catch_signals()
    _adopt_orphans()
    worker = os.fork()
    if not worker:
        _become_worker(work, Connection(descriptor), folder, prefix)
    os.close(descriptor)
    with contextlib.suppress(OSError):  # the worker may have done it already
        os.setpgid(worker, worker)
    ended = _watch(session, wakeup, worker)
    kill_group(worker)
    _reap()
    remove_shared_memory(prefix)
    if not ended:
        _watch(session, wakeup)
    shutil.rmtree(folder, ignore_errors=True)


def kill_group(group: int) -> None:
    """Kill every process of a group, if there is one."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def remove_shared_memory(prefix: str) -> None:
    """Remove the shared-memory segments whose names start with `prefix`."""
    for segment in SHARED_MEMORY.glob(f"{prefix.lstrip('/')}*"):
        segment.unlink(missing_ok=True)


def _catch_signals() -> int:
    """Turn SIGTERM and SIGCHLD into bytes on a pipe; give its reading end."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return reading


def _adopt_orphans() -> None:
    """Become the parent of processes whose parent is killed, so that they can be reaped (Linux only)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _become_worker(work: Work, connection: Connection, folder: Path, prefix: str) -> None:
    os.setpgid(0, 0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), STDIN)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    try:
        work(connection, Exchange(folder), prefix)
    finally:
        os._exit(0)


def _watch(session: int, wakeup: int, worker: int | None = None) -> bool:
    """Wait for the end of the session or of the worker; say whether it was the session's."""
    while os.getppid() == session:
        if worker is not None and os.waitid(os.P_PID, worker, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return False
        ready, _, _ = select.select([wakeup, STDIN], [], [], POLL_S)
        if STDIN in ready or (ready and signal.SIGTERM in os.read(wakeup, 64)):
            return True
    return True


def _reap() -> None:
    """Wait for all killed processes, the adopted ones too."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
