"""Reading a network from whatever kind of ``.net`` file it is in."""

from __future__ import annotations

from pathlib import Path

from evsnn_lava.errors import EvsnnError, FormatError
from evsnn_lava.export.netfile.reader import read_net
from evsnn_lava.export.netx.reader import read_netx
from evsnn_lava.network import NetworkDescription


def read_network(path: Path) -> NetworkDescription:
    """Read a file of ours, or a plain netx file of lava-dl.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    NetworkDescription
        Of a netx file: all frames kept, no cutoff.

    Raises
    ------
    EvsnnError
        As the reader says that the file is for.
    """
    try:
        return read_net(path)
    except FormatError as error:
        try:
            return read_netx(path).network
        except EvsnnError as other:
            raise (other if "a plain netx file" in str(error) else error) from None
