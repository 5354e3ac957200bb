"""The public comparison of torch blocks with their integers: silent where they agree, precise where they do not."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from evsnn_lava.errors import ConfigError
from evsnn_lava.network import CutoffPolicy, FrameMasks, InputRecipe, NetworkDescription
from evsnn_lava.simulation import simulate

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning"),
]

STEPS = 60


@pytest.fixture(scope="module")
def kit():
    from evsnn_lava._torch import F, slayer, torch
    from evsnn_lava.export.slayer.blocks import compile_blocks
    from evsnn_lava.export.slayer.check import compare_blocks

    block = slayer.block
    return SimpleNamespace(
        torch=torch, relu=F.relu, norm=slayer.neuron.norm, cuba=block.cuba, sdn=block.sigma_delta, rf=block.rf,
        dropout=slayer.neuron.Dropout, compile=compile_blocks, compare=compare_blocks,
    )  # fmt: skip


def cuba(**changes):
    return {"threshold": 1.0, "current_decay": 0.25, "voltage_decay": 0.03, **changes}


def alive(kit, *blocks, gain=1.5):
    """Random weights that make them fire, and what SLAYER draws in the first pass."""
    run = kit.torch.Generator().manual_seed(7)
    for block in blocks:
        for name, parameter in block.named_parameters():
            if "synapse" in name and parameter.requires_grad and name.endswith("weight"):
                noise = kit.torch.randn(tuple(parameter.shape), generator=run)
                parameter.data = gain * (noise + 0.2) / np.prod(parameter.shape[1:]) ** 0.5
    return kit.torch.nn.ModuleList(blocks)


def drawn(kit, blocks, shape, longest=9):
    """After a first pass with gradients, as in training; delays of up to so many steps."""
    x = kit.torch.zeros(2, *shape, 3)
    for block in blocks:
        x = block(x)
        if getattr(block, "delay", None) is not None:
            block.delay.delay.data = longest * kit.torch.rand(block.delay.delay.shape)
    return blocks


def spikes(*shape, samples=2, rate=0.3):
    return (np.random.default_rng(2).random((samples, *shape, STEPS)) < rate).astype(int)


def plain(kit):
    c = kit.cuba
    return alive(kit, c.Conv(cuba(), 2, 3, 3), c.Pool(cuba(), 2), c.Flatten(), c.Dense(cuba(), 12, 4))


def mixed(kit):
    c, mask = kit.cuba, kit.torch.rand(12, 8) < 0.7
    drop = cuba(dropout=kit.dropout(0.5), norm=kit.norm.MeanOnlyBatchNorm)
    return alive(
        kit,
        c.Dense(drop, 8, 12, mask=mask, delay=True),
        c.Dense(cuba(requires_grad=True), 12, 9, weight_norm=True, weight_scale=3, delay_shift=False),
        c.Recurrent(cuba(), 9, 7),
        c.Dense(cuba(), 7, 4, delay=True),
    )


def delayed(kit):
    return alive(kit, kit.cuba.Dense(cuba(), 8, 12, delay=True), kit.cuba.Dense(cuba(), 12, 4, delay=True))


def resonating(kit):
    rf = {"threshold": 0.5, "period": 10, "decay": 0.05}
    return alive(kit, kit.rf.Dense(rf, 8, 12, delay_shift=False), kit.rf.Dense(rf, 12, 4))


NETS = {
    "plain": (plain, (2, 6, 6)),
    "delayed": (delayed, (8,)),
    "mixed": (mixed, (8,)),
    "resonating": (resonating, (8,)),
}


def walked(blocks, x):
    """A forward pass of the user's own."""
    for block in blocks:
        x = block(x)
    return x


def remembered(blocks):
    """Parameters and buffers, those too that no state_dict holds."""
    return [*blocks.named_parameters(), *blocks.named_buffers()]


@pytest.mark.parametrize("net", NETS)
def test_compiled_blocks_agree_and_are_left_as_they_were(kit, net):
    make, shape = NETS[net]
    blocks, frames = drawn(kit, make(kit).train(), shape), spikes(*shape)
    with kit.torch.no_grad():
        walked(blocks, kit.torch.tensor(frames).float())  # a recurrent block remembers what it sent
    blocks[0].get_parameter(
        "synapse.real.weight" if net == "resonating" else "synapse.weight"
    ).data += 0.02  # masked, too
    layers, _ = kit.compile(blocks, shape)
    state = {name: value.clone() for name, value in remembered(blocks)}
    attributes = [set(vars(module)) for module in blocks.modules()]
    for _ in range(2):
        assert kit.compare(blocks, layers, frames) is None
    assert all(module.training for module in blocks.modules())
    assert [name for name, value in remembered(blocks) if not value.equal(state[name])] == []
    assert [set(vars(module)) for module in blocks.modules()] == attributes
    walked(blocks, kit.torch.tensor(frames).float()).sum().backward()  # training goes on
    ours = simulate(described(layers, shape), frames.reshape(2, *full(shape), STEPS)).messages
    assert all(sent.any() for sent in ours)


def full(shape):
    return shape if len(shape) == 3 else (*shape, 1, 1)


def described(layers, shape, **changes):
    masks, names = FrameMasks.all_kept(STEPS, len(layers)), tuple(map(str, range(layers[-1].neurons)))
    recipe = InputRecipe.frames(full(shape), STEPS)
    return replace(NetworkDescription("it", tuple(layers), recipe, masks, CutoffPolicy.never(STEPS), names), **changes)


