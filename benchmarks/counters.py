"""What counting costs: the engine with its counters and without."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from benchmarks.measure import Effort, stopwatch, take_turns
from benchmarks.networks import Case
from evsnn_lava.simulation.engine import Engine


def measure_counters(cases: Iterable[Case], effort: Effort) -> list[dict[str, Any]]:
    """Measure both in turn, on one core.

    Parameters
    ----------
    cases : iterable of Case
        Networks and samples.
    effort : Effort
        How long to measure.

    Returns
    -------
    list of dict
        Seconds per sample with and without, and their ratio.
    """
    rows = []
    for case in cases:
        engine = Engine(case.network, threads=1)
        timings = take_turns(
            {
                str(counting): stopwatch(
                    lambda counting=counting, engine=engine, case=case: engine.run(case.frames, counters=counting),
                    effort.shortest_s,
                )
                for counting in (True, False)
            },
            effort,
        )
        counted, plain = timings["True"], timings["False"]
        rows.append(
            {
                "name": case.name,
                "title": case.title,
                "with_s": counted.per(len(case.frames)),
                "without_s": plain.per(len(case.frames)),
                "ratio": counted.median / plain.median,
            }
        )
    return rows
