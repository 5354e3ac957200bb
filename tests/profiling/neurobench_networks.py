"""Random networks of all kinds, with masks and a cutoff, and frames for them."""

from __future__ import annotations

import numpy as np

from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    InputRecipe,
    Layer,
    NetworkDescription,
    RfNeuron,
    SigmaDeltaNeuron,
)

SAMPLES, STEPS, SHAPE = 4, 5, (2, 5, 6)


def sparse(rng, *shape):
    return rng.integers(-40, 80, shape) * (rng.random(shape) < 0.6)


def cuba(rng, channels):
    bias = rng.integers(-2, 30, channels) if rng.random() < 0.5 else None
    decay = rng.integers(0, 4096, channels) if rng.random() < 0.5 else 2048
    return CubaNeuron(int(rng.integers(40, 200)), decay, int(rng.integers(0, 4097)), bias)


def graded(rng, channels):
    return SigmaDeltaNeuron(int(rng.integers(0, 3)), rng.integers(0, 9, channels), spike_exp=0, state_exp=0)


def dense_layer(name, rng, shape, size, neuron=cuba, recurrent=False):
    synapse = DenseSynapse(sparse(rng, size, int(np.prod(shape))))
    own = DenseSynapse(sparse(rng, size, size) // (40 if neuron is graded else 1)) if recurrent else None
    return Layer(name, synapse, neuron(rng, size), (size,), own)


def conv_layer(name, rng, shape, neuron=cuba):
    groups = int(rng.choice([1, 2]))
    geometry = {part: tuple(rng.integers(low, 3, 2)) for part, low in (("stride", 1), ("padding", 0), ("dilation", 1))}
    synapse = ConvSynapse(sparse(rng, 4, shape[0] // groups, 2, 3), groups=groups, **geometry)
    return Layer(name, synapse, neuron(rng, 4), synapse.output_shape(shape))


def resonators(name, rng, shape, size):
    parts = (DenseSynapse(sparse(rng, size, int(np.prod(shape)))) for _ in range(2))
    return Layer(name, ComplexSynapse(*parts), RfNeuron(4, 1500, 3700), (size,))


KINDS = {
    "dense": lambda rng: (hidden := dense_layer("a", rng, SHAPE, 7), dense_layer("out", rng, hidden.shape, 3)),
    "conv": lambda rng: (hidden := conv_layer("a", rng, SHAPE), dense_layer("out", rng, hidden.shape, 3)),
    "recurrent": lambda rng: (dense_layer("a", rng, SHAPE, 6, recurrent=True), dense_layer("out", rng, (6,), 3)),
    "graded": lambda rng: (hidden := conv_layer("a", rng, SHAPE, graded), dense_layer("out", rng, hidden.shape, 3)),
    "graded recurrent": lambda rng: (
        dense_layer("a", rng, SHAPE, 6, graded, recurrent=True),
        dense_layer("out", rng, (6,), 3),
    ),
    "resonators": lambda rng: (resonators("a", rng, SHAPE, 6), dense_layer("out", rng, (6,), 3)),
}


def random_masks(rng, layers):
    keep = [rng.random(STEPS) < 0.7]
    keep[0][rng.integers(STEPS)] = True
    for _ in range(1, layers):
        keep.append(keep[-1] & (rng.random(STEPS) < 0.8))
        keep[-1][np.flatnonzero(keep[-2])[0]] = True
    return FrameMasks(str(rng.choice(["skip", "mute"])), tuple(keep))


def random_network(kind, seed, bits=0):
    rng = np.random.default_rng(seed)
    layers = KINDS[kind](rng)
    masks = random_masks(rng, len(layers))
    channels, height, width = SHAPE
    return NetworkDescription(
        name=kind,
        layers=layers,
        recipe=InputRecipe(height, width, STEPS, 0, "none", channels, message_bits=bits),
        masks=masks,
        cutoff=CutoffPolicy("topk_gap", rng.integers(0, 3, masks.stream_steps)),
        class_names=("x", "y", "z"),
    )


def random_frames(seed, bits=0):
    rng = np.random.default_rng(seed + 1)
    frames = rng.random((SAMPLES, *SHAPE, STEPS)) < 0.4
    return frames * rng.integers(-2, 3, (SAMPLES, 1, 1, 1, STEPS)) if bits else frames
