"""What a check says: one line per rule and object, whether it holds or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LEVELS: Final = {
    "error": "the network will not load, not fit, or compute something else",
    "warning": "it will run, but something about it is likely to surprise",
    "note": "worth knowing; nothing to do",
    "ok": "the rule holds",
}
"""How bad a finding is, from the worst to the best."""

BASES: Final = {
    "published": "by the maker of the chip",
    "measured": "on the chip",
    "fitted": "to tables that the compiler printed: inferred, not published",
    "assumed": "from another chip",
    "lava": "read in the source of Lava or lava-dl and pinned by a test",
}
"""Where a limit comes from."""


@dataclass(frozen=True)
class Change:
    """The smallest change that helps.

    Parameters
    ----------
    quantity : str
        What to change, in the terms of the description, for example ``neurons`` or ``weight``.
    value : int or None
        The value nearest to the present one that the rule accepts; None where it is not a number.
    words : str
        The remedy in words, for people.
    """

    quantity: str
    value: int | None
    words: str


@dataclass(frozen=True)
class Finding:
    """One rule applied to one object.

    Parameters
    ----------
    rule : str
        Name of the rule, the name of its function.
    object : str
        What it was applied to: ``layer conv1``, ``network``, ``input``, ``file``.
    level : str
        A key of ``LEVELS``.
    fact : str
        What was found, in words, with its number.
    value, limit : float or None
        The number and what it must not exceed (or leave), where the rule compares numbers.
    basis : str
        A key of ``BASES``: whether the limit is published or inferred.
    source : str
        Where the limit was read.
    change : Change or None
        What helps; None where the rule holds.

    Examples
    --------
    >>> Finding("neurons", "layer fc", "warning", "9 neurons", 9, 12, "fitted", "a table").margin
    0.25
    """

    rule: str
    object: str
    level: str
    fact: str
    value: float | None = None
    limit: float | None = None
    basis: str = "lava"
    source: str = ""
    change: Change | None = None

    @property
    def margin(self) -> float | None:
        """Share of the limit that is left; negative beyond it. None where the rule compares no numbers."""
        if self.value is None or not self.limit:
            return None
        return 1 - self.value / self.limit
