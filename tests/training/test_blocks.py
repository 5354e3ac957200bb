"""Our blocks give the bits of SLAYER's blocks, and the gradients up to float rounding."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava._torch import slayer, torch
from evsnn_lava.training.blocks import Conv, Dense

pytestmark = pytest.mark.torch

NEURON = {"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03, "tau_grad": 0.03, "scale_grad": 1.0}
CONVOLUTIONS = {
    "plain": ((2, 4, 3), {}),
    "stride": ((2, 4, 5), {"stride": 2, "padding": 2}),
    "stride that does not fit": ((2, 4, 3), {"stride": 3}),
    "uneven stride and padding": ((2, 4, (3, 2)), {"stride": (2, 1), "padding": (0, 1)}),
    "groups": ((4, 6, 3), {"groups": 2, "padding": 1}),
    "one channel a group": ((4, 8, 3), {"groups": 4, "stride": 2}),
    "dilation": ((2, 4, 3), {"dilation": 2, "padding": 2}),
    "one pixel": ((3, 5, 1), {}),
    "kernel larger than the frame": ((2, 3, 9), {"padding": 4}),
}


def spikes(*shape, rate=0.2, seed=0):
    return torch.from_numpy((np.random.default_rng(seed).random(shape) < rate).astype(np.float32))


def pair(ours, stock, *arguments, **options):
    """Both blocks with the same weights."""
    torch.manual_seed(1)
    blocks = [kind(NEURON, *arguments, weight_scale=3, **options) for kind in (ours, stock)]
    blocks[1].load_state_dict(blocks[0].state_dict())
    return blocks


def outcome(block, x):
    """Output spikes, and the gradients at the input and at the weights."""
    x = x.clone().requires_grad_()
    block.zero_grad()
    out = block(x)
    (out * torch.linspace(-1, 2, out.numel()).reshape(out.shape)).sum().backward()
    return out.detach(), x.grad, block.synapse.weight.grad


def require_same(ours, stock, x):
    found, expected = outcome(ours, x), outcome(stock, x)
    assert 0 < expected[0].mean() < 1
    assert torch.equal(found[0], expected[0])
    for one, other in zip(found[1:], expected[1:], strict=True):
        assert other.abs().max() > 0
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5 * float(other.abs().max()))


@pytest.mark.parametrize("delay_shift", [False, True])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_conv_equals_slayers(name, delay_shift):
    (inputs, outputs, kernel), options = CONVOLUTIONS[name]
    ours, stock = pair(Conv, slayer.block.cuba.Conv, inputs, outputs, kernel, delay_shift=delay_shift, **options)
    require_same(ours, stock, spikes(3, inputs, 9, 8, 12, rate=0.3))


@pytest.mark.parametrize("delay_shift", [False, True])
def test_dense_equals_slayers(delay_shift):
    ours, stock = pair(Dense, slayer.block.cuba.Dense, 40, 7, delay_shift=delay_shift)
    require_same(ours, stock, spikes(3, 40, 12))


def test_dense_flattens_frames_as_slayer_does():
    ours, stock = pair(Dense, slayer.block.cuba.Dense, 2 * 3 * 4, 5, delay_shift=False)
    x = spikes(2, 2, 3, 4, 10)
    assert torch.equal(ours(x), stock(slayer.block.cuba.Flatten()(x)))


def test_blocks_in_a_row_equal_slayers():
    first = pair(Conv, slayer.block.cuba.Conv, 2, 6, 3, stride=2, padding=1)
    second = pair(Conv, slayer.block.cuba.Conv, 6, 4, 3, padding=1)
    head = pair(Dense, slayer.block.cuba.Dense, 4 * 5 * 5, 3)
    x = spikes(2, 2, 9, 9, 15, rate=0.3)
    ours, stock = (second[i](first[i](x)) for i in (0, 1))
    assert ours.any()
    assert torch.equal(ours, stock)
    assert torch.equal(head[0](ours), head[1](slayer.block.cuba.Flatten()(stock)))


@pytest.mark.parametrize("layout", ["time last", "time first", "channels last"])
def test_the_layout_in_memory_does_not_matter(layout):
    orders = {"time last": (0, 1, 2, 3, 4), "time first": (0, 4, 1, 2, 3), "channels last": (0, 4, 2, 3, 1)}
    order = orders[layout]
    back = tuple(int(i) for i in np.argsort(order))
    block, stock = pair(Conv, slayer.block.cuba.Conv, 2, 4, 3, stride=2, delay_shift=False)
    x = spikes(2, 2, 9, 8, 12, rate=0.3)
    laid_out = x.permute(order).contiguous().permute(back)
    require_same(block, stock, x)
    for one, other in zip(outcome(block, laid_out), outcome(stock, x), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4 * float(other.abs().max()))


def test_inputs_between_zero_and_one_pass_too():
    """Soft gates scale the frames while the masks are learned."""
    ours, stock = pair(Conv, slayer.block.cuba.Conv, 2, 4, 3, stride=2, delay_shift=False)
    x = spikes(2, 2, 9, 8, 12, rate=0.5) * torch.linspace(0.1, 0.9, 12)
    torch.testing.assert_close(ours.drive(x), stock.synapse(x), rtol=1e-5, atol=1e-5)


def test_no_gradient_flows_to_an_input_that_needs_none():
    block, _ = pair(Conv, slayer.block.cuba.Conv, 2, 4, 3)
    x = spikes(2, 2, 9, 8, 12)
    block(x).sum().backward()
    assert x.grad is None
    assert block.synapse.weight.grad.abs().max() > 0


def test_weights_are_exported_as_slayer_exports_them():
    ours, stock = pair(Conv, slayer.block.cuba.Conv, 2, 4, 3)
    exported = [block.synapse.pre_hook_fx(block.synapse.weight, descale=True) for block in (ours, stock)]
    assert torch.equal(*exported)
    assert exported[0].abs().max() > 2
