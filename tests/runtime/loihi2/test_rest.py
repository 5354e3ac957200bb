"""What holds a layer down, proven on single neurons, and what cannot be brought to rest."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.network import CubaNeuron, DenseSynapse, FrameMasks, Layer
from evsnn_lava.runtime.loihi2.rest import HOLDS, holding, require_restable, staggers
from evsnn_lava.simulation.neurons import DYNAMICS


def layer_of(weights, **neuron):
    synapse = DenseSynapse([weights])
    return Layer("fc", synapse, CubaNeuron(**{"vth_mant": 30, "du": 0, "dv": 128, **neuron}), (1,))


def fires(layer, steps):
    """Whether the neuron fires while it is held, with all that excites it arriving in every step."""
    held = HOLDS[holding(layer, graded=False, steps=steps)]
    neuron = layer.neuron
    if "bias_mant" in held:
        neuron = CubaNeuron(neuron.vth_mant, neuron.du, neuron.dv, [held["bias_mant"]], neuron.bias_exp)
    state = {"u": np.zeros((1, 1), np.int64), "v": np.full((1, 1), held["v"], np.int64)}
    arriving = layer.synapse.weights.clip(min=0).sum(axis=1)[None].astype(np.int64)
    spikes = []
    for _ in range(steps):
        state, spike = DYNAMICS[CubaNeuron].step(neuron, (1,), state, arriving)
        spikes.append(bool(spike.any()))
    return any(spikes)


@pytest.mark.parametrize("seed", range(60))
def test_what_is_said_to_hold_holds(seed):
    rng = np.random.default_rng(seed)
    weights = 2 * rng.integers(-127, 128, int(rng.integers(1, 400)))
    bias = [int(rng.integers(-4096, 4096))] if rng.random() < 0.5 else None
    dv, steps = int(rng.choice([0, 128, 2000, 4000, 4095, 4096])), int(rng.integers(1, 4))
    layer = layer_of(
        weights, vth_mant=int(rng.integers(0, 3000)), du=int(rng.choice([0, 1023, 4095])), dv=dv, bias_mant=bias
    )
    if holding(layer, graded=False, steps=steps) is not None:
        assert not fires(layer, steps)


def test_the_least_is_chosen_and_its_limits_are_seen():
    assert holding(layer_of([254]), graded=False) == "voltage"
    assert holding(layer_of([30], dv=4096), graded=False) == "voltage", "the most that arrives does not fire it"
    assert holding(layer_of([32], dv=4096), graded=False) == "bias"
    assert holding(layer_of([254] * 17, dv=4096), graded=False) is None, "17 x 254 is more than 4096 + 30 + ..."
    assert holding(layer_of([254]), graded=True) is None


def test_what_cannot_be_brought_to_rest(chip_networks):
    network = chip_networks.spiking(1)
    require_restable(network, by_interval=False, measuring=False, steps=1)
    delayed = DenseSynapse(network.layers[1].synapse.weights, delays=[[1], [2], [3]])
    wide = DenseSynapse(np.full(network.layers[1].synapse.weights.shape, 254))
    cases = {
        "messages that are delayed": chip_networks.changed(network.layers[1], synapse=delayed),
        "no voltage and no bias": chip_networks.changed(
            network.layers[1], synapse=wide, neuron=CubaNeuron(30, 0, 4096)
        ),
    }
    for reason, layer in cases.items():
        with pytest.raises(UnsupportedError, match=f"layer out on Loihi 2: {reason}.*use the back-end lava"):
            require_restable(chip_networks.changed(network, layers=(network.layers[0], layer)), False, False, 1)
    keep = np.ones((2, 8), dtype=bool)
    keep[1, 3] = False
    masked = chip_networks.changed(network, masks=FrameMasks("skip", tuple(keep)))
    with pytest.raises(UnsupportedError, match="layer out on Loihi 2: its frame mask drops frames"):
        require_restable(masked, False, False, 1)
    with pytest.raises(UnsupportedError, match="only LIFReset resets itself"):
        require_restable(chip_networks.sigma_delta(1), True, False, 1)


def test_resets_may_follow_the_frame_only_without_bias_and_recurrence(chip_networks):
    assert staggers(chip_networks.spiking(1, bias=False))
    assert not staggers(chip_networks.spiking(1))
    assert not staggers(chip_networks.recurrent(1))
    assert not staggers(chip_networks.sigma_delta(1))
