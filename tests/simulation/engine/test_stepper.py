"""One sample, step by step: messages, states and counts of every step are those of the reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from evsnn_lava.errors import CapacityError, ConfigError
from evsnn_lava.network import ConvSynapse, CubaNeuron, DenseSynapse, InputRecipe
from evsnn_lava.simulation import run, simulate
from evsnn_lava.simulation.engine import Stepper

from .. import drawing
from . import building
from .comparing import stepped_differences


@given(case=drawing.networks(samples=2))
@settings(max_examples=120, suppress_health_check=list(HealthCheck))
def test_random_networks_step_as_the_reference_does(case):
    assert stepped_differences(*case) == []


@pytest.mark.parametrize("name", drawing.EDGES)
def test_numbers_end_where_those_of_the_reference_end(name):
    cases = list(drawing.edge_cases(name))
    stepper = Stepper(cases[0][0])
    assert [found for network, frames in cases for found in stepped_differences(network, frames, stepper)] == []


@pytest.fixture(scope="module", params=[0, 4])
def large(request):
    """More input places than there is room for at first, spikes or numbers."""
    rng, bits = np.random.default_rng(5), request.param
    recipe = InputRecipe.frames((2, 50, 50), 5, bits) if bits else building.binary(50, 50, 5)
    network = building.network(
        recipe,
        (ConvSynapse(rng.integers(-60, 100, (5, 2, 3, 3)), (3, 3)), CubaNeuron(20, 1023, 400)),
        (DenseSynapse(rng.integers(-60, 64, (3, 5 * 16 * 16)), delays=np.full((3, 5 * 16 * 16), 2)), building.RELAY),
    )
    make = building.numbers if bits else building.spikes
    return network, make(rng, network, 2)


def test_an_input_larger_than_its_first_room_is_taken(large):
    assert stepped_differences(*large) == []


@pytest.mark.parametrize("kind", [np.bool_, np.int8, np.int32, np.int64, np.float64])
def test_frames_may_have_any_type(large, kind):
    network, frames = large
    trace, stepper = simulate(network, frames), Stepper(network)
    for step in range(network.max_steps):
        sent = np.asfortranarray(frames[0, ..., step].astype(kind)) if step < 5 else None
        if kind == np.bool_:
            trace = simulate(network, frames != 0)
        stepper.advance(sent) if step else stepper.begin(sent)
        for layer in range(2):
            assert np.array_equal(stepper.messages(layer), trace.messages[layer][0, ..., step])


@pytest.mark.parametrize("value", [np.nan, 0.5, 2**31, -(2**40)])
def test_frames_of_what_is_no_word_are_refused(large, value):
    network, frames = large
    frame = frames[0, ..., 0].astype(float if isinstance(value, float) else np.int64)
    frame[1, 2, 3] = value
    with pytest.raises(ConfigError, match=f"a frame is {frame.dtype} of shape"):
        Stepper(network).begin(frame)


@pytest.mark.parametrize("shape", [(1, 3000, 3000), (2, 1, 1), (3,)])
def test_frames_of_another_shape_are_refused(large, shape):
    with pytest.raises(ConfigError, match="a frame is bool of shape"):
        Stepper(large[0]).begin(np.ones(shape, dtype=bool))


def test_a_step_needs_a_sample_and_has_an_end(large):
    network, _ = large
    stepper = Stepper(network)
    with pytest.raises(ConfigError, match="step 0 does not exist, a sample has steps"):
        stepper.advance(None)
    stepper.begin(None)
    for _ in range(network.max_steps - 1):
        stepper.advance(None)
    with pytest.raises(ConfigError, match=f"step {network.max_steps} does not exist"):
        stepper.advance(None)


def test_an_error_leaves_nothing_to_the_next_sample():
    """The sums that had arrived when a convolution left its word belong to no later sample."""
    network = building.network(
        InputRecipe.frames((1, 3, 3), 4, 24), (ConvSynapse(np.full((2, 1, 3, 3), 255)), CubaNeuron(1, 4095, 4096))
    )
    stepper, silence = Stepper(network), np.zeros((1, 3, 3), dtype=np.int32)
    stepper.begin(np.full((1, 3, 3), 2**23 - 1, dtype=np.int32))
    with pytest.raises(CapacityError):
        stepper.advance(None)
    stepper.begin(silence)
    stepper.advance(silence)
    assert not stepper.states(0)["u"].any()


def test_a_sample_may_be_left_in_the_middle(large):
    network, frames = large
    trace, stepper = simulate(network, frames, states=True), Stepper(network)
    for stop in (1, 3):
        for step in range(stop):
            sent = trace.stream[1, ..., step]
            stepper.advance(sent) if step else stepper.begin(sent)
    assert stepper.step == 2
    assert stepped_differences(network, frames[:1], stepper) == []


def test_step_0_is_silent(large):
    network, frames = large
    stepper, trace = Stepper(network), simulate(network, frames)
    for sample in range(2):
        stepper.begin(trace.stream[sample, ..., 0])
        assert not any(stepper.messages(layer).any() for layer in range(2))
        assert not any(state.any() for layer in range(2) for state in stepper.states(layer).values())
        result = run(network, frames[sample : sample + 1])
        assert stepper.counts()[0, :2].tolist() == [result.input_events[0, 0], result.synops[0, 0, 0]]
        stepper.advance(trace.stream[sample, ..., 1])


def test_without_frames_only_the_bias_works():
    bias = CubaNeuron(1, 4095, 4096, [0, 100])
    network = building.network(building.binary(1, 1, 3, 1), (DenseSynapse([[64], [64]]), bias))
    stepper = Stepper(network)
    stepper.begin(None)
    for _ in range(1, network.max_steps):
        stepper.advance(None)
        assert stepper.messages(0).tolist() == [False, True]
        assert stepper.messages(-1).tolist() == [[[False]]]
        assert stepper.counts().tolist() == [[0, 0, 0], [1, 0, 0]]
