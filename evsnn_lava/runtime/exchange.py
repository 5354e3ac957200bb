"""The files through which a session and its Lava processes exchange samples and results.

They stand in one private folder. Samples go in and results come out through files, not through Lava variables or
pipes, so that ten thousand samples need no more memory than one.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import CutoffPolicy


@dataclass(frozen=True)
class Exchange:
    """Names of the files in the folder of a session.

    Parameters
    ----------
    folder : pathlib.Path
        The folder; the session makes and removes it.

    Examples
    --------
    >>> Exchange(Path("session")).counts(0).name
    'counts-0.int64'
    """

    folder: Path

    @property
    def board(self) -> Path:
        """What every process is doing, see `evsnn_lava.runtime.board`."""
        return self.folder / "board.int64"

    @property
    def failure(self) -> Path:
        """The first exception of any process, pickled; absent while all is well."""
        return self.folder / "failure.pickle"

    @property
    def log(self) -> Path:
        """What Lava and its processes print."""
        return self.folder / "lava.log"

    @property
    def job(self) -> Path:
        """The pickled `Job` at hand."""
        return self.folder / "job.pickle"

    @property
    def frames(self) -> Path:
        """Packed frames of the job, uint8 of shape (N, T', bytes of a frame), without a header."""
        return self.folder / "frames.packed"

    @property
    def steps(self) -> Path:
        """Steps of every finished sample, int64, written by the feeder."""
        return self.folder / "steps.int64"

    @property
    def decisions(self) -> Path:
        """Exit step, decision and scores of every finished sample, int64, written by the readout."""
        return self.folder / "decisions.int64"

    def counts(self, source: int) -> Path:
        """Messages and two kinds of operations per step, int64, written by recorder `source` (0 is the input)."""
        return self.folder / f"counts-{source}.int64"

    def messages(self, source: int) -> Path:
        """Packed messages of every step, written by recorder `source` when it records."""
        return self.folder / f"messages-{source}.packed"

    def states(self, layer: int) -> Path:
        """States of every step, one after the other, int32, written by the neurons of a layer when asked."""
        return self.folder / f"states-{layer}.int32"


@dataclass(frozen=True, eq=False)
class Job:
    """Samples to run through a graph that stands already.

    Parameters
    ----------
    samples : int
        Number of samples N in the file of frames.
    policy : CutoffPolicy
        Decides when a sample ends.
    record : bool
        Write the messages of every step, not only their number.
    states : bool
        Write the states of all neurons in every step.
    """

    samples: int
    policy: CutoffPolicy
    record: bool = False
    states: bool = False

    def save(self, path: Path) -> None:
        """Write the job to a file."""
        path.write_bytes(pickle.dumps(self))

    @classmethod
    def load(cls, path: Path) -> Job:
        """Read a job that `save` has written."""
        job: Job = pickle.loads(path.read_bytes())
        return job


def packed_size(shape: tuple[int, ...], graded: bool) -> int:
    """Bytes that one frame of `shape` takes: a bit per spike, four bytes per graded message.

    Examples
    --------
    >>> packed_size((3, 3), graded=False), packed_size((3, 3), graded=True)
    (2, 36)
    """
    neurons = int(np.prod(shape))
    return 4 * neurons if graded else -(-neurons // 8)


def pack(messages: npt.NDArray[Any], frame_axes: int, graded: bool) -> npt.NDArray[np.uint8]:
    """Pack messages into bytes.

    Parameters
    ----------
    messages : numpy.ndarray of bool or int, shape (..., *frame)
        The last `frame_axes` axes are one frame.
    frame_axes : int
        Number of axes of a frame.
    graded : bool
        Keep the numbers, of 32 bits; otherwise keep whether there is one.

    Returns
    -------
    numpy.ndarray of uint8, shape (..., bytes)
        See `packed_size`.

    Examples
    --------
    >>> pack(np.ones((2, 3, 3), dtype=bool), 2, graded=False).shape
    (2, 2)
    """
    lead = messages.shape[: messages.ndim - frame_axes]
    flat = messages.reshape(*lead, int(np.prod(messages.shape[len(lead) :])))
    return np.ascontiguousarray(flat, np.int32).view(np.uint8) if graded else np.packbits(flat != 0, axis=-1)


def unpack(packed: npt.NDArray[np.uint8], shape: tuple[int, ...], graded: bool) -> npt.NDArray[Any]:
    """Undo `pack`.

    Parameters
    ----------
    packed : numpy.ndarray of uint8, shape (..., bytes)
        Packed frames.
    shape : tuple of int
        Shape of one frame.
    graded : bool
        As for `pack`.

    Returns
    -------
    numpy.ndarray of bool or int32, shape (..., *shape)
        The messages.

    Examples
    --------
    >>> bool(unpack(pack(np.eye(3, dtype=bool), 2, graded=False), (3, 3), graded=False)[1, 1])
    True
    >>> unpack(pack(np.array([-5, 7]), 1, graded=True), (2,), graded=True).tolist()
    [-5, 7]
    """
    lead = packed.shape[:-1]
    if graded:
        return packed.view(np.int32).reshape(*lead, *shape)
    return np.unpackbits(packed, axis=-1, count=int(np.prod(shape))).reshape(*lead, *shape).view(np.bool_)
