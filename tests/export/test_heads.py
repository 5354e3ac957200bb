"""Heads on earlier layers: what they are made of, and that they decide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evsnn_lava.errors import ConfigError, UnsupportedError
from evsnn_lava.export.calibrate import calibrate_cutoff
from evsnn_lava.export.heads import attach_head, cut_behind, even_weights, ridge_weights, thresholds
from evsnn_lava.export.netfile.netx_limits import check_netx
from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    QuantisationFacts,
    SigmaDeltaNeuron,
)
from evsnn_lava.simulation import run
from evsnn_lava.simulation.engine import Engine

STEPS, CLASSES = 10, ("top", "middle", "bottom")


def bars(count, seed):
    """Noisy events, most of them in the two rows of the class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    rate = np.full((count, 1, 6, 6, STEPS), 0.15)
    for sample, label in enumerate(labels):
        rate[sample, :, 2 * label : 2 * label + 2] = 0.4
    return rng.random(rate.shape) < rate, labels


@pytest.fixture(scope="module")
def network():
    """Two layers of random features, and a last layer that knows nothing."""
    rng = np.random.default_rng(7)
    layers = (
        Layer("conv", ConvSynapse(2 * rng.integers(-20, 50, (4, 1, 3, 3))), CubaNeuron(150, 2000, 400), (4, 4, 4)),
        Layer("dense", DenseSynapse(2 * rng.integers(-30, 35, (30, 64))), CubaNeuron(150, 2000, 400), (30,)),
        Layer("out", DenseSynapse(2 * rng.integers(-30, 35, (3, 30))), CubaNeuron(99, 2000, 400), (3,)),
    )
    keep = np.ones((3, STEPS), dtype=bool)
    keep[:, 1] = keep[2, 5] = False
    masks = FrameMasks("skip", tuple(keep))
    facts = tuple(QuantisationFacts(layer.name, 64, 0, 0, 0) for layer in layers)
    recipe = InputRecipe(6, 6, STEPS, 1000, polarities=1)
    return NetworkDescription("bars", layers, recipe, masks, CutoffPolicy.never(9), CLASSES, facts)


@pytest.fixture(scope="module", params=[1, 2])
def head(network, request):
    return attach_head(network, request.param, *bars(90, seed=0))


def test_a_head_decides_recordings_that_it_has_not_seen(network, head):
    frames, labels = bars(60, seed=1)
    assert run(head, frames).accuracy(labels) > 0.9
    assert run(network, frames).accuracy(labels) < 0.6


def test_a_head_is_a_layer_that_netx_loads(network, head):
    after = head.depth - 1
    last = head.layers[-1]
    assert head.layers[:-1] == network.layers[:after]
    assert (last.neuron.du, last.neuron.dv, last.neuron.bias_mant) == (4095, 0, None)
    assert (last.synapse.weights % 2 == 0).all()
    assert abs(last.synapse.weights).max() == 254
    assert [fact.layer for fact in head.quantisation] == [layer.name for layer in network.layers[:after]]
    assert all(mask.tolist() == network.masks.keep[after - 1].tolist() for mask in head.masks.keep[after - 1 :])
    assert head.cutoff.kind == "never"
    check_netx(head)


def test_a_head_can_be_calibrated(head):
    frames, labels = bars(90, seed=2)
    stopping = head.with_cutoff(calibrate_cutoff(head, frames, labels, 0.05, 10))
    test, known = bars(60, seed=3)
    result = run(stopping, test)
    assert result.exit_step.mean() < head.masks.stream_steps
    assert result.accuracy(known) > 0.85


def test_the_same_recordings_give_the_same_head(network, head):
    again = attach_head(network, head.depth - 1, *bars(90, seed=0))
    np.testing.assert_array_equal(again.layers[-1].synapse.weights, head.layers[-1].synapse.weights)
    assert again.layers[-1].neuron.vth_mant == head.layers[-1].neuron.vth_mant


def test_what_a_cut_network_answers_are_the_spikes_of_its_last_layer(network):
    frames, _ = bars(4, seed=4)
    trunk = cut_behind(network, 2)
    trace = Engine(trunk).trace(frames)
    np.testing.assert_array_equal(run(trunk, frames).scores, trace.messages[1][..., 2:].sum(axis=-1))


def test_ridge_leaves_each_out_once():
    """With the formula, and by really fitting without each recording: the same right classes."""
    rng = np.random.default_rng(0)
    counts, targets = rng.poisson(3, (20, 8)).astype(float), np.eye(3)[rng.integers(0, 3, 20)]
    weights = ridge_weights(counts, targets)
    centred = targets - targets.mean(axis=0)
    unit = np.linalg.eigvalsh(counts @ counts.T).clip(0).mean()

    def fitted(ridge, rows):
        some = counts[rows]
        return centred[rows].T @ np.linalg.solve(some @ some.T + ridge * unit * np.eye(len(some)), some)

    def right(ridge):
        others = [np.delete(np.arange(20), each) for each in range(20)]
        answers = [(fitted(ridge, rows) @ counts[each]).argmax() for each, rows in enumerate(others)]
        return np.mean(answers == targets.argmax(axis=1))

    ridges = 10.0 ** np.arange(-3, 4)
    best = ridges[int(np.argmax([right(ridge) for ridge in ridges]))]
    np.testing.assert_allclose(weights, fitted(best, np.arange(20)), atol=1e-9)


def test_weights_and_thresholds_stay_in_range():
    assert even_weights(np.zeros((2, 2))).tolist() == [[0, 0], [0, 0]]
    assert thresholds(1e9) == [131071]
    assert min(thresholds(0)) == 1


@pytest.mark.parametrize("after", [0, 3])
def test_a_layer_that_is_not_there_is_refused(network, after):
    with pytest.raises(ConfigError, match=rf"behind layer {after}, the limit is 1..2"):
        attach_head(network, after, *bars(9, seed=0))


def test_labels_must_be_complete(network):
    frames, labels = bars(9, seed=0)
    with pytest.raises(ConfigError, match="9 recordings and 8 labels"):
        attach_head(network, 1, frames, labels[:-1])
    with pytest.raises(ConfigError, match="no recording of class bottom"):
        attach_head(network, 1, frames, labels % 2)


def test_numbers_are_not_counted(network):
    first = replace(network.layers[0], neuron=SigmaDeltaNeuron(9))
    with pytest.raises(UnsupportedError, match="layer conv: it sends numbers"):
        attach_head(replace(network, layers=(first, *network.layers[1:])), 1, *bars(9, seed=0))
