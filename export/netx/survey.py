"""Everything that is wrong with a netx file, block by block; the reader stops at the first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from evsnn_lava._files import read_regular
from evsnn_lava.errors import EvsnnError
from evsnn_lava.export.netx.blocks import read_block
from evsnn_lava.export.netx.groups import Group
from evsnn_lava.export.netx.parts import MESSAGE_BITS, Block, Source
from evsnn_lava.export.netx.reader import SIZE_LIMIT
from evsnn_lava.export.netx.storage import read_tree


def survey_blocks(path: str | os.PathLike[str]) -> Iterator[tuple[int, Block | EvsnnError]]:
    """Read every block by itself and say what is wrong with it.

    A block behind one that cannot be read is read with the shape that it states itself, so that one problem does not
    make another.

    Parameters
    ----------
    path : path-like
        The file.

    Yields
    ------
    (int, Block or EvsnnError)
        Number of the block, and the block or why it cannot be read; nothing for a file whose layout cannot be read.
    """
    try:
        layers = Group("", read_tree(read_regular(Path(path), SIZE_LIMIT))).group("layer")
        first = layers.group("0")
        graded = first.has("neuron") and first.text("type") == "input"
    except EvsnnError:
        return
    anew = Source(None, MESSAGE_BITS if graded else 0)
    source: Source | None = anew
    for index in range(len({name.partition("/")[0] for name in layers.fields})):
        try:
            block = read_block(layers.group(str(index)), source or anew)
        except EvsnnError as error:
            source = None
            yield index, error
        else:
            source = block.source
            yield index, block
