"""Reading the netx files of others: a network description, and what had to be decided on the way.

A netx file says less than a description: no input recipe, no masks, no cutoff, no class names, and some of it stock
netx reads otherwise than it was meant. The description is what netx on Lava computes; where netx would silently drop
something, the file is refused.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evsnn_lava._files import read_regular
from evsnn_lava.errors import ConfigError, EvsnnError, FormatError
from evsnn_lava.export.netfile.schema import shown
from evsnn_lava.export.netx.blocks import read_block
from evsnn_lava.export.netx.container import REMEDY
from evsnn_lava.export.netx.groups import Decision, Group, build
from evsnn_lava.export.netx.parts import MESSAGE_BITS, Block, Source
from evsnn_lava.export.netx.storage import read_tree
from evsnn_lava.network import CutoffPolicy, FrameMasks, InputRecipe, NetworkDescription

DEFAULT_STEPS: Final = 16
SIZE_LIMIT: Final = 1 << 26
STEPS_LIMIT: Final = 100_000
OUTPUT_LIMIT: Final = 1 << 16


@dataclass(frozen=True)
class NetxOptions:
    """What a netx file does not say.

    Parameters
    ----------
    steps : int, optional
        Frames of a sample; by default what an old file says itself (``/simulation/tSample``), else 16.
    message_bits : int, optional
        Bits of an input value, sign included; 0 for spikes. By default 16 when the file starts with input neurons,
        which netx feeds with numbers, else 0.
    input_shape : (int, int, int), optional
        ``(C, H, W)``, for a file that starts with a convolution.
    clamp_delays : bool
        Turn delays beyond 62 into 62, as netx does, instead of refusing them.
    fold_input : bool
        Let the network apply weight and bias of its input neurons to numbers, too, which netx leaves to the user.
    blocks : int, optional
        Read so many blocks of the file and leave out the rest, as netx's ``num_layers``; by default all.
    """

    steps: int | None = None
    message_bits: int | None = None
    input_shape: tuple[int, int, int] | None = None
    clamp_delays: bool = False
    fold_input: bool = False
    blocks: int | None = None


@dataclass(frozen=True)
class NetxImport:
    """A network from a netx file.

    Parameters
    ----------
    network : NetworkDescription
        What netx on Lava computes: all frames kept, no cutoff, classes named by their number.
    decisions : tuple of Decision
        Every place of the file where something had to be decided, in the order of the file.
    """

    network: NetworkDescription
    decisions: tuple[Decision, ...]


def read_netx(path: str | os.PathLike[str], options: NetxOptions | None = None) -> NetxImport:
    """Read a ``.net`` file that lava-dl or somebody else wrote, in the old or the new dialect.

    Parameters
    ----------
    path : path-like
        The file.
    options : NetxOptions, optional
        What the file does not say.

    Returns
    -------
    NetxImport
        The network and what had to be decided.

    Raises
    ------
    ConfigError
        If the file cannot be read or an option is out of range.
    FormatError
        If the file is damaged, incomplete, contradictory or holds something unknown.
    UnsupportedError
        If netx does not load it, or would silently compute something else.
    CapacityError
        If a number does not fit into Loihi's integers.
    """
    path = Path(path)
    data = read_regular(path, SIZE_LIMIT)
    try:
        return _network(data, path.stem, options or NetxOptions())
    except EvsnnError as error:
        raise type(error)(f"{path}: {error}") from error


def _network(data: bytes, name: str, options: NetxOptions) -> NetxImport:
    root = Group("", read_tree(data))
    _require_plain(root)
    first = root.group("layer").group("0")
    has_input = first.has("neuron") and first.text("type") == "input"
    if options.fold_input and not has_input:
        raise ConfigError("there is no block of input neurons whose weight and bias could be applied; leave it out")
    message_bits = options.message_bits
    if message_bits is None:
        message_bits = MESSAGE_BITS if has_input else 0
    blocks = _blocks(root.group("layer"), options, message_bits)
    working = [block for block in blocks if block.layer is not None]
    if not working:
        raise FormatError(f"/layer has no neurons; {REMEDY}")
    layers = tuple(block.layer for block in working if block.layer is not None)
    if layers[-1].neurons > OUTPUT_LIMIT:
        raise FormatError(f"the last block has {layers[-1].neurons} neurons, the limit is {OUTPUT_LIMIT}; {REMEDY}")
    steps = _steps(root, options)
    channels, height, width = working[0].input_shape or ()
    network = build(
        "layer",
        NetworkDescription,
        name=name,
        layers=layers,
        recipe=InputRecipe.frames((channels, height, width), steps, message_bits),
        masks=FrameMasks.all_kept(steps, len(layers)),
        cutoff=CutoffPolicy.never(steps),
        class_names=tuple(map(str, range(layers[-1].neurons))),
        provenance=_provenance(data, root),
    )
    return NetxImport(network, tuple(decision for block in blocks for decision in block.decisions))


def _require_plain(root: Group) -> None:
    """Only the two groups that netx files have: others would be ignored in silence."""
    names = {path.partition("/")[0] for path in root.fields}
    if "evsnn" in names:
        raise FormatError("it has a group /evsnn, so it is a file of this package; read it as one")
    if "layer" not in names:
        raise FormatError(f"/layer is missing; {REMEDY}")
    root.require_known(path for path in root.fields if path.startswith(("layer/", "simulation/")))
    root.group("simulation").require_known(("Ts", "tSample"))


def _blocks(group: Group, options: NetxOptions, message_bits: int) -> list[Block]:
    """Read all blocks in order, each connected to the one before."""
    count = _count(group) if options.blocks is None else min(_count(group), options.blocks)
    source = Source(options.input_shape, message_bits, options.clamp_delays, options.fold_input)
    blocks: list[Block] = []
    for index in range(count):
        blocks.append(read_block(group.group(str(index)), source))
        source = blocks[-1].source
    first = blocks[0].input_shape if blocks else None
    if options.input_shape is not None and first != options.input_shape:
        raise ConfigError(f"the input shape is given as {options.input_shape}, /layer/0 says {first}; leave it out")
    return blocks


def _count(group: Group) -> int:
    numbers = {name.partition("/")[0] for name in group.fields}
    if unknown := sorted(numbers - {str(index) for index in range(len(numbers))}):
        raise FormatError(f"{group.where(shown(unknown[0]))} is not one of the blocks 0..{len(numbers) - 1}; {REMEDY}")
    return len(numbers)


def _steps(root: Group, options: NetxOptions) -> int:
    steps = options.steps
    if steps is None:
        steps = root.group("simulation").number("tSample", DEFAULT_STEPS)
    if not 1 <= steps <= STEPS_LIMIT:
        raise ConfigError(f"a sample has {steps} frames, the limit is 1..{STEPS_LIMIT}; say how many")
    return steps


def _provenance(data: bytes, root: Group) -> dict[str, str]:
    """Where the network comes from: the hash of the file and the name that it has for neurons."""
    types = [array for path, array in root.fields.items() if path.endswith("/neuron/type")]
    old = any(array.tobytes().startswith(b"LOIHI") for array in types)
    return {
        "source_format": f"netx, {'old' if old else 'new'} dialect",
        "source_sha256": hashlib.sha256(data).hexdigest(),
    }
