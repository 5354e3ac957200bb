"""Keep the frames that a trained network misses most: backward elimination by its loss on the training set.

Source: elimination of variables by a trained model (Kohavi and John, Artificial Intelligence 97, 1997; Guyon and
Elisseeff, JMLR 3, 2003); that the variables are runs of neighbouring frames is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._torch import Tensor, torch
from evsnn_lava.network import FrameMasks
from evsnn_lava.training.batches import FrameBatches
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.gates import BoolArray
from evsnn_lava.training.losses import anytime_loss
from evsnn_lava.training.model import EventNetwork, hard_gate
from evsnn_lava.training.soft_stage import MaskStage

BLOCKS: Final = 16
"""Runs into which the frames that are left are cut; a single frame is missed too little to be told from others."""

SAMPLES: Final = 1024
"""Training samples that the loss is taken of, at most."""

IntArray = npt.NDArray[np.integer]


def most_missed(kept: IntArray, count: int, loss: Callable[[IntArray], float], blocks: int = BLOCKS) -> IntArray:
    """Leave out the run of frames without which the loss is least, again and again.

    Parameters
    ----------
    kept : numpy.ndarray of int, shape (K,)
        Frames to begin with, in their order.
    count : int
        Frames that shall be left, ``1 <= count <= K``.
    loss : callable
        Loss with some frames alone.
    blocks : int
        Runs that the frames are cut into; the last one ends with the last frame.

    Returns
    -------
    numpy.ndarray of int, shape (count,)
        The frames that are left.

    Examples
    --------
    >>> worth = np.array([1, 0, 5, 4, 2, 0])
    >>> most_missed(np.arange(6), 3, lambda frames: -worth[frames].sum()).tolist()
    [2, 3, 4]
    """
    while len(kept) > count:
        size = min(-(-len(kept) // blocks), len(kept) - count)
        begins = np.unique(np.minimum(np.arange(0, len(kept), size), len(kept) - size))
        rests = [np.delete(kept, slice(begin, begin + size)) for begin in begins]
        kept = rests[int(np.argmin([loss(rest) for rest in rests]))]
    return kept


class ThinnedStage(MaskStage):
    """Train on recordings that lack frames, other ones in every batch, so that no frame is missed for being expected.

    Which frames a mask may drop is asked of a network that is used to missing some: the plain one has learned to wait
    for all of them, and misses a frame although another tells the same.
    """

    def choose(self, samples: FrameBatches) -> tuple[BoolArray, None]:
        """The frames that the network misses most; there are no scores."""
        return eliminated(self.network, self.config, self.counts, samples), None

    def gated(self, frames: Tensor) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
        """Responses to the frames that are left, as they would be deployed; to all of them in validation."""
        return super().gated(self._thinned(frames) if self.training else frames)

    def _thinned(self, frames: Tensor) -> Tensor:
        """What is left of a batch: runs are left out as in the elimination, but by lot."""
        steps = frames.shape[-1]
        count = int(torch.randint(self.counts[-1], steps + 1, ()))
        left = torch.from_numpy(most_missed(np.arange(steps), count, lambda _: float(torch.rand(()))))
        if self.masks.semantics == "skip":
            return frames[..., left]
        return frames * torch.zeros(steps, device=frames.device).index_fill(0, left.to(frames.device), 1.0)


def eliminated(network: EventNetwork, config: RunConfig, counts: Sequence[int], train: FrameBatches) -> BoolArray:
    """Masks of the frames that a network misses most, layer by layer.

    Parameters
    ----------
    network : EventNetwork
        The plain network; it is not changed.
    config : RunConfig
        Says how dropped frames, the output's evidence and the seed of the samples are meant.
    counts : sequence of int
        Frames to keep per layer, never rising.
    train : FrameBatches
        The training set, with all frames.

    Returns
    -------
    numpy.ndarray of bool, shape (L, T)
        The masks, nested.
    """
    chosen = np.random.default_rng(config.seed).permutation(len(train))[:SAMPLES]
    missed = _Missed(network, config, *train[np.sort(chosen).tolist()])
    masks = np.ones((len(counts), train.steps), dtype=bool)
    kept: IntArray = np.arange(train.steps)
    for layer, count in enumerate(counts):
        kept = most_missed(kept, count, partial(missed.loss, masks, layer))
        masks = _from_layer(masks, layer, kept)
    return masks


def _from_layer(masks: BoolArray, layer: int, frames: IntArray) -> BoolArray:
    """The same masks, but from a layer on some frames alone."""
    found = masks.copy()
    found[layer:] = False
    found[layer:, frames] = True
    return found


@dataclass(frozen=True, eq=False)
class _Missed:
    """The network, and the samples that it is asked about."""

    network: EventNetwork
    config: RunConfig
    frames: Tensor
    labels: Tensor

    def loss(self, before: BoolArray, layer: int, frames: IntArray) -> float:
        """Cross entropy after the last frame, as deployed with some frames alone from a layer on."""
        keep = _from_layer(before, layer, frames)
        masks = FrameMasks(self.config.masks.semantics if self.config.masks else "skip", tuple(keep))
        gate = hard_gate(np.stack([masks.gate(layer) for layer in range(len(keep))]))
        sent, train = self.frames[..., torch.from_numpy(masks.sent_frames)], self.config.train
        device, training = next(self.network.parameters()).device, self.network.training
        self.network.eval()
        with torch.no_grad():
            spikes = torch.cat([self.network(part.to(device), gate)[-1][0].cpu() for part in sent.split(256)])
            loss = anytime_loss(spikes, self.labels, train.logit_scale, 0.0, evidence=train.evidence)
        self.network.train(training)
        return float(loss)
