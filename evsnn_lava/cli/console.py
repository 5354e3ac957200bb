"""Printing: results on stdout, progress and errors on stderr."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from evsnn_lava.errors import ConfigError, printable

WIDTH: Final = 100
LINES: Final = "\n\t"
"""Control characters that a text may have."""

SIGN_S: Final = 10.0
"""Seconds between signs of life in a log."""


class Output:
    """Where a verb prints.

    Parameters
    ----------
    quiet : bool
        No progress and no notes, only results and errors.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self._last_sign = time.monotonic()
        self.results = _console(stderr=False)
        self.notes = _console(stderr=True)

    @property
    def live(self) -> bool:
        """Whether a progress display can move."""
        return self.notes.is_terminal and not self.quiet

    def show(self, what: RenderableType) -> None:
        """Print a result; a text is printed as it is, whatever a file has put into it."""
        with _written(self.results):
            if isinstance(what, str):
                self.results.print(printable(what, keep=LINES), soft_wrap=True, markup=False, highlight=False)
            else:
                self.results.print(what)

    def sign_of_life(self, text: str) -> None:
        """Say how far a long job is, now and then, where no progress display can move."""
        if not self.live and time.monotonic() - self._last_sign > SIGN_S:
            self._last_sign = time.monotonic()
            self.note(text)

    def show_json(self, value: Any) -> None:
        """Print a result as JSON."""
        with _written(self.results):
            self.results.file.write(json.dumps(value, indent=2, default=_plain) + "\n")

    def note(self, text: str) -> None:
        """Say what is going on."""
        if not self.quiet:
            self.notes.print(printable(text, keep=LINES), style="dim", highlight=False, markup=False, soft_wrap=True)

    def heading(self, text: str) -> None:
        """Begin a part of a longer job."""
        if not self.quiet:
            self.notes.rule(f"[bold]{escape(text)}", align="left")

    def error(self, error: Exception) -> None:
        """Say what went wrong, in one line."""
        line = printable(" ".join(str(error).split()))
        self.notes.print(f"[red]{type(error).__name__}:[/red] {escape(line)}", highlight=False, soft_wrap=True)

    @contextmanager
    def progress(self, unit: str) -> Iterator[Progress]:
        """A progress display; without a terminal each task says when it is done.

        Parameters
        ----------
        unit : str
            What is counted.

        Yields
        ------
        rich.progress.Progress
            To add tasks to.
        """
        columns = (
            TextColumn("{task.description:<14}"),
            BarColumn(24),
            MofNCompleteColumn(),
            TextColumn(unit),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[said]}"),
        )
        with Progress(*columns, console=self.notes, disable=not self.live) as progress:
            yield progress
        if not self.live:
            for task in progress.tasks:
                self.note(f"{task.description}: {int(task.completed)} {unit}  {task.fields['said']}")


@contextmanager
def _written(console: Console) -> Iterator[None]:
    """Make sure that a result has left; what cannot be written is dropped, or Python would try again at its end."""
    try:
        yield
        console.file.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), console.file.fileno())
        raise ConfigError(f"cannot write the result: {error.strerror}; free some space or write elsewhere") from error


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    if stream is None:  # the caller has closed it
        return Console(file=open(os.devnull, "w"), width=WIDTH)
    return Console(stderr=stderr, width=None if stream.isatty() else WIDTH)


def _plain(value: Any) -> Any:
    """Numbers and arrays of numpy, frozen records and models as JSON knows them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return value.tolist()
