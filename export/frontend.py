"""From a trained model to a network description: the only module of this room that reads one."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from evsnn_lava import __version__
from evsnn_lava.export.slayer.blocks import BlockKind, compile_blocks
from evsnn_lava.export.slayer.ranges import may_overflow
from evsnn_lava.export.slayer.synapses import wire_conv, wire_flat
from evsnn_lava.network import CutoffPolicy, FrameMasks, NetworkDescription
from evsnn_lava.training.artefact import TrainedModel, load_model
from evsnn_lava.training.blocks import Conv, Dense

TRAINED_KINDS: Final[dict[type, BlockKind]] = {Conv: BlockKind(wire_conv), Dense: BlockKind(wire_flat)}
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
    layers, facts = compile_blocks(model.network.blocks, model.recipe.input_shape, kinds=TRAINED_KINDS)
    masks = FrameMasks(model.semantics, tuple(model.keep))
    provenance = {
        "tool": f"evsnn_lava {__version__}",
        "variant": model.variant,
        "seed": str(model.config.seed),
        "config": model.config.model_dump_json(),
        **may_overflow(layers, masks.stream_steps + len(layers), model.recipe.value_range),
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
