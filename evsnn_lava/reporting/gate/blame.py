"""Which layer grew most, and whose spikes made it grow.

A layer pays for the spikes that arrive at it, so the one whose energy grew most is often not the one that changed. From
that layer the search goes back along the chain, as long as the layer before sends more spikes per step than it did.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evsnn_lava.reporting.gate.comparison import REMOVED, KindChange, LayerChange, growth

SPIKES, OWN, STEPS = "spikes", "own", "steps"

LEAST_GROWTH: Final = 1.02
"""A layer that sends less than 2 % more is not the cause of anything."""

LEAST_PART: Final = 0.2
"""Part of the growth, as a logarithm, that the layer before must have to be its cause; layers amplify."""

LEAST_BUSIER: Final = 1.1
"""In longer runs, a layer that sends less than 10 % more per step is not told apart from them."""

BUSIER_PART: Final = 0.5
"""The same in longer runs, which make every layer a little busier."""

STEPS_PART: Final = 0.5
"""The same for the number of steps."""


@dataclass(frozen=True)
class Blame:
    """The layer that grew most, and why.

    Parameters
    ----------
    layer : LayerChange
        The one with the largest increase of energy; where no energy grew, of spikes.
    kind : KindChange
        Its kind of operation with the largest increase of energy; where none grew, its spikes.
    reason : {"spikes", "own", "steps"}
        A layer before it sends more; it grew by itself; every sample takes more steps.
    source : LayerChange or None
        The layer whose own spikes grew: for ``own`` the layer itself; for ``steps`` one that also sends more per step.
    followers : tuple of str
        Layers after the source that grew with it.
    steps : tuple of float
        Mean steps before and now.
    """

    layer: LayerChange
    kind: KindChange
    reason: str
    source: LayerChange | None
    followers: tuple[str, ...]
    steps: tuple[float, float]

    def role(self, name: str) -> str:
        """What a layer has to do with it: ``cause``, ``follows`` or nothing."""
        if self.source is not None and name == self.source.name:
            return "cause"
        return "follows" if name in self.followers else ""


def find_blame(changes: Sequence[LayerChange], steps: tuple[float, float]) -> Blame | None:
    """Find the layer that grew most and what made it grow.

    Parameters
    ----------
    changes : sequence of LayerChange
        All layers, in the order of the network.
    steps : tuple of float
        Mean steps of a sample, before and now.

    Returns
    -------
    Blame or None
        None if no layer grew.
    """
    chain = [change for change in changes if change.is_layer and change.state != REMOVED]
    most, kind = _most(chain)
    if kind is None:
        return None
    longer = math.log(growth(*steps))
    grown = _log_growth(kind.old.count, kind.new.count)
    busiest, more = _busier(chain, longer)
    if longer > 0 and longer >= STEPS_PART * grown and more <= longer:
        suspect = chain[busiest] if more >= math.log(LEAST_BUSIER) else None
        return Blame(chain[most], kind, STEPS, suspect, (), steps)
    start = (busiest, more) if longer >= STEPS_PART * grown > 0 else (most, grown - longer)
    part = LEAST_PART if start[0] == most else BUSIER_PART
    first = _source(chain, *start, longer, part)
    return Blame(
        layer=chain[most],
        kind=kind,
        reason=OWN if first == most else SPIKES,
        source=chain[first],
        followers=_followers(chain[first + 1 :]),
        steps=steps,
    )


def _busier(chain: Sequence[LayerChange], longer: float) -> tuple[int, float]:
    """The layer that sends so many more spikes per step than before as no other one, and the logarithm of how many."""
    more = [_log_growth(change.old_spikes, change.new_spikes) - longer for change in chain]
    most = max(range(len(chain)), key=more.__getitem__)
    return most, more[most]


def _most(chain: Sequence[LayerChange]) -> tuple[int, KindChange | None]:
    """Place of the layer that grew most, and its kind that did; of some chips layers have no energy, only spikes."""
    most = max(range(len(chain)), key=lambda index: chain[index].grown_j, default=0)
    if chain and chain[most].grown_j > 0:
        return most, chain[most].top_kind
    most = max(range(len(chain)), key=lambda index: chain[index].new_spikes - chain[index].old_spikes, default=0)
    grown = chain and chain[most].new_spikes > chain[most].old_spikes
    return most, chain[most].sent if grown else None


def _source(chain: Sequence[LayerChange], index: int, grown: float, longer: float, part: float) -> int:
    """Go back while the layer before sends more spikes per step, enough more to explain what follows."""
    while index > 0:
        before = _log_growth(chain[index - 1].old_spikes, chain[index - 1].new_spikes) - longer
        if before < math.log(LEAST_GROWTH) or before < part * grown:
            break
        index, grown = index - 1, before
    return index


def _followers(after: Sequence[LayerChange]) -> tuple[str, ...]:
    """Layers that grew, in energy or in spikes, up to the first one that did not."""
    grown = [max(change.ratio, change.spike_ratio) >= LEAST_GROWTH for change in after]
    still = grown.index(False) if False in grown else len(grown)
    return tuple(change.name for change in after[:still])


def _log_growth(old: float, new: float) -> float:
    ratio = growth(old, new)
    return math.log(ratio) if ratio > 0 else -math.inf
