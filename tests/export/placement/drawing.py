"""Random networks, and a chip so small that they are cut."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from evsnn_lava.hw_profiles import load_hardware
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

LOIHI2 = load_hardware("loihi2")
NEURON = CubaNeuron(vth_mant=20, du=2000, dv=300)


def small_chip(neurons, words):
    """A chip of small cores, so that small networks are cut."""
    limits = LOIHI2.limits
    smaller = {
        name: getattr(limits, name).model_copy(update={"value": value, "low": None, "high": None})
        for name, value in (("neurons_per_core", neurons), ("synapse_words_per_core", words))
    }
    return LOIHI2.model_copy(update={"limits": limits.model_copy(update=smaller)})


@st.composite
def networks(draw, image_recurrence=False):
    """A convolution, with groups, stride, padding and dilation, and a dense layer; both may be recurrent."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    groups = draw(st.sampled_from([1, 2]))
    inputs, outputs = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 4))
    kernel = rng.integers(-3, 4, (outputs, inputs // groups, draw(st.integers(1, 3)), draw(st.integers(1, 3))))
    pairs = {name: (draw(st.integers(low, 2)), draw(st.integers(low, 2))) for name, low in PAIRS.items()}
    conv = ConvSynapse(2 * kernel, groups=groups, **pairs)
    shape = conv.output_shape((inputs, 8, 9))
    neurons = int(np.prod(shape))
    own = DenseSynapse(2 * rng.integers(-2, 3, (5, 5))) if draw(st.booleans()) else None
    back = (
        DenseSynapse(2 * rng.integers(-1, 2, (neurons, neurons))) if image_recurrence and draw(st.booleans()) else None
    )
    layers = (
        Layer("conv", conv, NEURON, shape, back),
        Layer("fc", DenseSynapse(2 * rng.integers(-2, 4, (5, neurons))), NEURON, (5,), own),
    )
    recipe = InputRecipe(8, 9, 6, 1000, polarities=inputs) if inputs <= 2 else InputRecipe.frames((inputs, 8, 9), 6, 0)
    network = NetworkDescription(
        "any", layers, recipe, FrameMasks.all_kept(6, 2), CutoffPolicy("topk_gap", [1] * 6), tuple("abcde")
    )
    return network, rng.random((3, inputs, 8, 9, 6)) < 0.4


PAIRS = {"stride": 1, "padding": 0, "dilation": 1}
