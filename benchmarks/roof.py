"""The roof: how quickly this machine moves memory and adds whole numbers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from benchmarks import roof_loops as loops
from benchmarks.machine import caches_kib, cores
from benchmarks.measure import Effort, Timing, stopwatch, take_turns

DRAM_BYTES: Final = 256 << 20
CALL_BYTES: Final = 1 << 29
"""Bytes that a repetition goes over, however small the arrays are."""

Loop = Callable[[int, int, int, int, int], None]


@dataclass(frozen=True)
class Probe:
    """A loop over arrays of a size, and what it does.

    Parameters
    ----------
    loop : callable
        Of `benchmarks.roof_loops`.
    size : int
        Bytes of all arrays together.
    arrays : int
        How many it goes over.
    per_byte : float
        Bytes moved, or additions, for every byte of one array.
    unit : str
        ``"GB/s"`` or ``"G additions/s"``.
    """

    loop: Loop
    size: int
    arrays: int
    per_byte: float
    unit: str

    @property
    def blocks(self) -> int:
        """Blocks of an array."""
        return max(1, self.size // self.arrays // loops.BLOCK_BYTES)

    @property
    def times(self) -> int:
        """Passes of a call."""
        return max(1, int(CALL_BYTES / (self.blocks * loops.BLOCK_BYTES * max(1.0, self.per_byte))))

    def prepared(self) -> Callable[[], None]:
        """The loop on arrays of its own."""
        room = [np.ones(self.blocks * loops.BLOCK_BYTES + loops.VECTOR_BYTES, dtype=np.uint8) for _ in range(3)]
        addresses = [array.ctypes.data + -array.ctypes.data % loops.VECTOR_BYTES for array in room]
        return lambda keep=room: self.loop(*addresses, self.blocks, self.times)

    def rate(self, timing: Timing, threads: int) -> dict[str, Any]:
        """Rates of `threads` at once, by the quickest repetition, which is what the machine can do."""
        total = self.per_byte * self.blocks * loops.BLOCK_BYTES * self.times * threads / 1e9
        rates = {"best": min(timing.seconds), "median": timing.median, "worst": max(timing.seconds)}
        return {**{name: total / seconds for name, seconds in rates.items()}, "unit": self.unit}


def probes() -> dict[str, Probe]:
    """Every loop at every size: half of a cache, or far more than the last one."""
    sizes = {f"L{level}": size * 512 for level, size in caches_kib().items()} | {"DRAM": DRAM_BYTES}
    found = {}
    for place, size in sizes.items():
        found[f"triad {place}"] = Probe(loops.triad, size, 3, 3, "GB/s")
        found[f"read {place}"] = Probe(loops.read, size, 1, 1, "GB/s")
    first = sizes["L1"]
    for bits in (32, 16):
        width, unit = bits // 8, "G additions/s"
        found[f"int{bits}, sums in L1"] = Probe(loops.add_to[bits], first, 2, 1 / width, unit)
        found[f"int{bits}, operand in L1"] = Probe(loops.add_up[bits], first, 1, 1 / width, unit)
        registers = Probe(loops.add_in_registers[bits], first, 2, loops.CHAIN / width, unit)
        found[f"int{bits}, in registers"] = registers
    return found


def measure_roof(effort: Effort) -> dict[str, dict[str, Any]]:
    """Measure all loops on one core, and the bandwidths on all of them.

    Parameters
    ----------
    effort : Effort
        How long to measure.

    Returns
    -------
    dict of str to dict
        ``one`` and ``all``: rates by name of the loop.
    """
    found = probes()
    one = take_turns({name: stopwatch(probe.prepared()) for name, probe in found.items()}, effort)
    rates = {"one": {name: found[name].rate(timing, 1) for name, timing in one.items()}}
    number = cores()
    with ThreadPoolExecutor(number) as pool:
        shared = {name: probe for name, probe in found.items() if probe.unit == "GB/s"}
        calls = {name: stopwatch(_together(pool, probe, number)) for name, probe in shared.items()}
        every = take_turns(calls, effort)
    rates["all"] = {name: found[name].rate(timing, number) for name, timing in every.items()}
    return rates


def _together(pool: ThreadPoolExecutor, probe: Probe, number: int) -> Callable[[], None]:
    works = [probe.prepared() for _ in range(number)]

    def run() -> None:
        for done in [pool.submit(work) for work in works]:
            done.result()

    return run
