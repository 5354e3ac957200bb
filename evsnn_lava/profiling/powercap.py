"""Energy counters of Linux (`powercap`): which there are, and what they count while something runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

POWERCAP: Final = Path("/sys/class/powercap")

LONGEST_GAP_S: Final = 1.0
"""Counters are read at least this often, so that none goes round more than once in between."""

WHOLE: Final = ("package", "dram")
"""Names of the domains that add up to processor and memory; cores and graphics are parts of a package."""


@dataclass(frozen=True)
class Counter:
    """One energy counter.

    Parameters
    ----------
    name : str
        For example ``package-0`` or ``dram``.
    file : pathlib.Path
        Holds the count in microjoules.
    range_uj : int
        Where it begins again at zero.
    """

    name: str
    file: Path
    range_uj: int

    def read_uj(self) -> int:
        """The count now."""
        return int(self.file.read_text())

    def between_uj(self, before: int, after: int) -> int:
        """Microjoules from one count to the next one, at most once round."""
        return after - before if after >= before else after - before + self.range_uj


def find_counters(powercap: Path = POWERCAP) -> tuple[tuple[Counter, ...], str]:
    """The counters that together cover all packages and their memory.

    Parameters
    ----------
    powercap : pathlib.Path
        Where Linux shows them.

    Returns
    -------
    counters : tuple of Counter
        Empty if there are none, or one of them cannot be read.
    reason : str
        Why, and what helps; empty if there are counters.
    """
    folders = sorted(powercap.glob("intel-rapl:*"))
    if not folders:
        return (), f"there are no energy counters: no intel-rapl:* in {powercap}; virtual machines rarely have them"
    try:
        named = ((folder, (folder / "name").read_text().strip()) for folder in folders)
        counters = tuple(_counter(folder, name) for folder, name in named if name.startswith(WHOLE))
    except PermissionError as error:
        return (), f"no permission to read the energy counter {error.filename}; run as root, or have it made readable"
    except (OSError, ValueError) as error:
        return (), f"energy counters cannot be read: {error}"
    if not any(counter.name.startswith("package") for counter in counters):
        return (), f"there is no energy counter of a whole processor in {powercap}"
    return counters, ""


class Meter:
    """Adds up what counters count; gives up when one of them cannot be read any more.

    Parameters
    ----------
    counters : sequence of Counter
        What to read.
    clock : callable
        Seconds that go on.

    Attributes
    ----------
    counters : tuple of Counter
        Empty if there is nothing to read.
    reason : str
        Why it gave up, if it did.
    """

    def __init__(self, counters: Sequence[Counter], clock: Callable[[], float]) -> None:
        self.clock = clock
        self.counters = tuple(counters)
        self.reason = ""
        self.start()

    def start(self) -> None:
        """Begin at zero."""
        self._sum_uj = 0
        self._last = self._read()
        self._begun = self._read_at = self.clock()

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return self.clock() - self._begun

    def keep_up(self) -> None:
        """Read if the last reading is old."""
        if self.counters and self.clock() - self._read_at > LONGEST_GAP_S:
            self.joules()

    def joules(self) -> float | None:
        """Energy since the start; None without counters."""
        now = self._read()
        if not self.counters:
            return None
        pairs = zip(self.counters, self._last, now, strict=True)
        self._sum_uj += sum(counter.between_uj(before, after) for counter, before, after in pairs)
        self._last, self._read_at = now, self.clock()
        return self._sum_uj * 1e-6

    def _read(self) -> list[int]:
        try:
            return [counter.read_uj() for counter in self.counters]
        except (OSError, ValueError) as error:
            self.counters, self.reason = (), f"an energy counter could not be read any more: {error}"
            return []


def _counter(folder: Path, name: str) -> Counter:
    counter = Counter(name, folder / "energy_uj", int((folder / "max_energy_range_uj").read_text()))
    counter.read_uj()  # it may be there and not be readable
    return counter
