"""Values of a provenance, which may be anything, as a line for a table."""

from __future__ import annotations

import json
from typing import Final

from evsnn_lava.errors import printable

VALUE_LIMIT: Final = 240
"""Characters of a value that are shown."""


def value_line(value: str) -> tuple[str, bool]:
    r"""A value in one line, of JSON the names at its top.

    Parameters
    ----------
    value : str
        From a file, so it may be hostile.

    Returns
    -------
    line : str
        Nothing in it that a terminal would obey.
    is_cut : bool
        Whether anything is left out.

    Examples
    --------
    >>> value_line("made\n by hand"), value_line('{"seed": 1, "data": {"steps": 3}}')
    (('made by hand', False), ('JSON of seed, data ...', True))
    """
    names = _names(value)
    line = printable(" ".join((f"JSON of {', '.join(names)}" if names else value).split()))
    if len(line) > VALUE_LIMIT:
        return f"{line[:VALUE_LIMIT]}...", True
    return (f"{line} ...", True) if names else (line, False)


def _names(value: str) -> list[str]:
    """Names at the top of a JSON object; none of anything else."""
    try:
        return list(json.loads(value)) if value.startswith("{") else []
    except (ValueError, RecursionError):
        return []
