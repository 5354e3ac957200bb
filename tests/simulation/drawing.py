"""Random networks over everything that the description can say, the ends of every range drawn often."""

from __future__ import annotations

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from evsnn_lava.errors import CapacityError
from evsnn_lava.network import (
    NEVER,
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
from evsnn_lava.network.ranges import RANGES
from evsnn_lava.simulation import simulate

SMALL = st.integers(1, 3)
PAIR = st.tuples(st.integers(1, 2), st.integers(1, 2))
PADDING = st.tuples(st.integers(0, 3), st.integers(0, 3))
DELAY_SHAPES = {"connection": (1, 1), "input": (0, 1), "output": (1, 0)}


@st.composite
def value(draw, quantity, *usual):
    """Four in six are usual, one is an end of the range, one is anything inside it."""
    among = draw(st.sampled_from(["usual", "usual", "usual", "usual", "end", "any"]))
    if among == "usual":
        return draw(st.sampled_from(usual))
    return draw(st.sampled_from(RANGES[quantity]) if among == "end" else st.integers(*RANGES[quantity]))


def values(rng, quantity, shape, low, high):
    """An array: usual values, or the whole range, or its ends and 0."""
    least, most = RANGES[quantity]
    usual = rng.integers(low, high, shape, endpoint=True)
    anything = rng.integers(least, most, shape, endpoint=True)
    ends = rng.choice([least, most, low, 0 if least <= 0 else least], shape)
    return [usual, usual, anything, ends][rng.integers(4)]


def sparse(rng, weights):
    weights[rng.random(weights.shape) < 0.2] = 0
    return weights


@st.composite
def delays(draw, rng, shape):
    """None, or steps for every connection, every input or every output."""
    kind = draw(st.sampled_from([None, None, *DELAY_SHAPES]))
    if kind is None:
        return None
    size = tuple(length if many else 1 for length, many in zip(shape, DELAY_SHAPES[kind], strict=True))
    return values(rng, "delay", size, 0, 3)


@st.composite
def denses(draw, rng, inputs, outputs, delayed=True):
    weights = sparse(rng, values(rng, "weight", (outputs, inputs), -100, 255))
    waits = draw(delays(rng, weights.shape)) if delayed else None
    return DenseSynapse(weights, draw(value("weight_exp", 0, 0, 1, -2)), waits)


@st.composite
def convolutions(draw, rng, shape, graded):
    groups = draw(st.sampled_from([g for g in (1, 2) if shape[0] % g == 0]))
    padding, dilation = draw(PADDING), draw(PAIR)
    room = [(size + 2 * pad - 1) // step + 1 for size, pad, step in zip(shape[1:], padding, dilation, strict=True)]
    kernel = [draw(st.integers(1, min(3, most))) for most in room]
    size = (groups * draw(st.integers(1, 2)), shape[0] // groups, *kernel)
    weights = rng.integers(-3, 4, size) if graded else values(rng, "weight", size, -100, 255)
    return ConvSynapse(sparse(rng, weights), draw(PAIR), padding, dilation, groups)


@st.composite
def decays(draw, rng, quantity, channels, *usual):
    """One decay, or one for every channel."""
    if draw(st.booleans()):
        return draw(value(quantity, *usual))
    return rng.choice([*RANGES[quantity], *usual, int(rng.integers(*RANGES[quantity], endpoint=True))], channels)


@st.composite
def biases(draw, rng, shape):
    """None, one for every channel, or one for every neuron."""
    size = draw(st.sampled_from([None, shape[:1], shape]))
    return None if size is None else values(rng, "bias_mant", size, -200, 300)


@st.composite
def cubas(draw, rng, shape):
    du = draw(decays(rng, "du", shape[0], 4095, 1023, 300))
    dv = draw(decays(rng, "dv", shape[0], 4096, 128, 0))
    bias = draw(biases(rng, shape))
    return CubaNeuron(draw(value("vth_mant", 150, 1, 20, 60)), du, dv, bias, draw(value("bias_exp", 6, 3)))


@st.composite
def deltas(draw, rng, shape):
    exponents = draw(value("spike_exp", 6, 3)), draw(value("state_exp", 6, 2))
    return DeltaNeuron(draw(value("vth_mant", 1, 6, 64)), *exponents)


@st.composite
def sigma_deltas(draw, rng, shape):
    bias, activation = draw(biases(rng, shape)), draw(st.sampled_from(["relu", "unit"]))
    exponents = draw(value("spike_exp", 6, 3)), draw(value("state_exp", 6, 2))
    return SigmaDeltaNeuron(draw(value("vth_mant", 0, 1, 6, 64)), bias, activation, *exponents)


@st.composite
def resonators(draw, rng, shape, kind):
    decay_bits = draw(value("decay_bits", 12, 12, 8))
    unit = 1 << decay_bits
    turn = [unit * part // 10 for part in (9, 6, -7, 3)]
    rotation = draw(value("sin_decay", *turn)), draw(value("cos_decay", *turn))
    return kind(draw(value("vth_mant", 0, 10, 60)), *rotation, draw(value("state_exp", 6, 2)), decay_bits)


NEURONS = {
    "cuba": cubas,
    "delta": deltas,
    "sigma": lambda rng, shape: st.just(SigmaNeuron()),
    "sigma_delta": sigma_deltas,
    "rf": lambda rng, shape: resonators(rng, shape, RfNeuron),
    "rf_iz": lambda rng, shape: resonators(rng, shape, RfIzNeuron),
}
KINDS = ["cuba", "cuba", "cuba", "cuba", "delta", "delta", "sigma_delta", "sigma_delta", "sigma", "rf", "rf_iz"]


@st.composite
def layers(draw, rng, name, shape, graded, first, last):
    """A layer for an input of `shape`."""
    kind = draw(st.sampled_from(KINDS))
    inputs, outputs = int(np.prod(shape)), draw(SMALL) + last
    if kind in ("rf", "rf_iz"):
        parts = [draw(denses(rng, inputs, outputs, delayed=False)) for _ in range(2)]
        synapse = ComplexSynapse(*parts)
    elif first and draw(st.sampled_from([True, False, False])):
        synapse = DirectSynapse(draw(value("input_weight", 64)), draw(value("input_weight", 0, 0, 5)))
    elif len(shape) == 3 and not last and draw(st.booleans()):
        synapse = draw(convolutions(rng, shape, graded))
    else:
        synapse = draw(denses(rng, inputs, outputs))
    shape = synapse.output_shape(shape)
    own, recurs = int(np.prod(shape)), draw(st.sampled_from([False, False, True]))
    recurrent = draw(denses(rng, own, own)) if recurs and kind not in ("rf", "rf_iz") else None
    return Layer(name, synapse, draw(NEURONS[kind](rng, shape)), shape, recurrent)


@st.composite
def recipes(draw):
    """Binned events, or frames of numbers."""
    steps, bits = draw(st.integers(2, 7)), draw(st.sampled_from([0, 0, 0, 2, 8, 24]))
    if bits:
        return InputRecipe.frames((draw(SMALL), draw(SMALL), draw(st.integers(1, 4))), steps, bits)
    return InputRecipe(draw(st.integers(1, 4)), draw(SMALL), steps, 1000, polarities=draw(PAIR)[0])


@st.composite
def frame_masks(draw, rng, steps, depth):
    keep = np.logical_and.accumulate(rng.random((depth, steps)) < 0.8, axis=0)
    keep[:, draw(st.integers(0, steps - 1))] = True
    return FrameMasks(draw(st.sampled_from(["skip", "mute"])), tuple(keep))


def cutoff(rng, steps, outputs):
    if outputs == 1:
        return CutoffPolicy.fixed(int(rng.integers(1, steps + 1)), steps)
    return CutoffPolicy("topk_gap", rng.choice([NEVER, -1, 0, 1, 2], steps, p=[0.3, 0.1, 0.2, 0.2, 0.2]))


def random_frames(rng, recipe, samples, rate):
    shape = (samples, *recipe.input_shape, recipe.steps)
    sent = rng.random(shape) < rate
    if not recipe.message_bits:
        return sent
    low, high = recipe.value_range
    numbers = [
        rng.integers(low, high, shape, endpoint=True),
        rng.choice([low, high, 1], shape),
        rng.integers(-2, 2, shape),
    ]
    return sent * numbers[rng.integers(3)]


@st.composite
def networks(draw, samples=3, depths=(1, 4)):
    """Layers of every kind, and a few samples for them: (network, frames)."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    recipe, depth = draw(recipes()), draw(st.integers(*depths))
    shape, chain, graded = recipe.input_shape, [], recipe.message_bits > 0
    for index in range(depth):
        layer = draw(layers(rng, f"layer{index}", shape, graded, index == 0, index == depth - 1))
        shape, graded = layer.shape, layer.neuron.graded
        chain.append(layer)
    masks = draw(frame_masks(rng, recipe.steps, depth))
    outputs = chain[-1].neurons
    policy = cutoff(rng, masks.stream_steps, outputs)
    network = NetworkDescription("random", tuple(chain), recipe, masks, policy, tuple(map(str, range(outputs))))
    frames = random_frames(rng, recipe, draw(st.integers(1, samples)), draw(st.sampled_from([0.4, 0.7])))
    assume(computable(network, frames))
    return network, frames


def computable(network, frames):
    """False where a convolution leaves the 32 bits that it is defined in."""
    try:
        simulate(network, frames)
    except CapacityError:
        return False
    return True


# one network for every place where numbers end ------------------------------------------------------------------------


def chain(shape, steps, bits, *blocks):
    """A network of (synapse, neuron) for numbers of `bits`, nothing masked and nothing cut short."""
    layers, current = [], shape
    for index, (synapse, neuron) in enumerate(blocks):
        current = synapse.output_shape(current)
        layers.append(Layer(f"layer{index}", synapse, neuron, current))
    recipe, masks = InputRecipe.frames(shape, steps, bits), FrameMasks.all_kept(steps, len(layers))
    names = tuple(map(str, range(layers[-1].neurons)))
    return NetworkDescription("chain", tuple(layers), recipe, masks, CutoffPolicy.never(steps), names)


HOLD, PASS = CubaNeuron(131071, -1, 0), CubaNeuron(0, 4095, 4096)
TURN = ComplexSynapse(DenseSynapse([[1, 0]]), DenseSynapse([[0, 1]]))
EDGES = {
    "the word of a delta": chain((1, 1, 1), 4, 24, (DirectSynapse(256), DeltaNeuron(0, 0, 0))),
    "the word of a shifted delta": chain((1, 1, 1), 4, 24, (DirectSynapse(64), DeltaNeuron(1, 7, 7))),
    "the product in a delayed synapse": chain((2, 1, 1), 4, 24, (DenseSynapse([[-256, 255]], -8, [[0, 1]]), HOLD)),
    "the sum in a delayed synapse": chain((2, 1, 1), 4, 24, (DenseSynapse([[255, 255]], -8, [[1, 1]]), HOLD)),
    "the sum in a synapse": chain((2, 1, 1), 4, 24, (DenseSynapse([[255, 255]], -8), HOLD)),
    "the shift in a synapse": chain((2, 1, 1), 4, 24, (DenseSynapse([[255, -3]], 7), HOLD)),
    "the sum of a convolution": chain((1, 1, 2), 4, 24, (ConvSynapse([[[[2, 1]]]]), HOLD)),
    "the current": chain((1, 1, 1), 4, 24, (DirectSynapse(1), HOLD)),
    "the voltage": chain((1, 1, 1), 4, 18, (DirectSynapse(1), CubaNeuron(131071, -1, 0, [4095], 7))),
    "spikes of current alone": chain((1, 1, 1), 4, 18, (DirectSynapse(1), PASS)),
    "the bias of sigma-delta": chain((1, 1, 1), 4, 24, (DirectSynapse(128), SigmaDeltaNeuron(1, [4095], "unit", 7, 7))),
    "the zero of a resonator": chain((2, 1, 1), 4, 24, (TURN, RfNeuron(0, 0, 4096))),
    "the clip of a resonator": chain((2, 1, 1), 4, 24, (TURN, RfIzNeuron(131071, -4096, 4096, 7, 1))),
}


def edge_cases(name):
    """The network with numbers from end to end of its input, and around zero."""
    network = EDGES[name]
    low, high = network.recipe.value_range
    rows = [[0, low, 0, high], [low, high, low, low], [high, high, high, 1], [-1, low, 1, high], [low, low, 0, 1]]
    rows += [[2**17 - 1, 0, 1, 1], [1 - 2**17, 0, -1, -1], [-1, 1, -1, 1], [0, 0, 0, 0]]
    for row in rows:
        yield network, np.broadcast_to(row, (1, *network.input_shape, 4)).astype(np.int64)
