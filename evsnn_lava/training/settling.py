"""How settled a layer's response is: the mean cosine between every step and the last ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from evsnn_lava._torch import Tensor, torch
from evsnn_lava.training.kernels import settling_backward, settling_forward
from evsnn_lava.training.layout import as_rows


class _MeanCosine(torch.autograd.Function):
    """Mean over time of the cosine; the gradient is computed for the samples that need it only."""

    @staticmethod
    def forward(ctx: Any, spikes: Tensor, voltage: Tensor, threshold: float, last: int) -> Tensor:
        samples, steps, neurons = spikes.shape
        target = np.empty((samples, neurons), np.float32)
        overlap, square = np.empty((2, samples, steps))
        arrays = spikes.detach().cpu().contiguous().numpy(), voltage.detach().cpu().contiguous().numpy()
        settling_forward(*arrays, np.float32(threshold), last, target, overlap, square)
        length, goal = np.sqrt(square + 1e-5), np.sqrt((target.astype(np.float64) ** 2).sum(1, keepdims=True) + 1e-5)
        ctx.facts = (arrays, np.float32(threshold), target, overlap, length, goal)
        return torch.from_numpy((overlap / (length * goal)).mean(1)).to(spikes)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        (spikes, voltage), threshold, target, overlap, length, goal = ctx.facts
        grad_s, grad_v = np.zeros_like(spikes), np.zeros_like(voltage)
        for n in np.flatnonzero(grad.cpu().numpy()):
            share = float(grad[n]) / spikes.shape[1]
            along = share / (length[n] * goal[n])
            against = share * overlap[n] / (length[n] ** 3 * goal[n])
            settling_backward(spikes[n], voltage[n], threshold, target[n], along, against, grad_s[n], grad_v[n])
        return torch.from_numpy(grad_s).to(grad), torch.from_numpy(grad_v).to(grad), None, None


def mean_cosine(spikes: Tensor, voltage: Tensor, threshold: float, last: int) -> Tensor:
    """Mean over time of ``cos(r_t, mean of the last r)`` with ``r = s + ReLU(u / Vth)``.

    Parameters
    ----------
    spikes, voltage : torch.Tensor, shape (N, ..., T)
        What a layer answered; the voltage is that before the reset.
    threshold : float
        Threshold of the layer.
    last : int
        Number of last steps that make the target; no gradient flows through the target.

    Returns
    -------
    torch.Tensor, shape (N,)
        0..1; 1 when every step looks like the last ones.
    """
    flat = (as_rows(x) for x in (spikes, voltage))
    return _MeanCosine.apply(*flat, threshold, last)
