"""Work per core is counted exactly: every spike, every weight that is not zero, every part."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evsnn_lava.export.placement import place
from evsnn_lava.export.placement.activity import Activity, LayerWork, measure_activity, placed_synops
from evsnn_lava.export.placement.alternatives import place_balanced, place_fewest
from evsnn_lava.export.placement.comparison import balance_of
from evsnn_lava.export.placement.partition import fits, layer_stores
from evsnn_lava.export.placement.plan import Tile
from evsnn_lava.export.placement.traffic import COLUMNS, ROWS, estimate_traffic, position
from evsnn_lava.network import (
    ConvSynapse,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)
from evsnn_lava.simulation.engine import Engine

from .drawing import LOIHI2, NEURON, networks, small_chip

PATIENT = settings(max_examples=20, suppress_health_check=list(HealthCheck))


@PATIENT
@given(networks(), st.integers(3, 200), st.integers(20, 400))
def test_the_work_of_all_cores_is_that_of_the_network(drawn, neurons, words):
    network, frames = drawn
    activity, chip = measure_activity(network, frames, block=2), small_chip(neurons, words)
    result = Engine(network).run(frames)
    per_layer = result.synops.sum(axis=(0, 2)) / result.steps.sum()
    for placement in (place(network, chip), place_fewest(network, chip), place_balanced(network, chip, activity, 60)):
        loads = placed_synops(network, placement, activity)
        assert np.allclose([load.sum() for load in loads], per_layer)


@PATIENT
@given(networks(), st.data())
def test_the_work_of_a_part_is_counted_spike_by_spike(drawn, data):
    network, _ = drawn
    layer = network.layers[0]
    ranges = []
    for length in layer.shape:
        low = data.draw(st.integers(0, length - 1))
        ranges.append((low, data.draw(st.integers(low + 1, length))))
    tile, expected = Tile(*ranges), 0
    source = np.random.default_rng(1).integers(0, 3, network.input_shape).astype(float)
    inside = np.zeros(layer.shape, dtype=bool)
    inside[tuple(slice(*each) for each in ranges)] = True
    for place_of, count in np.ndenumerate(source):
        one = np.zeros(network.input_shape)
        one[place_of] = 1
        expected += count * reached(layer.synapse, one, inside)
    assert LayerWork(layer, source, np.zeros(layer.shape)).synops(tile) == expected


def reached(synapse, image, inside):
    """Weights that are not zero from the pixels of an image to some neurons, one after the other."""
    (pad_y, pad_x), (down, right), (dil_y, dil_x) = synapse.padding, synapse.stride, synapse.dilation
    padded = np.pad(image, ((0, 0), (pad_y, pad_y), (pad_x, pad_x)))
    per_in, per_out = synapse.weights.shape[1], len(synapse.weights) // synapse.groups
    count = 0
    for out, row, column in zip(*np.nonzero(inside), strict=True):
        first = out // per_out * per_in
        for channel, y, x in np.ndindex(synapse.weights.shape[1:]):
            pixel = padded[first + channel, row * down + y * dil_y, column * right + x * dil_x]
            count += pixel * (synapse.weights[out, channel, y, x] != 0)
    return count


@PATIENT
@given(networks(), st.integers(3, 200), st.integers(20, 400))
def test_parts_cover_every_neuron_once_and_keep_to_the_limits(drawn, neurons, words):
    network, frames = drawn
    chip, activity = small_chip(neurons, words), measure_activity(network, frames)
    for placement in (place(network, chip), place_fewest(network, chip), place_balanced(network, chip, activity, 90)):
        for layer, store, plan in zip(network.layers, layer_stores(network), placement.layers, strict=True):
            covered = np.zeros(layer.shape if len(layer.shape) == 3 else (layer.neurons, 1, 1), dtype=int)
            for core in plan.cores:
                covered[slice(*core.tile.channels), slice(*core.tile.rows), slice(*core.tile.columns)] += 1
            assert (covered == 1).all()
            if fits(store, (1, 1, 1), chip.limits):
                assert max(core.tile.neurons for core in plan.cores) <= neurons
                assert max(core.words.synapse for core in plan.cores) <= words


@PATIENT
@given(networks(), st.integers(3, 200), st.integers(60, 400))
def test_alternatives_are_never_worse_in_what_they_are_for(drawn, neurons, words):
    network, frames = drawn
    chip, activity = small_chip(neurons, words), measure_activity(network, frames)
    compiler, fewest = place(network, chip), place_fewest(network, chip)
    assert len(fewest.cores) <= len(compiler.cores)
    balanced = place_balanced(network, chip, activity, len(compiler.cores))
    times = [balance_of(network, each, activity, chip).step_s for each in (fewest, compiler, balanced)]
    assert times[2] <= min(times)
    assert len(balanced.cores) <= len(compiler.cores)


def test_a_dense_layer_takes_seven_cores_where_the_compiler_takes_twelve():
    weights = np.zeros((100, 2560), dtype=int)
    weights[0, :2] = -4, 3
    layer = Layer("fc", DenseSynapse(weights), NEURON, (100,))
    recipe = InputRecipe.frames((1, 1, 2560), 4, 0)
    network = NetworkDescription(
        "n", (layer,), recipe, FrameMasks.all_kept(4, 1), CutoffPolicy.never(4), tuple(map(str, range(100)))
    )
    assert [len(each(network, LOIHI2).cores) for each in (place, place_fewest)] == [12, 7]


def test_positions_fill_a_chip_without_gaps():
    seen = [position(core, 120) for core in range(120)]
    assert len(set(seen)) == 30
    assert all(chip == 0 and column < COLUMNS and row < ROWS for chip, column, row in seen)
    steps = [abs(a[1] - b[1]) + abs(a[2] - b[2]) for a, b in pairwise(seen)]
    assert max(steps) == 1, "neighbours in the order are neighbours on the chip"
    assert position(240, 120)[0] == 2


def grid(side, cores_neurons):
    """A relay of one channel behind a convolution that looks at the pixel itself, cut into columns."""
    one = ConvSynapse([[[[2]]]])
    layers = tuple(Layer(name, one, NEURON, (1, side, side)) for name in "ab")
    network = NetworkDescription(
        "grid",
        layers,
        InputRecipe.frames((1, side, side), 2, 0),
        FrameMasks.all_kept(2, 2),
        CutoffPolicy.never(2),
        tuple(map(str, range(side * side))),
    )
    return network, small_chip(cores_neurons, 1000)


def test_a_pixel_goes_to_the_part_that_sees_it_and_to_no_other():
    network, chip = grid(side=8, cores_neurons=16)
    placement = place(network, chip)
    assert [len(layer.cores) for layer in placement.layers] == [4, 4]
    once = np.ones((1, 8, 8))
    traffic = estimate_traffic(network, placement, Activity((once, once, once), 1, 1.0))
    assert [(each.source, each.target, each.copies) for each in traffic] == [("(input)", "a", 64), ("a", "b", 64)]
    assert traffic[1].hops == 64, "four cores behind: the next router"


@pytest.mark.parametrize(("padding", "side", "copies"), [(0, 6, 4 + 4), (1, 4, 3 + 3)])
def test_a_wider_kernel_sends_borders_twice(padding, side, copies):
    """Four columns cut in the middle; a kernel of three looks one pixel over the cut."""
    wide = Layer("b", ConvSynapse(np.full((1, 1, 1, 3), 2), padding=(0, padding)), NEURON, (1, 1, 4))
    first = Layer("a", ConvSynapse([[[[2]]]]), NEURON, (1, 1, side))
    network = NetworkDescription(
        "wide",
        (first, wide),
        InputRecipe.frames((1, 1, side), 2, 0),
        FrameMasks.all_kept(2, 2),
        CutoffPolicy.never(2),
        tuple("abcd"),
    )
    chip = small_chip(2, 1000)
    sent = (np.ones((1, 1, side)), np.ones((1, 1, side)), np.ones((1, 1, 4)))
    placement = place(network, chip)
    assert len(placement.layers[1].cores) == 2
    traffic = estimate_traffic(network, placement, Activity(sent, 1, 1.0))
    assert traffic[1].copies == copies


def test_messages_to_another_chip_are_counted():
    network, chip = grid(side=8, cores_neurons=16)
    limits = chip.limits
    two = limits.cores_per_chip.model_copy(update={"value": 4, "low": None, "high": None})
    chip = chip.model_copy(update={"limits": limits.model_copy(update={"cores_per_chip": two})})
    placement = place(network, chip)
    once = np.ones((1, 8, 8))
    traffic = estimate_traffic(network, placement, Activity((once, once, once), 1, 1.0))
    assert placement.chips == 2
    assert traffic[1].across_chips == 64


def test_only_executed_steps_count():
    base, _ = grid(side=2, cores_neurons=16)
    network = replace(base, cutoff=CutoffPolicy.fixed(1, 2))
    frames = np.ones((2, 1, 2, 2, 2), dtype=bool)
    activity = measure_activity(network, frames)
    assert activity.steps == 3
    assert activity.sources[0].sum() == pytest.approx(Engine(network).run(frames).input_events.sum() / 6)


def test_the_fewest_cores_are_never_more_than_the_compilers():
    """Thirds of channels are no halves of halves; the compiler's own cut is always among those that are looked at."""
    kernel = np.full((90, 64, 5, 5), 2)
    kernel[0, 0, 0, :2] = 126, -128
    layer = Layer("conv", ConvSynapse(kernel), NEURON, (90, 4, 4))
    network = NetworkDescription(
        "thirds",
        (layer,),
        InputRecipe.frames((64, 8, 8), 2, 0),
        FrameMasks.all_kept(2, 1),
        CutoffPolicy.never(2),
        tuple(map(str, range(layer.neurons))),
    )
    assert len(place_fewest(network, LOIHI2).cores) <= len(place(network, LOIHI2).cores) == 3


