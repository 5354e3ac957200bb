"""The Hoyer spike: a trainable threshold times the Hoyer extremum of the clipped input.

Source: arXiv 2212.10170; where its text, its code and the code's history differ, the regulariser is the one on the
clipped input with a gradient to input and threshold.
"""

from __future__ import annotations

from typing import Any, Final

from evsnn_lava._torch import Tensor, torch

SLOPE: Final = 0.5
WIDTH: Final = 2.0
"""The surrogate is ``SLOPE`` for inputs of 0 to ``WIDTH`` thresholds, 0 elsewhere."""


class _Step(torch.autograd.Function):
    """1 where the input reaches the level, with a box as gradient."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, level: Tensor) -> Tensor:
        ctx.save_for_backward(z)
        return (z >= level).to(z.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (z,) = ctx.saved_tensors
        return grad * SLOPE * ((z > 0) & (z <= WIDTH)).to(grad.dtype), None


def step(z: Tensor, level: Tensor) -> Tensor:
    """Spikes where ``z >= level``; the gradient is 0.5 for ``0 < z <= 2``.

    Examples
    --------
    >>> z = torch.tensor([-1.0, 0.4, 0.8, 3.0], requires_grad=True)
    >>> spikes = step(z, torch.tensor(0.8))
    >>> spikes.sum().backward()
    >>> spikes.tolist(), z.grad.tolist()
    ([0.0, 0.0, 1.0, 1.0], [0.0, 0.5, 0.5, 0.0])
    """
    return _Step.apply(z, level)


def clipped_sums(z: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Sum and sum of squares of ``clip(z, 0, 1)`` over some axes; `z` itself is not changed."""
    clipped = z.clamp(0, 1)
    return clipped.sum(axes), clipped.square().sum(axes)


class HoyerSpike(torch.nn.Module):
    r"""Binary activation of one layer.

    With :math:`z = u / |v_{th}|` and :math:`\hat z = \mathrm{clip}(z, 0, 1)`:

    .. math::
        Ext = \sum \hat z^2 / \sum \hat z, \qquad o = [z \ge Ext], \qquad H = (\sum \hat z)^2 / \sum \hat z^2

    In training the extremum is the batch's, without a gradient; else its running mean. A channel that is silent in a
    batch has none and keeps its running mean.

    Parameters
    ----------
    channels : int
        Extrema of the layer: one for each channel of a convolution, 1 for a dense layer.
    momentum : float
        Share of a batch in the running extremum.
    extremum : bool
        False fires at ``v_th`` itself.
    """

    def __init__(self, channels: int, momentum: float = 0.1, extremum: bool = True) -> None:
        super().__init__()
        self.v_th = torch.nn.Parameter(torch.ones(()))
        self.register_buffer("running", torch.ones(channels))
        self.momentum, self.extremum = momentum, extremum
        self.measure = torch.zeros(())
        """Hoyer measure of the last input, as a share of its largest value, the number of neurons."""

    @property
    def threshold(self) -> Tensor:
        """Threshold of each channel at inference: ``|v_th| Ext``."""
        return self.v_th.abs() * self.running

    def level(self, u: Tensor) -> Tensor:
        """Threshold in units of ``v_th``; in training it is the extremum of `u`, and moves the running one.

        Parameters
        ----------
        u : torch.Tensor, shape (N, C, H, W) or (N, M)
            What the neurons get in all steps.

        Returns
        -------
        torch.Tensor
            Without a gradient, broadcast over `u`.
        """
        if not self.extremum:
            return torch.ones((), device=u.device, dtype=u.dtype)
        level: Tensor = self._observed((u / self.v_th.abs()).detach()) if self.training else self.running
        return level.view(-1, 1, 1) if u.dim() == 4 else level

    def forward(self, u: Tensor, level: Tensor | None = None) -> Tensor:
        """Spikes.

        Parameters
        ----------
        u : torch.Tensor, shape (N, C, H, W) or (N, M)
            Membranes, or what the neurons get, where there is one step.
        level : torch.Tensor, optional
            What :meth:`level` found for all steps together; if not given, it is asked about `u`.

        Returns
        -------
        torch.Tensor
            0 and 1, of the same shape.
        """
        z = u / self.v_th.abs()
        total, square = clipped_sums(z, tuple(range(z.dim())))
        self.measure = total.square() / (square + 1e-8) / z.numel()
        return step(z, self.level(u) if level is None else level)

    def _observed(self, z: Tensor) -> Tensor:
        """Extremum of the batch, which moves the running one."""
        axes = (0, 2, 3) if z.dim() == 4 else (0, 1)
        total, square = clipped_sums(z, axes)
        found = torch.where(total > 0, square / total.clamp_min(1e-12), self.running.view(total.shape))
        found = found.view(self.running.shape)
        self.running.lerp_(found, self.momentum)
        return found
