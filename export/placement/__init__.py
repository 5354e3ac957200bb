"""Placement: which part of which layer lies on which neuro-core, and what that core stores.

:func:`place` is the door. The rule is inferred from the utilisation tables that the Loihi 2 compiler printed; see
``docs/placement.md``.
"""

from evsnn_lava.export.placement.load import PER_SAMPLE, CoreLoad, LoadMeter, core_counts, joined, largest_parts
from evsnn_lava.export.placement.partition import on_host, place
from evsnn_lava.export.placement.plan import CorePlan, LayerPlan, Placement, Tile

__all__ = [
    "PER_SAMPLE",
    "CoreLoad",
    "CorePlan",
    "LayerPlan",
    "LoadMeter",
    "Placement",
    "Tile",
    "core_counts",
    "joined",
    "largest_parts",
    "on_host",
    "place",
]
