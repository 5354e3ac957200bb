"""Networks that stock netx would not compute exactly are refused, with the remedy; all others pass."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evsnn_lava.errors import UnsupportedError
from evsnn_lava.export.netfile.netx_limits import check_netx
from evsnn_lava.export.netfile.netx_weights import netx_dense_weights
from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DeltaNeuron,
    DenseSynapse,
    DirectSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
)

CUBA = CubaNeuron(80, 1023, 128)
TWO = DenseSynapse([[2, -4], [-2, 6]])
COMPLEX_SMALL = ComplexSynapse(DenseSynapse([[2, 2]]), DenseSynapse([[1, 0]]))
COMPLEX = ComplexSynapse(TWO, TWO)


def network(*layers, inputs=2, bits=0):
    """A network of `(synapse, neuron[, recurrent])` on a vector of inputs."""
    recipe, named = InputRecipe.frames((inputs, 1, 1), 4, bits), []
    shape = recipe.input_shape
    for index, (synapse, neuron, *recurrent) in enumerate(layers):
        shape = synapse.output_shape(shape)
        named.append(Layer(f"layer{index}", synapse, neuron, shape, *recurrent))
    classes = tuple(map(str, range(named[-1].neurons)))
    masks, cutoff = FrameMasks.all_kept(4, len(named)), CutoffPolicy.never(4)
    return NetworkDescription("n", tuple(named), recipe, masks, cutoff, classes)


def dense(weights):
    return network((DenseSynapse(weights), CUBA), inputs=np.shape(weights)[1])


def conv(shape, value=2, **options):
    synapse = ConvSynapse(np.full(shape, value), padding=(200, 200) if "stride" in options else (0, 0), **options)
    height, width = 1 + synapse.dilation[0] * (shape[2] - 1), 1 + synapse.dilation[1] * (shape[3] - 1)
    recipe = InputRecipe(height, width, 4, 0, "none", shape[1] * synapse.groups)
    layer = Layer("layer0", synapse, CUBA, synapse.output_shape(recipe.input_shape))
    classes = tuple(map(str, range(layer.neurons)))
    return NetworkDescription("n", (layer,), recipe, FrameMasks.all_kept(4, 1), CutoffPolicy.never(4), classes)


def delayed(synapse, delays):
    return DenseSynapse(synapse.weights, delays=delays)


REFUSED = {
    "all 2 dense weights are zero": lambda: dense([[0, 0]]),
    "would change 2 of 2": lambda: dense([[-256, -256]]),
    r"would change 1 of 2 dense weights \(first -256\)": lambda: dense([[-256, -2]]),
    "would change ": lambda: dense([[-255, 0]]),
    r"would change 1 of 2 dense weights \(first 255\)": lambda: dense([[-2, 255]]),
    "take 9 bits": lambda: dense([[-201, 100]]),
    "9 bits": lambda: dense([[-255, 4]]),
    "kernel is 128": lambda: conv((1, 1, 128, 1)),
    "stride is 200": lambda: conv((1, 1, 1, 1), stride=(1, 200)),
    "groups is 200": lambda: conv((200, 1, 1, 1), groups=200),
    "Lava wraps at 8388608": lambda: conv((1, 32769, 1, 1), value=-256),
    "Lava wraps at 33423360": lambda: dense(np.full((1, 2**17 + 600), 255)),
    "inputs can sum up to 33424368, Lava wraps at 33423360": lambda: network(
        (DenseSynapse(np.full((520, 1), 254)), CUBA, DenseSynapse(np.full((520, 520), 254))), inputs=1, bits=18
    ),
    "inputs can sum up to 133169152": lambda: network((DenseSynapse([[254, 0]] * 2), CUBA), bits=20),
    "no DeltaNeuron behind a DenseSynapse": lambda: network((TWO, DeltaNeuron(4))),
    "no SigmaDeltaNeuron behind a DirectSynapse": lambda: network((DirectSynapse(), SigmaDeltaNeuron(4))),
    "no SigmaNeuron behind a DirectSynapse": lambda: network((DirectSynapse(), SigmaNeuron())),
    "input block has not": lambda: network((DirectSynapse(), CubaNeuron(80, 0, 0, [1, 0]))),
    "bias_exp is 5": lambda: network((TWO, CubaNeuron(80, 0, 0, [1, 0], bias_exp=5))),
    "spike_exp is 5": lambda: network((DirectSynapse(), DeltaNeuron(4, spike_exp=5))),
    "state_exp is 7": lambda: network((TWO, SigmaDeltaNeuron(4, state_exp=7))),
    "activation is unit": lambda: network((TWO, SigmaDeltaNeuron(4, activation="unit"))),
    "decay_bits is 11": lambda: network((COMPLEX, RfNeuron(4, 1, 1, decay_bits=11))),
    "state_exp is 5": lambda: network((COMPLEX, RfIzNeuron(4, 1, 1, state_exp=5))),
    "weight_exp is -1": lambda: network((DenseSynapse([[2, 4]], weight_exp=-1), CUBA)),
    "weight_exp is 2": lambda: network((ComplexSynapse(TWO, DenseSynapse(TWO.weights, 2)), RfNeuron(4, 1, 1))),
    "weight_exp is 1": lambda: network((TWO, CUBA, DenseSynapse(TWO.weights, 1))),
    "all 4 dense weights are zero": lambda: network(
        (ComplexSynapse(TWO, DenseSynapse(0 * TWO.weights)), RfNeuron(4, 1, 1))
    ),
    "no recurrent layer behind a DirectSynapse": lambda: network((DirectSynapse(), CUBA, TWO)),
    "own graded messages would become binary": lambda: network((TWO, SigmaDeltaNeuron(4), TWO)),
    "delays of the input and of the recurrent synapse differ": lambda: network((delayed(TWO, [[1, 1]]), CUBA, TWO)),
    "delays of the input and of the recurrent": lambda: network((delayed(TWO, [[1, 1]]), CUBA, delayed(TWO, [[1, 2]]))),
    "make the weights 32 times as large": lambda: network((delayed(TWO, [[1, 1]]), CUBA, delayed(TWO, [[1, 1]]))),
    "would change 1 of 8 dense weights": lambda: network(
        (DenseSynapse([[2, 2], [2, 255]]), CUBA, DenseSynapse([[-2, 0], [0, 0]]))
    ),
    "starts the bias of sigma-delta neurons a step early": lambda: network((TWO, SigmaDeltaNeuron(4, [0, -1]))),
    "threshold 0 fire": lambda: network((COMPLEX, RfIzNeuron(0, 1, 1))),
    "decay by 4096 and 4096": lambda: network((TWO, CubaNeuron(3, 4095, [0, 4096], [9, 4]))),
    "inputs can sum up to 33554496, Lava wraps at 33423360": lambda: network((DirectSynapse(64, 64), CUBA), bits=20),
    "inputs can sum up to 16777216, Lava wraps at 16777216": lambda: network((DenseSynapse([[1, 1]]), CUBA), bits=24),
    "inputs can sum up to 33554432, Lava wraps at 16777216": lambda: network(
        (COMPLEX_SMALL, RfNeuron(4, 1, 1)), bits=24
    ),
}


@pytest.mark.parametrize("words", REFUSED)
def test_refused(words):
    with pytest.raises(UnsupportedError, match=words) as caught:
        check_netx(REFUSED[words]())
    assert "layer layer0: " in str(caught.value)
    assert ";" in str(caught.value)
    assert "\n" not in str(caught.value)


ALLOWED = {
    "a bias exponent without a bias": lambda: network((TWO, CubaNeuron(80, 0, 0, bias_exp=0))),
    "a bias above the threshold that can be held down": lambda: network((TWO, CubaNeuron(3, 0, 3968, [9, 4095]))),
    "a bias above the threshold that the current holds down": lambda: network(
        (TWO, CubaNeuron(3, 0, [0, 4096], [9, 4]))
    ),
    "a bias up to the threshold where the voltage does not stay": lambda: network(
        (TWO, CubaNeuron(9, 0, 4096, [9, 4]))
    ),
    "any bias behind an input block": lambda: network(
        (DirectSynapse(), DeltaNeuron(4)), (TWO, SigmaDeltaNeuron(4, [9, -9])), (TWO, CubaNeuron(3, 0, 4096, [9, 9]))
    ),
    "a silent sigma-delta bias": lambda: network((TWO, SigmaDeltaNeuron(4, [0, 0]))),
    "recurrent graded messages behind graded ones": lambda: network((TWO, SigmaDeltaNeuron(4), TWO), bits=4),
    "recurrent delays with weights that fill eight bits": lambda: network(
        (delayed(DenseSynapse([[254, 2], [-6, 8]]), [[3, 1]]), CUBA, delayed(TWO, [[3, 1]]))
    ),
    "a recurrent synapse that is all zero": lambda: network((TWO, CUBA, DenseSynapse(0 * TWO.weights))),
    "graded input that just fits": lambda: network((DenseSynapse([[1, 1]]), CUBA), bits=23),
    "graded input of any size for delta neurons": lambda: network((DirectSynapse(), DeltaNeuron(4)), bits=24),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_allowed(name):
    check_netx(ALLOWED[name]())


@given(st.lists(st.integers(-127, 127), min_size=2, max_size=9).filter(lambda values: min(values) < 0 < max(values)))
def test_even_weights_of_both_signs_are_exact(values):
    check_netx(dense([[2 * value for value in values]]))


@given(st.lists(st.integers(0, 255), min_size=1, max_size=9).filter(any))
def test_weights_without_negative_ones_are_exact(values):
    assert netx_dense_weights(np.array([values])).tolist() == [values]
    check_netx(dense([values]))
