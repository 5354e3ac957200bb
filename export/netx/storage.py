"""The arrays of a netx file that somebody else wrote, read without trusting it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from evsnn_lava.errors import ConfigError, FormatError
from evsnn_lava.export.netfile.schema import Tree, shown
from evsnn_lava.export.netx.container import REMEDY, read_arrays

SIZE_LIMIT: Final = 1 << 32


def file_bytes(path: Path) -> bytes:
    """Read a file whole.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    ConfigError
        If it cannot be read.
    FormatError
        If it is too large.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > SIZE_LIMIT:
                raise FormatError(f"it has {size} bytes, the limit is {SIZE_LIMIT}; {REMEDY}")
            return file.read()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read it: {reason}; check the path") from error


def read_tree(data: bytes) -> Tree:
    """Read all arrays of a netx file in memory.

    Parameters
    ----------
    data : bytes
        The file.

    Returns
    -------
    dict of str to numpy.ndarray
        Path without the leading slash -> array; text is of dtype ``S``.

    Raises
    ------
    FormatError
        If it is no HDF5 file, damaged, or holds something that no netx file holds.
    """
    tree: Tree = {}
    budget = len(data)
    for path, array in read_arrays(data):
        budget -= array.nbytes
        if budget < 0:
            raise FormatError(f"/{shown(path)} is data that was read before, there is more than the file has; {REMEDY}")
        tree[path] = array
    return tree
