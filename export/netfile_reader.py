"""Reading a ``.net`` file, strictly: the network that was written, or an error that says why not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from evsnn_lava.errors import ConfigError, EvsnnError, FormatError
from evsnn_lava.export.netfile_decoding import decode, take
from evsnn_lava.export.netfile_encoding import content_digest, encode
from evsnn_lava.export.netfile_schema import (
    FORMAT_VERSION,
    HASH_PATH,
    REMEDY,
    VERSION_PATH,
    Tree,
    check_fields,
    field_of,
)
from evsnn_lava.export.netfile_storage import HDF5_SIGNATURE, bytes_to_tree
from evsnn_lava.network import NetworkDescription

SIZE_LIMIT: Final = 1 << 32


def read_net(path: str | os.PathLike[str]) -> NetworkDescription:
    """Read a ``.net`` file.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    NetworkDescription
        Exactly what was written.

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
    data = _file_bytes(Path(path))
    try:
        return _network(bytes_to_tree(data))
    except EvsnnError as error:
        raise FormatError(f"{path}: {error}") from error


def _file_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if file.read(len(HDF5_SIGNATURE)) != HDF5_SIGNATURE:
                raise FormatError(f"{path}: it is not an HDF5 file; give a .net file that `evsnn export` wrote")
            size = os.fstat(file.fileno()).st_size
            if size > SIZE_LIMIT:
                raise FormatError(f"{path}: it has {size} bytes, the limit is {SIZE_LIMIT}; {REMEDY}")
            file.seek(0)
            return file.read()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read {path}: {reason}; check the path") from error


def _network(tree: Tree) -> NetworkDescription:
    _check_version(tree)
    check_fields(tree)
    network = decode(tree)
    _compare(tree, encode(network))
    stored, computed = take(tree, HASH_PATH).item().decode("ascii", "replace"), content_digest(tree)
    if stored != computed:
        raise FormatError(f"content hash is {computed[:12]}..., /{HASH_PATH} says {stored[:12]!r}...; {REMEDY}")
    return network


def _check_version(tree: Tree) -> None:
    """Before anything else: a newer file may hold what this version does not know."""
    array = take(tree, VERSION_PATH)
    if array.shape != () or not field_of(VERSION_PATH).accepts(array.dtype):
        raise FormatError(f"/{VERSION_PATH} is not one 64-bit whole number; {REMEDY}")
    if (version := int(array[()])) > FORMAT_VERSION:
        raise FormatError(
            f"format version {version} is newer than {FORMAT_VERSION}, the newest known; update evsnn_lava"
        )
    if version < 1:
        raise FormatError(f"format version {version} does not exist, the first is 1; {REMEDY}")


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
