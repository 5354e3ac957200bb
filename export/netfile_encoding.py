"""From a network description to the arrays of its file, and the hash over them."""

from __future__ import annotations

import hashlib
import json
import operator
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.netfile_schema import FORMAT_VERSION, HASH_PATH, Tree
from evsnn_lava.export.netx_limits import check_netx
from evsnn_lava.network import ConvSynapse, CubaNeuron, DenseSynapse, GoldenVectors, Layer, NetworkDescription

Block = dict[str, npt.NDArray[Any]]

RECIPE_INTEGERS: Final = ("sensor_height", "sensor_width", "steps", "dt_us", "polarities", "downsample")
RECIPE_TEXTS: Final = ("binning", "dataset")
FACT_TYPES: Final = {"weight_scale": "<f8", "max_error": "<f8", "clipped": "<i8", "zeros": "<i8"}


def encode(network: NetworkDescription) -> Tree:
    """Lay a network out as the arrays of its file, without the content hash.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Returns
    -------
    dict of str to numpy.ndarray
        Path -> array.

    Raises
    ------
    UnsupportedError
        If stock netx would not compute a layer exactly.
    ConfigError
        If a text or number cannot be stored, or the golden vectors do not fit the network.
    """
    tree: Tree = {}
    for index, block in enumerate(_blocks(network)):
        tree.update({f"layer/{index}/{name}": array for name, array in block.items()})
    parts: dict[str, Block] = {
        "": _about(network),
        "recipe/": _recipe(network),
        "masks/": _masks(network),
        "cutoff/": _cutoff(network),
        "quantisation/": _quantisation(network),
        "golden/": {} if network.golden is None else _golden(network, network.golden),
    }
    for prefix, part in parts.items():
        tree.update({f"evsnn/{prefix}{name}": array for name, array in part.items()})
    return tree


