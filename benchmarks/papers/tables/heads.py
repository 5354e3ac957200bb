"""A head that spikes and one that sends sums: what each knows after a share of the recording, and when it may stop.

Below them that of sums, trained on recordings that are stretched in time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from benchmarks.papers.knowable import SHARES
from benchmarks.papers.loaded import Record, Results, accuracy, certified_cutoff
from benchmarks.papers.tables.knowable import known_after
from benchmarks.papers.tables.words import micro, percents, points, table, times, title
from benchmarks.papers.units import KIN
from benchmarks.papers.variants import PLAIN

ASKED: Final = SHARES[:4]


def heads(results: Results) -> list[str]:
    """The heads over the seeds that all of them have, all frames sent, and under the certified cutoff."""
    headings = ("Data set", "Head", *(f"after {100 * share:.0f} %, %" for share in ASKED), "At the end, %")
    return table(
        (*headings, "Lost at the exit, points", "Fewer frames", "Fewer hardware steps", "loihi2, uJ"), _rows(results)
    )


def _rows(results: Results) -> Iterator[tuple[str, ...]]:
    for base, kin in KIN.items():
        by_seed = {word: found for word, study in kin.items() if (found := results.seeds(study, PLAIN))}
        shared = sorted(set.intersection(*map(set, by_seed.values()))) if len(by_seed) > 1 else ()
        if shared:
            for word, found in by_seed.items():
                yield (title(base), word, *_cells([found[seed] for seed in shared]))


def _cells(found: list[Record]) -> tuple[str, ...]:
    stopped = [certified_cutoff(record) for record in found]
    return (
        *(percents(known_after(record, share) for record in found) for share in ASKED),
        percents(map(accuracy, found)),
        points(row["loss"] for row in stopped),
        times(row["gain"] for row in stopped),
        times(row["hardware_gain"] for row in stopped),
        micro(row["chips"]["loihi2"]["energy_j"][0] for row in stopped),
    )
