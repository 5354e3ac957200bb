"""Blocks of stock SLAYER: the compiled chain sends the same messages in every layer and step, or there is a refusal."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from evsnn_lava.errors import ConfigError, UnsupportedError
from evsnn_lava.export.netfile.writer import write_net
from evsnn_lava.network import ComplexSynapse, ConvSynapse, DenseSynapse, DirectSynapse

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning"),
]

truth = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("slayer_truth.py"))))
compared, forget, run_once, slayer_messages = truth.compared, truth.forget, truth.run_once, truth.slayer_messages

STEPS = 300
RF = {"threshold": 0.5, "period": 10, "decay": 0.05}


@pytest.fixture(scope="module")
def kit():
    """torch, SLAYER and short names for what the tests build."""
    from evsnn_lava._torch import F, slayer, torch
    from evsnn_lava.export.slayer import blocks as slayer_blocks
    from evsnn_lava.export.slayer.synapses import slayer_frames

    block, norm = slayer.block, slayer.neuron.norm
    return SimpleNamespace(
        torch=torch,
        relu=F.relu,
        compile=slayer_blocks.compile_blocks,
        slayer_frames=slayer_frames,
        cuba=block.cuba,
        sdn=block.sigma_delta,
        rf=block.rf,
        rf_iz=block.rf_iz,
        all=block,
        mean_norm=norm.MeanOnlyBatchNorm,
        scale_norm=norm.WgtScaleBatchNorm,
    )


def cuba(**changes):
    return {"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03, **changes}


def filled(kit, *blocks, gain=1.0):
    """The same blocks with random weights that make them fire, means of norms and delays."""
    run = kit.torch.Generator().manual_seed(7)

    def normal(shape):
        return kit.torch.randn(tuple(shape), generator=run)

    for block in blocks:
        for name, module in block.named_modules():
            weight = getattr(module, "weight", None)
            if "synapse" in name and weight is not None and weight.requires_grad and not hasattr(module, "weight_g"):
                weight.data = (2 * normal(weight.shape) + 0.4) * gain / np.prod(weight.shape[1:]) ** 0.5
        norm = getattr(getattr(block, "neuron", None), "norm", None)
        if norm is not None:
            norm.running_mean = 0.2 * normal([channels(block)])
            norm.num_features = len(norm.running_mean)
        block.eval()
    return list(blocks)


def channels(block):
    return block.synapse.out_channels if hasattr(block, "synapse") else 1


def drawn(kit, blocks, frames, longest=9):
    """Delays of up to so many steps, after a first pass that makes room for them."""
    run_once(blocks, frames)
    run = kit.torch.Generator().manual_seed(3)
    for block in blocks:
        if getattr(block, "delay", None) is not None:
            block.delay.delay.data = longest * kit.torch.rand(block.delay.delay.shape, generator=run)
    return blocks


def spikes(*shape, steps=STEPS, rate=0.3):
    return (np.random.default_rng(2).random((2, *shape, steps)) < rate).astype(int)


def conv_net(kit, **options):
    c = kit.cuba
    return filled(
        kit,
        c.Conv(cuba(), 2, 4, 3, stride=2, padding=1, **options),
        c.Conv(cuba(), 4, 6, (3, 2), padding=(0, 1), dilation=(1, 2), groups=2, **options),
        c.Flatten(),
        c.Dense(cuba(), 72, 5, **options),
    )


def pool_net(kit, pool, inputs):
    """A pool between a convolution and a dense layer."""
    c = kit.cuba
    return filled(kit, c.Conv(cuba(), 2, 4, 3, padding=1), pool, c.Flatten(), c.Dense(cuba(), inputs, 5))


def wide_pool(kit):
    """More channels than Lava has groups."""
    c = kit.cuba
    return filled(kit, c.Pool(cuba(threshold=0.5), 2), c.Flatten(), c.Dense(cuba(), 254 * 2, 5))


def transposed_net(kit):
    c = kit.cuba
    return filled(
        kit,
        c.Conv(cuba(), 2, 4, 3, stride=2),
        c.ConvT(cuba(norm=kit.mean_norm), 4, 4, 3, stride=2, groups=2),
        c.Conv(cuba(), 4, 2, 3),
        c.Unpool(cuba(threshold=0.5), 2),
        c.Pool(cuba(), 2),
        c.Flatten(),
        c.Dense(cuba(), 50, 5),
    )


def normed_net(kit):
    c, one = kit.cuba, cuba(norm=kit.scale_norm)
    blocks = filled(
        kit,
        c.Conv(cuba(norm=kit.mean_norm), 2, 4, 3),
        c.Pool(cuba(), 2),
        c.Flatten(),
        c.Dense(one, 16, 6),
        c.Dense(cuba(norm=kit.mean_norm), 6, 4),
    )
    blocks[3].neuron.norm.running_var.fill_(0.9)
    return blocks


def scaling_norms(kit):
    """Norms that multiply by 4 and divide by 2, between currents that keep nothing and everything."""
    c = kit.cuba
    blocks = filled(
        kit,
        c.Conv(cuba(norm=kit.scale_norm, current_decay=1.0), 2, 4, 3, weight_scale=1),
        c.Flatten(),
        c.Dense(cuba(norm=kit.scale_norm, current_decay=0.0, voltage_decay=0.5, threshold=9.0), 64, 6),
        gain=0.4,
    )
    blocks[0].neuron.norm.running_var.fill_(0.2**2)
    blocks[2].neuron.norm.running_var.fill_(1.9**2)
    for norm in (blocks[0].neuron.norm, blocks[2].neuron.norm):
        norm.running_mean = kit.torch.round(norm.running_mean * 16) / 16
    weight = blocks[2].synapse.weight
    weight.data = kit.torch.round(weight.data * 16) / 16
    return blocks


def masked_net(kit):
    c = kit.cuba
    mask = kit.torch.rand(12, 8, generator=kit.torch.Generator().manual_seed(1)) < 0.6
    return filled(kit, c.Dense(cuba(), 8, 12, mask=mask), c.Dense(cuba(), 12, 4))


def masked_and_normed(kit):
    """SLAYER multiplies the weight with the mask, and its weight norm then makes the weight anew."""
    mask = kit.torch.rand(12, 8, generator=kit.torch.Generator().manual_seed(1)) < 0.6
    kit.torch.manual_seed(6)
    return [kit.cuba.Dense(cuba(), 8, 12, mask=mask, weight_norm=True, weight_scale=5)]


def learnt_resonators(kit):
    """Decays beyond the unit circle and below zero, which SLAYER clamps when it learns."""
    blocks = filled(kit, *(kit.rf.Dense({**RF, "requires_grad": True}, *size) for size in ((8, 12), (12, 4))), gain=1.5)
    blocks[0].neuron.sin_decay.data.fill_(3000)
    blocks[0].neuron.cos_decay.data.fill_(3500)
    blocks[1].neuron.cos_decay.data.fill_(-20)
    return blocks


def normed_input(kit):
    blocks = filled(kit, kit.cuba.Input(cuba(norm=kit.mean_norm), weight=0.9), kit.cuba.Dense(cuba(), 8, 5))
    return blocks


def delayed_net(kit):
    c = kit.cuba
    blocks = filled(
        kit,
        c.Dense(cuba(norm=kit.mean_norm), 8, 12, delay=True),
        c.Recurrent(cuba(), 12, 6, delay=True),
        c.Dense(cuba(), 6, 4),
    )
    return drawn(kit, blocks, spikes(8))


def delayed_conv_net(kit):
    c = kit.cuba
    blocks = filled(kit, c.Conv(cuba(), 2, 3, 3, delay=True), c.Flatten(), c.Dense(cuba(), 27, 4))
    return drawn(kit, blocks, spikes(2, 5, 5), longest=62)


def channel_decays(kit):
    c, own = kit.cuba, {"shared_param": False, "current_decay": (0.1, 0.5), "voltage_decay": (0.01, 0.2)}
    return filled(kit, c.Dense(cuba(**own), 8, 12), c.Dense(cuba(shared_param=False, requires_grad=True), 12, 4))


def normed_weights(kit):
    c, options = kit.cuba, {"weight_norm": True, "weight_scale": 4}
    kit.torch.manual_seed(5)
    blocks = [
        c.Dense(cuba(), 8, 12, **options),
        c.Recurrent(cuba(), 12, 9, **options),
        c.Dense(cuba(), 9, 4, **options),
    ]
    for block in (blocks[0], blocks[2]):
        block.synapse.weight_g.data *= 1.3  # what an optimiser does; `weight` itself is stale until the next forward
    return blocks


def dropped_net(kit):
    from evsnn_lava._torch import slayer

    c = kit.cuba
    return filled(kit, c.Dense(cuba(dropout=slayer.neuron.Dropout(0.5)), 8, 12), c.Dense(cuba(), 12, 4))


def coarse_weights(kit):
    """A hook of the user's own, of fewer bits."""
    from evsnn_lava._torch import slayer

    def hook(x):
        return slayer.utils.quantize_hook_fx(x, scale=32, num_bits=5)

    c = kit.cuba
    return filled(kit, c.Dense(cuba(), 8, 12, pre_hook_fx=hook), c.Dense(cuba(), 12, 4))