def content_digest(tree: Tree) -> str:
    """SHA-256 over every array but the hash itself.

    For each path in ascending order: path, numpy type string, shape, each ended by a NUL, then the
    bytes in C order.

    Parameters
    ----------
    tree : dict of str to numpy.ndarray
        Path -> array, little-endian.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> content_digest({"a": np.array(1, "<i8")}) == content_digest({"a": np.array(1, "<i4")})
    False
    """
    digest = hashlib.sha256()
    for path in sorted(set(tree) - {HASH_PATH}):
        array = tree[path]
        shape = ",".join(map(str, array.shape))
        digest.update(f"{path}\0{array.dtype.str}\0{shape}\0".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def text_array(value: object, owner: str) -> npt.NDArray[np.bytes_]:
    """Encode a text as a fixed-length UTF-8 scalar.

    Raises
    ------
    ConfigError
        If it is no text, holds a NUL character or cannot be encoded.

    Examples
    --------
    >>> text_array("CUBA", "type").dtype.str
    '|S4'
    """
    if not isinstance(value, str):
        raise ConfigError(f"{owner} is {type(value).__name__}, the file stores text; convert it with str()")
    try:
        data = value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ConfigError(f"{owner} cannot be encoded as UTF-8 ({error.reason}); remove the character") from error
    if b"\0" in data:
        raise ConfigError(f"{owner} holds a NUL character, which the file cannot store; remove it")
    return np.array(data, dtype=f"S{max(1, len(data))}")


def _texts(values: Sequence[object], owner: str) -> npt.NDArray[np.bytes_]:
    scalars = [text_array(value, f"{owner} {index}") for index, value in enumerate(values)]
    return np.array([scalar[()] for scalar in scalars], dtype=f"S{max(scalar.itemsize for scalar in scalars)}")


def _integer(value: object, owner: str) -> npt.NDArray[np.int64]:
    try:
        return np.array(operator.index(value), dtype="<i8")  # type: ignore[arg-type]
    except (TypeError, OverflowError) as error:
        raise ConfigError(f"{owner} is {value!r}, the file stores a 64-bit whole number; correct it") from error


def _real(value: object, owner: str) -> npt.NDArray[np.float64]:
    try:
        array = np.array(value, dtype="<f8")
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{owner} is {value!r}, the file stores a number; correct it") from error
    if array.ndim or not np.isfinite(array):
        raise ConfigError(f"{owner} is {value!r}, the file stores a finite number; correct it")
    return array


def _ints(values: Sequence[int] | npt.NDArray[np.integer], dtype: str = "<i8") -> npt.NDArray[Any]:
    return np.ascontiguousarray(values, dtype=dtype)


def _blocks(network: NetworkDescription) -> Iterator[Block]:
    shape: tuple[int, ...] = network.input_shape
    yield {"type": text_array("input", "type"), "shape": _ints(shape)}
    for layer in network.layers:
        check_netx(layer)
        if isinstance(layer.synapse, DenseSynapse) and len(shape) == 3:
            yield {"type": text_array("flatten", "type"), "shape": _ints([int(np.prod(shape))])}
        yield _layer(layer)
        shape = layer.shape


def _layer(layer: Layer) -> Block:
    block: Block = {"shape": _ints(layer.shape), "weight": _ints(layer.synapse.weights, "<i2")}
    if isinstance(layer.synapse, ConvSynapse):
        conv = layer.synapse
        block |= {name: _ints(getattr(conv, name)) for name in ("stride", "padding", "dilation")}
        block |= {"type": text_array("conv", "type"), "groups": _integer(conv.groups, f"layer {layer.name}: groups")}
    else:
        block["type"] = text_array("dense", "type")
    if layer.neuron.bias_mant is not None:
        block["bias"] = _ints(layer.neuron.bias_mant, "<i2")
    return block | {f"neuron/{name}": array for name, array in _neuron(layer.neuron).items()}


def _neuron(neuron: CubaNeuron) -> Block:
    return {
        "type": text_array("CUBA", "type"),
        "iDecay": np.array(neuron.current_decay, "<i8"),
        "vDecay": np.array(neuron.dv, "<i8"),
        "vThMant": np.array(neuron.vth_mant, "<i8"),
        "refDelay": np.array(1, "<i8"),
        "gradedSpike": np.array(False),
    }


def _about(network: NetworkDescription) -> Block:
    for key, value in network.provenance.items():
        text_array(key, f"provenance key {key!r}")
        text_array(value, f"provenance of {key!r}")
    provenance = json.dumps(dict(network.provenance), sort_keys=True, separators=(",", ":"))
    return {
        "format_version": np.array(FORMAT_VERSION, "<i8"),
        "name": text_array(network.name, "network name"),
        "layer_names": _texts([layer.name for layer in network.layers], "name of layer"),
        "class_names": _texts(network.class_names, "name of class"),
        "provenance": text_array(provenance, "provenance"),
    }


def _recipe(network: NetworkDescription) -> Block:
    recipe = network.recipe
    block: Block = {name: _integer(getattr(recipe, name), f"input recipe: {name}") for name in RECIPE_INTEGERS}
    block |= {name: text_array(getattr(recipe, name), f"input recipe: {name}") for name in RECIPE_TEXTS}
    if recipe.crop is not None:
        block["crop"] = np.array([_integer(value, "input recipe: crop") for value in recipe.crop], "<i8")
    return block


def _masks(network: NetworkDescription) -> Block:
    return {
        "semantics": text_array(network.masks.semantics, "mask semantics"),
        "keep": np.stack(network.masks.keep).astype(np.uint8),
        "phase": _ints(range(network.depth)),
    }


def _cutoff(network: NetworkDescription) -> Block:
    cutoff = network.cutoff
    return {
        "kind": text_array(cutoff.kind, "cutoff kind"),
        "thresholds": _ints(cutoff.thresholds),
        "epsilon": _real(cutoff.epsilon, "cutoff epsilon"),
        "calibration_hash": text_array(cutoff.calibration_hash, "cutoff calibration hash"),
        "calibration_samples": _integer(cutoff.calibration_samples, "cutoff calibration samples"),
    }


def _quantisation(network: NetworkDescription) -> Block:
    facts = network.quantisation
    if not facts:
        return {}
    block: Block = {"layer": _texts([fact.layer for fact in facts], "quantised layer")}
    for name, dtype in FACT_TYPES.items():
        convert = _real if dtype == "<f8" else _integer
        values = [convert(getattr(fact, name), f"quantisation of {fact.layer}: {name}") for fact in facts]
        block[name] = np.array(values, dtype)
    return block


def _golden(network: NetworkDescription, golden: GoldenVectors) -> Block:
    samples = len(golden.frames)
    counts = (samples, network.depth, network.max_steps)
    expected: dict[str, tuple[str, tuple[int, ...]]] = {
        "frames": ("|b1", (samples, *network.input_shape, network.masks.steps)),
        "spike_counts": ("<i8", counts),
        "spike_hashes": ("<u8", counts),
        "exit_step": ("<i8", (samples,)),
        "decision": ("<i8", (samples,)),
    }
    block: Block = {}
    for name, (dtype, shape) in expected.items():
        array = getattr(golden, name)
        if array.shape != shape or array.dtype != np.dtype(dtype) or not samples:
            raise ConfigError(
                f"golden vectors: {name} is {array.dtype} {array.shape}, network {network.name} makes "
                f"{np.dtype(dtype)} {shape}; record at least one sample again"
            )
        block[name] = np.ascontiguousarray(array, dtype)
    _check_answers(network, golden)
    block["frames"] = np.packbits(block["frames"].reshape(samples, -1), axis=1)
    return block


def _check_answers(network: NetworkDescription, golden: GoldenVectors) -> None:
    limits = {"exit_step": (1, network.cutoff.steps), "decision": (0, len(network.class_names) - 1)}
    for name, (low, high) in limits.items():
        values = getattr(golden, name)
        if values.min() < low or values.max() > high:
            raise ConfigError(
                f"golden vectors: {name} spans {values.min()}..{values.max()}, limit {low}..{high}; record them again"
            )
