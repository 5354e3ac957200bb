"""Which limit a layer is closest to, on its fullest core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from evsnn_lava.export.placement.plan import CorePlan, LayerPlan
from evsnn_lava.hw_profiles import Limits

ROOM: Final[dict[str, tuple[str, Callable[[CorePlan], int]]]] = {
    "neurons_per_core": ("neurons", lambda core: core.tile.neurons),
    "synapse_words_per_core": ("weights", lambda core: core.words.synapse),
    "axon_in_per_core": ("axons in", lambda core: core.words.axon_in),
    "axon_map_per_core": ("axons out", lambda core: core.words.axon_map),
    "words_per_core": ("words", lambda core: core.words.total),
}
"""By limit: a word for it, and how much of it a core uses."""


def fullest(plan: LayerPlan, limits: Limits) -> tuple[str, float]:
    """Find the limit that a layer is closest to.

    Parameters
    ----------
    plan : LayerPlan
        The cores of the layer, at least one.
    limits : Limits
        What fits on a core.

    Returns
    -------
    (str, float)
        A word for the limit, and the share of it that the fullest core uses; above 1 it does not fit.
    """
    shares = []
    for name, (word, used) in ROOM.items():
        limit = getattr(limits, name)
        if limit is not None:
            shares.append((max(map(used, plan.cores)) / limit.si, word))
    share, word = max(shares)
    return word, share
