"""The neuron process, driven directly: the same integers as the specification, at the ends of every range too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.network import CubaNeuron
from evsnn_lava.runtime.board import Board
from evsnn_lava.runtime.exchange import Exchange
from evsnn_lava.simulation.arithmetic import step_cuba

pytestmark = pytest.mark.lava

SIZE = 6
STATE = (1 << 23) - 1
EXTREMES = np.array([0, 1, -1, 63, -64, 4095, -4096, 1 << 17, -(1 << 17), 1 << 18, -(1 << 18)])


@pytest.fixture(scope="module")
def model_of(tmp_path_factory):
    """Makes the model of a neuron as Lava's builder does, without ports."""
    from evsnn_lava.runtime.processes.neurons import PyCubaResetModel

    exchange = Exchange(tmp_path_factory.mktemp("session"))
    Board(exchange.board, ("neurons",), create=True)

    def make(neuron, gate):
        model = PyCubaResetModel({"exchange": exchange, "row": 0})
        model.u, model.v = np.zeros(SIZE, dtype=np.int32), np.zeros(SIZE, dtype=np.int32)
        model.vth, model.du, model.dv = neuron.vth_mant, neuron.du, neuron.dv
        bias = 0 if neuron.bias_mant is None else neuron.bias_mant
        model.bias_mant = np.broadcast_to(bias, SIZE).astype(np.int16)
        model.bias_exp = np.full(SIZE, neuron.bias_exp, dtype=np.int16)
        model.gate = np.asarray(gate)
        return model

    return make


neurons = st.builds(
    CubaNeuron,
    vth_mant=st.integers(0, 131071),
    du=st.integers(-1, 4095),
    dv=st.integers(0, 4096),
    bias_mant=st.none() | st.lists(st.integers(-4096, 4095), min_size=SIZE, max_size=SIZE).map(np.array),
    bias_exp=st.integers(0, 7),
)


@settings(max_examples=150, deadline=None)
@given(neuron=neurons, seed=st.integers(0, 2**32 - 1), start=st.sampled_from([0, STATE, -STATE]))
def test_every_step_equals_the_specification(model_of, neuron, seed, start):
    rng = np.random.default_rng(seed)
    model = model_of(neuron, np.ones(10, dtype=bool))
    u = v = np.full((1, SIZE), start, dtype=np.int64)
    model.u[:], model.v[:] = start, start
    for _ in range(8):
        activation = rng.choice([rng.choice(EXTREMES, SIZE), rng.integers(-2000, 2000, SIZE)])
        u, v, spikes = step_cuba(neuron, (SIZE,), u, v, activation[None].astype(np.int64))
        sent = model._update(activation.astype(np.int32))
        assert np.array_equal(model.u, u[0])
        assert np.array_equal(model.v, v[0])
        assert np.array_equal(sent, spikes[0])


def test_reset_forgets_and_the_gate_holds_back(model_of):
    model = model_of(CubaNeuron(vth_mant=1, du=1023, dv=0, bias_mant=np.full(SIZE, 9)), [True, False, True])
    strong = np.full(SIZE, 100, dtype=np.int32)
    assert not model._reset().any()
    assert not model._update(strong).any()
    assert (model.v == 0).all()
    assert model._update(strong).all()
    assert (model.u != 0).all()
    assert not model._reset().any()
    assert (model.u == 0).all()
    assert model.step == 0
