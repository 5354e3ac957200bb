"""Rows are a view of what the blocks give, and nothing is lost on the way."""

from __future__ import annotations

import pytest

from evsnn_lava._torch import torch
from evsnn_lava.training.layout import as_rows, from_rows

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("shape", [(2, 3, 4, 5, 6), (2, 7, 6), (2, 3, 4, 6)])
def test_rows_hold_the_same_values_and_come_back(shape):
    x = torch.rand(shape)
    rows = as_rows(x)
    assert rows.shape == (shape[0], shape[-1], x[0, ..., 0].numel())
    assert torch.equal(rows[1, 4].sort().values, x[1, ..., 4].flatten().sort().values)
    assert torch.equal(from_rows(rows, shape), x)


def test_channels_are_innermost():
    x = torch.arange(2 * 3 * 4 * 5 * 6.0).reshape(2, 3, 4, 5, 6)
    assert torch.equal(as_rows(x)[1, 2, :3], x[1, :, 0, 0, 2])


@pytest.mark.parametrize("shape", [(2, 3, 4, 5, 6), (2, 7, 6)])
def test_nothing_is_copied_between_blocks(shape):
    x = from_rows(torch.rand(shape[0], shape[-1], torch.Size(shape[1:-1]).numel()), shape)
    assert as_rows(x).data_ptr() == x.data_ptr()
    assert as_rows(x).is_contiguous()
