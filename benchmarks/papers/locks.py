"""One process per unit: a lock of the system, which is gone as soon as its process is."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a lock, or say that another process does.

    The system gives the lock back when the process that holds it ends, however it ends: there is nothing to break. The
    file stays, as removing it would let two processes hold "the" lock on two files.

    Parameters
    ----------
    path : pathlib.Path
        The file; it is made, with its folder.

    Yields
    ------
    bool
        Whether the lock is held.

    Examples
    --------
    >>> import tempfile
    >>> with held(Path(tempfile.mkdtemp()) / "unit.lock") as mine:
    ...     mine
    True
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            os.truncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())  # for whoever looks who works on it
            yield True
    finally:
        os.close(handle)
