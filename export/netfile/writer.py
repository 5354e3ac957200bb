"""Writing a network description as a ``.net`` file."""

from __future__ import annotations

import os

import numpy as np

from evsnn_lava._files import atomic_write
from evsnn_lava.errors import ConfigError
from evsnn_lava.export.netfile.encoding import content_digest, encode
from evsnn_lava.export.netfile.schema import HASH_PATH
from evsnn_lava.export.netfile.storage import tree_to_bytes
from evsnn_lava.network import NetworkDescription


def content_hash(network: NetworkDescription) -> str:
    """The hash that the file of a network carries: equal for equal content, whoever wrote it.

    Parameters
    ----------
    network : NetworkDescription
        The network.

    Returns
    -------
    str
        SHA-256, 64 hexadecimal digits.

    Raises
    ------
    UnsupportedError, ConfigError
        If the network cannot be written.
    """
    return content_digest(encode(network))


def write_net(network: NetworkDescription, path: str | os.PathLike[str]) -> None:
    """Write a network as a ``.net`` file that stock netx loads, too.

    Everything is checked before anything is written; the file appears whole or not at all. The same
    network always gives the same bytes. A bias exponent without a bias means nothing and is not kept.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    path : path-like
        The file to create or replace.

    Raises
    ------
    UnsupportedError
        If stock netx would not compute a layer exactly.
    ConfigError
        If a text, a number or the golden vectors cannot be stored, or the path cannot be written.

    Notes
    -----
    The format is specified in ``docs/format.md``.

    Examples
    --------
    >>> from evsnn_lava.export.netfile.reader import read_net
    >>> from evsnn_lava.network import CubaNeuron, CutoffPolicy, DenseSynapse, FrameMasks, InputRecipe, Layer
    >>> layer = Layer("fc", DenseSynapse([[2, -4], [-2, 6]]), CubaNeuron(vth_mant=80, du=1023, dv=128), (2,))
    >>> recipe = InputRecipe(sensor_height=1, sensor_width=1, steps=4, dt_us=1000)
    >>> masks, cutoff = FrameMasks.all_kept(4, layers=1), CutoffPolicy.fixed(3, steps=4)
    >>> network = NetworkDescription("tiny", (layer,), recipe, masks, cutoff, ("off", "on"))
    >>> write_net(network, "tiny.net")
    >>> content_hash(read_net("tiny.net")) == content_hash(network)
    True
    """
    tree = encode(network)
    tree[HASH_PATH] = np.array(content_digest(tree).encode())
    data = tree_to_bytes(tree)
    with atomic_write(path) as temporary:
        try:
            temporary.write_bytes(data)
        except OSError as error:
            raise ConfigError(f"cannot write {path}: {error.strerror}; choose another folder") from error