def raw_weights(kit):
    """No hook, but whole numbers: what a network that was read from a file has."""
    c = kit.cuba
    blocks = filled(kit, c.Dense(cuba(), 8, 12, pre_hook_fx=None), c.Dense(cuba(), 12, 4))
    blocks[0].synapse.weight.data = kit.torch.round(64 * blocks[0].synapse.weight.data) / 64
    return blocks


def raw_recurrent(kit):
    """A recurrent block whose weights, both, are whole without a hook."""
    blocks = filled(kit, kit.cuba.Recurrent(cuba(), 8, 12), kit.cuba.Dense(cuba(), 12, 4))
    for synapse in (blocks[0].input_synapse, blocks[0].recurrent_synapse):
        synapse.pre_hook_fx = None
        synapse.weight.data = kit.torch.round(64 * synapse.weight.data) / 64
    return blocks


EXACT = {
    "input with weight and bias": (
        lambda k: filled(
            k,
            k.cuba.Input(cuba(), weight=0.7, bias=0.1),
            k.cuba.Flatten(),
            k.cuba.Dense(cuba(), 24, 10),
            k.cuba.Dense(cuba(), 10, 5),
        ),
        (2, 3, 4),
    ),
    "input of a vector": (lambda k: filled(k, k.cuba.Input(cuba()), k.cuba.Dense(cuba(), 8, 10)), (8,)),
    "input without neuron": (
        lambda k: filled(
            k, k.cuba.Input(None, delay_shift=False), k.cuba.Dense(cuba(), 8, 10), k.cuba.Dense(cuba(), 10, 4)
        ),
        (8,),
    ),
    "convolutions": (conv_net, (2, 9, 7)),
    "convolutions without delay_shift": (lambda k: conv_net(k, delay_shift=False), (2, 9, 7)),
    "delay_shift of one block": (
        lambda k: filled(k, k.cuba.Dense(cuba(), 8, 9, delay_shift=False), k.cuba.Dense(cuba(), 9, 4)),
        (8,),
    ),
    "pool, even size": (lambda k: pool_net(k, k.cuba.Pool(cuba(), 2), 48), (2, 8, 6)),
    "pool, odd size": (lambda k: pool_net(k, k.cuba.Pool(cuba(), 2, weight_scale=1.3), 80), (2, 9, 7)),
    "pool, anisotropic": (
        lambda k: pool_net(k, k.cuba.Pool(cuba(), (3, 2), stride=(3, 1), padding=(0, 1)), 84),
        (2, 9, 6),
    ),
    "pool, windows across channels": (
        lambda k: filled(
            k, k.cuba.Pool(cuba(), 3, stride=1, weight_scale=0.2), k.cuba.Flatten(), k.cuba.Dense(cuba(), 30, 5)
        ),
        (2, 6, 4),
    ),
    "pool, one channel, dilated": (
        lambda k: filled(k, k.cuba.Pool(cuba(threshold=0.5), 2, stride=1, padding=1, dilation=3)),
        (1, 6, 6),
    ),
    "pool, dilated, odd size": (
        lambda k: filled(k, k.cuba.Pool(cuba(threshold=0.5), 2, dilation=2)),
        (1, 7, 7),
    ),
    "pool, padded above, windows across channels": (
        lambda k: filled(k, k.cuba.Pool(cuba(), 3, padding=(1, 0), weight_scale=0.3)),
        (2, 6, 6),
    ),
    "pool, more channels than groups": (wide_pool, (254, 2, 4)),
    "transposed convolution and unpool": (transposed_net, (2, 7, 7)),
    "recurrent": (lambda k: filled(k, k.cuba.Recurrent(cuba(), 8, 12), k.cuba.Dense(cuba(), 12, 4)), (8,)),
    "norms as bias": (normed_net, (2, 6, 6)),
    "norms that scale currents of no memory": (scaling_norms, (2, 6, 6)),
    "mask": (masked_net, (8,)),
    "mask under weight norm": (masked_and_normed, (8,)),
    "axonal delays, with bias": (delayed_net, (8,)),
    "axonal delays of a convolution": (delayed_conv_net, (2, 5, 5)),
    "decay per channel": (channel_decays, (8,)),
    "average": (
        lambda k: filled(k, k.cuba.Dense(cuba(), 8, 12), k.cuba.Average(6), k.cuba.Dense(cuba(), 6, 4)),
        (8,),
    ),
    "weight norm": (normed_weights, (8,)),
    "dense over an image": (
        lambda k: filled(k, k.cuba.Dense(cuba(), (4, 3, 2), 6), k.cuba.Dense(cuba(), 6, 5)),
        (2, 3, 4),
    ),
    "dense of one pixel": (lambda k: filled(k, k.cuba.Dense(cuba(), 2, 6), k.cuba.Conv(cuba(), 6, 5, 2)), (2, 3, 4)),
    "dropout is over": (dropped_net, (8,)),
    "hook of the user's own": (coarse_weights, (8,)),
    "whole weights without hook": (raw_weights, (8,)),
    "recurrent, whole weights without hook": (raw_recurrent, (8,)),
    "resonators": (lambda k: filled(k, k.rf.Dense(RF, 8, 12), k.rf.Dense(RF, 12, 4), gain=1.5), (8,)),
    "resonators that learn": (learnt_resonators, (8,)),
    "input with norm": (normed_input, (8,)),
    "resonators after Izhikevich": (
        lambda k: filled(k, k.rf_iz.Dense(RF, 8, 12), k.cuba.Dense(cuba(), 12, 4)),
        (8,),
    ),
    "no decay, full decay": (
        lambda k: filled(
            k,
            k.cuba.Dense(cuba(current_decay=1.0, voltage_decay=0.0), 8, 12),
            k.cuba.Dense(cuba(current_decay=0.9, voltage_decay=1.0, threshold=0.3), 12, 4),
        ),
        (8,),
    ),
    "scale 128": (lambda k: filled(k, *(k.cuba.Dense(cuba(scale=128), *n) for n in ((8, 12), (12, 4)))), (8,)),
}


