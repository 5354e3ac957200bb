"""Two profiles side by side: layer by layer, kind by kind."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from evsnn_lava.reporting.gate.profile_facts import SENT, Part, Profile, Spent

KEPT, ADDED, REMOVED = "kept", "added", "removed"
NAMED: Final = 60
"""Most letters of a foreign name in a message."""


def growth(old: float, new: float) -> float:
    """New over old; 1 where nothing stays nothing, infinite where there was nothing before.

    Examples
    --------
    >>> growth(2.0, 3.0), growth(0.0, 0.0), growth(0.0, 1.0)
    (1.5, 1.0, inf)
    """
    if old == new:
        return 1.0
    return new / old if old else math.inf


@dataclass(frozen=True)
class KindChange:
    """One kind of operation of one layer in both profiles.

    Parameters
    ----------
    kind : str
        As the ledger calls it.
    old, new : Spent
        Per inference.
    """

    kind: str
    old: Spent
    new: Spent

    @property
    def grown_j(self) -> float:
        """By how many joules it grew."""
        return self.new.energy_j - self.old.energy_j


@dataclass(frozen=True)
class LayerChange:
    """One layer, or what stands beside the layers, in both profiles.

    Parameters
    ----------
    name : str
        As the ledger calls it.
    state : {"kept", "added", "removed"}
        Whether both profiles have it.
    is_layer : bool
        Whether it is a layer or the input.
    old_j, new_j : float
        Energy per inference in joules.
    old_spikes, new_spikes : float
        Spikes that it sends per inference.
    kinds : tuple of KindChange
        Every kind of operation.
    """

    name: str
    state: str
    is_layer: bool
    old_j: float
    new_j: float
    old_spikes: float
    new_spikes: float
    kinds: tuple[KindChange, ...]

    @property
    def grown_j(self) -> float:
        """By how many joules it grew."""
        return self.new_j - self.old_j

    @property
    def sent(self) -> KindChange:
        """The spikes that it sends, as a kind."""
        return KindChange("spike", Spent(self.old_spikes), Spent(self.new_spikes))

    @property
    def ratio(self) -> float:
        """New energy over old."""
        return growth(self.old_j, self.new_j)

    @property
    def spike_ratio(self) -> float:
        """New spikes over old."""
        return growth(self.old_spikes, self.new_spikes)

    @property
    def top_kind(self) -> KindChange | None:
        """The kind whose energy grew most; None where none grew."""
        most = max(self.kinds, key=lambda change: change.grown_j, default=None)
        return most if most is not None and most.grown_j > 0 else None


def compare_layers(old: Profile, new: Profile) -> tuple[LayerChange, ...]:
    """Put every layer beside the one of the same name.

    Parameters
    ----------
    old, new : Profile
        The baseline and what is gated.

    Returns
    -------
    tuple of LayerChange
        In the order of the new profile; what was removed stands last.
    """
    before = {part.name: part for part in old.parts}
    after = {part.name: part for part in new.parts}
    return tuple(_change(before.get(name), after.get(name)) for name in dict.fromkeys((*after, *before)))


def _change(old: Part | None, new: Part | None) -> LayerChange:
    some = new or old or Part("", False, {})
    old_kinds, new_kinds = ({} if part is None else part.kinds for part in (old, new))
    sent = next((kind for kind in SENT if kind in (old_kinds or new_kinds) and kind in (new_kinds or old_kinds)), "")
    kinds = dict.fromkeys((*new_kinds, *old_kinds))
    return LayerChange(
        name=some.name,
        state=ADDED if old is None else REMOVED if new is None else KEPT,
        is_layer=some.is_layer,
        old_j=0.0 if old is None else old.energy_j,
        new_j=0.0 if new is None else new.energy_j,
        old_spikes=old_kinds.get(sent, Spent()).count,
        new_spikes=new_kinds.get(sent, Spent()).count,
        kinds=tuple(KindChange(kind, old_kinds.get(kind, Spent()), new_kinds.get(kind, Spent())) for kind in kinds),
    )
