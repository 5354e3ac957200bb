"""The neuron processes, driven directly: the same integers as the specification, at the ends of every range too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.network import CubaNeuron, DeltaNeuron, RfIzNeuron, RfNeuron, SigmaDeltaNeuron, SigmaNeuron
from evsnn_lava.runtime.board import Board
from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.simulation.neurons import DYNAMICS

pytestmark = pytest.mark.lava

SHAPE = (2, 3, 2)
STATE, WORD = (1 << 23) - 1, (1 << 31) - 1
VTH, EXPONENT = st.integers(0, 131071), st.integers(0, 7)
ENDS = np.array([0, 1, -1, 63, -64, 4095, -4096, 1 << 17, -(1 << 18), 1 << 25, STATE, -STATE, WORD, -WORD - 1])


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    files = Exchange(tmp_path_factory.mktemp("session"))
    Board(files.board, ("neurons",), create=True)
    return files


@pytest.fixture(scope="module")
def model_of(exchange, built):
    """Makes the model of a neuron, in the layout that Lava's compiler would give it."""
    from evsnn_lava.runtime.layers import NEURONS
    from evsnn_lava.runtime.processes import cuba, resonators, sigma_delta

    models = {
        CubaNeuron: cuba.PyCubaResetModel,
        DeltaNeuron: sigma_delta.PyDeltaResetModel,
        SigmaDeltaNeuron: sigma_delta.PySigmaDeltaResetModel,
        SigmaNeuron: sigma_delta.PySigmaResetModel,
        RfNeuron: resonators.PyRfResetModel,
        RfIzNeuron: resonators.PyRfIzResetModel,
    }
    assert models.keys() == NEURONS.keys() == DYNAMICS.keys()

    def make(neuron, gate):
        options = {"gate": np.asarray(gate), "layer": 0, "exchange": exchange, "row": 0, "name": "neurons"}
        return built(models[type(neuron)], NEURONS[type(neuron)](SHAPE[::-1], neuron, **options))

    return make


def arrays(low, high, *shapes):
    def of(shape):
        size = int(np.prod(shape))
        return st.lists(st.integers(low, high), min_size=size, max_size=size).map(lambda v: np.array(v).reshape(shape))

    return st.sampled_from(shapes).flatmap(of)


channels = SHAPE[:1]
bias = st.none() | arrays(-4096, 4095, channels, SHAPE)
exponents = {"spike_exp": EXPONENT, "state_exp": EXPONENT}
turn = {"sin_decay": st.integers(-4096, 4096), "cos_decay": st.integers(-4096, 4096)}
resonator = {"vth_mant": VTH, "state_exp": EXPONENT, "decay_bits": st.integers(1, 12), **turn}
FAMILIES = {
    "cuba": st.builds(
        CubaNeuron,
        vth_mant=VTH,
        du=st.integers(-1, 4095) | arrays(-1, 4095, channels),
        dv=st.integers(0, 4096) | arrays(0, 4096, channels),
        bias_mant=bias,
        bias_exp=st.integers(0, 7),
    ),
    "delta": st.builds(DeltaNeuron, vth_mant=VTH, **exponents),
    "sigma_delta": st.builds(
        SigmaDeltaNeuron, vth_mant=VTH, bias_mant=bias, activation=st.sampled_from(["relu", "unit"]), **exponents
    ),
    "sigma": st.just(SigmaNeuron()),
    "rf": st.builds(RfNeuron, **resonator),
    "rf_iz": st.builds(RfIzNeuron, **resonator),
}


def activation_for(neuron, rng):
    shape = ((2,) if isinstance(neuron, RfNeuron) else ()) + (1, *SHAPE)
    kinds = (rng.choice(ENDS, shape), rng.integers(-2000, 2000, shape), rng.integers(-(1 << 31), 1 << 31, shape))
    return kinds[rng.integers(3)]


def lava_inputs(neuron, activation):
    """One array per port, in Lava's axes."""
    parts = activation[:, 0] if isinstance(neuron, RfNeuron) else activation
    return [np.ascontiguousarray(part.T).astype(np.int32) for part in parts]


def same(lava, ours):
    return np.array_equal(lava.T, ours[0])


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=60)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1), start=st.sampled_from([0, STATE, -STATE]))
def test_every_step_equals_the_specification(model_of, family, data, seed, start):
    neuron, rng = data.draw(FAMILIES[family]), np.random.default_rng(seed)
    model, dynamics = model_of(neuron, np.ones(10, dtype=bool)), DYNAMICS[type(neuron)]
    states = {name: np.full((1, *SHAPE), start, dtype=np.int64) for name in dynamics.states}
    for name in dynamics.states:
        getattr(model, name)[:] = start
    for _ in range(8):
        activation = activation_for(neuron, rng)
        states, messages = dynamics.step(neuron, SHAPE, states, activation.astype(np.int64))
        sent = model._update(*lava_inputs(neuron, activation))
        assert {name for name in states if not same(getattr(model, name), states[name])} == set()
        assert same(sent, messages)


EXAMPLES = (
    CubaNeuron(vth_mant=1, du=1023, dv=0, bias_mant=np.full(2, 9)),
    DeltaNeuron(vth_mant=1),
    SigmaDeltaNeuron(vth_mant=1, bias_mant=np.full(2, 9)),
    SigmaNeuron(),
    RfIzNeuron(vth_mant=1, sin_decay=2000, cos_decay=3000),
    RfNeuron(vth_mant=1, sin_decay=4000, cos_decay=600),
)


@pytest.mark.parametrize("neuron", EXAMPLES, ids=lambda neuron: type(neuron).__name__)
def test_reset_forgets_and_the_gate_holds_back(model_of, neuron):
    ports = (2,) if isinstance(neuron, RfNeuron) else ()
    inputs = [lava_inputs(neuron, np.full((*ports, 1, *SHAPE), value)) for value in (9, 500, -70, 1, 0, 0, 0)]
    free, gate = model_of(neuron, np.ones(8, dtype=bool)), np.ones(8, dtype=bool)
    unmasked = [free._update(*each).copy() for each in inputs]
    first = int(np.argmax([messages.any() for messages in unmasked]))
    gate[first + 1] = False
    model = model_of(neuron, gate)
    for _ in range(2):
        assert not model._reset().any()
        assert model.step == 0
        assert not any(getattr(model, state).any() for state in DYNAMICS[type(neuron)].states)
        masked = [model._update(*each).copy() for each in inputs]
        assert unmasked[first].any()
        assert not masked[first].any()
        assert np.array_equal(np.delete(masked, first, 0), np.delete(unmasked, first, 0))


def test_states_are_noted_when_asked(model_of, exchange):
    board = Board(exchange.board, ("neurons",))
    model = model_of(CubaNeuron(vth_mant=100, du=0, dv=0), np.ones(4, dtype=bool))
    exchange.states(0).write_bytes(b"")
    for states in (False, True, False):
        board.set_record(False, states)
        model.a_in, model.begin_in = Source(np.full(SHAPE[::-1], 5)), Source(np.zeros(1, dtype=np.int32))
        model.s_out = Sink()
        model.run_spk()
    noted = np.fromfile(exchange.states(0), np.int32)
    assert noted.size == 2 * np.prod(SHAPE)
    assert set(noted[:12].tolist()) == {639}  # 5 << 6 twice, decayed once
    assert set(noted[12:].tolist()) == {320 + 639}


class Source:
    """A port from which always the same comes."""

    def __init__(self, value):
        self.value = value

    def recv(self):
        return self.value


class Sink:
    """A port into which everything goes."""

    def send(self, data):
        pass
