"""A head that spikes and one that sends sums: what each knows after a share of the recording, and when it may stop.

Below them that of sums, trained on recordings that are stretched in time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from benchmarks.papers.knowable import SHARES
from benchmarks.papers.loaded import Record, Results, accuracy, certified_cutoff
from benchmarks.papers.tables.knowable import known_after
from benchmarks.papers.tables.words import both, micro, percents, points, table, times, title
from benchmarks.papers.units import STRETCHED, SUMS
from benchmarks.papers.variants import PLAIN

ASKED: Final = SHARES[:4]


def heads(results: Results) -> list[str]:
    """Both heads over the seeds that both have, all frames sent, and under the certified cutoff."""
    headings = ("Data set", "Head", *(f"after {100 * share:.0f} %, %" for share in ASKED), "At the end, %")
    return table(
        (*headings, "Lost at the exit, points", "Fewer frames", "Fewer hardware steps", "loihi2, uJ"), _rows(results)
    )


def _rows(results: Results) -> Iterator[tuple[str, ...]]:
    for spiking, sums in SUMS.items():
        pairs = both(results.seeds(spiking, PLAIN), results.seeds(sums, PLAIN))
        stretched = results.seeds(STRETCHED.get(sums, ""), PLAIN).values()
        for word, found in zip(("spikes", "sums", "sums, stretched"), (*pairs, [*stretched]), strict=True):
            if found:
                yield (title(spiking), word, *_cells(found))


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
