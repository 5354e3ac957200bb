"""Frames in memory, served in shuffled batches and augmented on the fly."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from evsnn_lava._torch import torch

Tensor = torch.Tensor


class FrameBatches(torch.utils.data.Dataset[tuple[Tensor, Tensor]]):
    """Binary frames and labels; an index is a whole batch of sample numbers.

    Frames are kept with time before space in memory, the layout that the blocks work on.

    Parameters
    ----------
    frames : numpy.ndarray of bool, shape (N, C, H, W, T)
        Input frames.
    labels : numpy.ndarray of int, shape (N,)
        Classes.
    """

    def __init__(self, frames: npt.NDArray[np.bool_], labels: npt.NDArray[np.integer]) -> None:
        self.frames = torch.from_numpy(np.ascontiguousarray(np.moveaxis(frames, -1, 1)))
        self.labels = torch.from_numpy(np.array(labels, dtype=np.int64))

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.labels)

    def __getitem__(self, index: list[int]) -> tuple[Tensor, Tensor]:
        """One batch: frames of shape (N, C, H, W, T) in float32, and labels."""
        return self.frames[index].float().movedim(1, -1), self.labels[index]

    def loader(self, batch_size: int, shuffle: bool) -> torch.utils.data.DataLoader[tuple[Tensor, Tensor]]:
        """Serve the samples in batches.

        Parameters
        ----------
        batch_size : int
            Samples per batch.
        shuffle : bool
            In a new order every epoch; the last incomplete batch is then left out.

        Returns
        -------
        torch.utils.data.DataLoader
            Yields whole batches.
        """
        data = torch.utils.data
        order = data.RandomSampler(self) if shuffle else data.SequentialSampler(self)
        batches = data.BatchSampler(order, min(batch_size, len(self)), drop_last=shuffle)
        return data.DataLoader(self, sampler=batches, batch_size=None)  # type: ignore[arg-type]  # batches are indices


def augment(frames: Tensor, shift_pixels: int, event_drop: float) -> Tensor:
    """Shift every sample by some pixels and drop some of its events.

    Parameters
    ----------
    frames : torch.Tensor, shape (N, C, H, W, T)
        Frames; not changed.
    shift_pixels : int
        Largest shift in each direction; what leaves the sensor is lost.
    event_drop : float
        Largest share of events that a sample loses.

    Returns
    -------
    torch.Tensor
        The augmented frames, in the same memory layout.
    """
    by_time = frames.movedim(-1, 1)
    if shift_pixels:
        by_time = torch.stack(list(_shifted(by_time, shift_pixels)))
    if event_drop:
        share = 1 - event_drop * torch.rand(len(by_time), 1, 1, 1, 1, device=frames.device)
        by_time = by_time * (torch.rand_like(by_time) < share)
    return by_time.movedim(1, -1)


def _shifted(samples: Tensor, limit: int) -> Iterator[Tensor]:
    shifts = torch.randint(-limit, limit + 1, (len(samples), 2)).tolist()
    height, width = samples.shape[-2:]
    for sample, (down, right) in zip(samples, shifts, strict=True):
        moved = torch.zeros_like(sample)
        rows, columns = (slice(max(0, s), size + min(0, s)) for s, size in ((down, height), (right, width)))
        source_rows, source_columns = (slice(max(0, -s), size + min(0, -s)) for s, size in ((down, height), (right, width)))
        moved[..., rows, columns] = sample[..., source_rows, source_columns]
        yield moved
