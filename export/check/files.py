"""Checking a file, whatever is in it: what cannot be read is a finding, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from evsnn_lava.errors import ConfigError, EvsnnError
from evsnn_lava.export.check.finding import Change, Finding
from evsnn_lava.export.check.rules import check, worst_first
from evsnn_lava.export.check.subject import layer_object
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netx.parts import Block
from evsnn_lava.export.netx.reader import read_netx
from evsnn_lava.export.netx.survey import survey_blocks
from evsnn_lava.hw_profiles import Chip
from evsnn_lava.network import CutoffPolicy, FrameMasks, InputRecipe, Layer, NetworkDescription
from evsnn_lava.network.synapses import Shape

FOREIGN: Final = "a plain netx file"


def check_file(path: Path, chip: Chip, chips: int = 1) -> tuple[Finding, ...]:
    """Check a ``.net`` file of ours or of somebody else.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    chip : Chip
        What it is to run on.
    chips : int
        How many of them there are.

    Returns
    -------
    tuple of Finding
        Of a file that cannot be read: why, for every block of it if it is a netx file.

    Raises
    ------
    ConfigError
        If there is no such file, or it is none.
    """
    try:
        return check(read_net(path), chip, chips)
    except ConfigError:  # there is no such file
        raise
    except EvsnnError as error:
        if FOREIGN not in str(error):
            return (_unreadable("file", error, path),)
    try:
        return check(read_netx(path).network, chip, chips)
    except EvsnnError as error:
        found = [each for index, block in survey_blocks(path) for each in _of_block(index, block, path, chip)]
        refused = any(each.rule == "readable" for each in found)
        return worst_first(found if refused else [_unreadable("file", error, path), *found])


def _of_block(index: int, block: Block | EvsnnError, path: Path, chip: Chip) -> Iterator[Finding]:
    """Why a block cannot be read, or what is to be said about its layer alone."""
    if isinstance(block, EvsnnError):
        yield _unreadable(f"block {index}", block, path)
    elif block.layer is not None and block.input_shape is not None:
        where = layer_object(block.layer.name)
        yield from (each for each in check(_alone(block.layer, block.input_shape), chip) if each.object == where)


def _alone(layer: Layer, shape: Shape) -> NetworkDescription:
    channels, height, width = (1, 1, *shape)[-3:]
    recipe = InputRecipe.frames((channels, height, width), 1, 0)
    names = tuple(map(str, range(layer.neurons)))
    return NetworkDescription(layer.name, (layer,), recipe, FrameMasks.all_kept(1, 1), CutoffPolicy.never(1), names)


def _unreadable(where: str, error: EvsnnError, path: Path) -> Finding:
    said = str(error).removeprefix(f"{path}: ")
    fact, _, remedy = said.rpartition("; ")
    return Finding("readable", where, "error", fact or said, change=Change("file", None, remedy))
