"""What the first part of a recording tells: trees on plain counts, a yardstick for how early a network can know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.papers.places import CONFIGS, Places
from benchmarks.papers.trained import same_config
from evsnn_lava.data import default_recipe
from evsnn_lava.training.config import RunConfig, read_config

STUDY: Final = "knowable"
DATASET: Final = "braille_recurrent"
FRAMES_MS: Final = (10, 20)
SHARES: Final = (0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
"""Of the recording; where trees are asked."""


@dataclass(frozen=True)
class KnowableUnit:
    """Trees with one seed, on frames of one length.

    Parameters
    ----------
    frame_ms : int
        Length of a frame: a pixel is set or not, so that longer ones tell less.
    seed : int
        Of the trees.
    """

    frame_ms: int
    seed: int
    study: str = STUDY

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"{variant(self.frame_ms)}-s{self.seed}"

    def config(self) -> RunConfig:
        """The recipe of the data set, with frames of that length."""
        config = read_config(CONFIGS / f"{DATASET}.toml")
        recipe, dt_us = default_recipe(config.data.dataset), 1000 * self.frame_ms
        data = config.data.model_copy(update={"steps": recipe.steps * recipe.dt_us // dt_us, "dt_us": dt_us})
        return config.model_copy(update={"data": data, "seed": self.seed})

    def identity(self) -> dict[str, Any]:
        """What its result says of itself."""
        config = self.config().model_dump(mode="json")
        return {"study": self.study, "variant": variant(self.frame_ms), "seed": self.seed, "config": config}

    def is_of(self, found: dict[str, Any]) -> bool:
        """Whether a result is complete and of this configuration."""
        return same_config(found.get("config"), self.config()) and found.get("shares") == list(SHARES)

    def is_trained(self, places: Places) -> bool:
        """Trees are grown when they are measured."""
        return True

    def train(self, places: Places) -> None:
        """Nothing: no network has a part in it."""

    def measure(self, places: Places) -> dict[str, Any]:
        """See :mod:`benchmarks.papers.trees`."""
        from benchmarks.papers.trees import tree_accuracies  # here: scikit-learn takes a while

        accuracies = tree_accuracies(self.config(), SHARES)
        return {"shares": list(SHARES), "accuracies": accuracies}


def variant(frame_ms: int) -> str:
    """Name of the units with frames of that length.

    Examples
    --------
    >>> variant(10)
    'braille_recurrent-10ms'
    """
    return f"{DATASET}-{frame_ms}ms"


def knowable_units(datasets: Sequence[str], seeds: Sequence[int]) -> list[KnowableUnit]:
    """Units for the data set, if it is asked for."""
    return [KnowableUnit(frame_ms, seed) for frame_ms in FRAMES_MS for seed in seeds if DATASET in datasets]
