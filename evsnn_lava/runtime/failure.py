"""How an exception travels from a Lava process to the user: as itself, with the traceback as its cause."""

from __future__ import annotations

import contextlib
import os
import pickle
import traceback
from dataclasses import dataclass
from multiprocessing.pool import RemoteTraceback  # type: ignore[attr-defined]  # typeshed forgot it
from pathlib import Path

from evsnn_lava.errors import RunError


@dataclass(frozen=True)
class Failure:
    """What a process leaves behind when it raises.

    Parameters
    ----------
    process : str
        Name of the process.
    summary : str
        Type and message of the exception.
    traceback : str
        The traceback as text.
    pickled : bytes
        The exception, or nothing when it cannot be pickled.
    """

    process: str
    summary: str
    traceback: str
    pickled: bytes

    @classmethod
    def of(cls, process: str, error: BaseException) -> Failure:
        """Describe an exception that is being handled.

        Parameters
        ----------
        process : str
            Name of the process that raised it.
        error : BaseException
            The exception.

        Returns
        -------
        Failure
            Ready to be saved.

        Examples
        --------
        >>> Failure.of("readout", ValueError("no scores")).error("step 3").args
        ('no scores',)
        """
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        return cls(process, f"{type(error).__name__}: {error}", text, _pickled(error))

    def save(self, path: Path) -> None:
        """Write the failure unless another process was first."""
        part = path.with_name(f"{path.name}.{os.getpid()}")
        part.write_bytes(pickle.dumps(self))
        with contextlib.suppress(FileExistsError):
            os.link(part, path)

    @classmethod
    def load(cls, path: Path) -> Failure:
        """Read what `save` has written."""
        failure: Failure = pickle.loads(path.read_bytes())
        return failure

    def error(self, where: str) -> BaseException:
        """Make the exception to raise.

        Parameters
        ----------
        where : str
            Step and sample in which it happened, for the message.

        Returns
        -------
        BaseException
            The original exception, caused by a `RunError` that names the process; only that one when the original
            cannot be rebuilt here. The text of the traceback is at the end of the chain.
        """
        cause = RunError(f"{self.process} failed in {where} with {self.summary}; see the traceback above")
        cause.__cause__ = RemoteTraceback(self.traceback)
        original = _unpickled(self.pickled)
        if original is None:
            return cause
        original.__cause__ = cause
        return original


def _pickled(error: BaseException) -> bytes:
    try:
        pickled = pickle.dumps(error)
        pickle.loads(pickled)
    except Exception:  # noqa: BLE001 - whatever a foreign exception's own code raises, it cannot be sent
        return b""
    return pickled


def _unpickled(pickled: bytes) -> BaseException | None:
    try:
        error = pickle.loads(pickled) if pickled else None
    except Exception:  # noqa: BLE001 - the class may be missing here, or differ
        return None
    return error if isinstance(error, BaseException) else None
