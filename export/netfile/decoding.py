"""From the arrays of a file to the network description."""

from __future__ import annotations

import json
import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import FormatError
from evsnn_lava.export.netfile.encoding import FACT_TYPES, RECIPE_INTEGERS, RECIPE_TEXTS
from evsnn_lava.export.netfile.golden import decode_golden
from evsnn_lava.export.netfile.neurons import NEURON_PLACES, decode_neuron
from evsnn_lava.export.netfile.places import placed
from evsnn_lava.export.netfile.schema import REMEDY, Tree
from evsnn_lava.export.netfile.synapses import BLOCK_TYPES, decode_synapses
from evsnn_lava.export.netfile.values import (
    take,
    take_integers,
    take_real,
    take_scalar,
    take_text,
    take_texts,
    take_word,
)
from evsnn_lava.network import CutoffPolicy, FrameMasks, InputRecipe, Layer, NetworkDescription, QuantisationFacts
from evsnn_lava.network.masks import SEMANTICS
from evsnn_lava.network.policy import KINDS
from evsnn_lava.network.recipe import BINNINGS

FLATTEN: Final = "flatten"

LAYER_PLACES: Final = {**NEURON_PLACES, "recurrent weight": "weight_rec", "shape": "shape"}
NETWORK_PLACES: Final = {
    "mask": "masks/keep",
    "cutoff": "cutoff/thresholds",
    "class name": "class_names",
    "quantisation fact": "quantisation/layer",
    "frame": "recipe",
}
"""What the checks of a layer and of the network speak of, and where it lies."""


def decode(tree: Tree) -> NetworkDescription:
    """Build the description from arrays whose types and dimensions were checked.

    Parameters
    ----------
    tree : dict of str to numpy.ndarray
        Path -> array, see :func:`evsnn_lava.export.netfile.schema.check_fields`.

    Returns
    -------
    NetworkDescription
        The network.

    Raises
    ------
    FormatError
        If something is missing or contradicts itself, or the classes of the network refuse a value.
    """
    recipe = _recipe(tree)
    parts: dict[str, Any] = {
        "name": take_text(tree, "evsnn/name"),
        "layers": _layers(tree, recipe),
        "recipe": recipe,
        "masks": _masks(tree),
        "cutoff": _cutoff(tree),
        "class_names": take_texts(tree, "evsnn/class_names"),
        "quantisation": _quantisation(tree),
        "provenance": _provenance(tree),
        "golden": decode_golden(tree, recipe),
    }
    with placed("evsnn", NETWORK_PLACES):
        return NetworkDescription(**parts)


def layer_blocks(tree: Tree) -> dict[str, str]:
    """Where each layer lies.

    Parameters
    ----------
    tree : dict of str to numpy.ndarray
        The file.

    Returns
    -------
    dict of str to str
        Name of a layer -> path of its group, in the order of the chain.

    Raises
    ------
    FormatError
        If groups or names are missing, too many, or the same.
    """
    numbers = sorted({int(path.split("/")[1]) for path in tree if path.startswith("layer/")})
    if numbers != list(range(len(numbers))):
        raise FormatError(f"/layer has numbers with gaps ({len(numbers)} up to {numbers[-1]}); {REMEDY}")
    blocks = [block for block in (f"layer/{number}" for number in numbers) if _has_neurons(tree, block)]
    names = take_texts(tree, "evsnn/layer_names")
    if len(names) != len(blocks):
        raise FormatError(f"/layer has {len(blocks)} layers, /evsnn/layer_names has {len(names)}; {REMEDY}")
    if len(set(names)) != len(names):
        raise FormatError(f"/evsnn/layer_names has a name twice; {REMEDY}")
    return dict(zip(names, blocks, strict=True))


def _bits(tree: Tree, path: str) -> npt.NDArray[np.bool_]:
    array = take(tree, path)
    if np.any(array > 1):
        raise FormatError(f"/{path} holds values other than 0 and 1; {REMEDY}")
    return array.astype(bool)


