"""A fixed draw of random networks for the tests that ask what would be noticed."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from evsnn_lava.network import NEVER, ConvSynapse, CubaNeuron, CutoffPolicy, DenseSynapse

from .. import drawing
from . import building


@pytest.fixture(scope="session")
def drawn():
    """Random networks with a few samples each, and the edges: (network, frames)."""
    found = []

    @settings(max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=drawing.networks(samples=4))
    def draw(case):
        found.append(case)

    draw()
    return found + [case for name in drawing.EDGES for case in drawing.edge_cases(name)]


@pytest.fixture
def rng():
    """The same numbers in every run."""
    return np.random.default_rng(4)


@pytest.fixture
def tiny_windows(monkeypatch):
    """Makes windows, tiles and lists as small as they can be, so that every boundary is crossed."""
    smallest = {"flight": ("LIST_PLACES", "IDLE_PLACES"), "running": ("TILE_PLACES",), "intake": ("FIRST_PLACES",)}

    def shrink():
        for name, limits in smallest.items():
            module = importlib.import_module(f"evsnn_lava.simulation.engine.{name}")
            for limit in limits:
                monkeypatch.setattr(module, limit, 2)

    return shrink


@pytest.fixture(scope="session")
def wide():
    """Convolutions and a head, larger than a block, with biases and gaps that differ from sample to sample."""
    rng = np.random.default_rng(8)
    recipe = building.binary(9, 11, 12)
    weights = [rng.integers(-60, 100, size) for size in ((7, 2, 3, 3), (9, 7, 3, 2), (5, 9 * 4 * 5))]
    blocks = (
        (ConvSynapse(weights[0], (2, 2), (1, 0)), CubaNeuron(20, 1023, 400)),
        (ConvSynapse(weights[1], (1, 1), (0, 1), (1, 1)), CubaNeuron(30, 2000, 300, rng.integers(-20, 30, 9))),
    )
    inputs = int(np.prod(building.network(recipe, *blocks).layers[-1].shape))
    blocks = (*blocks, (DenseSynapse(rng.integers(-60, 64, (5, inputs))), CubaNeuron(40, 1023, 300)))
    policy = CutoffPolicy("topk_gap", [NEVER, NEVER, 2, 1, 1, 1, 1, 1, 0, 0, 0, NEVER])
    network = building.network(recipe, *blocks, policy=policy)
    return network, building.spikes(rng, network, 23, rng.random((23, 1, 1, 1, 1)) * 0.3)