@pytest.mark.parametrize("case", EXACT)
def test_every_layer_sends_what_slayer_sends(kit, case):
    make, shape = EXACT[case]
    blocks = make(kit)
    layers, found, expected = compared(blocks, spikes(*shape))
    for layer, sent, heard in zip(layers, found, expected, strict=True):
        assert np.array_equal(sent, heard), layer.name
        assert 0.005 < (heard != 0).mean() < 0.999, f"{layer.name} fires at {(heard != 0).mean():.3f}"


def test_pools_are_convolutions_where_windows_stay_in_their_channel(kit):
    c = kit.cuba
    for pool, shape, kind in (
        (c.Pool(cuba(), 2), (4, 8, 6), ConvSynapse),
        (c.Pool(cuba(), 2), (4, 9, 7), ConvSynapse),
        (c.Pool(cuba(), 3, stride=1), (2, 6, 4), DenseSynapse),
        (c.Pool(cuba(), 2), (254, 2, 4), ConvSynapse),
    ):
        (layer,), _ = kit.compile([pool], shape)
        assert isinstance(layer.synapse, kind)
    assert layer.synapse.groups == 127


SIGMA_DELTA_SHAPE = (2, 6, 6)


def sigma_delta_net(kit, threshold=3 / 64, **output):
    def neuron(level, activation=kit.relu):
        return {"threshold": level, "activation": activation}

    s = kit.sdn
    return filled(
        kit,
        s.Input(neuron(threshold)),
        s.Conv(neuron(threshold), 2, 3, 3),
        s.Pool(neuron(threshold), 2, weight_scale=0.3),
        s.Flatten(),
        s.Dense(neuron(threshold, kit.torch.nn.Identity()), 12, 8),
        s.Output(neuron(threshold), 8, 4),
        gain=0.4,
    )


