"""What a part stores, by hand counts of the rule in ``docs/placement.md``."""

from __future__ import annotations

import numpy as np
import pytest

from evsnn_lava.export.placement import place
from evsnn_lava.export.placement.activity import Activity
from evsnn_lava.export.placement.comparison import balance_of
from evsnn_lava.export.placement.partition import compiler_size, fits
from evsnn_lava.export.placement.plan import Tile
from evsnn_lava.export.placement.store import LayerStore
from evsnn_lava.hw_profiles import load_profile
from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)

NEURON = CubaNeuron(vth_mant=20, du=2000, dv=300)
LOIHI2 = load_profile("loihi2")


def dense(inputs, outputs, delays=None):
    weights = np.full((outputs, inputs), 2)
    weights[0, 0] = -6
    return Layer("fc", DenseSynapse(weights, delays=delays), NEURON, (outputs,))


@pytest.mark.parametrize(("delays", "bits"), [(None, 3 + 12), (np.ones((10, 7), int), 3 + 12 + 6)])
def test_a_delay_takes_six_bits_beside_weight_and_index(delays, bits):
    store = LayerStore.of(dense(7, 10, delays))
    assert store.synapse_words(Tile((0, 10))) == 7 * -(-(16 + 10 * bits) // 64)


def test_a_grouped_kernel_has_rows_for_the_channels_of_a_group():
    """16 channels in 4 groups of 4: each of the 8 inputs reaches 4 channels, a block of four weights of 2 bits."""
    layer = Layer("conv", ConvSynapse(np.full((16, 2, 3, 3), 2), groups=4), NEURON, (16, 4, 4))
    store = LayerStore.of(layer)
    assert store.synapse_words(Tile((0, 16), (0, 4), (0, 4))) == 8 * 9 * -(-(16 + 4 * 2) // 64)
    assert store.synapse_words(Tile((0, 4), (0, 4), (0, 4))) == 2 * 9


def test_what_halving_does_not_help_is_not_halved():
    """Too many inputs stay too many, however few neurons a core has."""
    layer = dense(12_001, 8)
    size = compiler_size(LayerStore.of(layer), LOIHI2.limits)
    assert size == (1, 1, 1)
    loihi1 = load_profile("loihi1").limits
    assert compiler_size(LayerStore.of(dense(4097, 8)), loihi1) == (8, 1, 1), "axons in do not depend on the cut"


def test_a_core_of_loihi_1_holds_1024_neurons():
    layer = dense(2, 2048)
    assert compiler_size(LayerStore.of(layer), load_profile("loihi1").limits)[0] == 1024


def test_no_step_is_shorter_than_the_barrier():
    network = NetworkDescription(
        "n",
        (dense(2, 2),),
        InputRecipe.frames((1, 1, 2), 2, 0),
        FrameMasks.all_kept(2, 1),
        CutoffPolicy.never(2),
        ("a", "b"),
    )
    silent = Activity((np.zeros((1, 1, 2)), np.zeros(2)), 1, 1.0)
    assert balance_of(network, place(network, LOIHI2), silent, LOIHI2).step_s == LOIHI2.time.barrier.si


def test_a_core_has_no_more_groups_than_it_can():
    """511 channels are nine powers of two; 256 are one."""
    layer = Layer("conv", ConvSynapse(np.full((511, 1, 1, 1), 2)), NEURON, (511, 2, 2))
    store = LayerStore.of(layer)
    assert not fits(store, (511, 2, 2), LOIHI2.limits)
    assert fits(store, (256, 2, 2), LOIHI2.limits)
