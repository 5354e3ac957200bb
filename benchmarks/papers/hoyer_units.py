"""Units of the networks of one step: ablations at one step, and more steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.papers.places import CONFIGS, Places
from benchmarks.papers.trained import is_trained, said, same_config, train_network
from evsnn_lava.training.config import RunConfig, read_config

MOST_STEPS: Final = 4

ABLATIONS: Final[dict[str, dict[str, Any]]] = {
    "both": {},
    "no_loss": {"loss_weight": 0.0},
    "no_extremum": {"extremum": False},
    "neither": {"loss_weight": 0.0, "extremum": False},
}
"""What is changed in the ``[hoyer]`` table."""

MNIST: Final = "mnist_hoyer"
CIFAR: Final = "cifar10_hoyer"
"""Only trained where it is asked for by name; it wants a GPU."""

QUICK_PICTURES: Final = "quick_hoyer"
PICTURES: Final = (MNIST, CIFAR, QUICK_PICTURES)
"""Studies of pictures, each with a configuration of its name."""


@dataclass(frozen=True)
class HoyerUnit:
    """A network of pictures with one seed.

    Parameters
    ----------
    study : str
        Name of its configuration.
    ablation : str
        A key of ``ABLATIONS``.
    steps : int
        Steps of a picture.
    seed : int
        Of the training.
    """

    study: str
    ablation: str
    steps: int
    seed: int

    @property
    def variant(self) -> str:
        """Name without the seed."""
        return f"{self.ablation}-t{self.steps}"

    @property
    def name(self) -> str:
        """Name of its files."""
        return f"{self.variant}-s{self.seed}"

    def config(self) -> RunConfig:
        """Its configuration."""
        recipe = read_config(CONFIGS / f"{self.study}.toml")
        hoyer = recipe.hoyer and recipe.hoyer.model_copy(update=ABLATIONS[self.ablation])
        data = recipe.data.model_copy(update={"steps": self.steps})
        return recipe.model_copy(update={"seed": self.seed, "data": data, "hoyer": hoyer})

    def identity(self) -> dict[str, Any]:
        """What its result says of itself."""
        config = self.config().model_dump(mode="json")
        return {"study": self.study, "variant": self.variant, "seed": self.seed, "config": config}

    def is_of(self, found: dict[str, Any]) -> bool:
        """Whether a result is one of this configuration."""
        return same_config(found.get("config"), self.config())

    def is_trained(self, places: Places) -> bool:
        """Whether its network is there."""
        return is_trained(self.config(), "plain", places.folder(self.study, self.name))

    def train(self, places: Places) -> None:
        """Train it."""
        train_network(self.config(), places.folder(self.study, self.name), say=said)

    def measure(self, places: Places) -> dict[str, Any]:
        """See :mod:`benchmarks.papers.pictures`."""
        from benchmarks.papers.pictures import measure_pictures

        return measure_pictures(self.config(), places.folder(self.study, self.name))


def hoyer_units(studies: Sequence[str], seeds: Sequence[int]) -> list[HoyerUnit]:
    """All ablations at one step, and the whole method at more.

    Examples
    --------
    >>> [unit.name for unit in hoyer_units(["mnist_hoyer"], [1])][:3]
    ['both-t1-s1', 'no_loss-t1-s1', 'no_extremum-t1-s1']
    """
    kinds = [*((name, 1) for name in ABLATIONS), *(("both", steps) for steps in range(2, MOST_STEPS + 1))]
    return [HoyerUnit(study, name, steps, seed) for study in studies for seed in seeds for name, steps in kinds]
