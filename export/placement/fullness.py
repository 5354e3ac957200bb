"""Which limit a layer is closest to, on its fullest core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from evsnn_lava.export.placement.plan import CorePlan, LayerPlan
from evsnn_lava.hw_profiles import Limits

USES: Final[dict[str, Callable[[CorePlan], int]]] = {
    "neurons_per_core": lambda core: core.tile.neurons,
    "synapse_words_per_core": lambda core: core.words.synapse,
    "axon_in_per_core": lambda core: core.words.axon_in,
    "axon_map_per_core": lambda core: core.words.axon_map,
    "words_per_core": lambda core: core.words.total,
}
"""By limit: how much of it a core uses."""

WORDS: Final = {
    "neurons_per_core": "neurons",
    "synapse_words_per_core": "weights",
    "axon_in_per_core": "axons in",
    "axon_map_per_core": "axons out",
    "words_per_core": "words",
}
"""By limit: a word for it."""


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
    stated = [(name, getattr(limits, name)) for name in USES]
    shares = [(max(map(USES[name], plan.cores)) / limit.si, WORDS[name]) for name, limit in stated if limit is not None]
    share, word = max(shares)
    return word, share
