"""PilotNet on Loihi 2: cores and words against the tables that Intel's compiler printed (lava-dl notebooks, 2022)."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from evsnn_lava.export.netx.reader import read_netx
from evsnn_lava.export.placement import place
from evsnn_lava.export.placement.activity import layer_synops, measure_activity, placed_synops
from evsnn_lava.export.placement.alternatives import place_balanced, place_fewest
from evsnn_lava.hw_profiles import load_profile

from .staggered import run_staggered

LIF = {
    # cores, bits of a weight, words of weights before dense layers are divided, mean entries for what is sent
    "input0": (13, 0, 0, 1015),
    "conv1": (25, 5, 81, 253),
    "conv2": (13, 4, 864, 113),
    "conv3": (3, 4, 1620, 112),
    "conv4": (3, 4, 2160, 29),
    "conv5": (2, 4, 2880, 1280),
    "dense7": (12, 3, 61_440, 8),
    "dense8": (1, 4, 1300, 50),
    "dense9": (1, 5, 150, 10),
    "dense10": (1, 6, 10, 1),
}
SDNN = {
    "input0": (0, 0, 0, 0),
    "conv1": (25, 6, 81, 253),
    "conv2": (13, 5, 864, 113),
    "conv3": (3, 4, 1620, 112),
    "conv4": (3, 5, 2592, 29),
    "conv5": (2, 4, 2880, 1280),
    "dense7": (12, 4, 66_560, 8),
    "dense8": (1, 6, 1500, 50),
    "dense9": (1, 5, 150, 10),
    "dense10": (1, 4, 10, 1),
}
BEFORE_DIVISION = {"dense7"}
AVERAGE_WORDS = 7253
"""Mean words of weights on the twelve cores of the first dense layer, as printed."""

CASES = [("pilotnet_lif", LIF, 74), ("pilotnet_sdnn", SDNN, 61)]


@pytest.fixture(scope="module", name="networks")
def fixture_networks(lava_dl):
    return {name: read_netx(lava_dl / name / "network.net").network for name, _, _ in CASES}


@pytest.mark.parametrize(("name", "table", "cores"), CASES, ids=[case[0] for case in CASES])
def test_cores_and_words_are_those_of_the_compiler(networks, name, table, cores):
    placement = place(networks[name], load_profile("loihi2"))
    assert (len(placement.cores), placement.chips) == (cores, 1)
    for plan in placement.layers:
        count, bits, words, sent = table[plan.name]
        assert (len(plan.cores), plan.weight_bits) == (count, bits), plan.name
        if plan.name not in BEFORE_DIVISION:
            assert {core.words.synapse for core in plan.cores} == ({words} if plan.cores else set()), plan.name
        if plan.cores:
            assert sum(core.words.axon_map for core in plan.cores) // count == sent, plan.name


@pytest.mark.parametrize(("name", "table", "_"), CASES, ids=[case[0] for case in CASES])
def test_words_of_the_divided_layer(networks, name, table, _):
    """One core would take the printed sum; on twelve, nine neurons each and the last one, the printed mean."""
    (plan,) = [plan for plan in place(networks[name], load_profile("loihi2")).layers if plan.name in BEFORE_DIVISION]
    inputs, bits = 2560, table[plan.name][1]
    assert inputs * -(-(16 + 100 * (bits + 12)) // 64) == table[plan.name][2]
    assert [core.tile.neurons for core in plan.cores] == [9] * 11 + [1]
    assert np.mean([core.words.synapse for core in plan.cores]).astype(int) == AVERAGE_WORDS


def test_alternatives_and_the_busiest_core(networks):
    """Measured without input, as the published power was: biases alone make the neurons fire."""
    network, hardware = networks["pilotnet_lif"], load_profile("loihi2")
    silence = np.zeros((1, *network.input_shape, network.masks.steps), dtype=np.int32)
    activity = measure_activity(network, silence)
    ways = place(network, hardware), place_fewest(network, hardware), place_balanced(network, hardware, activity, 120)
    busiest = [max(load.max(initial=0) for load in placed_synops(network, way, activity)) for way in ways]
    assert [len(way.cores) for way in ways] == [74, 66, 120]
    assert busiest[0] > 4 * busiest[2], "on the same chip, the busiest core has less than a quarter to do"


def test_work_of_the_busiest_cores_step_by_step(networks):
    """What a core of the third convolution does in a step; the chip's step times, 201, 107, 181 and 125 us, follow it.

    Without input and with a reset every 16 steps, layer after layer, as the published power was measured.
    """
    network, steps, interval = networks["pilotnet_lif"], 48, 16
    placement = place(network, load_profile("loihi2"))
    resets = [{step for step in range(steps) if step % interval == (4 + depth) % interval} for depth in range(4)]
    driven = run_staggered(
        SimpleNamespace(layers=network.layers[:4]), np.zeros((steps, *network.input_shape), np.int32), resets
    )
    work = {}
    for index in (2, 3):
        layer, plan = network.layers[index], placement.layers[index]
        own = np.zeros(layer.shape)
        loads = [layer_synops(layer, plan, driven[index - 1][0][step - 1].astype(float), own) for step in range(32, 48)]
        work[layer.name] = np.round(np.array(loads) / 1e3, 1)
    assert (work["conv3"] == work["conv3"][:, :1]).all(), "its three cores share the work evenly"
    assert work["conv3"][:, 0].tolist() == [177.2, 124.4, 195.1, 106.2] * 4
    assert work["conv2"].max() == 153.6