@pytest.mark.parametrize("threshold", [1 / 64, 3 / 64, 0.25])
def test_sigma_delta_blocks_send_what_slayer_sends(kit, threshold):
    """Graded values in units of 1/64 and the messages that SLAYER's floats are, times 4096, digit for digit."""
    rng = np.random.default_rng(4)
    slow = np.cumsum(2 * rng.integers(-6, 7, (2, *SIGMA_DELTA_SHAPE, STEPS)), axis=-1)
    frames = np.clip(slow, -256, 254)
    layers, found, expected = compared(sigma_delta_net(kit, threshold), frames, 64, bits=10, quantised=True)
    assert isinstance(layers[0].synapse, DirectSynapse)
    assert [type(layer.neuron).__name__ for layer in layers][0::4] == ["DeltaNeuron", "SigmaNeuron"]
    for layer, sent, heard in zip(layers, found, expected, strict=True):
        assert np.array_equal(sent, heard), layer.name
        assert (heard != 0).mean() > 0.005
        assert (heard == 0).mean() > 0.005


def graded_inputs(kit):
    sigma_delta = {"threshold": 1 / 64, "activation": kit.relu}
    return {
        "spiking": filled(kit, kit.cuba.Input(cuba(threshold=5.0), weight=1.0), kit.cuba.Dense(cuba(), 8, 4)),
        "sigma-delta": filled(kit, kit.sdn.Input(sigma_delta), kit.sdn.Dense(sigma_delta, 8, 4), gain=0.2),
    }


@pytest.mark.parametrize("kind", ["spiking", "sigma-delta"])
def test_graded_frames_are_what_the_hook_of_an_input_block_leaves(kit, kind):
    """SLAYER takes frames that are odd and large as they come, the integers what `slayer_frames` makes of them."""
    blocks = graded_inputs(kit)[kind]
    raw = np.random.default_rng(6).integers(-400, 400, (2, 8, STEPS)) * spikes(8)
    quantised = kit.slayer_frames(raw / 64)
    layers, found, expected = compared(blocks, quantised, 64, bits=10, quantised=True)
    heard, _ = slayer_messages(blocks, raw / 64, len(layers))
    assert np.array_equal(found[0], heard[0] * (4096 if kind == "sigma-delta" else 1))
    for sent, told in zip(found, expected, strict=True):
        assert np.array_equal(sent, told)
        assert told.any()
    network = truth.described(layers, (8,), STEPS, 10)
    unlike = truth.simulate(network, raw.reshape(2, *network.input_shape, STEPS)).messages[0]
    assert not np.array_equal(unlike.reshape(found[0].shape), found[0])


@pytest.mark.parametrize("scale", [32, 64, 128])
def test_slayer_frames_are_what_quantize_8bit_leaves(kit, scale):
    """At halves between two numbers too, and beyond both ends; an input spike stays one."""
    values = np.concatenate([np.arange(-1200, 1200) / 128, np.random.default_rng(0).normal(0, 3, 500)])
    hook = kit.cuba.Input(cuba(scale=scale)).pre_hook_fx
    expected = hook(kit.torch.tensor(values).float()).numpy() * scale
    assert np.array_equal(kit.slayer_frames(values, scale), expected)
    assert {-256, 254} <= set(expected)
    assert kit.slayer_frames(1.0) == 64


@pytest.mark.parametrize("kind", ["spiking", "sigma-delta"])
def test_graded_frames_of_any_value_are_refused(kit, kind):
    words = r"input1: SLAYER rounds graded frames to even 64ths within -256..254, .*; make them with slayer_frames and"
    with pytest.raises(UnsupportedError, match=words):
        kit.compile(graded_inputs(kit)[kind], (8,), input_scale=64)


