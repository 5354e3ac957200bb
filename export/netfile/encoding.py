"""From a network description to the arrays of its file, and the hash over them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Final

import numpy as np

from evsnn_lava.export.netfile.golden import encode_golden
from evsnn_lava.export.netfile.netx_limits import check_netx
from evsnn_lava.export.netfile.neurons import encode_bias, encode_neuron
from evsnn_lava.export.netfile.schema import FORMAT_VERSION, HASH_PATH, KINDS_OF_4, SOFTMAX_OF_4, Tree
from evsnn_lava.export.netfile.synapses import encode_synapses
from evsnn_lava.export.netfile.values import Block, integer_array, ints_array, real_array, text_array, texts_array
from evsnn_lava.network import ComplexSynapse, DenseSynapse, DirectSynapse, Layer, NetworkDescription, passes_on

RECIPE_INTEGERS: Final = ("sensor_height", "sensor_width", "steps", "dt_us", "polarities", "downsample", "message_bits")
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
        "golden/": encode_golden(network),
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


def _blocks(network: NetworkDescription) -> Iterator[Block]:
    """The layers as netx has them: an input first, a flatten before a dense layer behind (C, H, W)."""
    check_netx(network)
    shape: tuple[int, ...] = network.input_shape
    if not isinstance(network.layers[0].synapse, DirectSynapse):
        yield {"type": text_array("input", "type"), "shape": ints_array(shape)}
    for layer in network.layers:
        if isinstance(layer.synapse, DenseSynapse | ComplexSynapse) and len(shape) == 3:
            yield {"type": text_array("flatten", "type"), "shape": ints_array([int(np.prod(shape))])}
        yield _layer(layer)
        shape = layer.shape


def _layer(layer: Layer) -> Block:
    neuron = {f"neuron/{name}": array for name, array in encode_neuron(layer.neuron).items()}
    bias = encode_bias(layer.neuron, layer.shape)
    return {"shape": ints_array(layer.shape), **encode_synapses(layer), **bias, **neuron}


def _about(network: NetworkDescription) -> Block:
    for key, value in network.provenance.items():
        text_array(key, f"provenance key {key!r}")
        text_array(value, f"provenance of {key!r}")
    provenance = json.dumps(dict(network.provenance), sort_keys=True, separators=(",", ":"))
    return {
        "format_version": ints_array(_version(network)),
        "name": text_array(network.name, "network name"),
        "layer_names": texts_array([layer.name for layer in network.layers], "name of layer"),
        "class_names": texts_array(network.class_names, "name of class"),
        "provenance": text_array(provenance, "provenance"),
    }


def _version(network: NetworkDescription) -> int:
    """The oldest version that can say what the network is."""
    sums = any(passes_on(layer.neuron) for layer in network.layers)
    needs = {4: network.cutoff.kind in KINDS_OF_4, 5: sums or network.cutoff.softmax.size > SOFTMAX_OF_4}
    return max((version for version, needed in needs.items() if needed), default=FORMAT_VERSION)


def _recipe(network: NetworkDescription) -> Block:
    recipe = network.recipe
    block: Block = {name: integer_array(getattr(recipe, name), f"input recipe: {name}") for name in RECIPE_INTEGERS}
    block |= {name: text_array(getattr(recipe, name), f"input recipe: {name}") for name in RECIPE_TEXTS}
    if recipe.crop is not None:
        block["crop"] = np.array([integer_array(value, "input recipe: crop") for value in recipe.crop], "<i8")
    return block


def _masks(network: NetworkDescription) -> Block:
    return {
        "semantics": text_array(network.masks.semantics, "mask semantics"),
        "keep": np.stack(network.masks.keep).astype(np.uint8),
        "phase": ints_array(range(network.depth)),
    }


def _cutoff(network: NetworkDescription) -> Block:
    cutoff = network.cutoff
    block: Block = {
        "kind": text_array(cutoff.kind, "cutoff kind"),
        "thresholds": ints_array(cutoff.thresholds),
        "epsilon": real_array(cutoff.epsilon, "cutoff epsilon"),
        "calibration_hash": text_array(cutoff.calibration_hash, "cutoff calibration hash"),
        "calibration_samples": integer_array(cutoff.calibration_samples, "cutoff calibration samples"),
        "layers": integer_array(cutoff.layers, "cutoff layers"),
    }
    return {**block, "softmax": ints_array(cutoff.softmax)} if cutoff.softmax.size else block


def _quantisation(network: NetworkDescription) -> Block:
    facts = network.quantisation
    if not facts:
        return {}
    block: Block = {"layer": texts_array([fact.layer for fact in facts], "quantised layer")}
    for name, dtype in FACT_TYPES.items():
        convert = real_array if dtype == "<f8" else integer_array
        values = [convert(getattr(fact, name), f"quantisation of {fact.layer}: {name}") for fact in facts]
        block[name] = np.array(values, dtype)
    return block
