"""From the arrays of a file to the network description."""

from __future__ import annotations

import json
import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import FormatError
from evsnn_lava.export.netfile_encoding import FACT_TYPES, RECIPE_INTEGERS, RECIPE_TEXTS
from evsnn_lava.export.netfile_schema import REMEDY, Tree
from evsnn_lava.network import (
    ConvSynapse,
    CubaNeuron,
    CutoffPolicy,
    DenseSynapse,
    FrameMasks,
    GoldenVectors,
    InputRecipe,
    Layer,
    NetworkDescription,
    QuantisationFacts,
    Synapse,
)

WITHOUT_NEURONS: Final = ("input", "flatten")


def decode(tree: Tree) -> NetworkDescription:
    """Build the description from arrays whose types and dimensions were checked.

    Parameters
    ----------
    tree : dict of str to numpy.ndarray
        Path -> array, see :func:`evsnn_lava.export.netfile_schema.check_fields`.

    Returns
    -------
    NetworkDescription
        The network.

    Raises
    ------
    FormatError
        If something is missing or contradicts itself.
    ConfigError, CapacityError
        If the classes of the network refuse a value.
    """
    recipe = _recipe(tree)
    masks = FrameMasks(_text(tree, "evsnn/masks/semantics"), tuple(_bits(tree, "evsnn/masks/keep")))
    return NetworkDescription(
        name=_text(tree, "evsnn/name"),
        layers=_layers(tree),
        recipe=recipe,
        masks=masks,
        cutoff=_cutoff(tree),
        class_names=_texts(tree, "evsnn/class_names"),
        quantisation=_quantisation(tree),
        provenance=_provenance(tree),
        golden=_golden(tree, recipe) if any(path.startswith("evsnn/golden/") for path in tree) else None,
    )


def take(tree: Tree, path: str) -> npt.NDArray[Any]:
    """Get an array that must be there.

    Raises
    ------
    FormatError
        If it is not.
    """
    if path not in tree:
        raise FormatError(f"/{path} is missing; {REMEDY}")
    return tree[path]


def _integer(tree: Tree, path: str) -> int:
    return int(take(tree, path)[()])


def _integers(tree: Tree, path: str) -> tuple[int, ...]:
    return tuple(int(value) for value in take(tree, path))


def _utf8(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"/{path} is not UTF-8 text; {REMEDY}") from error


def _text(tree: Tree, path: str) -> str:
    return _utf8(take(tree, path).item(), path)


def _texts(tree: Tree, path: str) -> tuple[str, ...]:
    return tuple(_utf8(data, path) for data in take(tree, path).tolist())


def _bits(tree: Tree, path: str) -> npt.NDArray[np.bool_]:
    array = take(tree, path)
    if np.any(array > 1):
        raise FormatError(f"/{path} holds values other than 0 and 1; {REMEDY}")
    return array.astype(bool)


def _layers(tree: Tree) -> tuple[Layer, ...]:
    numbers = sorted({int(path.split("/")[1]) for path in tree if path.startswith("layer/")})
    if numbers != list(range(len(numbers))):
        raise FormatError(f"/layer has numbers with gaps ({len(numbers)} up to {numbers[-1]}); {REMEDY}")
    blocks = [f"layer/{number}" for number in numbers]
    blocks = [block for block in blocks if _text(tree, f"{block}/type") not in WITHOUT_NEURONS]
    names = _texts(tree, "evsnn/layer_names")
    if len(names) != len(blocks):
        raise FormatError(f"/layer has {len(blocks)} layers, /evsnn/layer_names has {len(names)}; {REMEDY}")
    return tuple(_layer(tree, block, name) for block, name in zip(blocks, names, strict=True))


def _layer(tree: Tree, block: str, name: str) -> Layer:
    kind = _text(tree, f"{block}/type")
    if kind not in _SYNAPSES:
        valid = ", ".join([*WITHOUT_NEURONS, *_SYNAPSES])
        raise FormatError(f"/{block}/type is {kind!r}, the format has {valid}; {REMEDY}")
    return Layer(name, _SYNAPSES[kind](tree, block), _neuron(tree, block), _integers(tree, f"{block}/shape"))


def _dense(tree: Tree, block: str) -> Synapse:
    return DenseSynapse(take(tree, f"{block}/weight"))


