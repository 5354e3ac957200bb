"""Frame masks: which frames a layer looks at, compiled into the network."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError, unknown_name

BoolArray = npt.NDArray[np.bool_]

SEMANTICS: Final = {
    "skip": "a dropped frame is never sent: the stream gets shorter, the neurons do not notice the gap",
    "mute": "a dropped frame is sent as silence: the step runs, leak and bias go on",
}


@dataclass(frozen=True, eq=False)
class FrameMasks:
    """One static bit per layer and frame that says whether the layer receives its input for that frame.

    ``keep[0]`` belongs to the input of the first layer; ``keep[l]`` gates the *sender*, layer
    ``l - 1``, so that the messages and their synaptic operations are really saved. Masks are
    nested: what a layer does not see, no later layer sees.

    Source: the binary inference masks of Razor SNN (arXiv 2306.17597); the two semantics are ours.

    Parameters
    ----------
    semantics : {"skip", "mute"}
        What becomes of a frame that ``keep[0]`` drops. Deeper masks always mute, on the steps
        that remain.
    keep : tuple of array-like of bool, each of shape (T,)
        One mask per layer.

    Raises
    ------
    ConfigError
        If the semantics is unknown, the masks differ in length, are not nested or keep nothing.

    Examples
    --------
    >>> masks = FrameMasks("skip", ([1, 0, 1, 1], [1, 0, 0, 1]))
    >>> masks.stream_steps, masks.gate(1).tolist()
    (3, [True, False, True])
    """

    semantics: str
    keep: tuple[BoolArray, ...]

    def __post_init__(self) -> None:
        """Check and freeze the masks."""
        if self.semantics not in SEMANTICS:
            raise unknown_name("mask semantics", self.semantics, SEMANTICS)
        keep = tuple(_frozen(mask) for mask in self.keep)
        object.__setattr__(self, "keep", keep)
        if not keep or any(mask.ndim != 1 or mask.shape != keep[0].shape for mask in keep):
            raise ConfigError("FrameMasks: expected one mask of T bits for every layer, all of the same length")
        for layer, (outer, inner) in enumerate(itertools.pairwise(keep), start=1):
            if np.any(inner & ~outer):
                raise ConfigError(f"FrameMasks: mask {layer} keeps a frame that mask {layer - 1} drops; nest the masks")
        if not keep[-1].any():
            raise ConfigError("FrameMasks: the last mask keeps no frame at all; keep at least one")

    @classmethod
    def all_kept(cls, steps: int, layers: int, semantics: str = "skip") -> FrameMasks:
        """Masks that drop nothing.

        Parameters
        ----------
        steps : int
            Number of frames T.
        layers : int
            Number of layers.
        semantics : {"skip", "mute"}
            Without dropped frames both mean the same.

        Returns
        -------
        FrameMasks
            All ones.
        """
        return cls(semantics, tuple(np.ones(steps, dtype=bool) for _ in range(layers)))

    @property
    def steps(self) -> int:
        """Number of frames T of a recording, before masking."""
        return len(self.keep[0])

    @property
    def stream_steps(self) -> int:
        """Number of frames that are sent: fewer than T under ``skip``."""
        return int(self.keep[0].sum()) if self.semantics == "skip" else self.steps

    @property
    def sent_frames(self) -> npt.NDArray[np.int64]:
        """Index in the recording of every frame that is sent, shape ``(stream_steps,)``."""
        return np.flatnonzero(self.keep[0]) if self.semantics == "skip" else np.arange(self.steps)

    def gate(self, layer: int) -> BoolArray:
        """Whether layer `layer` receives its input, on the axis of the sent frames.

        Parameters
        ----------
        layer : int
            Index of the receiving layer.

        Returns
        -------
        numpy.ndarray of bool, shape (stream_steps,)
            True where the input passes.
        """
        return self.keep[layer][self.sent_frames]

    def stream(self, frames: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Turn a recording's frames into the frames that are sent.

        Parameters
        ----------
        frames : numpy.ndarray of bool or int, shape (..., T)
            Frames with time on the last axis.

        Returns
        -------
        numpy.ndarray of the same type, shape (..., stream_steps)
            Without the skipped frames; muted frames are zero.

        Raises
        ------
        ConfigError
            If there are not T frames.
        """
        if frames.shape[-1] != self.steps:
            raise ConfigError(
                f"frames have {frames.shape[-1]} steps, the masks {self.steps}; bin with the file's recipe"
            )
        sent: npt.NDArray[Any] = frames[..., self.sent_frames] * self.gate(0).astype(frames.dtype)
        return sent


def _frozen(mask: npt.ArrayLike) -> BoolArray:
    array = np.array(mask, dtype=bool)
    array.setflags(write=False)
    return array


def evenly(count: int, total: int) -> npt.NDArray[np.int64]:
    """Places of `count` evenly spaced frames among `total`: the middle of each of `count` equal parts.

    Parameters
    ----------
    count, total : int
        ``1 <= count <= total``.

    Returns
    -------
    numpy.ndarray of int64, shape (count,)
        ``floor((i + 1/2) total / count)`` for ``i = 0 .. count - 1``; ascending, no place twice.

    Examples
    --------
    >>> evenly(5, 10).tolist(), evenly(3, 4).tolist()
    ([1, 3, 5, 7, 9], [0, 2, 3])
    """
    places: npt.NDArray[np.int64] = (2 * np.arange(count, dtype=np.int64) + 1) * total // (2 * count)
    return places
