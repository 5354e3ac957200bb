"""Finished units of a search on disk, so that neither a killed worker nor a killed search loses them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evsnn_lava._files import atomic_write, read_regular
from evsnn_lava.cli.search_work import Answer, Job
from evsnn_lava.errors import ConfigError, FormatError, printable
from evsnn_lava.export.search.rows import Policy
from evsnn_lava.network import CutoffPolicy

LARGEST_BYTES: Final = 1 << 26

FORMAT: Final = 3
"""Of the files; those of another one have other names, so that their units are done again."""

Amount = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Entry = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class _Strict(BaseModel):
    """Nothing is converted, nothing may be missing or too much, and numbers are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class _Interval(_Strict):
    value: Amount
    low: Amount
    high: Amount


class _Accuracy(_Strict):
    value: Share
    low: Share
    high: Share


class _Figures(_Strict):
    """As of `evsnn_lava.export.search.rows.Figures`."""

    samples: Annotated[int, Field(ge=1)]
    accuracy: _Accuracy
    exit_step: _Interval
    mean_steps: _Interval
    p95_steps: _Interval
    energy_j: _Interval | None
    time_s: _Interval | None

    @property
    def known(self) -> tuple[int, bool, bool]:
        """What all rows of a unit have in common."""
        return self.samples, self.energy_j is None, self.time_s is None


class _Policy(_Strict):
    """As of `evsnn_lava.export.search.rows.Policy`."""

    name: str
    kind: str
    thresholds: list[Entry]
    epsilon: float
    calibration_hash: str
    calibration_samples: Annotated[int, Field(ge=0)]
    softmax: list[Entry]
    guarantee: str


class _Row(_Strict):
    policy: _Policy
    figures: _Figures


class _Rows(_Strict):
    rows: list[_Row]


class _Unit(_Strict):
    """A file."""

    unit: str
    key: str
    answer: _Rows


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
            If its file is none of ours, that of another unit, or damaged.
        """
        path = self._path(job)
        if path is None or not path.exists():
            return None
        content = _content(path)
        try:
            return _checked(content, job, self._key(job))
        except (ValueError, RecursionError, ConfigError) as error:
            raise _refused(path, _reason(error)) from error

    def put(self, job: Job, answer: Answer) -> None:
        """Write the answer of a unit."""
        path = self._path(job)
        if path is not None:
            content = {"unit": str(job), "key": self._key(job), "answer": answer}
            with atomic_write(path) as temporary:
                temporary.write_text(json.dumps(content), encoding="utf-8")

    def _key(self, job: Job) -> str:
        return hashlib.sha256(json.dumps([FORMAT, self._task, asdict(job)], sort_keys=True).encode()).hexdigest()

    def _path(self, job: Job) -> Path | None:
        return None if self._folder is None else self._folder / f"{self._key(job)[:32]}.json"


def _refused(path: Path, fact: str) -> FormatError:
    return FormatError(f"{path}: {fact}, so it is no unit of a search; remove it to have the unit done again")


def _content(path: Path) -> bytes:
    """The bytes of a file; one that is too large is none of ours."""
    try:
        return read_regular(path, LARGEST_BYTES)
    except FormatError as error:
        raise _refused(path, f"it has more than {LARGEST_BYTES} bytes") from error


def _checked(content: bytes, job: Job, key: str) -> Answer:
    """The answer in a file, as it stands there."""
    raw: dict[str, Any] = json.loads(content)
    found = _Unit.model_validate(raw)
    if (found.unit, found.key) != (str(job), key):
        raise ValueError(f"it holds another unit than {job}")
    _require_rows(found.answer.rows, job)
    answer: Answer = raw["answer"]
    return answer


def _require_rows(rows: Sequence[_Row], job: Job) -> None:
    """Refuse other ways to stop than the unit has, in another order, or figures that cannot be of one run."""
    policies = [Policy.of_json(row.policy.model_dump()) for row in rows]
    names = [policy.name for policy in policies]
    if names != (expected := _names(job)):
        raise ValueError(f"it has {len(rows)} rows, not those of {', '.join(expected)}")
    given = _given(job)
    if tuple(policies[: len(given)]) != given:
        raise ValueError("it has other policies than were asked for")
    if any(policy.cutoff.steps != len(job.candidate.frames) for policy in policies):
        raise ValueError(f"it has policies of another length than {len(job.candidate.frames)} frames")
    if len({row.figures.known for row in rows}) > 1:
        raise ValueError("its rows are not of the same samples and kinds of figures")


def _given(job: Job) -> tuple[Policy, ...]:
    """Policies of a unit that are known before it runs; those that it fits come after them."""
    never = (Policy.of("never", CutoffPolicy.never(len(job.candidate.frames))),) if job.with_never else ()
    return never + job.policies


def _names(job: Job) -> list[str]:
    return [*(policy.name for policy in _given(job)), *(f"{epsilon:g}" for epsilon in job.epsilons)]


def _reason(error: Exception) -> str:
    """What is wrong with a file, without a line break and without its own control characters."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return printable(f"{'.'.join(map(str, first['loc'])) or 'its content'}: {first['msg']}", 200)
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
        return "it is not JSON"
    return printable(str(error), 200)
