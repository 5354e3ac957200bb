"""More processes for the same units; locks see to it that each is done once."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Final

NOT_THEIRS: Final = ("--fresh", "--retrain", "--write-docs")
"""Done once, by the process that starts the others."""


@contextlib.contextmanager
def beside(arguments: Sequence[str], number: int) -> Iterator[None]:
    """Let other processes do the same units while the block does them.

    Parameters
    ----------
    arguments : sequence of str
        The command line of this process.
    number : int
        How many more processes.

    Yields
    ------
    None
        They have ended after the block; if it raises, they are ended.
    """
    theirs = [each for each in arguments if each not in NOT_THEIRS]
    command = [sys.executable, "-m", "benchmarks.papers", *theirs, "--jobs", "1", "--silent"]
    running = [subprocess.Popen(command) for _ in range(number)]
    try:
        yield
        for child in running:
            child.wait()
    finally:
        for child in running:
            child.terminate()
            child.wait()