def _conv(tree: Tree, block: str) -> Synapse:
    return ConvSynapse(
        take(tree, f"{block}/weight"),
        stride=_pair(tree, f"{block}/stride"),
        padding=_pair(tree, f"{block}/padding"),
        dilation=_pair(tree, f"{block}/dilation"),
        groups=_integer(tree, f"{block}/groups"),
    )


def _pair(tree: Tree, path: str) -> tuple[int, int]:
    values = _integers(tree, path)
    if len(values) != 2:
        raise FormatError(f"/{path} has {len(values)} values, the format says 2; {REMEDY}")
    return values[0], values[1]


_SYNAPSES: Final = {"conv": _conv, "dense": _dense}


def _neuron(tree: Tree, block: str) -> CubaNeuron:
    if (kind := _text(tree, f"{block}/neuron/type")) != "CUBA":
        raise FormatError(f"/{block}/neuron/type is {kind!r}, the format has CUBA; {REMEDY}")
    return CubaNeuron(
        vth_mant=_integer(tree, f"{block}/neuron/vThMant"),
        du=_integer(tree, f"{block}/neuron/iDecay") - 1,
        dv=_integer(tree, f"{block}/neuron/vDecay"),
        bias_mant=tree.get(f"{block}/bias"),
    )


def _recipe(tree: Tree) -> InputRecipe:
    values: dict[str, Any] = {name: _integer(tree, f"evsnn/recipe/{name}") for name in RECIPE_INTEGERS}
    values |= {name: _text(tree, f"evsnn/recipe/{name}") for name in RECIPE_TEXTS}
    if "evsnn/recipe/crop" in tree:
        values["crop"] = _integers(tree, "evsnn/recipe/crop")
        if len(values["crop"]) != 4:
            raise FormatError(f"/evsnn/recipe/crop has {len(values['crop'])} values, the format says 4; {REMEDY}")
    return InputRecipe(**values)


def _cutoff(tree: Tree) -> CutoffPolicy:
    return CutoffPolicy(
        kind=_text(tree, "evsnn/cutoff/kind"),
        thresholds=take(tree, "evsnn/cutoff/thresholds"),
        epsilon=float(take(tree, "evsnn/cutoff/epsilon")[()]),
        calibration_hash=_text(tree, "evsnn/cutoff/calibration_hash"),
        calibration_samples=_integer(tree, "evsnn/cutoff/calibration_samples"),
    )


def _quantisation(tree: Tree) -> tuple[QuantisationFacts, ...]:
    if not any(path.startswith("evsnn/quantisation/") for path in tree):
        return ()
    layers = _texts(tree, "evsnn/quantisation/layer")
    columns = {name: take(tree, f"evsnn/quantisation/{name}").tolist() for name in FACT_TYPES}
    if any(len(column) != len(layers) for column in columns.values()):
        raise FormatError(f"/evsnn/quantisation has columns of different lengths; {REMEDY}")
    rows = zip(*columns.values(), strict=True)
    return tuple(QuantisationFacts(layer, *row) for layer, row in zip(layers, rows, strict=True))


def _provenance(tree: Tree) -> dict[str, str]:
    try:
        provenance = json.loads(_text(tree, "evsnn/provenance"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"/evsnn/provenance is not JSON; {REMEDY}") from error
    if not isinstance(provenance, dict) or not all(isinstance(value, str) for value in provenance.values()):
        raise FormatError(f"/evsnn/provenance is not a JSON object of strings; {REMEDY}")
    return provenance


def _golden(tree: Tree, recipe: InputRecipe) -> GoldenVectors:
    packed = take(tree, "evsnn/golden/frames")
    shape = (*recipe.input_shape, recipe.steps)
    bits = math.prod(shape)
    if packed.shape[1] != -(-bits // 8):
        raise FormatError(
            f"/evsnn/golden/frames has {packed.shape[1]} bytes a sample, {bits} bits need {-(-bits // 8)}; {REMEDY}"
        )
    frames = np.unpackbits(packed, axis=1, count=bits).astype(bool)
    others = {
        name: take(tree, f"evsnn/golden/{name}") for name in ("spike_counts", "spike_hashes", "exit_step", "decision")
    }
    return GoldenVectors(frames=frames.reshape(len(packed), *shape), **others)