def test_messages_of_sigma_delta_are_floored_as_slayer_floors_them(kit):
    """Weights of 1/32 make sums finer than a message: the floor error is lost alike on both sides."""
    s = kit.sdn
    neuron = {"threshold": 1 / 64, "activation": kit.relu}
    blocks = [s.Input(neuron), s.Dense(neuron, 3, 2), s.Dense(neuron, 2, 2)]
    for block in blocks[1:]:
        block.synapse.weight.data = (2 * kit.torch.arange(block.synapse.weight.numel()) + 15.0).reshape(
            block.synapse.weight.shape
        ) / 32
    frames = 2 * np.random.default_rng(0).integers(-20, 120, (2, 3, STEPS))
    _, found, expected = compared(blocks, frames, input_scale=64, bits=10, quantised=True)
    assert (found[1] % 64 != 0).any()
    for sent, heard in zip(found, expected, strict=True):
        assert np.array_equal(sent, heard)


def test_a_sigma_delta_bias_of_the_first_block_is_exact(kit):
    """From a norm and from `set_bias`; the frames are messages already, 4096 of them are 1.0."""
    s = kit.sdn
    neuron = {"threshold": 3 / 64, "activation": kit.relu}
    blocks = filled(kit, s.Dense({**neuron, "norm": kit.mean_norm}, 8, 6), s.Output(neuron, 6, 3), gain=0.4)
    blocks[0].neuron.set_bias(kit.torch.arange(6) / 64)
    frames = np.random.default_rng(5).integers(-900, 1000, (2, 8, STEPS)) * spikes(8)
    layers, found, expected = compared(blocks, frames, input_scale=4096, bits=14)
    assert layers[0].neuron.bias_mant.any()
    for sent, heard in zip(found, expected, strict=True):
        assert np.array_equal(sent, heard)
        assert heard.any()


def test_a_complex_synapse_has_both_parts(kit):
    (layer,), facts = kit.compile(filled(kit, kit.rf.Dense(RF, 8, 12)), (8,))
    assert isinstance(layer.synapse, ComplexSynapse)
    assert not np.array_equal(layer.synapse.real.weights, layer.synapse.imag.weights)
    assert facts[0].layer == layer.name == "dense1"


def test_delays_of_the_last_block_wait_before_it(kit):
    """From rest and without bias, a neuron whose input is late is late itself."""
    c, frames = kit.cuba, spikes(8)
    blocks = filled(kit, c.Dense(cuba(), 8, 12, delay=True), c.Dense(cuba(), 12, 4, delay=True))
    blocks = drawn(kit, blocks, frames)
    layers, found, _ = compared(blocks, frames)
    _, outputs = slayer_messages(blocks, frames, 2)
    assert layers[1].synapse.max_delay > 9
    steps = found[-1].shape[-1]
    assert np.array_equal(found[-1], outputs[-1][..., :steps])
    assert found[-1].any()


def test_delays_before_a_recurrent_block_fit_no_file(kit, tmp_path):
    """The layers are exact, netx alone cannot say it. What the message advises helps."""
    c, frames = kit.cuba, spikes(8)
    blocks = drawn(kit, filled(kit, c.Dense(cuba(), 8, 12, delay=True), c.Recurrent(cuba(), 12, 6)), frames)
    layers, found, expected = compared(blocks, frames)
    assert all(np.array_equal(sent, heard) and heard.any() for sent, heard in zip(found, expected, strict=True))
    words = r"^layer recurrent2: the delays of the input .* differ, .*: set delay=False in the block before\)$"
    with pytest.raises(UnsupportedError, match=words):
        write_net(truth.described(layers, (8,), STEPS), tmp_path / "it.net")
    assert not list(tmp_path.iterdir())
    blocks[0].delay = None
    write_net(truth.described(kit.compile(blocks, (8,))[0], (8,), STEPS), tmp_path / "it.net")


