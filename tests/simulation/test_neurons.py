"""What neurons compute in one step, from any state: against plain integers and Lava's own models."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.network import CubaNeuron, DeltaNeuron, RfIzNeuron, RfNeuron, SigmaDeltaNeuron, SigmaNeuron
from evsnn_lava.simulation.neurons import DYNAMICS

from . import drawing

LIMIT, WORD = 2**23, 2**31
SHAPE = (2, 3, 1)
BITS = {"u": 24, "v": 24, "real": 24, "imag": 24, "act": 32, "residue": 32, "sigma": 32}
ENDS = {24: [0, 1, -1, LIMIT - 1, 1 - LIMIT], 32: [0, 1, -1, WORD - 1, -WORD]}
ACTIVATIONS = [0, 1, -1, 63, -64, 2**17, -(2**17), 2**25, WORD - 1, -WORD]


@st.composite
def situations(draw):
    """A neuron of any kind, states of a layer and what arrives there."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    neuron = draw(drawing.NEURONS[draw(st.sampled_from(sorted(drawing.NEURONS)))](rng, SHAPE))
    states = {name: some(rng, ENDS[BITS[name]], 2 ** (BITS[name] - 1) - 1) for name in DYNAMICS[type(neuron)].states}
    parts = 2 if isinstance(neuron, RfNeuron) else 1
    activation = np.stack([some(rng, ACTIVATIONS, draw(st.sampled_from([100, 2**18, WORD - 1]))) for _ in range(parts)])
    return neuron, states, activation if parts == 2 else activation[0]


def some(rng, ends, most):
    shape = (1, *SHAPE)
    return np.where(rng.random(shape) < 0.4, rng.choice(ends, shape), rng.integers(-most, most, shape, endpoint=True))


def stepped(neuron, states, activation):
    return DYNAMICS[type(neuron)].step(neuron, SHAPE, states, activation)


@settings(max_examples=400)
@given(situation=situations())
def test_step_is_the_equations_of_the_neuron_in_plain_integers(by_hand, situation):
    neuron, states, activation = situation
    names, advance = by_hand.NEURONS[type(neuron).__name__]
    new, messages = stepped(*situation)
    assert tuple(new) == names == DYNAMICS[type(neuron)].states
    assert messages.dtype == (np.int64 if neuron.graded else np.bool_)
    for index, place in enumerate(np.ndindex(SHAPE)):
        before = tuple(int(states[name][(0, *place)]) for name in names)
        arriving = activation[(..., 0, *place)].tolist()
        expected, message = advance(neuron, index, SHAPE, before, arriving)
        assert tuple(int(new[name][(0, *place)]) for name in names) == expected
        assert int(messages[(0, *place)]) == message


@pytest.mark.lava
@settings(max_examples=400)
@given(situation=situations())
def test_step_is_that_of_lavas_own_model_from_any_state(situation):
    from . import lava_models as lava

    neuron, states, activation = situation
    shape = SHAPE if not isinstance(neuron, RfNeuron) else SHAPE[::-1]
    model = lava.filled(lava.NEURONS[type(neuron)](neuron, shape))
    for name, value in states.items():
        getattr(model, name)[:] = lava.turned(value[0])
    names = ("a_real_in", "a_imag_in") if isinstance(neuron, RfNeuron) else ("a_in",)
    for name, part in zip(names, activation.reshape(-1, *SHAPE), strict=True):
        getattr(model, name).sources = (lambda part=part: lava.turned(part).astype(np.int32),)
    model.run_spk()
    new, messages = stepped(*situation)
    for name, value in new.items():
        assert np.array_equal(value[0], lava.turned(getattr(model, name))), name
    assert np.array_equal(messages[0], lava.turned(model.s_out.read()))


def cuba(neuron, *steps):
    """(u, v, fired) after each (u, v, activation)."""
    u, v, activation = np.array(steps).T[:, :, None]
    new, fired = DYNAMICS[CubaNeuron].step(neuron, (1,), {"u": u, "v": v}, activation)
    return list(zip(*(part[:, 0].tolist() for part in (new["u"], new["v"], fired)), strict=True))


def test_a_current_wraps_and_a_voltage_clips_where_24_bits_end():
    hold = CubaNeuron(131071, -1, 0)
    assert [u for u, _, _ in cuba(hold, (LIMIT, 0, 0), (LIMIT, 0, 1), (LIMIT - 64, 0, 1), (LIMIT - 63, 0, 1))] == [
        LIMIT,
        LIMIT + 64 - 2**24,
        LIMIT,
        1 - LIMIT,
    ]
    assert cuba(hold, (LIMIT - 1, LIMIT - 1, 0), (1 - LIMIT, 1 - LIMIT, 0)) == [
        (LIMIT - 1, 0, True),
        (1 - LIMIT, 1 - LIMIT, False),
    ]


