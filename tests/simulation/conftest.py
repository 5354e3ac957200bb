"""Random networks, and the semantics once more: plain Python integers, one neuron after the other."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import strategies as st

from evsnn_lava.network import (
    NEVER,
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
)

LIMIT = 2**23
SMALL = st.integers(1, 3)
PAIR = st.tuples(st.integers(1, 2), st.integers(1, 2))


@st.composite
def convolutions(draw, rng, shape):
    groups = draw(st.sampled_from([g for g in (1, 2) if shape[0] % g == 0]))
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    dilation = draw(PAIR)
    room = [(size + 2 * pad - 1) // step + 1 for size, pad, step in zip(shape[1:], padding, dilation, strict=True)]
    kernel = [draw(st.integers(1, min(3, most))) for most in room]
    weights = rng.integers(-100, 256, (groups * draw(st.integers(1, 2)), shape[0] // groups, *kernel))
    weights[rng.random(weights.shape) < 0.2] = 0
    return ConvSynapse(weights, draw(PAIR), padding, dilation, groups, draw(st.integers(-2, 2)))


@st.composite
def denses(draw, rng, shape, outputs):
    weights = rng.integers(-100, 256, (outputs, int(np.prod(shape))))
    weights[rng.random(weights.shape) < 0.2] = 0
    return DenseSynapse(weights, draw(st.integers(-2, 2)))


@st.composite
def neurons(draw, rng, channels):
    bias = rng.integers(-200, 300, channels) if draw(st.booleans()) else None
    vth, du = draw(st.sampled_from([150, 0, 60, 400])), draw(st.integers(-1, 4095))
    return CubaNeuron(vth, du, draw(st.integers(0, 4096)), bias, draw(st.integers(0, 6)))


@st.composite
def frame_masks(draw, rng, steps, layers):
    keep = np.logical_and.accumulate(rng.random((layers, steps)) < 0.8, axis=0)
    keep[:, draw(st.integers(0, steps - 1))] = True
    return FrameMasks(draw(st.sampled_from(["skip", "mute"])), tuple(keep))


@st.composite
def networks(draw):
    """One to three layers of every kind, and a few samples for it: (network, frames)."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    recipe = InputRecipe(draw(st.integers(2, 5)), draw(SMALL), draw(st.integers(2, 7)), 1000, polarities=draw(PAIR)[0])
    shape, layers, depth = recipe.input_shape, [], draw(SMALL)
    for index in range(depth):
        last = index == depth - 1
        convolve = len(shape) == 3 and not last and draw(st.booleans())
        synapse = draw(convolutions(rng, shape) if convolve else denses(rng, shape, draw(SMALL) + last))
        shape = synapse.output_shape(shape)
        layers.append(Layer(f"layer{index}", synapse, draw(neurons(rng, shape[0])), shape))
    masks = draw(frame_masks(rng, recipe.steps, depth))
    cutoff = CutoffPolicy("topk_gap", rng.choice([NEVER, -1, 0, 1, 2], masks.stream_steps, p=[0.3, 0.1, 0.2, 0.2, 0.2]))
    network = NetworkDescription("random", tuple(layers), recipe, masks, cutoff, tuple("abcd"[: shape[0]]))
    frames = rng.random((draw(st.integers(1, 3)), *recipe.input_shape, recipe.steps)) < draw(
        st.sampled_from([0.4, 0.7])
    )
    return network, frames


def decayed(state, amount):
    kept = abs(state) * (4096 - amount) // 4096
    return -kept if state < 0 else kept


def neuron_step(neuron, bias, u, v, activation):
    """New current and voltage, and whether one neuron fires."""
    u = decayed(u, neuron.du + 1) + 64 * activation
    if u > LIMIT:
        u -= 2 * LIMIT
    elif u <= -LIMIT:
        u += 2 * LIMIT
    v = decayed(v, neuron.dv) + u + bias * 2**neuron.bias_exp
    v = max(1 - LIMIT, min(LIMIT - 1, v))
    return (u, 0, True) if v > 64 * neuron.vth_mant else (u, v, False)


def matrix(synapse, input_shape):
    """Weight from every input to every output, by the definition of a convolution."""
    if isinstance(synapse, DenseSynapse):
        return [[int(weight) for weight in row] for row in synapse.weights]
    _, height, width = input_shape
    outputs, per_group, rows, columns = synapse.weights.shape
    places = np.ndindex(synapse.output_shape(input_shape))
    found = []
    for out, top, left in places:
        row = [0] * int(np.prod(input_shape))
        for inner, i, j in np.ndindex(per_group, rows, columns):
            channel = out // (outputs // synapse.groups) * per_group + inner
            y = top * synapse.stride[0] - synapse.padding[0] + i * synapse.dilation[0]
            x = left * synapse.stride[1] - synapse.padding[1] + j * synapse.dilation[1]
            if 0 <= y < height and 0 <= x < width:
                row[(channel * height + y) * width + x] += int(synapse.weights[out, inner, i, j])
        found.append(row)
    return found


def sample_by_hand(network, frames):
    """One sample, layer by layer: what each sends in each step, and the states after it."""
    masks, depth = network.masks, network.depth
    sent = [t for t in range(masks.steps) if masks.semantics == "mute" or masks.keep[0][t]]
    source = [[bool(spike and masks.keep[0][t]) for spike in frames[..., t].flat] for t in sent]
    source += [[False] * len(source[0])] * depth
    shape, answers = network.input_shape, []
    for index, layer in enumerate(network.layers):
        weights = matrix(layer.synapse, shape)
        per_channel = layer.neurons // layer.shape[0]
        mantissas = layer.neuron.bias_mant
        bias = [0 if mantissas is None else int(mantissas[i // per_channel]) for i in range(layer.neurons)]
        u, v, fired = [0] * layer.neurons, [0] * layer.neurons, [False] * layer.neurons
        history = [(u[:], v[:], fired[:])]
        for step in range(1, len(source)):
            for i, row in enumerate(weights):
                total = sum(weight for weight, spike in zip(row, source[step - 1], strict=True) if spike)
                activation = int(total * 2.0**layer.synapse.weight_exp // 1)
                u[i], v[i], fired[i] = neuron_step(layer.neuron, bias[i], u[i], v[i], activation)
            frame = step - 1 - index
            closed = index + 1 < depth and 0 <= frame < len(sent) and not masks.keep[index + 1][sent[frame]]
            history.append((u[:], v[:], [False] * len(fired) if closed else fired[:]))
        answers.append([np.array(part).T.reshape(*layer.shape, -1) for part in zip(*history, strict=True)])
        source, shape = [messages for _, _, messages in history], layer.shape
    return answers


@pytest.fixture(scope="session")
def cases():
    """Strategy of (network, frames)."""
    return networks()


@pytest.fixture(scope="session")
def by_hand():
    """The plain functions: `neuron_step`, `matrix` and `sample`."""
    return SimpleNamespace(neuron_step=neuron_step, matrix=matrix, sample=sample_by_hand)


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
