"""Bounds of currents and voltages: nothing gets beyond them, and where they leave 24 bits SLAYER really differs."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.slayer.ranges import STATE_TOP, may_overflow, reach
from evsnn_lava.network import ConvSynapse, CubaNeuron, DenseSynapse, DirectSynapse, Layer, SigmaNeuron
from evsnn_lava.simulation import simulate

truth = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("slayer_truth.py"))))

STEPS = 25


@st.composite
def layers(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shift = draw(st.integers(0, 60))
    synapse = draw(
        st.sampled_from(
            [
                DenseSynapse(rng.integers(-100 - shift, 161 - shift, (4, 18))),
                ConvSynapse(rng.integers(-90 - shift, 90, (4, 2, 2, 2)), padding=(1, 1)),
                DirectSynapse(int(rng.integers(-900, 900)), int(rng.integers(-90, 90))),
            ]
        )
    )
    shape = synapse.output_shape((2, 3, 3))
    ranges = ((-1, 4096), (0, 4097))
    decays = [rng.integers(low, high, shape[0]) if draw(st.booleans()) else low for low, high in ranges]
    neuron = CubaNeuron(int(rng.integers(0, 2000)), *decays, rng.integers(-90, 90, shape[0]))
    back = DenseSynapse(rng.integers(-50, 40, (4, 4))) if len(shape) == 1 and draw(st.booleans()) else None
    frames = rng.random((2, 2, 3, 3, STEPS)) < draw(st.sampled_from([0.2, 1.0]))
    return Layer("it", synapse, neuron, shape, back), frames


@settings(max_examples=80, deadline=None)
@given(case=layers())
def test_no_state_gets_beyond_its_bound(case):
    layer, frames = case
    network = truth.described([layer], (2, 3, 3), STEPS)
    states = simulate(network, frames.astype(int), states=True).states[0]
    bound = reach(layer, network.max_steps)
    assume(bound.current <= STATE_TOP)  # beyond, the current wraps
    assert np.abs(states["u"]).max() <= bound.current
    assert -states["v"].min() <= bound.below


def test_the_bound_is_reached_where_nothing_is_rounded():
    layer = Layer("it", DenseSynapse([[-10, -20, 5]]), CubaNeuron(10, -1, 0, [-3]), (1,))
    network = truth.described([layer], (3,), 4)
    frames = np.zeros((1, 3, 1, 1, 4), dtype=int)
    frames[:, :2] = 1
    states = simulate(network, frames, states=True).states[0]
    bound = reach(layer, 4)
    assert np.abs(states["u"]).max() == bound.current == 64 * 30 * 4
    assert bound.below >= -states["v"].min()


@pytest.mark.torch
def test_a_network_that_may_overflow_is_named_and_differs():
    """A voltage that saturates at -2**23 on the chip sinks on in SLAYER, so it takes longer to come back."""
    from evsnn_lava._torch import slayer

    block = slayer.block.cuba.Dense({"threshold": 8, "current_decay": 0.5, "voltage_decay": 0.001}, 200, 1)
    block.synapse.weight.data[:, :100], block.synapse.weight.data[:, 100:] = -4.0, 3.9
    frames = np.zeros((1, 200, 160), dtype=int)
    frames[:, :100, :60], frames[:, 100:, 60:] = 1, 1
    compiled, found, expected = truth.compared([block], frames)
    assert may_overflow(compiled, 161) == {"may_overflow": "dense1"}
    assert found[0].any()
    assert expected[0].any()
    assert not np.array_equal(found[0], expected[0])
    calm = truth.compared([block], frames * np.isin(np.arange(160), (0, 90, 91, 92)))
    assert calm[2][0].any()
    assert np.array_equal(calm[1][0], calm[2][0])


def test_only_cuba_layers_have_a_bound():
    layer = Layer("it", DenseSynapse([[2]]), SigmaNeuron(), (1,))
    assert may_overflow([layer], 9) == {}
    with pytest.raises(UnsupportedError, match="layer it: SigmaNeuron has no bound here"):
        reach(layer, 9)