def test_a_voltage_at_the_threshold_does_not_fire():
    relay = CubaNeuron(3, 4095, 4096)
    assert [fired for _, _, fired in cuba(relay, (0, 0, 2), (0, 0, 3), (0, 0, 4))] == [False, False, True]
    biased = CubaNeuron(131071, 4095, 0, [1], 0)
    assert [fired for _, _, fired in cuba(biased, (0, 131071 * 64 - 1, 0), (0, 131071 * 64, 0))] == [False, True]


def test_a_delta_at_the_threshold_is_sent():
    neuron = DeltaNeuron(2, spike_exp=1, state_exp=1)
    states = {"act": np.array([[0, 0, 12, 4]]), "residue": np.array([[0, 0, 0, 3]])}
    new, messages = DYNAMICS[DeltaNeuron].step(neuron, (4,), states, np.array([[1, 2, 1, 1]]))
    assert messages.tolist() == [[0, 4, -4, 0]]
    assert new["residue"].tolist() == [[4, 0, 0, 3]]
    assert new["act"].tolist() == [[4, 8, 4, 4]]


def test_what_rounding_cuts_off_a_message_is_lost():
    """Lava leaves it out of the residue: `PySigmaDeltaModelFixed`, not its later correction."""
    neuron = SigmaDeltaNeuron(0, [0], "unit", spike_exp=0, state_exp=2)
    states = {name: np.zeros((1, 2), dtype=np.int64) for name in ("sigma", "act", "residue")}
    new, messages = DYNAMICS[SigmaDeltaNeuron].step(neuron, (2,), states, np.array([[7, -7]]))
    assert messages.tolist() == [[1, -2]]
    assert new["residue"].tolist() == [[0, 0]]


def test_relu_and_unit():
    states = {name: np.zeros((1, 2), dtype=np.int64) for name in ("sigma", "act", "residue")}
    for activation, expected in (("relu", [[0, 3]]), ("unit", [[-5, 3]])):
        neuron = SigmaDeltaNeuron(0, [-1], activation, spike_exp=0, state_exp=0)
        new, _ = DYNAMICS[SigmaDeltaNeuron].step(neuron, (2,), states, np.array([[-4, 4]]))
        assert new["act"].tolist() == expected
        assert new["sigma"].tolist() == [[-4, 4]]


def test_the_word_that_has_no_absolute_value_is_below_every_threshold():
    neuron = DeltaNeuron(0, 0, 0)
    states = {"act": np.array([[0, 0]]), "residue": np.array([[0, 0]])}
    new, messages = DYNAMICS[DeltaNeuron].step(neuron, (2,), states, np.array([[-WORD, 1 - WORD]]))
    assert messages.tolist() == [[0, 1 - WORD]]
    assert new["residue"].tolist() == [[-WORD, 0]]


def test_a_resonator_fires_when_its_phase_passes_zero():
    neuron = RfNeuron(2, sin_decay=0, cos_decay=4096, state_exp=0)
    states = {"real": np.array([[2, 2, 1, 2, 2]]), "imag": np.array([[-1, -1, -1, 0, -3]])}
    arriving = np.array([[[0] * 5], [[1, 5, 1, 1, 2]]])
    new, fired = DYNAMICS[RfNeuron].step(neuron, (5,), states, arriving)
    assert fired.tolist() == [[True, True, False, False, False]]
    assert new["imag"].tolist() == [[0, 4, 0, 1, -1]]


def test_a_resonator_of_izhikevich_is_reset_below_its_threshold():
    neuron = RfIzNeuron(2, sin_decay=0, cos_decay=4096, state_exp=1)
    states = {"real": np.array([[7, 7]]), "imag": np.array([[3, 2]])}
    new, fired = DYNAMICS[RfIzNeuron].step(neuron, (2,), states, np.array([[[0, 0]], [[1, 0]]]))
    assert fired.tolist() == [[True, False]]
    assert (new["real"].tolist(), new["imag"].tolist()) == ([[0, 7]], [[3, 2]])


def test_every_neuron_begins_at_rest():
    for kind, dynamics in DYNAMICS.items():
        rest = dynamics.rest(2, (3, 1, 4))
        assert tuple(rest) == dynamics.states, kind
        assert all(state.shape == (2, 3, 1, 4) and not state.any() for state in rest.values())
    assert set(DYNAMICS) == {CubaNeuron, DeltaNeuron, SigmaDeltaNeuron, SigmaNeuron, RfNeuron, RfIzNeuron}
