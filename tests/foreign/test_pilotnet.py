"""PilotNet of lava-dl: goldens of all layers, and the activity of the published power measurement."""

import numpy as np
import pytest

from evsnn_lava.export.netx.reader import NetxOptions, read_netx
from evsnn_lava.network.fanout import message_costs
from evsnn_lava.simulation import simulate

from .staggered import drive, run_staggered

LAYERS = ("input", "conv-0", "conv-1", "conv-2", "conv-3", "conv-4", "fc-0", "fc-1", "fc-2")
"""The layers with goldens; netx's input layer is the first of ours, its output layer has none."""
STEPS, INTERVAL = 24, 17
AFTER_SPIKE = 128
"""Where lava-dl recorded the voltage of a neuron that has just fired; Lava and we have 0 there."""


@pytest.fixture(scope="module")
def driven(lava_dl, golden):
    """Messages and states of all layers for the golden image, driven as a whole.

    netx resets layer `l` before its steps `l + 1 + n * 17`, counted from 1; here steps count from 0.
    """
    network = read_netx(lava_dl / "pilotnet_lif" / "network.net").network
    image = golden(lava_dl / "pilotnet_lif" / "image.npy")
    frames = np.broadcast_to(image, (STEPS, *image.shape))
    resets = [set(range(depth, STEPS, INTERVAL)) for depth in range(network.depth)]
    return run_staggered(network, frames, resets)


@pytest.mark.parametrize(("depth", "name"), list(enumerate(LAYERS)))
def test_spikes(driven, lava_dl, golden, depth, name):
    recorded = golden(lava_dl / "pilotnet_lif" / f"{name}.npy")
    assert recorded.any()
    np.testing.assert_array_equal(driven[depth][0], recorded)


@pytest.mark.parametrize(("depth", "name"), list(enumerate(LAYERS))[1:])
def test_states(driven, netx_tests, golden, depth, name):
    """The currents, and the voltages of all neurons that have not just fired."""
    folder = netx_tests / "gts" / "pilotnet_lif"
    spikes, states = driven[depth]
    np.testing.assert_array_equal(states["u"], golden(folder / f"{name}-u.npy"))
    voltage = np.where(spikes, AFTER_SPIKE, states["v"])
    np.testing.assert_array_equal(voltage, golden(folder / f"{name}-v.npy"))


def benchmark(network, steps, first):
    """Spikes and synaptic operations per step of the power benchmark, by layer, in the steps from `first`.

    The input is silent; with steps from 1, convolution `i` is reset before steps with `(t - 1) % 16 == (5 + i) % 16`.
    """
    source = np.zeros((steps, *network.input_shape), dtype=bool)
    spikes, operations = [], []
    for index, (layer, cost) in enumerate(zip(network.layers[1:], message_costs(network)[2:], strict=True)):
        resets = {step for step in range(steps) if step % 16 == (5 + index) % 16}
        sent, _ = drive(layer, source, resets)
        spikes.append(sent[first:].sum() / (steps - first))
        operations.append((sent[first:] * cost).sum() / (steps - first))
        source = np.concatenate([np.zeros_like(sent[:1]), sent[:-1]])
    return spikes, operations


SPIKES = [26928, 6247.5, 840, 433.125, 146.25, 7.75, 3.4375, 1.125, 0]
OPERATIONS = [1604872.5, 452130, 144599.125, 63890, 3888.8125, 298.8125, 30, 1.125, 0]


def test_activity_without_input(lava_dl):
    """All is periodic with the resets from the second period on, so one period is the average of any number."""
    network = read_netx(lava_dl / "pilotnet_lif" / "network.net").network
    spikes, operations = benchmark(network, 80, 64)
    assert (spikes, operations) == (SPIKES, OPERATIONS)
    assert sum(operations) == 2_269_710.375
    assert sum(spikes) == 34_607.1875


@pytest.mark.slow
def test_activity_over_the_published_steps(lava_dl):
    """The average of steps 65 to 320, which is how the published comparison counts."""
    network = read_netx(lava_dl / "pilotnet_lif" / "network.net").network
    assert benchmark(network, 320, 64) == (SPIKES, OPERATIONS)


def test_sigma_delta_output(netx_tests):
    """Golden of the smaller sigma-delta network: its entry t is what our step t + 1 sends."""
    folder = netx_tests / "gts" / "pilotnet_sdnn"
    recorded = np.load(folder / "output.npy")
    steps = recorded.shape[1]
    network = read_netx(folder / "network.net", NetxOptions(steps=steps)).network
    image = np.load(folder / "input.npy").transpose(2, 1, 0, 3)
    trace = simulate(network, np.repeat(image, steps, axis=-1)[None])
    np.testing.assert_array_equal(trace.messages[-1][0, :, 1 : 1 + steps], recorded)


def test_sigma_delta_loads(lava_dl):
    found = read_netx(lava_dl / "pilotnet_sdnn" / "network.net")
    assert found.network.input_shape == (3, 66, 200)
    assert [layer.neurons for layer in found.network.layers] == [39600, 76032, 26460, 8064, 5632, 2560, 100, 50, 10, 1]
    frames = np.zeros((1, 3, 66, 200, 16), dtype=int)
    frames[..., 2:] = 40
    assert simulate(found.network, frames).messages[-1][..., -1].any()
