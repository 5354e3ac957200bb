"""The order in memory that all of training works on: sample, time, then the neurons with channels last."""

from __future__ import annotations

from collections.abc import Sequence

from evsnn_lava._torch import Tensor


def as_rows(x: Tensor) -> Tensor:
    """Lay a recording out as one row of neurons per sample and step.

    A view, without a copy, of what :func:`from_rows` and the convolutions give.

    Parameters
    ----------
    x : torch.Tensor, shape (N, C, H, W, T) or (N, M, T)
        Spikes, voltages or inputs of a layer.

    Returns
    -------
    torch.Tensor, shape (N, T, M)
        The same values; channels are innermost.

    Examples
    --------
    >>> from evsnn_lava._torch import torch
    >>> as_rows(torch.zeros(2, 3, 4, 5, 6)).shape
    torch.Size([2, 6, 60])
    """
    by_time = x.movedim(-1, 1)
    return (by_time.movedim(2, -1) if x.dim() == 5 else by_time).flatten(2)


def from_rows(rows: Tensor, shape: Sequence[int]) -> Tensor:
    """Undo :func:`as_rows`.

    Parameters
    ----------
    rows : torch.Tensor, shape (N, T, M)
        One row per sample and step.
    shape : sequence of int
        The shape that the recording had.

    Returns
    -------
    torch.Tensor
        A view of that shape.

    Examples
    --------
    >>> from evsnn_lava._torch import torch
    >>> x = torch.arange(720.0).reshape(2, 3, 4, 5, 6)
    >>> torch.equal(from_rows(as_rows(x), x.shape), x)
    True
    """
    if len(shape) == 5:
        return rows.unflatten(2, (shape[2], shape[3], shape[1])).permute(0, 4, 2, 3, 1)
    return rows.unflatten(2, tuple(shape[1:-1])).movedim(1, -1)
