"""The input that states imply: it leads to them, and it is the one that arrived, up to what the states cannot tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.network import CubaNeuron, DeltaNeuron, RfIzNeuron, RfNeuron, SigmaDeltaNeuron, SigmaNeuron
from evsnn_lava.simulation.diagnosis.replay import History
from evsnn_lava.simulation.neurons import DYNAMICS

MOMENTS = 60
# neuron, and what two inputs may differ by without a difference in the states
NEURONS = {
    "cuba": (CubaNeuron(100, 300, 200), 2**18),
    "cuba without memory": (CubaNeuron(100_000, 4095, 4096), 2**18),
    "delta": (DeltaNeuron(9, 3, 2), 2**27),
    "sigma-delta": (SigmaDeltaNeuron(9, None, "relu", 3, 2), 2**32),
    "sigma": (SigmaNeuron(), 2**32),
    "rf": (RfNeuron(60, 2600, 2900), 2**26),
    "rf, fine": (RfNeuron(131_000, 2600, 2900, state_exp=0), 2**32),
    "rf_iz": (RfIzNeuron(60, 2600, 2900), 2**26),
    "rf_iz, high threshold": (RfIzNeuron(131_071, 2600, 2900, 2), 2**30),
}


def lived(rng, neuron):
    """Moments that have nothing to do with each other: small and large states and inputs."""

    def numbers(*shape):
        return (rng.integers(-(2**31), 2**31, shape) >> rng.integers(0, 32, shape)).astype(np.int64)

    parts = (2,) if isinstance(neuron, RfNeuron) else ()
    dynamics, held = DYNAMICS[type(neuron)], 8 if isinstance(neuron, RfNeuron) else 0
    before = {name: numbers(MOMENTS, 1) >> held for name in dynamics.states}
    arrived = numbers(*parts, MOMENTS, 1)
    after, messages = dynamics.step(neuron, (1,), before, arrived)
    expected = np.where(rng.random((MOMENTS, 1)) < 0.3, arrived, numbers(*parts, MOMENTS, 1))
    gate = np.ones((MOMENTS, 1), dtype=bool)
    return History(neuron, before, after, expected, messages.astype(np.int64), gate), arrived


@pytest.mark.parametrize("kind", NEURONS)
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32))
def test_what_arrived_explains_the_states_and_is_told_where_it_can_be(kind, seed):
    neuron, modulus = NEURONS[kind]
    moments, arrived = lived(np.random.default_rng(seed), neuron)
    implied = moments.implied_input
    assert moments.fits(neuron, implied).all()
    told = moments.input_fits(implied)
    assert ((implied - arrived) % modulus == 0)[..., told, :].all()
    if not isinstance(neuron, RfNeuron):
        assert told.all()


@pytest.mark.parametrize("kind", NEURONS)
def test_what_must_arrive_is_implied_where_it_fits(kind):
    neuron, _ = NEURONS[kind]
    moments, arrived = lived(np.random.default_rng(1), neuron)
    assert np.array_equal(replace(moments, activation=arrived).implied_input, arrived)


def test_a_saturated_or_reset_resonator_does_not_say_what_arrived():
    still, loud = np.zeros((1, 1), dtype=np.int64), np.array([[[0]], [[10**6]]])
    for neuron in (RfNeuron(60, 2600, 2900), RfIzNeuron(60, 2600, 2900)):
        before = {"real": still, "imag": still}
        after, messages = DYNAMICS[type(neuron)].step(neuron, (1,), before, loud)
        moment = History(neuron, before, after, 0 * loud, messages.astype(np.int64), still == 0)
        assert moment.fits(neuron, moment.implied_input).all()
        assert 0 < moment.implied_input[1, 0, 0] < 10**6
        assert not moment.input_fits(moment.implied_input).any()


def test_states_that_no_input_gives_tell_none():
    still = np.zeros((1, 1), dtype=np.int64)
    moment = History(
        CubaNeuron(60, 0, 0), {"u": still, "v": still}, {"u": still + 63, "v": still}, still, still, still == 0
    )
    assert not moment.input_fits(moment.implied_input).any()
