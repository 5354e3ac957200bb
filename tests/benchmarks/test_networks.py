"""Without anybody's data the generated networks stand in: the same sizes, about the same activity."""

import numpy as np
import pytest

from benchmarks import networks
from benchmarks.growth import VALUES, Member, members
from evsnn_lava.simulation.engine import Engine

PILOTNET_NEURONS = [39600, 76032, 26460, 8064, 5632, 2560, 100, 50, 10, 1]


def spikes_per_step(case):
    return float(Engine(case.network).run(case.samples(1)).messages.sum() / case.working_steps)


@pytest.mark.parametrize("make", [networks.pilotnet_image, networks.pilotnet_silent])
def test_generated_pilotnet(no_data, make):
    case = make()
    assert [layer.neurons for layer in case.network.layers] == PILOTNET_NEURONS
    assert case.netx_file is None
    assert 10_000 < spikes_per_step(case) < 60_000


def test_generated_dense_network(no_data):
    case = networks.nmnist_dense()
    assert [layer.synapse.weights.shape for layer in case.network.layers] == [(512, 2312), (10, 512)]
    assert case.frames.shape[1:] == (2, 34, 34, 300)
    assert 0.5 < spikes_per_step(case) < 50


def test_the_silent_sample_takes_as_long_as_the_published_reset():
    assert networks.pilotnet_silent().network.max_steps == networks.RESET_EVERY


def test_biased_networks_get_all_working_steps():
    case, plain = networks.pilotnet_silent(), networks.smallest()
    assert case.undelayed(2).shape[-1] == case.working_steps
    assert plain.undelayed(2).shape[-1] == plain.network.masks.steps


def test_the_family_changes_one_size_at_a_time():
    base = Member()
    for axis, value, member in members().values():
        changed = [name for name in VALUES if getattr(member, name) != getattr(base, name)]
        assert changed == ([axis] if value != getattr(base, axis) else [])


def test_the_hidden_layer_neither_sleeps_nor_storms():
    for _, _, member in members().values():
        if member.neurons <= 1024 and member.fan_in <= 1024:
            result = Engine(member.network()).run(member.frames()[:4])
            share = result.messages[:, 0].sum() / (4 * member.neurons * member.steps)
            assert 0.0005 < share < 0.5, member


def test_samples_repeat():
    case = networks.smallest()
    np.testing.assert_array_equal(case.samples(10)[8:], case.frames[:2])
