"""Golden vectors: what the network must compute, carried in its own file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError


def spike_hash(messages: npt.NDArray[np.generic]) -> int:
    """Fingerprint of one layer's messages in one step.

    Parameters
    ----------
    messages : numpy.ndarray of bool or int32, any shape
        Which neurons sent a spike, or what they sent, in ``(C, H, W)`` order.

    Returns
    -------
    int
        64-bit BLAKE2b of the packed bits; of the little-endian 32-bit numbers when the messages are graded.

    Examples
    --------
    >>> spike_hash(np.array([True, False])) == spike_hash(np.array([[True], [False]]))
    True
    """
    flat = np.ascontiguousarray(messages).reshape(-1)
    data = np.packbits(flat) if flat.dtype == np.bool_ else flat.astype("<i4")
    return int.from_bytes(hashlib.blake2b(data.tobytes(), digest_size=8).digest(), "little")


@dataclass(frozen=True, eq=False)
class GoldenVectors:
    """Recorded samples and what every layer must answer in every step.

    Parameters
    ----------
    frames : numpy.ndarray of bool or int32, shape (N, C, H, W, T)
        Input frames before masking.
    spike_counts : numpy.ndarray of int64, shape (N, L, K)
        Messages sent per sample, layer and step; K is ``max_steps`` of the network, and the run
        is complete: the cutoff does not shorten it.
    spike_hashes : numpy.ndarray of uint64, shape (N, L, K)
        :func:`spike_hash` of the same messages.
    exit_step, decision : numpy.ndarray of int64, shape (N,)
        Where the cutoff stops, and the class it chooses.

    Raises
    ------
    ConfigError
        If the shapes do not fit together.
    """

    frames: npt.NDArray[np.bool_] | npt.NDArray[np.int32]
    spike_counts: npt.NDArray[np.int64]
    spike_hashes: npt.NDArray[np.uint64]
    exit_step: npt.NDArray[np.int64]
    decision: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        """Check the shapes and freeze the arrays."""
        samples = len(self.frames)
        same = self.spike_counts.shape == self.spike_hashes.shape and self.spike_counts.ndim == 3
        lengths = {len(self.spike_counts), len(self.exit_step), len(self.decision)}
        if not same or lengths != {samples}:
            raise ConfigError("golden vectors: arrays of different lengths; record them again")
        for array in (self.frames, self.spike_counts, self.spike_hashes, self.exit_step, self.decision):
            array.setflags(write=False)
