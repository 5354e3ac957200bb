from __future__ import annotations

import numpy as np
import pytest

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


@pytest.fixture(name="small_network")
def fixture_small_network() -> NetworkDescription:
    """A convolution on a camera of 5 x 5 and a dense layer."""
    conv = Layer("conv", ConvSynapse(np.ones((2, 1, 3, 3), int)), CubaNeuron(80, 1023, 128, [0, 5]), (2, 3, 3))
    dense = Layer("dense", DenseSynapse(np.ones((3, 18), int)), CubaNeuron(80, 1023, 128), (3,))
    recipe = InputRecipe(5, 5, 4, 1000, polarities=1)
    return NetworkDescription(
        "small", (conv, dense), recipe, FrameMasks.all_kept(4, 2), CutoffPolicy.never(4), ("a", "b", "c")
    )
