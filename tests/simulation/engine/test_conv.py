"""Convolutions of spikes: scattering, gathering and the reference's convolution give the same sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import CapacityError
from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    DirectSynapse,
    InputRecipe,
    SigmaNeuron,
)
from evsnn_lava.simulation import simulate
from evsnn_lava.simulation.engine import Engine
from evsnn_lava.simulation.engine.conv import ConvDelivery
from evsnn_lava.simulation.engine.flight import Flight
from evsnn_lava.simulation.engine.plan import Plan
from evsnn_lava.simulation.engine.rows import MOST_ROWS, padded
from evsnn_lava.simulation.synapses import apply_conv

from . import building
from .comparing import differences, expected, result_differences

SCATTER, GATHER = 2.0, 0.0
"""Shares of firing neurons from which it gathers: never, always."""

SHAPES = {
    "one place": (5, (1, 1), (1, 1), (0, 0), (1, 1), 1),
    "a line": (3, (1, 3), (1, 1), (0, 1), (1, 1), 1),
    "strides": (4, (3, 3), (2, 3), (1, 0), (1, 1), 1),
    "strides beyond the kernel": (4, (2, 2), (3, 4), (0, 0), (1, 1), 1),
    "tall dilation": (4, (3, 2), (1, 1), (2, 1), (2, 1), 1),
    "dilation": (4, (2, 3), (2, 1), (1, 2), (3, 2), 1),
    "groups": (6, (3, 3), (1, 2), (1, 1), (1, 1), 2),
    "depthwise": (4, (3, 3), (1, 1), (1, 1), (1, 1), 4),
    "a kernel larger than the image": (3, (9, 10), (1, 1), (5, 5), (1, 1), 1),
    "a padding wider than the image": (3, (2, 2), (5, 5), (9, 9), (1, 1), 1),
    "the whole image": (17, (6, 7), (1, 1), (0, 0), (1, 1), 1),
    "16 channels": (16, (2, 2), (1, 1), (0, 0), (1, 1), 1),
    "65 channels": (65, (2, 3), (2, 2), (1, 1), (1, 1), 1),
    "129 channels": (129, (2, 2), (2, 2), (0, 0), (1, 1), 1),
    "300 channels": (300, (1, 2), (2, 2), (0, 0), (1, 1), 1),
}
"""Output channels, kernel, stride, padding, dilation, groups for an input of 4 x 6 x 7."""


def can_gather(synapse):
    return synapse.groups == 1 and synapse.dilation[1] == 1


def ways(synapse, shape):
    """The kernel that scatters, and the one that gathers where that works."""
    shares = (SCATTER, GATHER, 0.3) if can_gather(synapse) else (SCATTER, 0.3)[:1]
    return [ConvDelivery(synapse, shape, share) for share in shares] + [ConvDelivery(synapse, shape)]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("rate", [0.02, 0.4, 1.0])
def test_all_ways_give_the_sums_of_the_reference(name, rate, rng):
    outputs, kernel, *rest = SHAPES[name]
    synapse = ConvSynapse(rng.integers(-256, 256, (outputs, 4 // rest[-1], *kernel)), *rest)
    messages = rng.random((3, 4, 6, 7)) < rate
    wanted = apply_conv(synapse, messages)
    for delivery in ways(synapse, (4, 6, 7)):
        assert np.array_equal(building.deliver_once(delivery, synapse, messages), wanted)


@given(data=st.data())
@settings(max_examples=150)
def test_random_convolutions_give_the_sums_of_the_reference(data):
    draw = data.draw
    groups, shape = draw(st.sampled_from([1, 1, 1, 2, 3])), (0, draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    shape = (groups * draw(st.integers(1, 5)), *shape[1:])
    padding, dilation, stride = (tuple(draw(st.integers(low, 3)) for _ in range(2)) for low in (0, 1, 1))
    room = [(size + 2 * pad - 1) // step + 1 for size, pad, step in zip(shape[1:], padding, dilation, strict=True)]
    kernel = [draw(st.integers(1, min(5, most))) for most in room]
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    size = (groups * draw(st.integers(1, 40)), shape[0] // groups, *kernel)
    synapse = ConvSynapse(rng.integers(-256, 256, size), stride, padding, dilation, groups)
    messages = rng.random((2, *shape)) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    wanted = apply_conv(synapse, messages)
    for delivery in ways(synapse, shape):
        assert np.array_equal(building.deliver_once(delivery, synapse, messages), wanted)


@pytest.mark.parametrize("weight", [-256, 255])
@pytest.mark.parametrize("channels", [MOST_ROWS - 1, MOST_ROWS, MOST_ROWS + 1, 128, 2 * MOST_ROWS + 3])
def test_very_many_spikes_at_one_place_do_not_leave_their_words(weight, channels):
    """A sum of 16 bits takes 120 of the largest weights."""
    synapse = ConvSynapse(np.full((33, channels, 2, 2), weight), padding=(1, 1))
    messages = np.ones((1, channels, 3, 3), dtype=bool)
    wanted = apply_conv(synapse, messages)
    assert abs(wanted).max() == 4 * channels * abs(weight)
    for delivery in ways(synapse, messages.shape[1:]):
        assert np.array_equal(building.deliver_once(delivery, synapse, messages), wanted)


def test_it_gathers_what_is_dense_only_where_it_can(rng):
    """The kernel is told from how many spikes on it gathers; with groups or dilated columns never."""
    usual = ConvSynapse(rng.integers(-9, 9, (24, 8, 3, 3)), padding=(1, 1))
    grouped = ConvSynapse(rng.integers(-9, 9, (24, 4, 3, 3)), padding=(1, 1), groups=2)
    dilated = ConvSynapse(rng.integers(-9, 9, (24, 8, 3, 3)), padding=(1, 1), dilation=(1, 2))
    shape, most = (8, 9, 9), 8 * 9 * 9
    assert 0 < ConvDelivery(usual, shape).dense_from < most
    assert min(ConvDelivery(synapse, shape).dense_from for synapse in (grouped, dilated)) > most


@pytest.mark.parametrize("stride", [(1, 1), (2, 2)])
def test_a_network_that_scatters_and_gathers_is_the_reference(rng, stride):
    """Quiet and busy samples, in one batch."""
    network = building.network(
        building.binary(12, 13, 5),
        (ConvSynapse(rng.integers(-30, 60, (20, 2, 3, 3)), padding=(1, 1)), CubaNeuron(60, 1023, 128)),
        (ConvSynapse(rng.integers(-20, 30, (70, 20, 3, 3)), stride, (0, 1)), CubaNeuron(60, 1023, 128)),
        (ConvSynapse(rng.integers(-20, 30, (6, 35, 3, 3)), (1, 1), (1, 1), (1, 1), 2), CubaNeuron(60, 1023, 128)),
    )
    rates = np.array([0.0, 0.01, 0.1, 0.4, 1.0]).reshape(-1, 1, 1, 1, 1)
    frames = building.spikes(rng, network, 5, rates)
    assert differences(Engine(network, 1, 5), network, frames) == []


# sums of more than 24 bits --------------------------------------------------------------------------------------------


def wide_network(rng, kind, weight_exp, groups=1, dilation=(1, 1)):
    """Numbers of 8 bits through a convolution that is not narrow."""
    weights = rng.integers(-256, 256, (4 * groups, 4 // groups, 3, 2))
    conv = ConvSynapse(weights, (1, 2), (1, 1), dilation, groups, weight_exp)
    shape = conv.output_shape((4, 6, 7))
    neuron = building.NEURONS[kind](rng, shape[0])
    recipe = InputRecipe.frames((4, 6, 7), 5, 8)
    return building.network(recipe, (conv, neuron))


@pytest.mark.parametrize("kind", ["cuba", "sigma", "sigma delta", "delta"])
@pytest.mark.parametrize(("weight_exp", "groups", "dilation"), [(0, 1, (1, 1)), (7, 2, (2, 1)), (-8, 4, (1, 2))])
def test_convolutions_of_numbers_are_those_of_the_reference(rng, kind, weight_exp, groups, dilation):
    network = wide_network(rng, kind, weight_exp, groups, dilation)
    assert differences(Engine(network, 1, 3), network, building.numbers(rng, network, 4)) == []


@pytest.mark.parametrize("most", [1, 3, 20, 150, 1_000, 10_000, 40_000])
@pytest.mark.parametrize("rate", [0.1, 1.0])
def test_numbers_of_every_size_are_summed_up_as_in_the_reference(rng, most, rate):
    """Sums within 16 and 24 bits, at their ends and beyond them, in one batch with silence."""
    conv = ConvSynapse(rng.integers(-256, 256, (34, 2, 3, 3)), padding=(1, 1))
    network = building.network(InputRecipe.frames((2, 6, 7), 5, 17), (conv, CubaNeuron(60, 1023, 128)))
    frames = building.numbers(rng, network, 4, most) * np.array([1, 0, 1, 1]).reshape(-1, 1, 1, 1, 1)
    frames = frames * (rng.random(frames.shape) < rate)
    assert differences(Engine(network, 1, 3), network, frames) == []


@pytest.mark.parametrize("most", [2**23 // 256, 2**23 // 255, 2**23 // 128])
@pytest.mark.parametrize("weight", [-256, 255, 128, -128])
def test_sums_at_the_end_of_24_bits_wrap_as_in_the_reference(most, weight):
    conv = ConvSynapse([[[[weight]]], [[[-weight if weight > -256 else 255]]]])
    network = building.network(InputRecipe.frames((1, 1, 5), 4, 20), (conv, CubaNeuron(131071, 4095, 4096)))
    frames = np.add.outer([most, -most], np.arange(-2, 3))[:, None, None, :, None] * np.ones(4, dtype=int)
    assert differences(Engine(network), network, frames) == []


@pytest.mark.parametrize("weight_exp", [-8, -1, 3, 7])
def test_shifted_convolutions_of_spikes_are_those_of_the_reference(rng, weight_exp):
    conv = ConvSynapse(rng.integers(-256, 256, (9, 2, 3, 3)), padding=(1, 1), weight_exp=weight_exp)
    network = building.network(building.binary(8, 9, 4), (conv, CubaNeuron(60, 1023, 128)))
    assert differences(Engine(network, 1, 2), network, building.spikes(rng, network, 3)) == []


def overflowing(steps=4):
    """The second layer's sum grows beyond 32 bits when large numbers come twice."""
    recipe = InputRecipe.frames((1, 1, 1), steps, 24)
    double = ConvSynapse([[[[255]]]])
    return building.network(
        recipe,
        (DirectSynapse(1), SigmaNeuron()),
        (double, SigmaNeuron()),
        (DenseSynapse([[1]]), SigmaNeuron()),
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_a_sum_beyond_32_bits_is_the_error_of_the_reference(threads):
    network = overflowing()
    frames = np.zeros((6, 1, 1, 1, 4), dtype=np.int64)
    frames[4] = 4_200_000
    engine = Engine(network, threads, 1)
    words = r"^layer layer1: ConvSynapse: a sum reaches \d+, the limit is 2147483647; use smaller messages or weights$"
    with pytest.raises(CapacityError, match=words) as wanted:
        simulate(network, frames)
    for ask in (engine.run, engine.trace, engine.profile):
        with pytest.raises(CapacityError, match=words):
            ask(frames)
    with pytest.raises(CapacityError) as found:
        engine.trace(frames)
    assert str(found.value) == str(wanted.value)
    assert differences(engine, network, frames[:4]) == [], "the engine is still usable"


def test_an_error_in_the_first_layer_leaves_nothing_behind():
    """Nothing else would overwrite what has arrived there."""
    network = building.network(
        InputRecipe.frames((1, 3, 3), 4, 24), (ConvSynapse(np.full((2, 1, 3, 3), 255)), CubaNeuron(1, 4095, 4096))
    )
    engine, frames = Engine(network, 1, 2), np.zeros((5, 1, 3, 3, 4), dtype=np.int32)
    assert differences(engine, network, frames) == []
    frames[2] = 2**23 - 1
    with pytest.raises(CapacityError):
        engine.run(frames)
    assert differences(engine, network, frames[:2]) == []


def test_padding_of_the_last_row_has_room():
    """Rows of 20 outputs are 32 weights long; that of the last pixel ends beyond the 5 blocks of the layer."""
    network = building.network(building.binary(6, 6, 3), (ConvSynapse(np.ones((20, 2, 3, 3), int)), building.RELAY))
    flight = Flight(Plan.of(network), slots=1, longest=1)
    (layer,), (inbox,) = flight.layers, flight._inboxes
    last = 20 * (4 * 4 - 1)
    assert last + padded(20) > layer.plan.places == 5 * 64
    assert len(inbox.activation) >= last + padded(20)


def test_the_largest_sums_that_are_defined_are_computed():
    network = overflowing(3)
    most = (2**31 - 1) // 255
    frames = np.array([most // 2, most - most // 2, 0]).reshape(1, 1, 1, 1, 3)
    assert differences(Engine(network), network, frames) == []
    with pytest.raises(CapacityError, match=r"^layer layer1: ConvSynapse: a sum reaches 2147484030"):
        Engine(network).run(frames + np.array([1, 1, 0]))


@pytest.mark.parametrize("slots", [1, 2, 5])
def test_what_would_come_after_the_exit_is_no_error(slots):
    """Lava, too, has ended by then; the reference, which always runs to the end, refuses."""
    network, frames, stop = overflowing(8), np.zeros((5, 1, 1, 1, 8), dtype=np.int64), CutoffPolicy.fixed(1, 8)
    frames[3, ..., 0] = 8_000_000
    wanted = expected(network, frames, stop)
    frames[3, ..., 2] = 8_000_000  # the second layer sees it in step 4, the sample ends in step 3
    found = Engine(network, 1, slots).run(frames, policy=stop)
    assert result_differences(found, wanted, without=["input_events"]) == []
    with pytest.raises(CapacityError, match="layer1"):
        Engine(network, 1, slots).run(frames, policy=CutoffPolicy.fixed(2, 8))
