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

from evsnn_lava._children import child_environment, child_program
from evsnn_lava.runtime.child import kill_group, remove_shared_memory

MAIN: Final = child_program("evsnn_lava.runtime.child")
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
    program : str
        What the child runs, see `evsnn_lava._children.child_program`.

    Attributes
    ----------
    alive : bool
        Whether the worker was there when it was last spoken to.
    """

    def __init__(self, folder: Path, log: Path, program: str = MAIN) -> None:
        self.memory_prefix = f"/e{secrets.token_hex(3)}_"  # Python allows 14 characters, 4 of them are its own
        self.alive = True
        self.connection, theirs = Pipe()
        arguments = [str(theirs.fileno()), str(os.getpid()), str(folder), self.memory_prefix]
        with theirs, log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-c", program, *arguments],
                stdin=subprocess.PIPE,  # never written to: its end tells the child that nobody holds it any more
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                env=child_environment(TMPDIR=str(folder)),  # Lava makes a process of every block: one thread each
                start_new_session=True,
            )

    def send(self, message: Any) -> None:
        """Send a message to the worker."""
        try:
            self.connection.send(message)
        except OSError:  # the worker hung up, or another thread closed the session
            self.alive = False

    def receive(self, timeout_s: float) -> Any:
        """Wait for a message; None when none came, and then `alive` says whether one can come."""
        try:
            return self.connection.recv() if self.connection.poll(timeout_s) else None
        except (EOFError, OSError):
            self.alive = False
            return None

    def end(self) -> None:
        """Kill the worker and all that it started, and wait until nothing is left."""
        self.connection.close()
        if self._process.stdin is not None:
            self._process.stdin.close()
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


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait until the block is through.

    A handler does it, not a signal mask: a mask holds for one thread, and the system then hands the signal to another.
    """
    usual = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(usual):
        yield
        return
    came: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
        if came:
            signal.raise_signal(signal.SIGINT)
