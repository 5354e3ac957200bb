"""Where in the file the value lies that a class of the network refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from evsnn_lava.errors import EvsnnError, FormatError


@contextmanager
def placed(group: str, names: Mapping[str, str] | None = None) -> Iterator[None]:
    """Say of every error which data set it is about.

    Parameters
    ----------
    group : str
        Path of the group that is read; said alone where no word is found.
    names : mapping of str to str, optional
        A word of the classes' messages, in the singular -> path in the group. The first one that a message says
        counts; what stands before the colon, which names the object, only if nothing is found behind it.

    Raises
    ------
    FormatError
        In place of any other error; one that names its place already stays as it is.

    Examples
    --------
    >>> from evsnn_lava.network import DeltaNeuron
    >>> with placed("layer/2/neuron", {"vth_mant": "vThMant"}):
    ...     DeltaNeuron(-4)
    Traceback (most recent call last):
        ...
    evsnn_lava.errors.FormatError: /layer/2/neuron/vThMant: DeltaNeuron: vth_mant spans -4..-4, the limit is ...
    """
    try:
        yield
    except FormatError:
        raise
    except EvsnnError as error:
        said = str(error)
        path = _first(said.partition(": ")[2], names or {}) or _first(said, names or {})
        place = "/".join(part for part in (group, path) if part)
        raise FormatError(f"/{place}: {said}" if place else said) from error


def _first(text: str, names: Mapping[str, str]) -> str:
    """The path of the word that comes first; empty without one."""
    found = ((re.search(rf"(?<!\w){re.escape(word)}s?(?!\w)", text), path) for word, path in names.items())
    return min(((match.start(), path) for match, path in found if match), default=(0, ""))[1]
