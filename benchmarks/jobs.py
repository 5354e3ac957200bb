"""What a child of ours gets to work on: a folder with a description, frames and, for stock netx, a network file."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.floats import write_floats
from benchmarks.networks import Case
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import NetworkDescription

NETWORK, FRAMES, NETX, FLOATS, MESSAGES = "network.pickle", "frames.npy", "network.net", "floats.npz", "messages.npz"


@dataclass(frozen=True)
class Job:
    """A folder with a case, for one or several children."""

    folder: Path

    @classmethod
    def write(cls, folder: Path, case: Case, samples: int, undelayed: bool = False, floats: bool = False) -> Job:
        """Write a case with so many samples; `undelayed` ones for simulators whose layers do not delay.

        Returns
        -------
        Job
            The folder.
        """
        folder.mkdir()
        frames = case.undelayed(samples) if undelayed else case.samples(samples)
        if floats:
            write_floats(case.network, frames, folder / FLOATS)
            return cls(folder)
        np.save(folder / FRAMES, frames)
        (folder / NETWORK).write_bytes(pickle.dumps(case.network))
        if case.netx_file is None:
            write_net(case.network, folder / NETX)
        else:
            shutil.copyfile(case.netx_file, folder / NETX)
        return cls(folder)

    @property
    def network(self) -> NetworkDescription:
        """The description."""
        network: NetworkDescription = pickle.loads((self.folder / NETWORK).read_bytes())
        return network

    @property
    def frames(self) -> npt.NDArray[Any]:
        """The frames, (N, C, H, W, steps)."""
        return np.load(self.folder / FRAMES)

    def save_messages(self, messages: list[npt.NDArray[Any]], first_steps: list[int]) -> None:
        """Keep what the layers sent, each (N, *layer shape, steps), and the step of ours that each begins with."""
        arrays = {f"layer{i}": sent for i, sent in enumerate(messages)}
        np.savez(self.folder / MESSAGES, first_steps=np.array(first_steps), **arrays)

    def same_messages(self, expected: tuple[npt.NDArray[Any], ...]) -> bool:
        """Whether the child's layers sent what ours did, in every step that both have."""
        with np.load(self.folder / MESSAGES) as file:
            pairs = [(file[f"layer{i}"], int(step)) for i, step in enumerate(file["first_steps"])]
        for ours, (theirs, first) in zip(expected, pairs, strict=True):
            part = ours[: len(theirs), ..., first:]
            common = min(part.shape[-1], theirs.shape[-1])
            if not np.array_equal(part[..., :common], theirs.reshape(len(theirs), *ours.shape[1:-1], -1)[..., :common]):
                return False
        return True