def test_graded_networks_agree_in_units_of_their_frames(kit):
    neuron, s = {"threshold": 3 / 64, "activation": kit.relu}, kit.sdn
    blocks = alive(kit, s.Input(neuron), s.Dense(neuron, 8, 6), s.Output(neuron, 6, 3), gain=0.4)
    slow = np.cumsum(2 * np.random.default_rng(4).integers(-6, 7, (2, 8, STEPS)), axis=-1)
    frames = np.clip(slow, -256, 254)
    layers, _ = kit.compile(blocks, (8,), input_scale=64, quantised_input=True)
    assert kit.compare(blocks, layers, frames, input_scale=64) is None
    assert kit.compare(blocks, layers, frames, input_scale=32).layer == "input1"
    blocks[2].synapse.weight.data[0] += 2 / 64
    found = kit.compare(blocks, layers, frames, input_scale=64)
    assert (found.layer, found.neuron) == ("output3", 0)
    assert found.expected % 1 == 0
    assert found.expected != found.found


def test_masks_of_a_network_are_no_difference(kit):
    blocks, shape = plain(kit), (2, 6, 6)
    layers, _ = kit.compile(blocks, shape)
    keep = np.ones((len(layers), STEPS), int)
    keep[:, ::2] = 0
    network = described(layers, shape, masks=FrameMasks("mute", tuple(keep)))
    assert kit.compare(blocks, network, spikes(*shape)) is None


def other_weight(blocks):
    blocks[3].synapse.weight.data[2, 5] -= 1


def other_current_decay(blocks):
    blocks[1].neuron.current_decay.data += 200


def other_voltage_decay(blocks):
    blocks[0].neuron.voltage_decay.data += 200


def other_threshold(blocks):
    blocks[3].neuron._threshold += 16


@pytest.mark.parametrize(
    ("change", "layer"),
    [
        (other_weight, "dense3"),
        (other_current_decay, "pool2"),
        (other_voltage_decay, "conv1"),
        (other_threshold, "dense3"),
    ],
)
def test_what_was_changed_after_compiling_is_found(kit, change, layer):
    """The difference is real: step by step, it is what a pass of torch by hand and the reference send."""
    blocks, shape = plain(kit), (2, 6, 6)
    layers, _ = kit.compile(blocks, shape)
    frames = spikes(*shape)
    change(blocks)
    found = kit.compare(blocks, layers, frames)
    assert found.layer == layer
    index = [each.name for each in layers].index(layer)
    ours = simulate(described(layers, shape), frames).messages[index].reshape(2, -1, STEPS + len(layers))
    upto = [0, 1, 3][index] + 1
    padded = np.concatenate([frames, np.zeros((*frames.shape[:-1], 4))], axis=-1)
    with kit.torch.no_grad():
        heard = walked(blocks[:upto], kit.torch.tensor(padded).float()).flatten(1, -2).numpy()[..., : ours.shape[-1]]
    assert found.found == ours[found.sample, found.neuron, found.step]
    assert found.expected == heard[found.sample, found.neuron, found.step] != found.found
    assert np.array_equal(heard[..., : found.step], ours[..., : found.step])
    assert str(found).startswith(
        f"layer {layer}, step {found.step}, sample {found.sample}, neuron {found.neuron}: torch"
    )


def test_axonal_delays_and_shifts_are_compared(kit):
    blocks = drawn(kit, delayed(kit), (8,))
    layers, _ = kit.compile(blocks, (8,))
    blocks[1].delay.delay.data += 1
    assert kit.compare(blocks, layers, spikes(8)).layer == "dense2"
    blocks[1].delay.delay.data -= 1
    blocks[0].delay.delay.data += 3
    assert kit.compare(blocks, layers, spikes(8)).layer == "dense2"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda blocks, layers, frames: (blocks[:-1], layers, frames), "2 blocks with neurons, 3 layers; give the"),
        (lambda blocks, layers, frames: (blocks, layers, frames / 3), "no whole numbers; multiply them with input"),
        (lambda blocks, layers, frames: (blocks, layers, frames[:0]), "empty or no whole numbers"),
    ],
)
def test_what_does_not_fit_together_is_refused(kit, change, words):
    blocks, shape = plain(kit), (2, 6, 6)
    layers, _ = kit.compile(blocks, shape)
    with pytest.raises(ConfigError, match=words):
        kit.compare(*change(list(blocks), layers, spikes(*shape)))


def test_layers_of_other_sizes_are_refused(kit):
    c = kit.cuba
    one, other = (alive(kit, c.Dense(cuba(), 8, size), c.Dense(cuba(), size, 4)) for size in (5, 6))
    with pytest.raises(ConfigError, match="layer dense1: it has 5 neurons, its block 6"):
        kit.compare(other, kit.compile(one, (8,))[0], spikes(8))


def test_our_own_blocks_are_compared_with_their_kinds(kit):
    from evsnn_lava.export.frontend import TRAINED_KINDS
    from evsnn_lava.training.blocks import Conv, Dense

    blocks = alive(kit, Conv(cuba(), 2, 3, 3, delay_shift=False), Dense(cuba(), 48, 4, delay_shift=False))
    layers, _ = kit.compile(blocks, (2, 6, 6), kinds=TRAINED_KINDS)
    frames = spikes(2, 6, 6)
    assert kit.compare(blocks, layers, frames, kinds=TRAINED_KINDS) is None
    blocks[1].synapse.weight.data *= -1
    assert kit.compare(blocks, layers, frames, kinds=TRAINED_KINDS).layer == "dense2"
