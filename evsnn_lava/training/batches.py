"""Frames in memory, served in shuffled batches and augmented on the fly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava._torch import Tensor, torch


class FrameBatches(torch.utils.data.Dataset[tuple[Tensor, Tensor]]):
    """Frames and labels; an index is a whole batch of sample numbers.

    Frames are kept with time before space in memory, the layout that the blocks work on.

    Parameters
    ----------
    frames : numpy.ndarray of bool or int, shape (N, C, H, W, T)
        Input frames.
    labels : numpy.ndarray of int, shape (N,)
        Classes.
    """

    def __init__(self, frames: npt.NDArray[Any], labels: npt.NDArray[np.integer]) -> None:
        self.frames = torch.from_numpy(np.ascontiguousarray(np.moveaxis(frames, -1, 1)))
        self.labels = torch.from_numpy(np.array(labels, dtype=np.int64))

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.labels)

    @property
    def steps(self) -> int:
        """Number of frames of a sample."""
        return int(self.frames.shape[1])

    @property
    def events(self) -> npt.NDArray[np.float64]:
        """Mean number of events of every frame, shape (T,)."""
        found: npt.NDArray[np.float64] = self.frames.ne(0).flatten(2).sum((0, 2)).double().numpy() / len(self)
        return found

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
        return data.DataLoader(self, sampler=batches, batch_size=None)


def augment(
    frames: Tensor,
    shift_pixels: int,
    event_drop: float,
    rotate_degrees: float = 0.0,
    zoom: float = 0.0,
    shift_steps: int = 0,
    stretch: float = 0.0,
) -> Tensor:
    """Move every sample as a whole and drop some of its events.

    Parameters
    ----------
    frames : torch.Tensor, shape (N, C, H, W, T)
        Frames; not changed.
    shift_pixels : int
        Largest shift in each direction; what leaves the sensor is lost.
    event_drop : float
        Largest share of events that a sample loses.
    rotate_degrees : float
        Largest rotation to either side.
    zoom : float
        Largest change of size, as a share.
    shift_steps : int
        Largest shift in time; what leaves the recording is lost.
    stretch : float
        Largest change of duration, as a share: a frame shows what is nearest in the recording that is slower or faster.

    Returns
    -------
    torch.Tensor
        The augmented frames, in the same memory layout; every pixel is 0 or the value of one
        pixel of the input.
    """
    by_time = frames.movedim(-1, 1)
    if shift_steps or stretch:
        by_time = _retimed(by_time, shift_steps, stretch)
    if shift_pixels or rotate_degrees or zoom:
        by_time = _moved(by_time, shift_pixels, math.radians(rotate_degrees), zoom)
    if event_drop:
        share = 1 - event_drop * torch.rand(len(by_time), 1, 1, 1, 1, device=frames.device)
        by_time = by_time * (torch.rand_like(by_time) < share)
    return by_time.movedim(1, -1)


def _retimed(samples: Tensor, shift_steps: int, stretch: float) -> Tensor:
    """Look up, for every frame of a sample that is moved in time and stretched, the nearest frame it comes from."""
    (number, steps), device = samples.shape[:2], samples.device
    source = torch.arange(steps, device=device).expand(number, -1)
    if shift_steps:
        source = source - torch.randint(-shift_steps, shift_steps + 1, (number, 1), device=device)
    if stretch:
        source = (source / (1 + stretch * (2 * torch.rand(number, 1, device=device) - 1))).round().long()
    inside = (source >= 0) & (source < steps)
    moved = samples[torch.arange(number, device=device)[:, None], source.clamp(0, steps - 1)]
    return moved * inside.view(number, steps, 1, 1, 1)


def _moved(samples: Tensor, shift_pixels: int, rotate: float, zoom: float) -> Tensor:
    """Look up, for every pixel of the moved sample, the nearest pixel that it comes from."""
    number, (height, width) = len(samples), samples.shape[-2:]
    device = samples.device
    angle = rotate * (2 * torch.rand(number, 1, 1, device=device) - 1)
    size = 1 + zoom * (2 * torch.rand(number, 1, 1, device=device) - 1)
    down, right = torch.randint(-shift_pixels, shift_pixels + 1, (2, number, 1, 1), device=device)
    y = torch.arange(height, device=device).view(1, -1, 1) - (height - 1) / 2 - down
    x = torch.arange(width, device=device).view(1, 1, -1) - (width - 1) / 2 - right
    row = torch.round((angle.cos() * y - angle.sin() * x) / size + (height - 1) / 2).long()
    column = torch.round((angle.sin() * y + angle.cos() * x) / size + (width - 1) / 2).long()
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    source = (row * width + column).where(inside, torch.zeros_like(row)).view(number, 1, 1, -1)
    flat = samples.flatten(-2)
    moved = flat.gather(-1, source.expand_as(flat)) * inside.view(number, 1, 1, -1)
    return moved.view_as(samples)
