"""Learning which frames matter: soft gates per layer (EPM-R) and how they become hard masks.

The paper (Razor SNN, arXiv 2306.17597) does not publish the equations of its event pruning
mechanism. EPM-R is our definition: tokens weigh the pooled activity of every frame, a temporal
bias that no sample changes ranks the frames, and the mean gate over the training set becomes a
static mask.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from evsnn_lava._torch import Tensor, torch

BoolArray = npt.NDArray[np.bool_]


class SoftGate(torch.nn.Module):
    r"""One gate value per sample and frame for the input of one layer.

    With the pooled activity :math:`g_t`, tokens :math:`E` and temporal bias :math:`b`:

    .. math::
        m_k[t] = \sigma((E g_t)_k + b_k[t]), \quad \pi = \mathrm{softmax}(W \bar g), \quad
        a[t] = \sum_k \pi_k m_k[t]

    Parameters
    ----------
    channels : int
        Channels of the layer's input.
    steps : int
        Number of frames T.
    tokens : int
        Number of temporal embeddings K.
    """

    def __init__(self, channels: int, steps: int, tokens: int) -> None:
        super().__init__()
        self.tokens = torch.nn.Parameter(0.01 * torch.randn(tokens, channels))
        self.temporal_bias = torch.nn.Parameter(0.01 * torch.randn(tokens, steps))
        self.mixer = torch.nn.Linear(channels, tokens, bias=False)
        self.register_buffer("mean_activity", torch.ones(()))
        self.register_buffer("score", torch.zeros(steps))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
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
        """
        pooled = x.detach().flatten(2, -2).mean(2) if x.dim() > 3 else x.detach()
        if self.training:
            self.mean_activity.lerp_(pooled.mean().clamp_min(1e-6), 0.1)
        pooled = pooled / self.mean_activity
        masks = torch.sigmoid(torch.einsum("kc,nct->nkt", self.tokens, pooled) + self.temporal_bias)
        share = torch.softmax(self.mixer(pooled.mean(-1)), dim=1)
        gate = torch.einsum("nk,nkt->nt", share, masks)
        if self.training:
            self.score.lerp_(gate.detach().mean(0), 0.1)
        return gate, masks


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


def harden(scores: npt.NDArray[np.floating], counts: Sequence[int]) -> BoolArray:
    """Nested hard masks: each layer keeps its best frames among those the layer before keeps.

    Parameters
    ----------
    scores : numpy.ndarray of float, shape (L, T)
        Mean gate of each frame.
    counts : sequence of int
        Frames to keep per layer, never rising.

    Returns
    -------
    numpy.ndarray of bool, shape (L, T)
        The masks; the earlier frame wins a tie.

    Examples
    --------
    >>> harden(np.array([[0.9, 0.1, 0.5], [0.2, 0.9, 0.3]]), [2, 1]).astype(int).tolist()
    [[1, 0, 1], [0, 0, 1]]
    """
    masks = np.zeros(scores.shape, dtype=bool)
    allowed = np.ones(scores.shape[1], dtype=bool)
    for layer, count in enumerate(counts):
        ranked = np.argsort(np.where(allowed, -scores[layer], np.inf), kind="stable")
        masks[layer, ranked[:count]] = True
        allowed = masks[layer]
    return masks
