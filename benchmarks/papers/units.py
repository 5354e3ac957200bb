"""The units of every table: small, independent of each other but for the networks that they begin with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.papers.hoyer_units import MNIST, PICTURES, QUICK_PICTURES, hoyer_units
from benchmarks.papers.knowable import knowable_units
from benchmarks.papers.locks import held
from benchmarks.papers.places import CONFIGS, Places
from benchmarks.papers.plan import has_bounds, has_cutoffs
from benchmarks.papers.runner import BusyError, Task
from benchmarks.papers.trained import is_trained, said, same_config, train_network
from benchmarks.papers.variants import (
    CONTINUED,
    CONTROL_MASK,
    HEADLINE_MASK,
    HOYER_INIT,
    HOYER_MASK,
    PLAIN,
    WINDOW_MASK,
    WITHOUT_RCS,
    Variant,
    masked_variants,
)
from evsnn_lava.training.config import RunConfig, read_config

SPIKES, SUMS, STRETCHED = "spikes", "sums", "sums, stretched"
KIN: Final = {
    "nmnist_small": {SPIKES: "nmnist_small", SUMS: "nmnist_sums"},
    "braille_recurrent": {SPIKES: "braille_recurrent", SUMS: "braille_sums", STRETCHED: "braille_stretched"},
}
"""Studies of the same network: with a head that spikes, one that sends sums, and that on stretched recordings."""

EVENTS: Final = (*(study for kin in KIN.values() for study in kin.values()), "braille_forward")
"""Studies of event networks, each with a configuration of its name."""

DATASETS: Final = (*EVENTS, MNIST)
"""What is done without being asked for by name."""

SEEDS: Final = 5
"""Of a complete study."""

QUICK: Final = ("quick", QUICK_PICTURES)


@dataclass(frozen=True)
class EventUnit:
    """A variant of an event network with one seed.

    Parameters
    ----------
    study : str
        Name of its configuration.
    variant : Variant
        What is changed.
    seed : int
        Of the training.
    """

    study: str
    variant: Variant
    seed: int

    @property
    def name(self) -> str:
        """Name of its files."""
        return f"{self.variant.name}-s{self.seed}"

    def config(self) -> RunConfig:
        """Its configuration."""
        return self.variant.config(read_config(CONFIGS / f"{self.study}.toml"), self.seed)

    def identity(self) -> dict[str, Any]:
        """What its result says of itself."""
        config = self.config().model_dump(mode="json")
        return {"study": self.study, "variant": self.variant.name, "seed": self.seed, "config": config}

    def is_of(self, found: dict[str, Any]) -> bool:
        """Whether a result is complete and of this configuration; keys that are new since then have their defaults."""
        return same_config(found.get("config"), self.config()) and has_cutoffs(found, self.variant)

    def is_trained(self, places: Places) -> bool:
        """Whether its network is there."""
        return is_trained(self.config(), self.variant.trained, places.folder(self.study, self.name))

    def train(self, places: Places) -> None:
        """Train it, and before it what it begins with if that is missing."""
        train_network(self.config(), places.folder(self.study, self.name), self._start(places), said)

    def measure(self, places: Places) -> dict[str, Any]:
        """See :mod:`benchmarks.papers.events`."""
        from benchmarks.papers.events import measure_variant  # here: numba takes a while

        return measure_variant(self.config(), self.variant, places.folder(self.study, self.name))

    def _start(self, places: Places) -> Path | None:
        variant = self.variant.start()
        if variant is None:
            return None
        base = EventUnit(self.study, variant, self.seed)
        if not base.is_trained(places):
            with held(places.lock(base.study, base.name)) as mine:
                if not mine:
                    raise BusyError
                base.train(places)
        return places.folder(base.study, base.name) / "plain.pt"


@dataclass(frozen=True)
class GuaranteeUnit:
    """Many splits of what one network answers.

    Parameters
    ----------
    network : EventUnit
        The network.
    """

    network: EventUnit
    study: str = "guarantee"

    @property
    def name(self) -> str:
        """Name of its files."""
        return f"{self.network.study}-s{self.network.seed}"

    def identity(self) -> dict[str, Any]:
        """That of the network, for this study."""
        return {**self.network.identity(), "study": self.study, "network": self.network.study}

    def is_of(self, found: dict[str, Any]) -> bool:
        """Whether a result is complete and one of this network."""
        return same_config(found.get("config"), self.network.config()) and has_bounds(found)

    def is_trained(self, places: Places) -> bool:
        """Whether the network is there."""
        return self.network.is_trained(places)

    def train(self, places: Places) -> None:
        """Train the network."""
        with held(places.lock(self.network.study, self.network.name)) as mine:
            if not mine:
                raise BusyError
            self.network.train(places)

    def measure(self, places: Places) -> dict[str, Any]:
        """See :mod:`benchmarks.papers.guarantee`."""
        from benchmarks.papers.guarantee import measure_guarantee

        return measure_guarantee(self.network.config(), places.folder(self.network.study, self.network.name))


Names = Sequence[str]
Seeds = Sequence[int]


def _events(datasets: Names, seeds: Seeds, variants: Sequence[Variant]) -> list[EventUnit]:
    """Seed by seed, so that an interrupted study has whole seeds."""
    allowed = {study: [variant for variant in variants if _asked_for(study, variant)] for study in datasets}
    return [EventUnit(study, variant, seed) for study in datasets for seed in seeds for variant in allowed[study]]


def _asked_for(study: str, variant: Variant) -> bool:
    return _trainable(study, variant) and variant in ONLY.get(study, (variant,))


def _trainable(study: str, variant: Variant) -> bool:
    """Masks that fall from layer to layer cannot gate what a recurrent layer sends back to itself."""
    layers = read_config(CONFIGS / f"{study}.toml").network.layers
    return variant.layout != "hierarchical" or all(layer.type != "recurrent" for layer in layers)


PLAIN_NETWORK: Final = Variant(PLAIN)

FEW: Final = (
    PLAIN_NETWORK,
    *masked_variants(("learned", "elimination", "uniform", "window"), (0.75, 0.5), ("input",)),
)
ONLY: Final = {"nmnist_sums": FEW, "braille_sums": FEW, "braille_stretched": (PLAIN_NETWORK, WINDOW_MASK)}
"""Variants of studies in which is only what the tables show."""

EVENT_TABLES: Final[dict[str, tuple[Variant, ...]]] = {
    "baseline": (PLAIN_NETWORK,),
    "masks": (PLAIN_NETWORK, CONTINUED, *masked_variants()),
    "cutoff": (PLAIN_NETWORK, Variant(WITHOUT_RCS)),
    "together": (
        *(PLAIN_NETWORK, CONTINUED, Variant(WITHOUT_RCS)),
        *(HEADLINE_MASK, CONTROL_MASK, WINDOW_MASK, Variant(HOYER_INIT), HOYER_MASK),
    ),
    "guarantee": (PLAIN_NETWORK,),
}
"""Variants that a table reads."""


def event_units(table: str, datasets: Names, seeds: Seeds) -> list[EventUnit]:
    """The units of event networks that a table needs.

    Parameters
    ----------
    table : str
        A key of ``EVENT_TABLES``; tables that are not there need none.
    datasets : sequence of str
        Studies.
    seeds : sequence of int
        Seeds.

    Returns
    -------
    list of EventUnit
        In an order in which each comes after the one that it begins with.

    Examples
    --------
    >>> [unit.name for unit in event_units("cutoff", ["nmnist_small"], [1])]
    ['plain-s1', 'without_rcs-s1']
    """
    events = [name for name in datasets if name not in PICTURES]
    return _events(events, seeds, EVENT_TABLES.get(table, ()))


TABLES: Final = ("baseline", "masks", "cutoff", "together", "hoyer", "guarantee")


def tasks_of(table: str, datasets: Names, seeds: Seeds) -> list[Task]:
    """Everything that a table needs.

    Parameters
    ----------
    table : str
        One of ``TABLES``.
    datasets : sequence of str
        Studies.
    seeds : sequence of int
        Seeds.

    Returns
    -------
    list of Task
        In an order in which each comes after what it begins with.
    """
    if table == "hoyer":
        return [*hoyer_units([name for name in datasets if name in PICTURES], seeds)]
    if table == "guarantee":
        return [GuaranteeUnit(unit) for unit in event_units(table, datasets, seeds)]
    more = knowable_units(datasets, seeds) if table == "cutoff" else []
    return [*event_units(table, datasets, seeds), *more]
