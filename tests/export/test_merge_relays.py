"""Merged relays: the same output one step earlier, or no merge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evsnn_lava.export.lowering.merge_relays import merge_relays, relayed_inputs
from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    DirectSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    QuantisationFacts,
)
from evsnn_lava.simulation import cumulative_scores, run, simulate

RELAY = CubaNeuron(vth_mant=7, du=4095, dv=4096)
SHAPE, STEPS = (2, 3, 4), 7


def selecting_dense(rng, shape):
    inputs = int(np.prod(shape))
    weights = np.zeros((int(rng.integers(1, 9)), inputs), dtype=int)
    weights[np.arange(len(weights)), rng.integers(0, inputs, len(weights))] = rng.integers(8, 256, len(weights))
    return DenseSynapse(weights)


def selecting_conv(rng, shape):
    """One weight for each output channel, anywhere in the kernel; strides, padding, dilation and groups."""
    groups = int(rng.choice([g for g in (1, 2) if shape[0] % g == 0]))
    outputs = groups * int(rng.integers(1, 3))
    weights = np.zeros((outputs, shape[0] // groups, *rng.integers(1, 3, 2)), dtype=int)
    rows = weights.reshape(outputs, -1)
    rows[np.arange(outputs), rng.integers(0, rows.shape[1], outputs)] = rng.integers(8, 256, outputs)
    pairs = [tuple(rng.integers(low, 3, 2).tolist()) for low in (1, 0, 1)]
    return ConvSynapse(weights, *pairs, groups)


def identity_conv(rng, shape):
    return ConvSynapse(np.full((shape[0], 1, 1, 1), 200), groups=shape[0])


def direct(rng, shape):
    return DirectSynapse(weight=int(rng.integers(8, 99)))


def named(blocks, keep, semantics="skip", steps=STEPS, cutoff=1):
    layers, shape = [], SHAPE
    for index, (synapse, neuron, *recurrent) in enumerate(blocks):
        shape = synapse.output_shape(shape)
        layers.append(Layer(f"layer{index}", synapse, neuron, shape, *recurrent))
    masks = FrameMasks(semantics, keep)
    policy = CutoffPolicy("topk_gap", np.full(masks.stream_steps, cutoff))
    return NetworkDescription("chain", tuple(layers), InputRecipe.frames(SHAPE, steps), masks, policy, ("a", "b", "c"))


def dense(rng, shape, outputs):
    return DenseSynapse(rng.integers(-20, 30, (outputs, int(np.prod(shape)))))


def conv(rng, shape):
    return ConvSynapse(rng.integers(-20, 40, (2, shape[0], 2, 2)), padding=(1, 1))


def fitting_masks(rng, depth, relay, semantics):
    """Nested masks, hidden ones too; of an input that is skipped the relay's own follower has the same."""
    keep = np.logical_and.accumulate(rng.random((depth, STEPS)) < 0.85, axis=0)
    keep[:, 2] = True
    if relay == 0 and semantics == "skip":
        keep[1] = keep[0]
        keep[2:] &= keep[1]
    return tuple(keep)


