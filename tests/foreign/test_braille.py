"""A recurrent network that was trained with an old SLAYER and exported for Loihi: a dialect that netx skips.

It takes 48 channels and knows 28 classes. The recordings of the test data have 24 channels, 27 classes and another
encoder, so that they cannot be its input; it runs on random spikes here.
"""

import numpy as np
import pytest

from evsnn_lava.export.netx.reader import read_netx
from evsnn_lava.simulation import simulate


@pytest.fixture(scope="module")
def found(evsnn_data):
    return read_netx(evsnn_data / "networks" / "inrc" / "braille_rsnn_netLoihi_rec_th1.net")


def test_loads(found):
    network = found.network
    hidden, output = network.layers
    assert network.input_shape == (1, 1, 48)
    assert network.recipe.steps == 270
    assert (hidden.synapse.weights.shape, hidden.recurrent.weights.shape) == ((450, 48), (450, 450))
    assert output.synapse.weights.shape == (28, 450)
    assert all(
        (layer.neuron.vth_mant, layer.neuron.du, layer.neuron.dv) == (330, 2314, 327) for layer in network.layers
    )
    assert [decision.path for decision in found.decisions] == ["/layer/2/type"]


def test_runs(found):
    frames = np.random.default_rng(1).random((2, 1, 1, 48, 270)) < 0.1
    hidden, output = simulate(found.network, frames).messages
    assert hidden.any()
    assert output.any()
