"""Random frames are as dense and as strong as it takes to wake a network, and the same every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import CapacityError, ConfigError
from evsnn_lava.network import ConvSynapse, CubaNeuron, CutoffPolicy, DenseSynapse, FrameMasks, InputRecipe, Layer
from evsnn_lava.network import NetworkDescription as Network
from evsnn_lava.simulation import simulate, stimulus
from evsnn_lava.simulation.stimulus import CEILINGS, DENSITIES, Strength, strengths, waking_frames

STEPS = 12


def chain(vth_mant, bits=0, neuron=CubaNeuron, synapse=DenseSynapse):
    """Two layers; the first one needs `vth_mant` times 64 from ten inputs of weight 2 that forget at once."""
    shape = (4,) if synapse is DenseSynapse else (4, 1, 1)
    weights = np.full((4, 10), 2) if synapse is DenseSynapse else np.full((4, 10, 1, 1), 254)
    layers = (
        Layer("first", synapse(weights), neuron(vth_mant, 4095, 4096), shape),
        Layer("last", DenseSynapse(np.full((2, 4), 200)), CubaNeuron(1, 4095, 4096), (2,)),
    )
    recipe = InputRecipe.frames((10, 1, 1), STEPS, bits)
    return Network("chain", layers, recipe, FrameMasks.all_kept(STEPS, 2), CutoffPolicy.never(STEPS), ("a", "b"))


def awake(network, frames):
    return [bool(layer.any()) for layer in simulate(network, frames).messages]


def test_frames_get_denser_until_every_layer_sends():
    easy, hard = chain(1), chain(15)
    sparse, (first,) = waking_frames(easy, 1, 0)
    dense, (later,) = waking_frames(hard, 1, 0)
    assert first == Strength(DENSITIES[0])
    assert later.density > DENSITIES[0]
    assert awake(hard, sparse) == [False, False]
    assert awake(hard, dense) == awake(easy, sparse) == [True, True]


def with_deaf_end(network):
    """Nothing makes the last layer send."""
    deaf = replace(network.layers[1], neuron=CubaNeuron(131071, 4095, 4096))
    return replace(network, layers=(network.layers[0], deaf))


def test_a_layer_that_nothing_wakes_leaves_the_first_draw_that_wakes_the_others():
    network = chain(15)
    frames, drawn = waking_frames(with_deaf_end(network), 2, 0)
    expected, first = waking_frames(network, 2, 0)
    assert drawn == first
    assert np.array_equal(frames, expected)


def test_every_sample_chooses_for_itself_and_is_another_one():
    network = chain(8)
    frames, drawn = waking_frames(network, 6, 0)
    assert len(set(drawn)) > 1
    assert len({sample.tobytes() for sample in frames}) == 6
    assert all(awake(network, sample[None]) == [True, True] for sample in frames)


@settings(max_examples=25)
@given(data=st.data())
def test_frames_fit_the_network_and_are_the_same_again(cases, data):
    network, _ = data.draw(cases)
    frames, drawn = waking_frames(network, 2, 7)
    again, _ = waking_frames(network, 2, 7)
    assert frames.shape == (2, *network.input_shape, network.masks.steps)
    assert frames.dtype == (np.int32 if network.recipe.message_bits else np.bool_)
    assert np.array_equal(frames, again)
    assert len(drawn) == 2
    simulate(network, frames)  # refuses what does not fit


@settings(max_examples=25)
@given(data=st.data(), strength=st.sampled_from(DENSITIES))
def test_no_single_density_wakes_more_layers(cases, data, strength):
    network, _ = data.draw(cases)
    best, _ = waking_frames(network, 1, 3)
    forced, _ = waking_frames(network, 1, 3, strength)
    assert sum(awake(network, best)) >= sum(awake(network, forced))


def test_a_density_can_be_forced():
    _, drawn = waking_frames(chain(15), 2, 0, 0.01)
    assert drawn == (Strength(0.01), Strength(0.01))


@pytest.mark.parametrize("density", [0, -0.1, 1.1, float("nan")])
def test_a_density_out_of_range_is_refused(density):
    with pytest.raises(ConfigError, match=r"density of golden frames is .*, it must be above 0 and at most 1"):
        waking_frames(chain(1), 1, 0, density)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16, 24])
def test_graded_values_stay_in_the_range_and_begin_small(bits):
    recipe = InputRecipe.frames((10, 1, 1), STEPS, bits)
    low, high = recipe.value_range
    found = list(strengths(recipe))
    assert {(s.low, s.high) for s in found} >= {(low, high)}
    for strength in found:
        assert low <= strength.low <= strength.high <= high
        frames = strength.draw((10, 1, 1, STEPS), (0,))
        assert low <= frames.min() <= frames.max() <= high
    if high > 0:
        assert (found[0].low, found[0].high) == (1, min(15, high))


def test_draws_that_leave_a_convolution_are_passed_over():
    """A layer that stays silent makes all of them be tried, the strong ones, too."""
    network = with_deaf_end(chain(1, 24, synapse=ConvSynapse))
    strong = Strength(0.9, *network.recipe.value_range).draw((1, 10, 1, 1, STEPS), (0, 0))
    with pytest.raises(CapacityError):
        simulate(network, strong)
    frames, (strength,) = waking_frames(network, 1, 0)
    assert awake(network, frames) == [True, False]
    assert strength.high == CEILINGS[0]


def test_a_network_that_no_draw_fits_is_refused(monkeypatch):
    monkeypatch.setattr(stimulus, "CEILINGS", ())
    network = chain(1, 24, synapse=ConvSynapse)
    with pytest.raises(CapacityError, match=r"^no random frames fit; layer first: "):
        waking_frames(network, 1, 0, 1.0)