@st.composite
def networks(draw):
    """A chain of two or three layers, and a layer of relays somewhere before the last one."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    relay, depth = draw(st.integers(0, 2)), draw(st.integers(1, 2)) + 2
    relay = min(relay, depth - 2)
    kinds = [selecting_dense, selecting_conv, identity_conv, *([direct] if relay == 0 else [])]
    kind = draw(st.sampled_from(kinds))
    blocks, shape = [], SHAPE
    for index in range(depth - 1):
        if index == relay:
            kind = kind if len(shape) == 3 or kind is direct else selecting_dense
            synapse, neuron = kind(rng, shape), RELAY
        else:
            synapse = conv(rng, shape) if len(shape) == 3 and kind in (identity_conv, direct) else dense(rng, shape, 6)
            neuron = CubaNeuron(40, int(rng.integers(500, 4000)), int(rng.integers(0, 900)))
        blocks.append((synapse, neuron))
        shape = synapse.output_shape(shape)
    blocks.append((dense(rng, shape, 3), CubaNeuron(30, 1000, 100)))
    semantics = draw(st.sampled_from(["skip", "mute"]))
    network = named(blocks, fitting_masks(rng, depth, relay, semantics), semantics)
    return network, f"layer{relay}", rng.random((3, *SHAPE, STEPS)) < 0.4


@settings(max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(case=networks())
def test_the_same_output_one_step_earlier(case):
    network, relay, frames = case
    merged, gone = merge_relays(network)
    assert gone[:1] == (relay,)
    long, short = simulate(network, frames), simulate(merged, frames)
    steps = len(gone)
    np.testing.assert_array_equal(long.messages[-1][..., steps:], short.messages[-1])
    np.testing.assert_array_equal(cumulative_scores(network, long), cumulative_scores(merged, short))
    alone, sooner = run(network, frames), run(merged, frames)
    assert sooner.exit_step.tolist() == alone.exit_step.tolist()
    assert sooner.steps.tolist() == (alone.steps - steps).tolist()


def chain(relay=RELAY, synapse=None, last=None, keep=None, semantics="skip"):
    rng = np.random.default_rng(1)
    synapse = identity_conv(rng, SHAPE) if synapse is None else synapse
    shape = synapse.output_shape(SHAPE)
    last = CubaNeuron(30, 1000, 100) if last is None else last
    keep = [np.ones(STEPS)] * 2 if keep is None else keep
    return named([(synapse, relay), (dense(rng, shape, 3), last)], keep, semantics)


def weights(*rows):
    return DenseSynapse(np.array(rows) @ np.eye(3, 24, dtype=int))


FEWER = (np.ones(STEPS), np.arange(STEPS) > 2)
KEPT = {
    "it remembers its current": chain(replace(RELAY, du=4000)),
    "it remembers its voltage": chain(replace(RELAY, dv=[4096, 4000])),
    "it has a bias": chain(replace(RELAY, bias_mant=[0, 1])),
    "a weight that only reaches the threshold": chain(synapse=weights([8, 0, 0], [0, 7, 0])),
    "a neuron with two inputs": chain(synapse=weights([8, 0, 0], [0, 9, 9])),
    "a neuron without input": chain(synapse=weights([8, 0, 0], [0, 0, 0])),
    "a neuron with a negative input": chain(synapse=weights([8, 0, 0], [0, -9, 0])),
    "a bias behind it, which would start late": chain(last=CubaNeuron(30, 1000, 100, [1, 0, 0])),
    "an input block with a bias": chain(synapse=DirectSynapse(64, 1)),
    "a weak input block": chain(synapse=DirectSynapse(7)),
    "weights that wait": chain(synapse=DenseSynapse(9 * np.eye(24, dtype=int), delays=np.ones((24, 24), dtype=int))),
    "a mask behind a shorter stream": chain(keep=FEWER),
    "weights whose sum is out of range": named(
        [(weights([8, 0, 0], [9, 0, 0]), RELAY), (DenseSynapse([[200, 100]] * 3), CubaNeuron(3, 0, 0))],
        [np.ones(STEPS)] * 2,
    ),
    "a recurrent relay": named(
        [(weights([8, 0, 0]), RELAY, DenseSynapse([[9]])), (DenseSynapse([[2]] * 3), CubaNeuron(3, 0, 0))],
        [np.ones(STEPS)] * 2,
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_no_relay_stays(name):
    network = KEPT[name]
    merged, gone = merge_relays(network)
    assert gone == ()
    assert merged is network


def test_the_last_layer_stays():
    network = named([(weights([8, 0, 0], [0, 8, 0], [0, 0, 8]), RELAY)], [np.ones(STEPS)])
    assert merge_relays(network)[0] is network


def test_graded_values_are_no_spikes():
    network = chain(synapse=DirectSynapse())
    network = replace(network, recipe=InputRecipe.frames(SHAPE, STEPS, 8))
    assert merge_relays(network)[1] == ()


def test_muted_masks_are_taken_over():
    merged, gone = merge_relays(chain(keep=FEWER, semantics="mute"))
    assert gone == ("layer0",)
    assert merged.masks.keep[0].tolist() == FEWER[1].tolist()


def test_several_relays_go_together_and_their_facts_too():
    blocks = [(identity_conv(None, SHAPE), RELAY)] * 3 + [(DenseSynapse(np.full((3, 24), 4)), CubaNeuron(3, 0, 0))]
    network = named(blocks, [np.ones(STEPS)] * 4)
    network = replace(network, quantisation=tuple(QuantisationFacts(f"layer{i}", 1, 0, 0, 0) for i in range(4)))
    merged, gone = merge_relays(network)
    assert gone == ("layer0", "layer1", "layer2")
    assert [fact.layer for fact in merged.quantisation] == ["layer3"]


def test_padding_is_heard_by_nobody():
    layer = Layer("pad", ConvSynapse(np.full((1, 1, 1, 1), 9), padding=(0, 1)), RELAY, (1, 1, 4))
    assert relayed_inputs(layer, (1, 1, 2)).tolist() == [-1, 0, 1, -1]


def test_layers_of_a_cutoff_stay():
    """The relay is the layer before the decision, or a part of it."""
    first, relays = DenseSynapse(9 * np.eye(3, 24, dtype=int)), (DenseSynapse(9 * np.eye(3, dtype=int)), RELAY)
    blocks = [(first, CubaNeuron(3, 0, 0)), relays, relays]
    network = named(blocks, [np.ones(STEPS)] * 3)
    assert merge_relays(network)[1] == ("layer1",)
    deciding = network.with_cutoff(CutoffPolicy("on_chip", np.zeros(STEPS, int), layers=2))
    assert merge_relays(deciding)[1] == ()
