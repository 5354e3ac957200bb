"""Profiling: from what a network did to what it costs in steps, time and energy.

:func:`profile_run` is the door; ``docs/energy.md`` derives the formulas and lists what they leave out.
"""

from evsnn_lava.profiling.counts import EventCounts, count_events, even_load
from evsnn_lava.profiling.estimate import Distribution, Estimate, Estimates
from evsnn_lava.profiling.latency import step_times
from evsnn_lava.profiling.ledger import KINDS, Ledger, LedgerRow, build_ledger
from evsnn_lava.profiling.report import (
    LEFT_OUT,
    SHOWN_KINDS,
    Constant,
    CostReport,
    LayerCost,
    cost_of_counts,
    is_placeable,
    load_by_size,
    profile_run,
)

__all__ = [
    "KINDS",
    "LEFT_OUT",
    "SHOWN_KINDS",
    "Constant",
    "CostReport",
    "Distribution",
    "Estimate",
    "Estimates",
    "EventCounts",
    "LayerCost",
    "Ledger",
    "LedgerRow",
    "build_ledger",
    "cost_of_counts",
    "count_events",
    "even_load",
    "is_placeable",
    "load_by_size",
    "profile_run",
    "step_times",
]