def conv_pair(synapse, shape, chip_neurons):
    """One layer that passes an image on, and a convolution behind it; the traffic from the one to the other."""
    out = synapse.output_shape(shape)
    first = Layer("a", ConvSynapse(2 * np.eye(shape[0], dtype=int)[:, :, None, None]), NEURON, shape)
    network = NetworkDescription(
        "pair",
        (first, Layer("b", synapse, NEURON, out)),
        InputRecipe.frames(shape, 2, 0),
        FrameMasks.all_kept(2, 2),
        CutoffPolicy.never(2),
        tuple(map(str, range(int(np.prod(out))))),
    )
    chip = small_chip(chip_neurons, 1000)
    activity = Activity((np.ones(shape), np.ones(shape), np.ones(out)), 1, 1.0)
    return place(network, chip), estimate_traffic(network, place(network, chip), activity)[1]


def test_pixels_between_strides_are_sent_nowhere():
    """A kernel of one pixel and a stride of four: four of 64 pixels are seen, each by one part."""
    _, traffic = conv_pair(ConvSynapse([[[[2]]]], stride=(4, 4)), (1, 8, 8), 16)
    assert (traffic.messages, traffic.copies) == (64, 4)


def test_pixels_between_the_taps_of_a_dilated_kernel_are_sent_nowhere():
    _, traffic = conv_pair(ConvSynapse([[[[2, 2]]]], dilation=(1, 4), stride=(1, 8)), (1, 1, 8), 16)
    assert traffic.copies == 2


def test_a_channel_goes_to_the_parts_of_its_group_alone():
    placement, traffic = conv_pair(ConvSynapse(np.full((4, 1, 1, 1), 2), groups=4), (4, 2, 2), 1)
    assert len(placement.layers[1].cores) == 16
    assert traffic.copies == 16