def test_a_module_in_place_of_its_blocks_is_refused(kit):
    class Network(kit.torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = kit.torch.nn.ModuleList([kit.cuba.Dense(cuba(), 8, 4)])

    with pytest.raises(ConfigError, match=r"^Network is one module, .*; give a list of them .* module\.blocks$"):
        kit.compile(Network(), (8,))
    assert len(kit.compile(Network().blocks, (8,))[0]) == 1


def test_a_recurrent_block_forgets_between_recordings(kit):
    """SLAYER keeps the state of a recurrent block; from zero, two recordings are the same."""
    blocks = filled(kit, kit.cuba.Recurrent(cuba(), 8, 12))
    frames = spikes(8, steps=60)
    first, again = (slayer_messages(blocks, frames, 1)[0][0] for _ in range(2))
    assert not np.array_equal(first, again)
    forget(blocks)
    assert np.array_equal(slayer_messages(blocks, frames, 1)[0][0], first)


@pytest.mark.parametrize("mantissa", [80, 2047, 4095, 4096, 5000, 131071])
@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_at_equality_with_the_threshold(kit, mantissa, beyond):
    """Voltages exactly at, one below and one above the threshold, in units of 64: what a full decay gives."""
    block = kit.cuba.Dense(cuba(threshold=mantissa / 64, current_decay=1.0, voltage_decay=0.0), 2, 1)
    weights = [254, (mantissa + beyond) % 254 & ~1 or 2]
    block.synapse.weight.data = kit.torch.tensor(weights).reshape(1, 2, 1, 1, 1) / 64
    steps = (mantissa + beyond - weights[1]) // 254 + 3
    frames = np.zeros((1, 2, steps), dtype=int)
    frames[0, 0, : steps - 3] = 1
    frames[0, 1, steps - 3] = 1
    layers, found, expected = compared([block], frames)
    assert layers[0].neuron.vth_mant == (mantissa if mantissa < 4096 else mantissa - 1)
    assert np.array_equal(found[0], expected[0])
    if (mantissa + beyond) % 2 == 0:
        assert expected[0].any() == (beyond > 0 or (beyond == 0 and mantissa >= 4096))


@pytest.mark.parametrize("decay", [0.03, 0.123456, 1e-5, 0.5 / 4096, 1.5 / 4096, 2.5 / 4096, 0.99999])
def test_decays_are_rounded_as_slayer_rounds_them(kit, decay):
    blocks = filled(kit, kit.cuba.Dense(cuba(current_decay=decay, voltage_decay=decay, threshold=3.0), 8, 12))
    layers, found, expected = compared(blocks, spikes(8))
    neuron = blocks[0].neuron
    assert (layers[0].neuron.du + 1, layers[0].neuron.dv) == (neuron.cx_current_decay, neuron.cx_voltage_decay)
    assert np.array_equal(found[0], expected[0])
    assert expected[0].any()


def test_negative_weights_alone_are_exact(kit):
    blocks = filled(kit, kit.cuba.Dense(cuba(norm=kit.mean_norm), 8, 12), kit.cuba.Dense(cuba(), 12, 4))
    weight = blocks[0].synapse.weight
    weight.data = -weight.data.abs()
    blocks[0].neuron.norm.running_mean.fill_(-2.0)
    layers, found, expected = compared(blocks, spikes(8, rate=0.05))
    assert layers[0].synapse.weights.max() <= 0
    for sent, heard in zip(found, expected, strict=True):
        assert np.array_equal(sent, heard)
        assert heard.any()


def changed(block, **attributes):
    for name, value in attributes.items():
        target, _, last = name.rpartition("__")
        owner = block
        for part in filter(None, target.split("__")):
            owner = getattr(owner, part)
        setattr(owner, last, value)
    return block


def last_delayed(kit, **options):
    blocks = filled(kit, kit.cuba.Dense(cuba(**options), 8, 12, delay=True))
    return drawn(kit, blocks, spikes(8))


def delayed_before_conv(kit):
    blocks = filled(kit, kit.cuba.Conv(cuba(), 2, 3, 3, delay=True), kit.cuba.Conv(cuba(), 3, 3, 3))
    return drawn(kit, blocks, spikes(2, 6, 6))


def scaled_norm(kit, std, **options):
    blocks = filled(kit, kit.cuba.Dense(cuba(norm=kit.scale_norm, **options), 8, 4))
    blocks[0].neuron.norm.running_var.fill_(std**2)
    return blocks


def late_bias(kit):
    c = kit.cuba
    return filled(kit, c.Dense(cuba(), 8, 12, delay_shift=False), c.Dense(cuba(norm=kit.mean_norm), 12, 4))


def sdn(kit, **changes):
    return {"threshold": 0.125, "activation": kit.relu, **changes}


def sdn_pair(kit, **changes):
    return filled(kit, kit.sdn.Input(sdn(kit)), kit.sdn.Dense(sdn(kit, **changes), 8, 4))


def sdn_biased(kit):
    blocks = sdn_pair(kit)
    blocks[1].neuron.set_bias(kit.torch.full((4,), 0.5))
    return blocks


def with_bias(kit, block, size, owner="synapse"):
    """A bias that no option of SLAYER makes, but that its forward passes add."""
    bias = kit.torch.nn.Parameter(kit.torch.full((size,), 0.3))
    return [changed(block, **{f"{owner}__bias".strip("_"): bias})]


def with_threshold(block):
    block.neuron._threshold = 0.777
    return block


REFUSED = {
    "bias of a recurrent block": (
        lambda k: with_bias(k, *filled(k, k.cuba.Recurrent(cuba(), 8, 4)), 4, owner=""),
        "recurrent1: the bias of its Recurrent is set, .*; set it to None and train with a norm",
    ),
    "bias of a synapse": (
        lambda k: with_bias(k, *filled(k, k.cuba.Dense(cuba(), 8, 4)), 4),
        "dense1: the bias of its Dense is set, .*; set it to None and train with a norm",
    ),
    "bias of a pool": (
        lambda k: with_bias(k, k.cuba.Pool(cuba(), 2), 1),
        "pool1: the bias of its Pool is set",
    ),
    "bias of a transposed convolution": (
        lambda k: with_bias(k, *filled(k, k.cuba.ConvT(cuba(), 2, 2, 2)), 2),
        "convt1: the bias of its ConvTranspose is set",
    ),
    "bias of a resonator": (
        lambda k: with_bias(k, *filled(k, k.rf.Dense(RF, 8, 4)), 4, owner="synapse__imag"),
        "dense1: the bias of its Dense is set",
    ),
    "epsilon of the threshold": (
        lambda k: [changed(*filled(k, k.cuba.Dense(cuba(), 8, 4)), neuron__threshold_eps=0.3)],
        "dense1: its threshold_eps is 0.3, SLAYER's own is 2.44141e-06; leave it and set the threshold",
    ),
    "threshold between two": (
        lambda k: [with_threshold(*filled(k, k.cuba.Dense(cuba(), 8, 4)))],
        "dense1: its threshold was changed to 0.777, no multiple of 1/64; make a new neuron",
    ),
    "threshold of a resonator": (
        lambda k: [with_threshold(*filled(k, k.rf.Dense(RF, 8, 4)))],
        "dense1: its threshold was changed to 0.777, no multiple of 1/64; make a new neuron",
    ),
    "graded spikes": (
        lambda k: filled(k, k.cuba.Dense(cuba(graded_spike=True), 8, 4)),
        "dense1: it sends graded spikes, .*; set graded_spike=False",
    ),
    "scale": (
        lambda k: filled(k, k.cuba.Dense(cuba(scale=100), 8, 4)),
        "dense1: the weight scale is 100, only powers of two are exact; use 64",
    ),
    "no hook": (
        lambda k: filled(k, k.cuba.Dense(cuba(), 8, 4, pre_hook_fx=None)),
        "dense1: its weights are no multiples of 1/64 .*; leave pre_hook_fx at",
    ),
    "persistent state": (
        lambda k: filled(k, k.cuba.Dense(cuba(persistent_state=True), 8, 4)),
        "dense1: it keeps its state between recordings, .*; set persistent_state=False .* give each its own",
    ),
    "all weights zero": (
        lambda k: filled(k, k.cuba.Dense(cuba(), 8, 4), gain=1e-3),
        "dense1: all weights are zero after quantisation; train it longer or remove it",
    ),
    "decay per channel of a convolution": (
        lambda k: drawn(k, filled(k, k.cuba.Conv(cuba(shared_param=False), 2, 4, 3)), spikes(2, 6, 6)),
        "conv1: SLAYER's CPU code lays a decay per channel along the width of an image; set shared_param=True",
    ),
    "decay not drawn": (
        lambda k: filled(k, k.cuba.Dense(cuba(shared_param=False), 8, 4)),
        "dense1: its decays are not drawn yet; run the network once",
    ),
    "decay above 1": (
        lambda k: drawn(
            k, filled(k, k.cuba.Dense(cuba(shared_param=False, current_decay=(1.1, 1.2)), 8, 4)), spikes(8)
        ),
        "dense1: current_decay spans 4.* of 4096, the limit is 0..4096; clamp it",
    ),
    "delays not drawn": (
        lambda k: filled(k, k.cuba.Dense(cuba(), 8, 4, delay=True)),
        "dense1: its delays are not drawn yet; run the network once",
    ),
    "delay of the last block with bias": (
        lambda k: last_delayed(k, norm=k.mean_norm),
        "dense1: it is the last and delays its spikes, which only dense blocks without bias .*; set delay=False",
    ),
    "delay before a convolution": (
        delayed_before_conv,
        "conv2: the block before it delays its spikes, a ConvSynapse cannot; set delay=False",
    ),
    "norm that scales": (
        lambda k: scaled_norm(k, 3.9),
        "dense1: its WgtScaleBatchNorm divides by 4 between current and voltage, .*; use MeanOnlyBatchNorm",
    ),
    "norm that scales beyond the range": (
        lambda k: scaled_norm(k, 0.12, current_decay=1.0),
        "dense1: its WgtScaleBatchNorm divides by 0.125, which makes weights that are not whole or leave -256..255",
    ),
    "bias that starts late": (
        late_bias,
        r"dense2: its bias starts with the first frame in SLAYER, in step 1 here, which is \+1 steps apart; set "
        "delay_shift=True",
    ),
    "threshold at which SLAYER fires": (
        lambda k: filled(k, k.cuba.Dense(cuba(threshold=64), 8, 4)),
        r"dense1: from a threshold of 4096/64 on, SLAYER also fires at the threshold itself \(4096/64\)",
    ),
    "recurrent norm": (
        lambda k: filled_recurrent_norm(k),
        "recurrent1: a norm in a recurrent block changes the current that SLAYER keeps, .*; train without norm",
    ),
    "average of three": (
        lambda k: filled(k, k.cuba.Dense(cuba(), 8, 12), k.cuba.Average(4), k.cuba.Dense(cuba(), 4, 4)),
        "dense2: it follows an Average of 3, its weights are no multiples of 3 or",
    ),
    "average at the end": (
        lambda k: filled(k, k.cuba.Dense(cuba(), 8, 12), k.cuba.Average(4)),
        "dense1: an Average over its outputs decodes, it sends no spikes; take it out",
    ),
    "matrix that is too large": (
        lambda k: filled(k, k.cuba.ConvT(cuba(), 2, 8, 2, stride=2)),
        "convt1: written out as a matrix it has 67108864 connections, the limit is 16777216; use fewer channels",
    ),
    "affine": (lambda k: [k.cuba.Affine(cuba(), 8, 4)], "affine1: slayer.block.cuba.Affine .* voltage or a current"),
    "k winners": (lambda k: [k.cuba.KWTA(cuba(), 8, 4, 1)], "kwta1: slayer.block.cuba.KWTA cannot be exported"),
    "time decimation": (
        lambda k: [k.cuba.TimeDecimation(2)],
        "timedecimation1: slayer.block.cuba.TimeDecimation .*; bin the input coarser",
    ),
    "alif": (
        lambda k: [
            k.all.alif.Dense({**cuba(), "threshold_step": 0.5, "threshold_decay": 0.1, "refractory_decay": 0.1}, 8, 4)
        ],
        "dense1: slayer.block.alif.Dense cannot be exported: an adaptive threshold .*; use slayer.block.cuba",
    ),
    "adrf": (
        lambda k: [
            k.all.adrf.Dense({**RF, "threshold_step": 0.5, "threshold_decay": 0.1, "refractory_decay": 0.1}, 8, 4)
        ],
        "dense1: slayer.block.adrf.Dense cannot be exported: .* netx loads it as a plain resonator; use slayer",
    ),
    "convolution of resonators": (
        lambda k: [k.rf.Conv(RF, 2, 4, 3)],
        "conv1: slayer.block.rf.Conv cannot be exported: resonators are only compiled as Dense blocks",
    ),
    "resonators with norm": (
        lambda k: filled_rf_norm(k),
        "dense1: it has a norm, which a resonator cannot fold; train without norm",
    ),
    "block of the user's own": (
        lambda k: [k.torch.nn.Identity()],
        r"identity1: torch\.nn\.modules\.linear\.Identity cannot be exported; use Conv or Dense of",
    ),
    "no neuron at all": (lambda k: [k.cuba.Flatten()], "the model has no block with neurons; add one"),
    "wrong size": (
        lambda k: filled(k, k.cuba.Dense(cuba(), 9, 4)),
        r"dense1: it takes 9 inputs, \(8,\) arrive; correct in_neurons",
    ),
    "image expected": (
        lambda k: filled(k, k.cuba.Conv(cuba(), 2, 4, 3)),
        r"conv1: it takes an image, \(8,\) arrives; put it before the Flatten",
    ),
    "sigma-delta threshold": (
        lambda k: sdn_pair(k, threshold=0),
        "dense2: its threshold 0.000244141 .*is no multiple of 1/64; round it",
    ),
    "sigma-delta bias": (sdn_biased, r"dense2: its bias starts with the first frame in SLAYER"),
    "sigma-delta activation": (
        lambda k: sdn_pair(k, activation=k.torch.tanh),
        "dense2: its activation is tanh; use torch.nn.functional.relu or nn.Identity",
    ),
    "sigma-delta errors": (
        lambda k: sdn_pair(k, cum_error=True),
        r"dense2: it sums up errors \(cum_error\), .*; set cum_error=False",
    ),
    "sigma-delta scale": (lambda k: sdn_pair(k, scale=32), "dense2: the weight scale is 32; use 64"),
    "spikes into sigma-delta": (
        lambda k: filled(k, k.cuba.Dense(cuba(), 8, 8), k.sdn.Dense(sdn(k), 8, 4)),
        "dense2: 1.0 arrives as 1, its neurons take 4096; keep spiking and sigma-delta blocks apart",
    ),
    "input that is scaled": (
        lambda k: [k.cuba.Input(cuba(scale=256))],
        "input1: an input of 1 becomes 254/256, .*; use scale=64",
    ),
}


def filled_recurrent_norm(kit):
    return [changed(kit.cuba.Recurrent(cuba(), 8, 4), neuron__norm=kit.mean_norm())]


def filled_rf_norm(kit):
    return [changed(kit.rf.Dense(RF, 8, 4), neuron__real_norm=kit.mean_norm())]


SHAPES = {
    "bias of a pool": (2, 8, 8),
    "bias of a transposed convolution": (2, 8, 8),
    "decay per channel of a convolution": (2, 8, 8),
    "delay before a convolution": (2, 6, 6),
    "matrix that is too large": (2, 32, 32),
    "convolution of resonators": (2, 8, 8),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_integers_cannot_say_is_refused_in_one_line(kit, case):
    make, words = REFUSED[case]
    with pytest.raises(UnsupportedError, match=f"^(layer )?{words}") as caught:
        kit.compile(make(kit), SHAPES.get(case, (8,)))
    assert "\n" not in str(caught.value)


def test_slayer_lays_channel_decays_along_the_width(kit):
    """Why decays per channel are refused behind convolutions: SLAYER's result depends on the axis they meet."""
    block = kit.cuba.Pool(cuba(shared_param=False, current_decay=(0.1, 0.9), voltage_decay=(0.01, 0.02)), 1)
    block.delay_shift = False
    same = np.repeat(spikes(1, 1, 1, steps=80, rate=0.4), 9, axis=1).reshape(2, 3, 1, 3, 80)
    sent = slayer_messages([block], same, 0)[0][0]
    assert all(np.array_equal(sent[:, 0], sent[:, channel]) for channel in (1, 2))
    assert not np.array_equal(sent[..., 0, :], sent[..., 2, :])


def test_a_persistent_block_tells_its_neighbours(kit):
    """Why the message speaks of Recurrent: SLAYER writes into the dict of parameters that it is given."""
    shared = cuba()
    kit.cuba.Recurrent(shared, 8, 4)
    with pytest.raises(UnsupportedError, match="a Recurrent block sets it in the dict"):
        kit.compile(filled(kit, kit.cuba.Dense(shared, 8, 4)), (8,))
