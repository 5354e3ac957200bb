"""The files through which a session and its Lava processes exchange samples and results.

They stand in one private folder. Samples go in and results come out through files, not through Lava variables or
pipes, so that ten thousand samples need no more memory than one.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

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
        """Frames of the job as bits, uint8 of shape (N, T', bytes of a frame), without a header."""
        return self.folder / "frames.bits"

    @property
    def steps(self) -> Path:
        """Steps of every finished sample, int64, written by the feeder."""
        return self.folder / "steps.int64"

    @property
    def decisions(self) -> Path:
        """Exit step, decision and scores of every finished sample, int64, written by the readout."""
        return self.folder / "decisions.int64"

    def counts(self, source: int) -> Path:
        """Spikes and synaptic operations per step, int64, written by recorder `source` (0 is the input)."""
        return self.folder / f"counts-{source}.int64"

    def spikes(self, source: int) -> Path:
        """Spikes of every step as bits, written by recorder `source` when it records."""
        return self.folder / f"spikes-{source}.bits"


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
        Write the spikes of every step, not only their number.
    """

    samples: int
    policy: CutoffPolicy
    record: bool = False

    def save(self, path: Path) -> None:
        """Write the job to a file."""
        path.write_bytes(pickle.dumps(self))

    @classmethod
    def load(cls, path: Path) -> Job:
        """Read a job that `save` has written."""
        job: Job = pickle.loads(path.read_bytes())
        return job


def packed_size(shape: tuple[int, ...]) -> int:
    """Bytes that the bits of one frame of `shape` take.

    Examples
    --------
    >>> packed_size((3, 3))
    2
    """
    return -(-int(np.prod(shape)) // 8)


def pack(spikes: npt.NDArray[np.bool_], frame_axes: int) -> npt.NDArray[np.uint8]:
    """Pack spikes into bytes.

    Parameters
    ----------
    spikes : numpy.ndarray of bool, shape (..., *frame)
        The last `frame_axes` axes are one frame.
    frame_axes : int
        Number of axes of a frame.

    Returns
    -------
    numpy.ndarray of uint8, shape (..., bytes)
        See `packed_size`.

    Examples
    --------
    >>> pack(np.ones((2, 3, 3), dtype=bool), 2).shape
    (2, 2)
    """
    lead = spikes.shape[: spikes.ndim - frame_axes]
    return np.packbits(spikes.reshape(*lead, int(np.prod(spikes.shape[len(lead) :]))), axis=-1)


def unpack(packed: npt.NDArray[np.uint8], shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Undo `pack`.

    Parameters
    ----------
    packed : numpy.ndarray of uint8, shape (..., bytes)
        Packed frames.
    shape : tuple of int
        Shape of one frame.

    Returns
    -------
    numpy.ndarray of bool, shape (..., *shape)
        The spikes.

    Examples
    --------
    >>> bool(unpack(pack(np.eye(3, dtype=bool), 2), (3, 3))[1, 1])
    True
    """
    bits = np.unpackbits(packed, axis=-1, count=int(np.prod(shape)))
    return bits.reshape(*packed.shape[:-1], *shape).view(np.bool_)
