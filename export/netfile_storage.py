"""Arrays to HDF5 bytes and back, and nothing else.

Writing is reproducible: object headers without times, names in ascending order, contiguous data
without filters, one fixed version of the file format (whose metadata HDF5 protects with checksums).
Reading trusts nothing: links, attributes, types and sizes are checked before any data is read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

import h5py
import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import FormatError
from evsnn_lava.export.netfile_schema import REMEDY, Tree

HDF5_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
OBJECT_LIMIT: Final = 100_000
DEPTH_LIMIT: Final = 4

_HDF5_ERRORS: Final = (
    OSError,
    LookupError,
    ValueError,
    TypeError,
    RuntimeError,
    AttributeError,
    ArithmeticError,
    MemoryError,
)
"""What h5py raises on damaged files; measured by flipping, cutting and editing bytes."""


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
    dtype = h5py.string_dtype("utf-8", array.itemsize) if array.dtype.kind == "S" else array.dtype
    root.create_dataset(path, data=array.astype(dtype), dtype=dtype, track_times=False)


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
    if not data.startswith(HDF5_SIGNATURE):
        raise FormatError("it is not an HDF5 file; give a .net file that `evsnn export` wrote")
    try:
        return _read(data)
    except _HDF5_ERRORS as error:
        reason = " ".join(str(error).split())[:120]
        raise FormatError(f"HDF5 cannot read it ({type(error).__name__}: {reason}); {REMEDY}") from error


def _read(data: bytes) -> Tree:
    tree: Tree = {}
    budget = len(data)
    file = h5py.h5f.open_file_image(data)
    try:
        root = h5py.h5o.open(file, b"/")
        _require_ours(root)
        for count, (path, dataset) in enumerate(_datasets(root, "", 1)):
            budget -= _checked_size(path, dataset)
            if budget < 0 or count > OBJECT_LIMIT:
                raise FormatError(f"/{path} claims more data than the file has; {REMEDY}")
            tree[path] = array = np.zeros(dataset.shape, dataset.dtype)
            if array.size:
                dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, array)
    finally:
        file.close()
    return tree


def _require_ours(root: h5py.h5g.GroupID) -> None:
    if b"evsnn" in root:
        return
    if b"layer" in root:
        raise FormatError(
            "a plain netx file without /evsnn (no recipe, masks or cutoff), which cannot be read yet; "
            "give a .net file that `evsnn export` wrote"
        )
    raise FormatError("an HDF5 file without /layer and /evsnn; give a .net file that `evsnn export` wrote")


def _datasets(group: h5py.h5g.GroupID, prefix: str, depth: int) -> Iterator[tuple[str, h5py.h5d.DatasetID]]:
    """All data sets below a group; the depth bounds loops of links."""
    _refuse_attributes(group, prefix.rstrip("/"))
    if depth > DEPTH_LIMIT or not len(group):
        raise FormatError(f"unexpected group /{prefix.rstrip('/')}; {REMEDY}")
    for name in group:
        path = prefix + name.decode("utf-8", "replace")
        if group.links.get_info(name).type != h5py.h5l.TYPE_HARD:
            raise FormatError(f"/{path} is a link to somewhere else, the format has none; {REMEDY}")
        item = h5py.h5o.open(group, name)
        if isinstance(item, h5py.h5g.GroupID):
            yield from _datasets(item, f"{path}/", depth + 1)
        elif isinstance(item, h5py.h5d.DatasetID):
            _refuse_attributes(item, path)
            yield path, item
        else:
            raise FormatError(f"/{path} is neither group nor data set; {REMEDY}")


def _refuse_attributes(item: h5py.h5g.GroupID | h5py.h5d.DatasetID, path: str) -> None:
    if h5py.h5a.get_num_attrs(item):
        raise FormatError(f"/{path} has attributes, the format has none; {REMEDY}")


def _checked_size(path: str, dataset: h5py.h5d.DatasetID) -> int:
    """Bytes of the data, after everything was refused that could be more than the file holds."""
    properties = dataset.get_create_plist()
    plain = properties.get_layout() in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT)
    if not plain or properties.get_nfilters() or properties.get_external_count():
        raise FormatError(f"/{path} is chunked, filtered or stored elsewhere, the format says contiguous; {REMEDY}")
    dtype = dataset.dtype
    if dataset.shape is None or dtype.kind not in "iufbS":
        raise FormatError(f"/{path} holds {dtype}, the format has numbers and fixed-length text; {REMEDY}")
    return math.prod(dataset.shape) * int(dtype.itemsize)
