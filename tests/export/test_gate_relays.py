"""Hidden masks as relays that a clock holds down: the same output, a step later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.lowering.gate_relays import gate_layer, gate_with_relays
from evsnn_lava.export.mask_choice import has_hidden_masks
from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    SigmaDeltaNeuron,
)
from evsnn_lava.simulation import cumulative_scores, run, simulate
from evsnn_lava.simulation.streaming import check_streamable

STEPS = 9


def network_of(rng, depth, semantics, keep, biases=(None, None, None)):
    """A convolution, then dense layers, whose neurons remember for long."""
    layers, shape = [], (2, 3, 3)
    for index in range(depth):
        outputs = 3 if index == depth - 1 else 5
        weights = rng.integers(-40, 80, (outputs, int(np.prod(shape))))
        synapse = DenseSynapse(weights) if index else ConvSynapse(rng.integers(-40, 80, (2, 2, 2, 2)))
        shape = synapse.output_shape(shape)
        neuron = CubaNeuron(90, int(rng.integers(500, 4000)), int(rng.integers(0, 900)), biases[index])
        layers.append(Layer(f"layer{index}", synapse, neuron, shape))
    masks = FrameMasks(semantics, keep)
    policy = CutoffPolicy("topk_gap", np.full(masks.stream_steps, 1))
    recipe = InputRecipe.frames((2, 3, 3), STEPS)
    return NetworkDescription("masked", tuple(layers), recipe, masks, policy, ("a", "b", "c"))


@st.composite
def cases(draw):
    rng, depth = np.random.default_rng(draw(st.integers(0, 2**32 - 1))), draw(st.integers(2, 3))
    keep = np.logical_and.accumulate(rng.random((depth, STEPS)) < 0.75, axis=0)
    keep[:, draw(st.integers(0, STEPS - 1))] = True
    first = draw(st.sampled_from([None, [30, -5]]))
    network = network_of(rng, depth, "skip", tuple(keep), (first, None, None))
    return network, rng.random((3, 2, 3, 3, STEPS)) < 0.5


@settings(max_examples=120, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_the_same_output_a_step_later_for_each_gate(case):
    network, frames = case
    gated = gate_with_relays(network)
    later = gated.depth - network.depth
    assert later == sum(bool((mask != network.masks.keep[0]).any()) for mask in network.masks.keep)
    assert not has_hidden_masks(gated.masks)
    before, after = simulate(network, frames), simulate(gated, frames)
    np.testing.assert_array_equal(after.messages[-1][..., later:], before.messages[-1])
    np.testing.assert_array_equal(cumulative_scores(gated, after), cumulative_scores(network, before))
    alone, delayed = run(network, frames), run(gated, frames)
    assert delayed.decision.tolist() == alone.decision.tolist()
    assert delayed.exit_step.tolist() == alone.exit_step.tolist()


@pytest.fixture
def masked():
    keep = np.ones((2, STEPS), dtype=bool)
    keep[1, [0, 3]] = False
    return network_of(np.random.default_rng(0), 2, "skip", tuple(keep))


def test_the_masks_matter(masked):
    """Without the hidden mask the messages are others, so the gate really holds something back."""
    frames = np.random.default_rng(1).random((3, 2, 3, 3, STEPS)) < 0.5
    open_masks = replace(masked, masks=FrameMasks("skip", (masked.masks.keep[0],) * 2))
    assert not np.array_equal(simulate(masked, frames).messages[1], simulate(open_masks, frames).messages[1])


def test_the_clock_ticks_once_and_then_holds(masked):
    """Frames 0 and 3 reach the gate of layer 1 in steps 2 and 5: the clock neurons of steps 1 and 4 inhibit it."""
    gated = gate_with_relays(masked)
    clock = simulate(gated, np.zeros((1, 2, 3, 3, STEPS), dtype=bool)).messages[1][0, 8:]
    assert clock.shape[0] == 5
    assert [np.flatnonzero(ticks).tolist() for ticks in clock[:4]] == [[1], [2], [3], [4]]
    assert np.flatnonzero(clock[4]).tolist() == list(range(5, gated.max_steps))
    inhibited = np.flatnonzero(gated.layers[1].recurrent.weights[0] < 0)
    assert inhibited.tolist() == [8, 11]
    with pytest.raises(UnsupportedError, match="layer gate_layer1: its neurons act without input"):
        check_streamable(gated)


def test_all_neurons_of_a_gate_are_alike():
    layer = gate_layer("gate", 4, [2])
    assert layer.neurons == 4 + 3
    assert set(layer.neuron.per_channel) == {"bias_mant"}


def test_a_network_without_hidden_masks_stays(masked):
    network = replace(masked, masks=FrameMasks.all_kept(STEPS, 2))
    assert [layer.name for layer in gate_with_relays(network).layers] == ["layer0", "layer1"]


def test_what_relays_cannot_gate_is_refused(masked):
    first, last = masked.layers
    conv = replace(
        first, name="conv", synapse=ConvSynapse(np.ones((2, 2, 1, 1), int)), shape=(2, 2, 2), neuron=CubaNeuron(1, 0, 0)
    )
    masks = FrameMasks("skip", (*masked.masks.keep, masked.masks.keep[1]))
    with pytest.raises(UnsupportedError, match="layer conv: its mask can be gated by relays only where dense"):
        gate_with_relays(replace(masked, layers=(first, conv, last), masks=masks))
    with pytest.raises(UnsupportedError, match="layer layer1: its mask"):
        gate_with_relays(replace(masked, layers=(replace(first, neuron=SigmaDeltaNeuron(9)), last)))
    muted = replace(masked, masks=FrameMasks("mute", masked.masks.keep))
    with pytest.raises(UnsupportedError, match="network masked: its masks mute"):
        gate_with_relays(muted)
    biased = replace(last, neuron=replace(last.neuron, bias_mant=[1, 0, 0]))
    with pytest.raises(UnsupportedError, match="layer layer1: its neurons act without input"):
        gate_with_relays(replace(masked, layers=(first, biased)))
