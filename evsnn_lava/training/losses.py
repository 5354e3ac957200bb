"""Losses: right answers at any time, and spike patterns that settle early."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from evsnn_lava._torch import F, Tensor, torch
from evsnn_lava.training.settling import mean_cosine

LEAST_COSINE: Final = 0.1


def anytime_loss(
    spikes: Tensor,
    labels: Tensor,
    logit_scale: float,
    anytime_weight: float,
    anytime_from: float = 0.0,
    evidence: str = "rate",
) -> Tensor:
    """Cross entropy of the output after the last step and, by a share, after every step.

    Parameters
    ----------
    spikes : torch.Tensor, shape (N, classes, T)
        Output spikes, or the graded messages of a head of sums.
    labels : torch.Tensor of int64, shape (N,)
        Right classes.
    logit_scale : float
        Factor from rate, or count, to logit.
    anytime_weight : float
        Share of the loss over all steps, 0..1.
    anytime_from : float
        Share of the steps, at the beginning, that it leaves out.
    evidence : {"rate", "count"}
        What the logits are made of, see ``EVIDENCE``.

    Returns
    -------
    torch.Tensor
        A scalar.
    """
    steps = spikes.shape[-1]
    logits = logit_scale * EVIDENCE[evidence](spikes.cumsum(-1))
    last = F.cross_entropy(logits[..., -1], labels)
    if anytime_weight == 0:
        return last
    asked = logits[..., int(anytime_from * steps) :]
    every = F.cross_entropy(asked, labels[:, None].expand(-1, asked.shape[-1]))
    return (1 - anytime_weight) * last + anytime_weight * every


def _rate(counts: Tensor) -> Tensor:
    return counts / torch.arange(1, counts.shape[-1] + 1, device=counts.device)


EVIDENCE: Final[dict[str, Callable[[Tensor], Tensor]]] = {"rate": _rate, "count": lambda counts: counts}
"""Output per step so far, or its sum: with sums, little evidence is not asked to be sure."""


def tail_steps(steps: int, tail: float) -> int:
    """Number of last steps that make the target of the regulariser: ``max(1, round(tail * T))``.

    Examples
    --------
    >>> [tail_steps(steps, 0.3) for steps in (2, 6, 10)]
    [1, 2, 3]
    """
    return max(1, round(tail * steps))


def settling_loss(
    responses: Sequence[tuple[Tensor, Tensor]], thresholds: Sequence[float], labels: Tensor, tail: float
) -> Tensor:
    r"""Regulariser of cutoff (RCS): every step should look like the last ones.

    With :math:`r_t = s_t + \mathrm{ReLU}(u_t / V_{th})` and its mean :math:`\bar r` over the last
    steps (no gradient), a layer's value is the inverse of the mean cosine between them; the worst
    sample that is already decided rightly counts.

    Source: direct training in arXiv 2301.09522 and its public code. Two differences are ours: a
    sample counts when the *summed* output is right in each of the last steps, because our head
    spikes; and the mean cosine is taken as at least 0.1, because a layer that is silent in the
    last frames of an event stream would otherwise make the inverse as large as 1e5.

    Parameters
    ----------
    responses : sequence of (torch.Tensor, torch.Tensor)
        Spikes and voltage before the reset of each layer, each of shape (N, ..., T).
    thresholds : sequence of float
        Threshold of each layer; a last layer that does not spike has none and is left out.
    labels : torch.Tensor of int64, shape (N,)
        Right classes.
    tail : float
        Share of the steps that make the target.

    Returns
    -------
    torch.Tensor
        A scalar; at its best 1, and 0 while no sample is decided rightly.
    """
    last = tail_steps(responses[-1][0].shape[-1], tail)
    totals = responses[-1][0].detach().cumsum(-1)[..., -last:]
    settled = (totals.argmax(1) == labels[:, None]).all(-1)
    if not settled.any() or not thresholds:
        return responses[-1][1].sum() * 0
    cosines = [mean_cosine(s, v, threshold, last) for (s, v), threshold in zip(responses, thresholds, strict=False)]
    return torch.stack([(settled / cosine.clamp_min(LEAST_COSINE)).max() for cosine in cosines]).mean()
