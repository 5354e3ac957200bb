"""Arrays to HDF5 bytes and back, and nothing else.

Writing is reproducible: object headers without times, names in ascending order, contiguous data
without filters, one fixed version of the file format.
Reading trusts nothing: links, attributes, types and sizes are checked before any data is read, and the HDF5 library,
which crashes on some damaged files, is not asked at all.
"""

from __future__ import annotations

import math
from typing import Any, Final

import h5py
import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import FormatError
from evsnn_lava.export.netfile.container import SIGNATURE, Stored, data_sets
from evsnn_lava.export.netfile.schema import REMEDY, Tree, shown

HDF5_SIGNATURE: Final = SIGNATURE


def tree_to_bytes(tree: Tree) -> bytes:
    """Write arrays as an HDF5 file in memory: the same arrays always give the same bytes.

    Parameters
    ----------
    tree : dict of str to numpy.ndarray
        Path -> array.

    Returns
    -------
    bytes
        The file.

    Examples
    --------
    >>> data = tree_to_bytes({"evsnn/name": np.array(b"n")})
    >>> bytes_to_tree(data)["evsnn/name"].item()
    b'n'
    """
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_libver_bounds(h5py.h5f.LIBVER_V18, h5py.h5f.LIBVER_V18)
    access.set_fapl_core(1 << 16, False)
    creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    creation.set_obj_track_times(False)
    file = h5py.h5f.create(b"net", h5py.h5f.ACC_TRUNC, creation, access)
    with h5py.File(file) as root:
        properties = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
        properties.set_obj_track_times(False)
        for group in _groups(tree):
            h5py.h5g.create(file, group.encode(), gcpl=properties)
        for path in sorted(tree):
            _write_array(root, path, tree[path])
        root.flush()
        return bytes(file.get_file_image())


def _groups(tree: Tree) -> list[str]:
    """Every group above the arrays, parents first."""
    parts = [path.split("/") for path in tree]
    return sorted({"/".join(part[:length]) for part in parts for length in range(1, len(part))})


def _write_array(root: h5py.File, path: str, array: npt.NDArray[Any]) -> None:
    dtype = _stored(array.dtype)
    root.create_dataset(path, data=array.astype(dtype), dtype=dtype, track_times=False)


def _stored(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type as h5py stores it: texts are marked as UTF-8, nothing else is marked."""
    stored: np.dtype[Any] = h5py.string_dtype("utf-8", dtype.itemsize) if dtype.kind == "S" else np.dtype(dtype.str)
    return stored


def bytes_to_tree(data: bytes) -> Tree:
    """Read all arrays of an HDF5 file in memory.

    Parameters
    ----------
    data : bytes
        The file.

    Returns
    -------
    dict of str to numpy.ndarray
        Path -> array, as stored.

    Raises
    ------
    FormatError
        If it is not such a file, or holds something that the format does not allow.
    """
    tree: Tree = {}
    budget = len(data)
    for path, stored in data_sets(data):
        budget -= stored.size
        if budget < 0:
            raise FormatError(f"/{shown(path)} claims more data than the file has; {REMEDY}")
        tree[path] = _array(data, stored)
    _require_ours(tree)
    return tree


def _array(data: bytes, stored: Stored) -> npt.NDArray[Any]:
    try:
        flat = np.frombuffer(data, stored.dtype, math.prod(stored.shape), stored.place) if stored.size else None
        return np.zeros(stored.shape, stored.dtype) if flat is None else flat.reshape(stored.shape).copy()
    except ValueError as error:  # sizes beyond what numpy counts, one of them 0
        raise FormatError(f"an array of shape {stored.shape} is too large; {REMEDY}") from error


def _require_ours(tree: Tree) -> None:
    groups = {path.partition("/")[0] for path in tree}
    if groups == {"layer"}:
        raise FormatError(
            "a netx file without /evsnn (no recipe, masks or cutoff), in the HDF5 layout that `evsnn export` "
            "writes and `evsnn convert` does not read; take the file that still has its /evsnn"
        )
    if "evsnn" not in groups:
        raise FormatError("an HDF5 file without /layer and /evsnn; give a .net file that `evsnn export` wrote")
