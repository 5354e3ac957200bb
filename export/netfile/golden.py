"""Golden vectors as arrays of the file and back: frames packed to bits, or four bytes for each graded value."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError, FormatError
from evsnn_lava.export.netfile.places import placed
from evsnn_lava.export.netfile.schema import REMEDY, Tree
from evsnn_lava.export.netfile.values import Block, take
from evsnn_lava.network import GoldenVectors, InputRecipe, NetworkDescription

GROUP: Final = "evsnn/golden/"
VALUE_BYTES: Final = 4

GOLDEN_LIMIT: Final = 1 << 27
"""Most values of all golden frames; they are unpacked from bits to bytes."""

ANSWERS: Final = ("spike_counts", "spike_hashes", "exit_step", "decision")


def encode_golden(network: NetworkDescription) -> Block:
    """Lay the golden vectors of a network out as arrays.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Returns
    -------
    dict of str to numpy.ndarray
        Name in the group -> array; empty without golden vectors.

    Raises
    ------
    ConfigError
        If they do not fit the network.
    """
    golden = network.golden
    if golden is None:
        return {}
    block: Block = {}
    for name, (dtype, shape) in _expected(network, len(golden.frames)).items():
        array = getattr(golden, name)
        if array.shape != shape or array.dtype != np.dtype(dtype) or not len(golden.frames):
            raise ConfigError(
                f"golden vectors: {name} is {array.dtype} {array.shape}, network {network.name} makes "
                f"{np.dtype(dtype)} {shape}; record at least one sample again"
            )
        block[name] = np.ascontiguousarray(array, dtype)
    _check_values(network, golden)
    block["frames"] = _pack(block["frames"])
    return block


def decode_golden(tree: Tree, recipe: InputRecipe) -> GoldenVectors | None:
    """Read golden vectors back.

    Parameters
    ----------
    tree : dict of str to numpy.ndarray
        The file.
    recipe : InputRecipe
        Says the shape of the frames and whether they are graded.

    Returns
    -------
    GoldenVectors or None
        None when the file has none.

    Raises
    ------
    FormatError
        If something is missing, or the frames have another size.
    """
    if not any(path.startswith(GROUP) for path in tree):
        return None
    packed = take(tree, f"{GROUP}frames")
    shape = (*recipe.input_shape, recipe.steps)
    values = math.prod(shape)
    if values * len(packed) > GOLDEN_LIMIT:
        raise FormatError(f"/{GROUP}frames are {values * len(packed)} values, the limit is {GOLDEN_LIMIT}; {REMEDY}")
    size = VALUE_BYTES * values if recipe.message_bits else -(-values // 8)
    if packed.shape[1] != size:
        raise FormatError(f"/{GROUP}frames has {packed.shape[1]} bytes a sample, {shape} needs {size}; {REMEDY}")
    frames = _unpack(packed, values, bool(recipe.message_bits)).reshape(len(packed), *shape)
    answers = {name: take(tree, f"{GROUP}{name}") for name in ANSWERS}
    with placed(GROUP.rstrip("/")):
        return GoldenVectors(frames, **answers)


def _expected(network: NetworkDescription, samples: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    counts = (samples, network.depth, network.max_steps)
    frame_type = "<i4" if network.recipe.message_bits else "|b1"
    return {
        "frames": (frame_type, (samples, *network.input_shape, network.masks.steps)),
        "spike_counts": ("<i8", counts),
        "spike_hashes": ("<u8", counts),
        "exit_step": ("<i8", (samples,)),
        "decision": ("<i8", (samples,)),
    }


def _pack(frames: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    flat = frames.reshape(len(frames), -1)
    return np.packbits(flat, axis=1) if flat.dtype == np.bool_ else flat.view(np.uint8)


def _unpack(packed: npt.NDArray[np.uint8], values: int, graded: bool) -> npt.NDArray[Any]:
    if graded:
        return np.ascontiguousarray(packed).view("<i4").astype(np.int32)
    return np.unpackbits(packed, axis=1, count=values).astype(bool)


def _check_values(network: NetworkDescription, golden: GoldenVectors) -> None:
    limits = {
        "frames": network.recipe.value_range,
        "exit_step": (1, network.cutoff.steps),
        "decision": (0, len(network.class_names) - 1),
    }
    for name, (low, high) in limits.items():
        values = getattr(golden, name)
        if int(values.min()) < low or int(values.max()) > high:
            raise ConfigError(
                f"golden vectors: {name} spans {values.min()}..{values.max()}, limit {low}..{high}; record them again"
            )
    most = np.array([layer.neurons for layer in network.layers])[None, :, None]
    counts = golden.spike_counts
    if (counts < 0).any() or (counts > most).any() or counts[..., 0].any():
        raise ConfigError(
            "golden vectors: spike_counts are negative, above the neurons of a layer, or not 0 in step 0; "
            "record them again"
        )
