"""How much of a recording tells its class at all, beside what the network knows by then."""

from __future__ import annotations

from benchmarks.papers.knowable import DATASET, FRAMES_MS, SHARES, STUDY, variant
from benchmarks.papers.loaded import Record, Results
from benchmarks.papers.tables.words import percents, table, title
from benchmarks.papers.variants import PLAIN


def knowable(results: Results) -> list[str]:
    """Accuracy after shares of the recording: trees on counts of events, and the networks."""
    headings = ("Data set", "Who", *(f"after {100 * share:.0f} %" for share in SHARES))
    trees = {f"trees, frames of {ms} ms": list(results.seeds(STUDY, variant(ms)).values()) for ms in FRAMES_MS}
    rows = [
        (
            title(DATASET),
            who,
            *(percents(record["accuracies"][place] for record in found) for place in range(len(SHARES))),
        )
        for who, found in trees.items()
        if found
    ]
    networks = list(results.seeds(DATASET, PLAIN).values()) if rows else []
    rows += (
        [(title(DATASET), "network", *(percents(known_after(one, share) for one in networks) for share in SHARES))]
        if networks
        else []
    )
    return table(headings, rows)


def known_after(record: Record, share: float) -> float:
    """Test accuracy of a network after a share of the frames."""
    curve: list[float] = record["test"]["curve"]
    return curve[max(1, round(share * len(curve))) - 1]
