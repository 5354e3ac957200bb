"""From a trained model to a network description: the only module of this room that reads one."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from evsnn_lava import __version__
from evsnn_lava.export.folded import IntegerWeights, compile_integers
from evsnn_lava.export.slayer.blocks import BlockKind, compile_blocks
from evsnn_lava.export.slayer.ranges import may_overflow
from evsnn_lava.export.slayer.synapses import wire_conv, wire_flat, wire_flat_recurrent
from evsnn_lava.network import (
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    Layer,
    NetworkDescription,
    QuantisationFacts,
    SigmaDeltaNeuron,
    SigmaNeuron,
)
from evsnn_lava.training.artefact import TrainedModel, load_model
from evsnn_lava.training.blocks import Conv, Dense, Sums
from evsnn_lava.training.config import ConvConfig
from evsnn_lava.training.hoyer.integers import IntegerNetwork
from evsnn_lava.training.recurrent import Recurrent

TRAINED_KINDS: Final[dict[type, BlockKind]] = {
    Conv: BlockKind(wire_conv),
    Dense: BlockKind(wire_flat),
    Sums: BlockKind(wire_flat, "sums"),
    Recurrent: BlockKind(wire_flat_recurrent),
}
"""The blocks of our own training: SLAYER's, fused."""


def compile_file(path: str | os.PathLike[str]) -> NetworkDescription:
    """Compile the file of a trained model.

    Parameters
    ----------
    path : path-like
        ``plain.pt`` or ``masked.pt`` of a run.

    Returns
    -------
    NetworkDescription
        The integer network with its masks; the cutoff is still ``never``.
    """
    network = compile_model(load_model(path))
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return replace(network, provenance={**network.provenance, "model_sha256": digest})


def _compiled(model: TrainedModel) -> tuple[tuple[Layer, ...], tuple[QuantisationFacts, ...]]:
    if isinstance(model.network, IntegerNetwork):
        return compile_integers(integer_layers(model.network), model.recipe)
    return compile_blocks(model.network.blocks, model.recipe.input_shape, kinds=TRAINED_KINDS)


def _bounded(layers: tuple[Layer, ...], steps: int) -> tuple[Layer, ...]:
    """Layers that 24 bits may not hold; a head that adds up has 32 and is left out if they suffice."""
    head = layers[-1]
    adds_up = isinstance(head.neuron, SigmaNeuron | SigmaDeltaNeuron)
    if not adds_up or not isinstance(head.synapse, DenseSynapse):
        return layers
    largest = int(np.abs(head.synapse.weights).sum(axis=1, dtype=np.int64).max()) * steps
    return layers[:-1] if largest < 1 << 31 else layers


def integer_layers(network: IntegerNetwork) -> list[IntegerWeights]:
    """The integers of a trained Hoyer network, the head last.

    Parameters
    ----------
    network : IntegerNetwork
        What was trained.

    Returns
    -------
    list of IntegerWeights
        In order.
    """
    found = []
    for layer in network.layers:
        weights, bias = (x.detach().numpy().astype(np.int32) for x in (layer.integer_weight(), layer.integer_bias()))
        scale = int(layer.scale)
        moves = (layer.layer.stride, layer.layer.padding) if isinstance(layer.layer, ConvConfig) else None
        error = float((layer.weight.detach() - layer.integer_weight().detach() / scale).abs().max())
        found.append(IntegerWeights(weights, bias, scale, moves, error))
    head = network.integer_head().detach()
    error = float((network.head.detach() - head / network.head_scale).abs().max())
    return [*found, IntegerWeights(head.numpy().astype(np.int32), None, float(network.head_scale), None, error)]


def compile_model(model: TrainedModel) -> NetworkDescription:
    """Quantise a trained model.

    Parameters
    ----------
    model : TrainedModel
        What to compile.

    Returns
    -------
    NetworkDescription
        The integer network with its masks; the cutoff is still ``never``. Its provenance says under ``may_overflow``
        which layers could leave 24 bits, where SLAYER and the integers part; nothing there proves that they do not.

    Raises
    ------
    UnsupportedError
        If a block does something that the integers cannot say exactly.
    """
    layers, facts = _compiled(model)
    masks = FrameMasks(model.semantics, tuple(model.keep))
    steps = masks.stream_steps + len(layers)
    provenance = {
        "tool": f"evsnn_lava {__version__}",
        "variant": model.variant,
        "seed": str(model.config.seed),
        "config": model.config.model_dump_json(),
        **may_overflow(_bounded(layers, steps), steps, model.recipe.value_range),
        **model.facts,
    }
    return NetworkDescription(
        name=model.config.name,
        layers=layers,
        recipe=model.recipe,
        masks=masks,
        cutoff=CutoffPolicy.never(masks.stream_steps),
        class_names=model.class_names,
        quantisation=facts,
        provenance=provenance,
    )
