"""The arrays of a netx file that somebody else wrote, read without trusting it."""

from __future__ import annotations

from evsnn_lava.errors import FormatError
from evsnn_lava.export.netfile.schema import Tree, shown
from evsnn_lava.export.netx.container import REMEDY, read_arrays


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
