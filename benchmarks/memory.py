"""Memory: of a sample in flight, and of a run that never ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psutil

from benchmarks.networks import nmnist_conv, shortened
from benchmarks.serve import serve
from benchmarks.worker import Worker
from evsnn_lava.simulation.engine import Engine

BLOCK: Final = 250
MIB: Final = 1 << 20


def measure_memory(samples: int) -> dict[str, Any]:
    """Run many samples through `Engine.evaluate` in a child and watch its memory.

    Parameters
    ----------
    samples : int
        How many, in blocks of 250.

    Returns
    -------
    dict
        Resident memory after every block, and what the engine says of a sample in flight.
    """
    with Worker(sys.executable, "benchmarks.memory", [str(samples)], limit_s=600) as worker:
        return worker.facts


def prepare() -> tuple[dict[str, Any], dict[str, Callable[[], float]]]:
    """The run itself."""
    blocks = int(sys.argv[1]) // BLOCK
    case = shortened(nmnist_conv(), 100)
    engine, process = Engine(case.network), psutil.Process()
    next(engine.evaluate(_blocks(case.frames, 1)))
    before, seen, begin = process.memory_info().rss, [], time.perf_counter()
    for _ in engine.evaluate(_blocks(case.frames, blocks)):
        seen.append(process.memory_info().rss)
    seconds = time.perf_counter() - begin
    half = len(seen) // 2
    facts = {
        "network": case.title,
        "samples": blocks * BLOCK,
        "block": BLOCK,
        "threads": engine.threads,
        "slots": engine.slots,
        "samples_per_s": blocks * BLOCK / seconds,
        "memory_per_sample_bytes": engine.memory_per_sample_bytes,
        "in_flight_bytes": engine.memory_per_sample_bytes * engine.slots * engine.threads,
        "rss_before_mib": before / MIB,
        "rss_mib": [value / MIB for value in seen],
        "growth_of_second_half_mib": (max(seen[half:]) - max(seen[: half or 1])) / MIB,
    }
    return facts, {}


def _blocks(frames: npt.NDArray[np.bool_], count: int) -> Iterator[npt.NDArray[np.bool_]]:
    """Blocks of samples, each of them new, as if read from a file."""
    rng = np.random.default_rng(10)
    for _ in range(count):
        yield frames[rng.integers(0, len(frames), BLOCK)]


if __name__ == "__main__":
    serve(prepare)
