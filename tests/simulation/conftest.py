"""Random networks, the semantics by hand, and a network in which a spike can be followed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from evsnn_lava.network import (
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)

from . import drawing, plain


@pytest.fixture(scope="session")
def cases():
    """Strategy of (network, frames)."""
    return drawing.networks()


@pytest.fixture(scope="session")
def by_hand():
    """The semantics in plain integers: `sample(network, frames)` and the rest of `plain.py`."""
    return plain


@pytest.fixture(scope="session")
def recorded():
    """A fixed draw of random networks with one sample each, the edges, and what Lava's models make of them."""
    from . import lava_models

    found = []

    @settings(max_examples=600, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=drawing.networks(samples=1))
    def draw(case):
        found.append(case)

    draw()
    found.extend(case for name in drawing.EDGES for case in drawing.edge_cases(name))
    return [(network, frames, lava_models.run(network, frames)) for network, frames in found]


def relay_network(depth, steps, semantics="skip", keep=None):
    """Neurons that pass every spike on at once and remember nothing: 2 x 2 pixels, one neuron each."""
    relay = CubaNeuron(vth_mant=1, du=4095, dv=4096)
    layers = tuple(Layer(f"relay{i}", DenseSynapse(2 * np.eye(4, dtype=int)), relay, (4,)) for i in range(depth))
    masks = FrameMasks(semantics, keep) if keep is not None else FrameMasks.all_kept(steps, depth, semantics)
    recipe = InputRecipe(2, 2, steps, 1000, polarities=1)
    return NetworkDescription("relay", layers, recipe, masks, CutoffPolicy.never(masks.stream_steps), tuple("abcd"))


@pytest.fixture(scope="session")
def relay():
    """Makes networks in which a spike can be followed from layer to layer."""
    return relay_network
