"""Learning which frames matter: soft gates per layer (EPM-R) and how they become hard masks.

The paper (Razor SNN, arXiv 2306.17597) does not publish the equations of its event pruning
mechanism. EPM-R is our definition: tokens weigh the pooled activity of every frame, a temporal
bias that no sample changes ranks the frames, and the mean gate over the training set becomes a
static mask. What a layer gets is the gate times its input, ``a[t] X[t]``: the "weighted feature
reconstruction".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._torch import Tensor, torch

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.floating]


OPEN: Final = 2.0
"""Logit of every gate before it has learned anything: 0.88 passes."""


class SoftGate(torch.nn.Module):
    r"""One gate value per sample and frame for the input of one layer.

    With the pooled activity :math:`g_t`, tokens :math:`E`, temporal bias :math:`b` and openness :math:`o`, all relative
    to their mean over the frames but the openness:

    .. math::
        m_k[t] = \sigma(\beta ((E (g_t - \bar g))_k + b_k[t] - \bar b_k + o_k)), \quad
        \pi = \mathrm{softmax}(W \bar g), \quad a[t] = \sum_k \pi_k m_k[t]

    What ranks frames and how many pass are parameters of their own, and the budget has a gradient for the openness
    only. Otherwise the budget ranks: it closes those frames first whose sigmoid is steepest, which makes small
    differences large, whatever their sign.

    Parameters
    ----------
    channels : int
        Channels of the layer's input.
    steps : int
        Number of frames T.
    tokens : int
        Number of temporal embeddings K.
    sharpness : float
        Slope :math:`\beta`: how fast a gate opens or closes when its embeddings move.
    """

    def __init__(self, channels: int, steps: int, tokens: int, sharpness: float = 2.0) -> None:
        super().__init__()
        self.sharpness = sharpness
        self.tokens = torch.nn.Parameter(0.01 * torch.randn(tokens, channels))
        self.temporal_bias = torch.nn.Parameter(0.01 * torch.randn(tokens, steps))
        self.openness = torch.nn.Parameter(torch.full((tokens, 1), OPEN / sharpness))
        self.mixer = torch.nn.Linear(channels, tokens, bias=False)
        self.register_buffer("mean_activity", torch.ones(()))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gate values and token masks.

        Parameters
        ----------
        x : torch.Tensor, shape (N, C, ..., T)
            Input of the layer.

        Returns
        -------
        gate : torch.Tensor, shape (N, T)
            How much of each frame passes, 0..1.
        token_masks : torch.Tensor, shape (N, K, T)
            For the diversity loss.
        budgeted : torch.Tensor, shape (N, T)
            For the budget loss: the gate again, with a gradient for the openness alone.
        """
        pooled = x.detach().flatten(2, -2).mean(2) if x.dim() > 3 else x.detach()
        if self.training:
            self.mean_activity.lerp_(pooled.mean().clamp_min(1e-6), 0.1)
        pooled = pooled / self.mean_activity
        level = pooled.mean(-1, keepdim=True)
        bias = self.temporal_bias - self.temporal_bias.mean(-1, keepdim=True)
        ranked = torch.einsum("kc,nct->nkt", self.tokens, pooled - level) + bias
        share = torch.softmax(self.mixer(level[..., 0]), dim=1)
        masks = self._open(ranked)
        return _mixed(share, masks), masks, _mixed(share.detach(), self._open(ranked.detach()))

    def _open(self, ranked: Tensor) -> Tensor:
        return torch.sigmoid(self.sharpness * (ranked + self.openness))


def _mixed(share: Tensor, masks: Tensor) -> Tensor:
    return torch.einsum("nk,nkt->nt", share, masks)


def dice_loss(masks: Tensor) -> Tensor:
    """Mean overlap of the token masks, which the diversity loss makes small.

    Source: the Dice loss of MasKD (arXiv 2205.14589) over ordered pairs of tokens.

    Parameters
    ----------
    masks : torch.Tensor, shape (N, K, T)
        Values 0..1.

    Returns
    -------
    torch.Tensor
        A scalar, 0..1; zero for a single token.
    """
    tokens = masks.shape[1]
    if tokens < 2:
        return masks.sum() * 0
    product = torch.einsum("nit,njt->nij", masks, masks)
    size = torch.diagonal(product, dim1=1, dim2=2)
    dice = 2 * product / (size[:, :, None] + size[:, None, :] + 1e-5)
    return (dice.sum((1, 2)) - torch.diagonal(dice, dim1=1, dim2=2).sum(1)).mean() / (tokens * (tokens - 1))


def keep_counts(keep: Sequence[float], layers: int, steps: int) -> list[int]:
    """Frames that each layer keeps.

    Parameters
    ----------
    keep : sequence of float
        Shares, one for all layers or one each.
    layers, steps : int
        Number of layers and of frames.

    Returns
    -------
    list of int
        At least one each, never rising.
    """
    shares = list(keep) * layers if len(keep) == 1 else list(keep)
    counts = [max(1, round(share * steps)) for share in shares]
    return [int(c) for c in np.minimum.accumulate(counts)]


def best_frames(score: FloatArray, count: int, allowed: BoolArray) -> BoolArray:
    """The frames with the highest scores; the earlier frame wins a tie.

    Parameters
    ----------
    score : numpy.ndarray of float, shape (T,)
        Mean gate of each frame.
    count : int
        Frames to keep.
    allowed : numpy.ndarray of bool, shape (T,)
        Frames to choose from, at least `count`.

    Returns
    -------
    numpy.ndarray of bool, shape (T,)
        `count` of the allowed frames.
    """
    mask = np.zeros(len(score), dtype=bool)
    mask[np.argsort(np.where(allowed, -score, np.inf), kind="stable")[:count]] = True
    return mask


def open_frames(score: FloatArray, count: int, allowed: BoolArray) -> BoolArray:
    """The frames whose mean gate is above 0.5, at least the best one; `count` is only the budget of the training."""
    mask = allowed & (score > 0.5)
    return mask if mask.any() else best_frames(score, 1, allowed)


HARDEN: Final[dict[str, Callable[[FloatArray, int, BoolArray], BoolArray]]] = {
    "top_k": best_frames,
    "threshold": open_frames,
}
"""How mean gates become bits: from a layer's scores, its count and the frames that the layer before keeps."""


def harden(scores: FloatArray, counts: Sequence[int], rule: str = "top_k") -> BoolArray:
    """Nested hard masks: each layer keeps frames among those that the layer before keeps.

    Parameters
    ----------
    scores : numpy.ndarray of float, shape (L, T)
        Mean gate of each frame.
    counts : sequence of int
        Frames to keep per layer, never rising.
    rule : {"top_k", "threshold"}
        Keep the best `counts` frames, or those whose mean gate is above 0.5.

    Returns
    -------
    numpy.ndarray of bool, shape (L, T)
        The masks; each layer keeps at least one frame.

    Examples
    --------
    >>> scores = np.array([[0.9, 0.1, 0.6], [0.2, 0.9, 0.3]])
    >>> harden(scores, [2, 1]).astype(int).tolist()
    [[1, 0, 1], [0, 0, 1]]
    >>> harden(scores, [1, 1], "threshold").astype(int).tolist()
    [[1, 0, 1], [0, 0, 1]]
    """
    masks = np.zeros(scores.shape, dtype=bool)
    allowed = np.ones(scores.shape[1], dtype=bool)
    for layer, count in enumerate(counts):
        allowed = masks[layer] = HARDEN[rule](scores[layer], count, allowed)
    return masks
