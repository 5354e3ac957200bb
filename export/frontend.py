"""From a trained model to a network description: the only module of this room that needs torch."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava import __version__
from evsnn_lava.errors import UnsupportedError
from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    Layer,
    NetworkDescription,
    QuantisationFacts,
    Synapse,
)
from evsnn_lava.training.artefact import TrainedModel, load_model
from evsnn_lava.training.blocks import Conv, Dense

IntArray = npt.NDArray[np.int32]


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
    return _with_provenance(network, {"model_sha256": digest})


def compile_model(model: TrainedModel) -> NetworkDescription:
    """Quantise a trained model.

    Parameters
    ----------
    model : TrainedModel
        What to compile.

    Returns
    -------
    NetworkDescription
        The integer network with its masks; the cutoff is still ``never``.

    Raises
    ------
    UnsupportedError
        If a block does something that the integers cannot say exactly.
    """
    layers, facts = [], []
    shape: tuple[int, ...] = model.recipe.input_shape
    for index, block in enumerate(model.network.blocks, start=1):
        name = f"{_kind(block)}{index}"
        synapse, fact = quantise_block(name, block)
        shape = synapse.output_shape(shape)
        layers.append(Layer(name, synapse, quantise_neuron(name, block.neuron), shape))
        facts.append(fact)
    masks = FrameMasks(model.semantics, tuple(model.keep))
    provenance = {
        "tool": f"evsnn_lava {__version__}",
        "variant": model.variant,
        "seed": str(model.config.seed),
        "config": model.config.model_dump_json(),
        **model.facts,
    }
    return NetworkDescription(
        name=model.config.name,
        layers=tuple(layers),
        recipe=model.recipe,
        masks=masks,
        cutoff=CutoffPolicy.never(masks.stream_steps),
        class_names=model.class_names,
        quantisation=tuple(facts),
        provenance=provenance,
    )


def quantise_block(name: str, block: Any) -> tuple[Synapse, QuantisationFacts]:
    """Integer weights of one SLAYER block, as its own pre-hook quantises them.

    Parameters
    ----------
    name : str
        Name of the layer, for messages.
    block : slayer block
        ``Conv`` or ``Dense`` with a CUBA neuron.

    Returns
    -------
    synapse : ConvSynapse or DenseSynapse
        The connection.
    facts : QuantisationFacts
        What rounding did.

    Raises
    ------
    UnsupportedError
        For other blocks, weight scales that are no power of two, norms, delays, states that outlive a
        recording, weights that are not finite and dead layers.
    """
    _require_exact(name, block)
    raw = block.synapse.weight.detach()
    if not raw.isfinite().all():
        broken = int((~raw.isfinite()).sum())
        raise UnsupportedError(
            f"layer {name}: {broken} weights are not finite; train again with a smaller learning_rate"
        )
    scale = float(block.neuron.w_scale)
    exact = block.synapse.pre_hook_fx(raw, descale=True).numpy()[..., 0]
    weights = np.rint(exact).astype(np.int32)
    error = np.abs(np.clip(raw.numpy()[..., 0], -256 / scale, 254 / scale) - weights / scale)
    clipped = np.count_nonzero((raw.numpy() < -257 / scale) | (raw.numpy() > 255 / scale))
    if not weights.any():
        raise UnsupportedError(f"layer {name}: all weights are zero after quantisation; train it longer or remove it")
    facts = QuantisationFacts(name, scale, float(error.max()), int(clipped), int(np.count_nonzero(weights == 0)))
    return _SYNAPSE[type(block)](block, weights), facts


def quantise_neuron(name: str, neuron: Any) -> CubaNeuron:
    """Integer parameters of one SLAYER CUBA neuron.

    Parameters
    ----------
    name : str
        Name of the layer, for messages.
    neuron : slayer.neuron.cuba.Neuron
        The neuron.

    Returns
    -------
    CubaNeuron
        The same neuron in Lava's terms.
    """
    parameters = neuron.device_params
    return CubaNeuron(
        vth_mant=int(parameters["vThMant"]), du=int(parameters["iDecay"]) - 1, dv=int(parameters["vDecay"])
    )


def _require_exact(name: str, block: Any) -> None:
    """Refuse what would make the deployed network differ from the trained one."""
    if type(block) not in _SYNAPSE:
        kind, known = type(block), Conv.__module__
        raise UnsupportedError(
            f"layer {name}: {kind.__module__}.{kind.__name__} cannot be exported; use Conv or Dense of {known}"
        )
    neuron = block.neuron
    scale = neuron.w_scale
    refusals = (
        (math.log2(scale) % 1 != 0, f"the weight scale is {scale}, only powers of two are exact; use 64"),
        (neuron.norm is not None, "it has a norm, which is not folded yet; train without norm"),
        (hasattr(block.synapse, "weight_g"), "it has a weight norm, which is not folded yet; set weight_norm=False"),
        (
            neuron.persistent_state,
            "it keeps its state between recordings, deployment resets it; set persistent_state=False",
        ),
        (block.delay is not None, "it has axonal delays, which are not exported yet; train without delay"),
        (neuron.graded_spike, "it sends graded spikes, the deployed neuron sends 0 or 1; set graded_spike=False"),
        (not neuron.shared_param, "it has a decay per channel; set shared_param=True"),
    )
    for refused, reason in refusals:
        if refused:
            raise UnsupportedError(f"layer {name}: {reason}")


def _conv(block: Any, weights: IntArray) -> ConvSynapse:
    s = block.synapse
    return ConvSynapse(weights, s.stride[:2], s.padding[:2], s.dilation[:2], s.groups)


def _dense(block: Any, weights: IntArray) -> DenseSynapse:
    return DenseSynapse(weights.reshape(weights.shape[0], -1))


_SYNAPSE: Final[dict[type, Callable[[Any, IntArray], Synapse]]] = {Conv: _conv, Dense: _dense}


def _kind(block: Any) -> str:
    return type(block).__name__.lower()


def _with_provenance(network: NetworkDescription, more: dict[str, str]) -> NetworkDescription:
    return replace(network, provenance={**network.provenance, **more})
