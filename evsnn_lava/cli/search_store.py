"""Finished units of a search on disk, so that neither a killed worker nor a killed search loses them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from evsnn_lava._files import atomic_write, read_regular
from evsnn_lava.cli.search_work import Answer, Job
from evsnn_lava.errors import ConfigError, FormatError

LARGEST_BYTES = 1 << 26


class Store:
    """A folder of answers, one file per unit, each written whole or not at all.

    The name of a file is a hash of everything that its answer depends on, so that several searches may share a folder.

    Parameters
    ----------
    folder : pathlib.Path or None
        Made if it is missing; None keeps nothing.
    task : str
        Hash of what all units share.

    Raises
    ------
    ConfigError
        If the folder cannot be made.
    """

    def __init__(self, folder: Path | None, task: str) -> None:
        self._folder, self._task = folder, task
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ConfigError(f"--resume {folder}: {error.strerror}; choose another folder") from error

    def get(self, job: Job) -> Answer | None:
        """The answer of a unit, if it is there.

        Raises
        ------
        FormatError
            If its file is none of ours.
        """
        path = self._path(job)
        if path is None or not path.exists():
            return None
        try:
            answer = json.loads(read_regular(path, LARGEST_BYTES))["answer"]
            if not isinstance(answer["rows"], list):
                raise TypeError("rows")
        except (ValueError, LookupError, TypeError) as error:
            raise FormatError(f"{path} is no unit of a search; remove it to have the unit done again") from error
        found: Answer = answer
        return found

    def put(self, job: Job, answer: Answer) -> None:
        """Write the answer of a unit."""
        path = self._path(job)
        if path is not None:
            with atomic_write(path) as temporary:
                temporary.write_text(json.dumps({"unit": str(job), "answer": answer}), encoding="utf-8")

    def _path(self, job: Job) -> Path | None:
        if self._folder is None:
            return None
        digest = hashlib.sha256(json.dumps([self._task, asdict(job)], sort_keys=True).encode()).hexdigest()
        return self._folder / f"{digest[:32]}.json"
