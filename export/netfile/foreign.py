"""What an HDF5 file that is no ``.net`` file may be, and who reads it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from evsnn_lava.errors import FormatError

NIR_GROUPS: Final = {b"node", b"version"}
"""What lies at the top of a NIR graph."""

HEAP_PLACE: Final = 88
"""Where a file of the old layout says where the names of its top group lie; the heap says where the text begins."""

NAMES: Final = 1024
"""Bytes of names that are looked at."""


def foreign_file(names: Collection[bytes]) -> FormatError:
    """The error for a file of others.

    Parameters
    ----------
    names : collection of bytes
        Names at its top, as far as they are known.

    Returns
    -------
    FormatError
        It says what the file looks like and which command reads it.

    Examples
    --------
    >>> str(foreign_file([b"version", b"node"]))
    'it looks like a NIR graph, not a .net file; `evsnn convert` reads it'
    """
    if set(names) >= NIR_GROUPS:
        return FormatError("it looks like a NIR graph, not a .net file; `evsnn convert` reads it")
    return FormatError(
        "an HDF5 file that is no .net file of ours (another HDF5 layout); a plain netx file or a NIR graph can be read "
        "by `evsnn convert`"
    )


def top_names(data: bytes) -> list[bytes]:
    """Names at the top of a file of the old HDF5 layout, which h5py writes unless told otherwise.

    Parameters
    ----------
    data : bytes
        The file. Nothing in it is trusted; a damaged one gives other names or none.

    Returns
    -------
    list of bytes
        Some of the names; what else lies between them may be in the list, too.

    Notes
    -----
    Source: HDF5 File Format Specification 3.0, sections II.A (version 0), III.C and III.D.
    """
    heap = data[HEAP_PLACE : HEAP_PLACE + 8]
    place = int.from_bytes(heap, "little")
    if data[place : place + 4] != b"HEAP":
        return []
    start = int.from_bytes(data[place + 24 : place + 32], "little")
    return [name for name in data[start : start + NAMES].split(b"\0") if name]
