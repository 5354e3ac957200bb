"""A cost report under the names of its file and its profile, for whatever sets several of them side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from evsnn_lava.profiling import CostReport


@dataclass(frozen=True, eq=False)
class NamedReport:
    """A cost report and what it is called among others.

    Parameters
    ----------
    file, profile : str
        Short names that tell it apart.
    path : str
        Where the network was read from.
    report : CostReport
        The costs.
    """

    file: str
    profile: str
    path: str
    report: CostReport


def told_apart(short: Sequence[str], full: Sequence[str]) -> list[str]:
    """Short names where they are unlike, full ones where they are not.

    Parameters
    ----------
    short, full : sequence of str
        Names of the same things, in the same order.

    Returns
    -------
    list of str
        One name for each.

    Examples
    --------
    >>> told_apart(["a", "b", "b"], ["x/a.net", "x/b.net", "y/b.net"])
    ['a', 'x/b.net', 'y/b.net']
    """
    seen = Counter(short)
    return [name if seen[name] == 1 else longer for name, longer in zip(short, full, strict=True)]
