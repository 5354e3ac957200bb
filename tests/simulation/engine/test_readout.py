"""The engine's readout decides in the same integers as the reference, whatever is compared."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evsnn_lava.network import NEVER, CutoffPolicy, DenseSynapse, InputRecipe, SigmaNeuron, softmax_table
from evsnn_lava.simulation import run
from evsnn_lava.simulation.engine import Engine

from .building import RELAY, network

STEPS, CLASSES = 9, 3
KINDS = {
    "gap": lambda rng, table: CutoffPolicy("topk_gap", table),
    "conformal": lambda rng, table: CutoffPolicy("conformal", table),
    "confidence": lambda rng, table: CutoffPolicy(
        "confidence",
        np.where(table == NEVER, NEVER, 2**14 + 1500 * table),
        softmax=softmax_table(float(rng.choice([0.1, 0.8, 3.0, 5909.0]))),
    ),
}


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("kind", KINDS)
def test_spikes_are_decided_as_in_the_reference(kind, seed):
    """Relays: the scores are sums of the frames, so every lead and every tie comes up."""
    rng = np.random.default_rng(seed)
    table = rng.choice([NEVER, -1, 0, 1, 2, 3], STEPS)
    recipe = InputRecipe.frames((CLASSES, 1, 1), STEPS)
    net = network(recipe, (DenseSynapse(np.eye(CLASSES, dtype=int)), RELAY), policy=KINDS[kind](rng, table))
    frames = rng.random((6, CLASSES, 1, 1, STEPS)) < rng.random((6, CLASSES, 1, 1, 1))
    found, expected = Engine(net, threads=1).run(frames), run(net, frames)
    assert found.exit_step.tolist() == expected.exit_step.tolist()
    assert found.decision.tolist() == expected.decision.tolist()


def test_graded_output_far_beyond_the_table_is_decided_as_in_the_reference():
    rng = np.random.default_rng(0)
    recipe = InputRecipe.frames((CLASSES, 1, 1), STEPS, 16, "numbers")
    policy = CutoffPolicy("confidence", [20000] * STEPS, softmax=softmax_table(300.0))
    net = network(recipe, (DenseSynapse(np.eye(CLASSES, dtype=int)), SigmaNeuron()), policy=policy)
    frames = rng.integers(-900, 900, (40, CLASSES, 1, 1, STEPS)).astype(np.int32)
    found, expected = Engine(net, threads=1).run(frames), run(net, frames)
    assert found.exit_step.tolist() == expected.exit_step.tolist()
    assert expected.scores.min() < 0 < expected.scores.max()
    assert len(set(expected.exit_step.tolist())) > 2
