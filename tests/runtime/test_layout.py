"""How networks lie in Lava."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.errors import ConfigError
from evsnn_lava.network import CubaNeuron
from evsnn_lava.runtime import LavaSession
from evsnn_lava.runtime.layout import lava_parameter, process_names, source_graded


def test_processes_are_named_in_the_order_of_the_messages(make):
    network = make.random_network(0)
    layers = ("layer0 neurons", "layer1 neurons", "layer2 neurons")
    recorders = tuple(f"{name} recorder" for name in ("input", "layer0", "layer1", "layer2"))
    assert process_names(network) == ("feeder", *layers, "readout", *recorders)
    assert process_names(network, "fused") == ("feeder", "network", "readout")
    assert source_graded(network) == (False,) * 4


@pytest.mark.parametrize("shape", [(3,), (3, 2, 4)])
def test_parameters_broadcast_as_in_the_description(shape):
    rng, wanted = np.random.default_rng(0), (3, 2, 4)
    values = rng.integers(-9, 9, shape)
    ours = np.broadcast_to(CubaNeuron(1, 0, 0, values, 0).bias(wanted), wanted)
    assert np.array_equal(np.broadcast_to(lava_parameter(values), wanted[::-1]).T, ours)


def test_a_timeout_must_be_positive(make):
    with pytest.raises(ConfigError, match="timeout_s is 0"):
        LavaSession(make.small_network(), timeout_s=0)


def test_an_unknown_model_is_refused_before_anything_starts(make):
    with pytest.raises(ConfigError, match="unknown model of the Lava graph 'netx'; choose one of: fused, layers"):
        LavaSession(make.small_network(), model="netx")
