"""The session's hold on its child: start it, talk to it, and end it with everything it started."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing.connection import Pipe
from pathlib import Path
from typing import Any, Final

from evsnn_lava.runtime.child import kill_group, remove_shared_memory

END_S: Final = 10.0
"""Time that the child gets to clear up before the session does it."""


class Child:
    """A child process with Lava in it.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the session.
    log : pathlib.Path
        File for what Lava prints.

    Attributes
    ----------
    alive : bool
        Whether the worker was there when it was last spoken to.
    """

    def __init__(self, folder: Path, log: Path) -> None:
        self.memory_prefix = f"/e{secrets.token_hex(3)}_"  # Python allows 14 characters, 4 of them are its own
        self.alive = True
        self.connection, theirs = Pipe()
        arguments = [str(theirs.fileno()), str(os.getpid()), str(folder), self.memory_prefix]
        with theirs, log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "evsnn_lava.runtime.child", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                env=_environment(folder),
                start_new_session=True,
            )

    def send(self, message: Any) -> None:
        """Send a message to the worker."""
        try:
            self.connection.send(message)
        except (BrokenPipeError, ConnectionResetError):
            self.alive = False

    def receive(self, timeout_s: float) -> Any:
        """Wait for a message; None when none came, and then `alive` says whether one can come."""
        try:
            return self.connection.recv() if self.connection.poll(timeout_s) else None
        except (EOFError, ConnectionResetError):
            self.alive = False
            return None

    def end(self) -> None:
        """Kill the worker and all that it started, and wait until nothing is left."""
        self.connection.close()
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._kill()

    def _kill(self) -> None:
        """Do the child's work when the child itself hangs: its session is the group of its own, the worker's not."""
        import psutil

        with contextlib.suppress(psutil.NoSuchProcess):
            family = psutil.Process(self._process.pid).children(recursive=True)
            for process in family:
                kill_group(process.pid)
                process.kill()
        self._process.kill()
        self._process.wait()
        remove_shared_memory(self.memory_prefix)


def _environment(folder: Path) -> dict[str, str]:
    """Our modules, temporary files in our folder, one thread per process as Lava makes a process of every block."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, "PYTHONPATH": path, "TMPDIR": str(folder), **threads}


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let a second Ctrl-C wait until the block is through."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
