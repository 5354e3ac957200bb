"""Placement: which part of which layer lies on which neuro-core, and what that core stores.

:func:`place` is the door. The rule is inferred from the utilisation tables that the Loihi 2 compiler printed; see
``docs/placement.md``.
"""

from evsnn_lava.export.placement.partition import on_host, place
from evsnn_lava.export.placement.plan import CorePlan, LayerPlan, Placement, Tile

__all__ = ["CorePlan", "LayerPlan", "Placement", "Tile", "on_host", "place"]
