"""What cores do in every step, against the engine's counts, the traffic and the work counted elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.placement import LoadMeter, Tile, joined, place
from evsnn_lava.export.placement.activity import LayerWork, measure_activity
from evsnn_lava.export.placement.reach import image_of, reaches_of, tile_operations
from evsnn_lava.export.placement.traffic import estimate_traffic, position, seen_by
from evsnn_lava.network import ConvSynapse
from evsnn_lava.network.fanout import fanout
from evsnn_lava.simulation import run

from .drawing import LOIHI2, networks, small_chip

PATIENT = settings(max_examples=20, suppress_health_check=list(HealthCheck))
CUTS = (st.integers(3, 200), st.integers(20, 400))


@PATIENT
@given(networks(image_recurrence=True), *CUTS)
def test_a_message_causes_its_operations_on_all_cores_together(drawn, neurons, words):
    network, _ = drawn
    placement = place(network, small_chip(neurons, words))
    shapes = [network.input_shape, *(layer.shape for layer in network.layers)]
    for source, (shape, reaches) in enumerate(zip(shapes, reaches_of(network, placement), strict=True)):
        for reach in reaches:
            synapse = (
                network.layers[reach.layer].recurrent if reach.layer < source else network.layers[reach.layer].synapse
            )
            to_host = source == network.depth and reach is reaches[-1]
            expected = np.zeros(np.prod(shape)) if to_host else fanout(synapse, shape).reshape(-1)
            assert np.array_equal(reach.synops.sum(axis=1), expected)


@PATIENT
@given(networks(image_recurrence=True), *CUTS)
def test_the_work_of_a_core_is_that_of_its_part(drawn, neurons, words):
    """Counted once by what a message reaches, once by what a part receives."""
    network, _ = drawn
    placement = place(network, small_chip(neurons, words))
    layer, source = network.layers[0], np.random.default_rng(1).integers(0, 3, network.input_shape).astype(float)
    work = LayerWork(layer, source, np.zeros(layer.shape))
    for core in placement.layers[0].cores:
        reached = (
            tile_operations(layer.synapse, core.tile, image_of(source.shape), image_of(layer.shape)) * source
        ).sum()
        assert reached == work.synops(core.tile)


@PATIENT
@given(networks(image_recurrence=True), *CUTS)
def test_copies_and_hops_are_those_of_the_traffic(drawn, neurons, words):
    network, frames = drawn
    placement, result = place(network, small_chip(neurons, words)), run(network, frames)
    load, steps = LoadMeter(network, placement, block=2).measure(frames), result.steps.sum()
    executed = (np.arange(load.copies.shape[-1]) < result.steps[:, None])[:, None]
    traffic = estimate_traffic(network, placement, measure_activity(network, frames))
    assert (load.input_copies * executed[:, 0]).sum() / steps == pytest.approx(traffic[0].copies)
    for index, layer in enumerate(network.layers[:-1]):
        sent = [each for each in traffic if each.source == layer.name]
        copies, hops = (
            (each[:, index] * executed[:, 0]).sum() / steps for each in (load.copies, load.hops_x + load.hops_y)
        )
        assert copies == pytest.approx(sum(each.copies for each in sent))
        assert hops == pytest.approx(sum(each.hops for each in sent))
    assert np.array_equal(load.copies[:, -1] * executed[:, 0], _last_copies(network, placement, result))


def _last_copies(network, placement, result):
    """The host hears every output once; a recurrent layer also each of its own cores."""
    layer, cores = network.layers[-1], len(placement.layers[-1].cores)
    return result.messages[:, -1] * (1 + cores * (layer.recurrent is not None))


@PATIENT
@given(networks(image_recurrence=True), *CUTS)
def test_the_busiest_core_is_one_of_them(drawn, neurons, words):
    network, frames = drawn
    placement = place(network, small_chip(neurons, words))
    load, result = LoadMeter(network, placement).measure(frames), run(network, frames)
    executed = (np.arange(load.copies.shape[-1]) < result.steps[:, None])[:, None]
    synops = result.synops
    cores = np.maximum(load.cores, 1)[None, :, None]
    busiest = load.busiest_synops * executed
    assert np.all(busiest <= synops)
    assert np.all(busiest * cores >= synops)
    assert load.busiest_neurons.tolist() == [max(core.tile.neurons for core in plan.cores) for plan in placement.layers]
    if load.cores.max() == 1:
        assert np.array_equal(busiest, synops)


def test_one_spike_by_hand(small_network):
    """One pixel in the middle: all nine places of both channels see it; the convolution lies on two cores."""
    placement = place(small_network, LOIHI2)
    frames = np.zeros((1, 1, 5, 5, 4), dtype=bool)
    frames[0, 0, 2, 2, 1] = True
    load = LoadMeter(small_network, placement).measure(frames)
    assert load.busiest_synops[0, 0].tolist() == [0, 12, 0, 0, 0, 0]
    assert load.input_copies[0].tolist() == [0, 2, 0, 0, 0, 0]
    assert load.cores.tolist() == [2, 1]
    assert not load.hops_x.any(), "four cores share a router"


def test_distances_are_those_of_the_routers():
    """Columns first: 32 cores are eight routers of two columns."""
    assert [position(core, 120)[1:] for core in (0, 5, 15, 31)] == [(0, 0), (0, 1), (0, 3), (1, 0)]


def test_blocks_come_out_like_the_whole(small_network):
    meter = LoadMeter(small_network, place(small_network, LOIHI2), block=3)
    frames = np.random.default_rng(2).random((7, 1, 5, 5, 4)) < 0.4
    whole, parts = meter.measure(frames), joined([meter.measure(frames[:2]), meter.measure(frames[2:])])
    for name in ("busiest_synops", "busiest_messages", "copies", "input_copies", "hops_x"):
        assert np.array_equal(getattr(whole, name), getattr(parts, name)), name
    with pytest.raises(ConfigError, match="no sample"):
        meter.measure(frames[:0])


def test_a_kernel_sees_what_it_steps_over():
    """A message goes to a core whose kernel covers its pixel, also where the weight is zero."""
    synapse = ConvSynapse(np.array([[[[2, 0]]]]))
    assert seen_by(synapse, Tile((0, 1), (0, 1), (0, 1)), (1, 1, 3))[2].tolist() == [0, 1]
    assert tile_operations(synapse, Tile((0, 1), (0, 1), (0, 1)), (1, 1, 3), (1, 1, 2)).ravel().tolist() == [1, 0, 0]
