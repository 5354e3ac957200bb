"""Reading a ``.net`` file, strictly: the network that was written, or an error that says why not."""

from __future__ import annotations

import os
from typing import Final

from evsnn_lava._files import read_regular
from evsnn_lava.errors import EvsnnError, FormatError
from evsnn_lava.export.netfile.decoding import decode, layer_blocks
from evsnn_lava.export.netfile.encoding import encode
from evsnn_lava.export.netfile.golden import ANSWERS, GROUP
from evsnn_lava.export.netfile.migration import Lifted, check_hash, lift
from evsnn_lava.export.netfile.places import placed
from evsnn_lava.export.netfile.schema import HASH_PATH, REMEDY, Tree, check_fields
from evsnn_lava.export.netfile.storage import bytes_to_tree
from evsnn_lava.network import NetworkDescription

SIZE_LIMIT: Final = 1 << 26
"""Most bytes of a file: what is made of them takes several times as many."""


def read_net(path: str | os.PathLike[str]) -> NetworkDescription:
    """Read a ``.net`` file.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    NetworkDescription
        Exactly what was written. A file of an older version is lifted to the newest form in memory.

    Raises
    ------
    ConfigError
        If there is no such file or it must not be read.
    FormatError
        If it is not a ``.net`` file of a known version, or any part of it was changed.

    Notes
    -----
    A file is accepted only if writing the network that it describes gives the same content again.
    """
    return read_lifted(path)[0]


def read_lifted(path: str | os.PathLike[str]) -> tuple[NetworkDescription, Lifted]:
    """Read a ``.net`` file, and say what was done to bring it to the newest form.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    network : NetworkDescription
        As :func:`read_net` gives it.
    lifted : Lifted
        Its content in the newest form, the version of the file and the changes.

    Raises
    ------
    ConfigError, FormatError
        As :func:`read_net`.
    """
    data = read_regular(path, SIZE_LIMIT)
    try:
        lifted = lift(bytes_to_tree(data))
        return _network(lifted.tree), lifted
    except EvsnnError as error:
        raise FormatError(f"{path}: {error}") from error


def _network(tree: Tree) -> NetworkDescription:
    check_fields(tree)
    network = decode(tree)
    golden = {name: f"{GROUP}{name}" for name in ("frames", *ANSWERS)}
    with placed("", {**{f"layer {name}:": block for name, block in layer_blocks(tree).items()}, **golden}):
        expected = encode(network)
    _compare(tree, expected)
    check_hash(tree)
    return network


def _compare(found: Tree, expected: Tree) -> None:
    """Refuse a file that says anything else than its own network would be written as."""
    if missing := sorted(set(expected) - set(found)):
        raise FormatError(f"/{missing[0]} is missing; {REMEDY}")
    if unexpected := sorted(set(found) - set(expected) - {HASH_PATH}):
        raise FormatError(f"/{unexpected[0]} does not belong to this network; {REMEDY}")
    for path, array in expected.items():
        other = found[path]
        if other.dtype != array.dtype or other.shape != array.shape or other.tobytes() != array.tobytes():
            raise FormatError(f"/{path} contradicts the rest of the file; {REMEDY}")
