"""The parent's side: a child process that works when it is asked to and is ended in any case."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import Call
from benchmarks.serve import MISSING
from evsnn_lava.errors import RunError

ROOT = Path(__file__).resolve().parents[1]
LAST_LINES = 2000


class Worker:
    """A child that runs a module of the benchmarks.

    Parameters
    ----------
    python : path-like
        Interpreter.
    module : str
        Module to run, which calls :func:`benchmarks.serve.serve`.
    arguments : sequence of str
        Its arguments.
    environment : mapping of str to str, optional
        Variables to add.
    limit_s : float
        Longest time without an answer; Lava hangs when one of its processes fails.

    Raises
    ------
    RunError
        If the child ends or does not answer.
    """

    def __init__(
        self,
        python: str | os.PathLike[str],
        module: str,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        limit_s: float = 300.0,
    ) -> None:
        self._name, self._limit_s = module, limit_s
        begin = time.perf_counter()
        self._child = subprocess.Popen(
            [os.fspath(python), "-m", module, *arguments],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._rest = b""
        try:
            self.facts: dict[str, Any] = self._answer()
        except BaseException:
            self.close()
            raise
        self.start_s = time.perf_counter() - begin

    @property
    def missing(self) -> str:
        """Why the child cannot work, empty if it can."""
        return str(self.facts.get(MISSING, ""))

    def call(self, name: str) -> Call:
        """One of its works, as something to measure; the child measures the seconds itself."""

        def ask() -> float:
            pipe = self._child.stdin
            if pipe is None:
                raise RunError(f"{self._name} is closed; start another worker")
            pipe.write(f"{name}\n".encode())
            pipe.flush()
            return float(self._answer())

        return ask

    def _answer(self) -> Any:
        if self._child.stdout is None:
            raise RunError(f"{self._name} has no output; start another worker")
        until = time.monotonic() + self._limit_s
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._child.stdout], [], [], max(until - time.monotonic(), 0))
            if not ready:
                raise RunError(f"{self._name} gave no answer for {self._limit_s:g} s; run it by hand to see why")
            more = os.read(self._child.stdout.fileno(), 1 << 16)
            if not more:
                raise RunError(f"{self._name} ended with code {self._child.wait()}; run it by hand to see why")
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)

    def close(self) -> None:
        """End the child and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def __enter__(self) -> Worker:
        """The worker itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the child."""
        self.close()
