"""Integers of a network of pictures to layers of a description: nothing is rounded here any more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    DenseSynapse,
    InputRecipe,
    Layer,
    QuantisationFacts,
    SigmaNeuron,
)

FORGETS: Final[tuple[int, int]] = (4095, 4095)
"""Decays ``du, dv`` of a neuron that starts anew in every step, the largest that a chip's registers hold.

The voltage keeps 1/4096. Before its frame a neuron has seen biases of less than 4096, so that is less than 1; sums of
even weights and even biases are even, the threshold is odd, and nothing below 1 can change a decision. After its frame
it keeps at most 1/4096 of the threshold `S - 1`; with a bias of at most 4094 and below that it does not fire again.
"""

REMEMBERS: Final[tuple[int, int]] = (4095, 0)
"""Decays of a neuron that adds up what comes in until it fires."""


@dataclass(frozen=True, eq=False)
class IntegerWeights:
    """One layer: a neuron fires where the sum of weights and bias reaches the scale.

    Parameters
    ----------
    weights : numpy.ndarray of int32, shape (out, in) or (out, in, height, width)
        Even integers of -254..254.
    bias : numpy.ndarray of int32, shape (out,), or None
        None makes the layer a head: it does not spike, it sends the sums.
    scale : float
        Integer of 1.0; the threshold of a layer that spikes.
    moves : (int, int) or None
        Stride and padding of a convolution.
    max_error : float
        Largest rounding error of a weight, in units of the threshold.
    """

    weights: npt.NDArray[np.int32]
    bias: npt.NDArray[np.int32] | None
    scale: float
    moves: tuple[int, int] | None
    max_error: float


def compile_integers(
    parts: Sequence[IntegerWeights], recipe: InputRecipe
) -> tuple[tuple[Layer, ...], tuple[QuantisationFacts, ...]]:
    """Make layers.

    Parameters
    ----------
    parts : sequence of IntegerWeights
        In order, the head last.
    recipe : InputRecipe
        Its steps decide whether neurons forget or remember.

    Returns
    -------
    layers : tuple of Layer
        Hidden layers of CUBA neurons. The head is a sigma neuron: it sends what came in so far, and the
        readout adds that up over the steps.
    facts : tuple of QuantisationFacts
        One for each layer.
    """
    layers: list[Layer] = []
    facts = []
    shape: tuple[int, ...] = recipe.input_shape
    for index, part in enumerate(parts):
        layer = _layer(part, index, shape, FORGETS if recipe.steps == 1 else REMEMBERS)
        clipped = int((np.abs(part.weights) == 254).sum())
        facts.append(
            QuantisationFacts(layer.name, float(part.scale), part.max_error, clipped, int((part.weights == 0).sum()))
        )
        layers.append(layer)
        shape = layer.shape
    return tuple(layers), tuple(facts)


def _layer(part: IntegerWeights, index: int, shape: tuple[int, ...], decays: tuple[int, int]) -> Layer:
    if part.bias is None:
        return Layer(f"logits{index + 1}", DenseSynapse(part.weights), SigmaNeuron(), (len(part.weights),))
    neuron = CubaNeuron(int(part.scale) - 1, *decays, part.bias, bias_exp=6)
    if part.moves is None:
        weights = part.weights.reshape(len(part.weights), math.prod(shape))
        return Layer(f"dense{index + 1}", DenseSynapse(weights), neuron, (len(weights),))
    synapse = ConvSynapse(part.weights, (part.moves[0],) * 2, (part.moves[1],) * 2)
    return Layer(f"conv{index + 1}", synapse, neuron, synapse.output_shape(shape))