def _masks(tree: Tree) -> FrameMasks:
    semantics, keep = take_word(tree, "evsnn/masks/semantics", SEMANTICS), _bits(tree, "evsnn/masks/keep")
    with placed("evsnn/masks/keep"):
        return FrameMasks(semantics, tuple(keep))


def _layers(tree: Tree, recipe: InputRecipe) -> tuple[Layer, ...]:
    layers: list[Layer] = []
    for name, block in layer_blocks(tree).items():
        layer = _layer(tree, block, name)
        with placed(block, LAYER_PLACES):
            layer.check(layers[-1].shape if layers else recipe.input_shape)
        layers.append(layer)
    return tuple(layers)


def _has_neurons(tree: Tree, block: str) -> bool:
    """An input block without neurons is no layer but the shape of what comes in."""
    kind = take_word(tree, f"{block}/type", (*BLOCK_TYPES, FLATTEN))
    return kind != FLATTEN and (kind != "input" or f"{block}/neuron/type" in tree)


def _layer(tree: Tree, block: str, name: str) -> Layer:
    kind = take_text(tree, f"{block}/type")
    synapse, recurrent = decode_synapses(tree, block, kind)
    neuron = decode_neuron(tree, block, direct=kind == "input")
    shape = take_integers(tree, f"{block}/shape")
    with placed(block, LAYER_PLACES):
        return Layer(name, synapse, neuron, shape, recurrent)


def _recipe(tree: Tree) -> InputRecipe:
    values: dict[str, Any] = {name: take_scalar(tree, f"evsnn/recipe/{name}") for name in RECIPE_INTEGERS}
    values |= {name: take_text(tree, f"evsnn/recipe/{name}") for name in RECIPE_TEXTS}
    take_word(tree, "evsnn/recipe/binning", BINNINGS)
    if "evsnn/recipe/crop" in tree:
        values["crop"] = take_integers(tree, "evsnn/recipe/crop", 4)
    with placed("evsnn/recipe", {name: name for name in (*RECIPE_INTEGERS, *RECIPE_TEXTS, "crop")}):
        return InputRecipe(**values)


def _cutoff(tree: Tree) -> CutoffPolicy:
    parts: dict[str, Any] = {
        "kind": take_word(tree, "evsnn/cutoff/kind", KINDS),
        "thresholds": take(tree, "evsnn/cutoff/thresholds"),
        "epsilon": take_real(tree, "evsnn/cutoff/epsilon"),
        "calibration_hash": take_text(tree, "evsnn/cutoff/calibration_hash"),
        "calibration_samples": take_scalar(tree, "evsnn/cutoff/calibration_samples"),
        "layers": take_scalar(tree, "evsnn/cutoff/layers"),
    }
    if "evsnn/cutoff/softmax" in tree:
        parts["softmax"] = take(tree, "evsnn/cutoff/softmax")
    with placed("evsnn/cutoff", {"layer": "layers", "softmax": "softmax", "threshold": "thresholds"}):
        return CutoffPolicy(**parts)


def _quantisation(tree: Tree) -> tuple[QuantisationFacts, ...]:
    if not any(path.startswith("evsnn/quantisation/") for path in tree):
        return ()
    layers = take_texts(tree, "evsnn/quantisation/layer")
    columns = {name: take(tree, f"evsnn/quantisation/{name}").tolist() for name in FACT_TYPES}
    for name, column in columns.items():
        if len(column) != len(layers):
            raise FormatError(f"/evsnn/quantisation has columns of different lengths; {REMEDY}")
        if not all(map(math.isfinite, column)):
            raise FormatError(f"/evsnn/quantisation/{name} holds a number that is not finite; {REMEDY}")
    rows = zip(*columns.values(), strict=True)
    return tuple(QuantisationFacts(layer, *row) for layer, row in zip(layers, rows, strict=True))


def _provenance(tree: Tree) -> dict[str, str]:
    try:
        provenance = json.loads(take_text(tree, "evsnn/provenance"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"/evsnn/provenance is not JSON; {REMEDY}") from error
    if not isinstance(provenance, dict) or not all(isinstance(value, str) for value in provenance.values()):
        raise FormatError(f"/evsnn/provenance is not a JSON object of strings; {REMEDY}")
    return provenance
