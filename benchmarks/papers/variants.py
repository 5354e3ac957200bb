"""What is compared on event networks: a variant changes the configuration, and may begin with another's network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from evsnn_lava.errors import unknown_name
from evsnn_lava.training.config import HoyerInitConfig, MasksConfig, RunConfig

PLAIN: Final = "plain"
WITHOUT_RCS: Final = "without_rcs"
HOYER_INIT: Final = "hoyer_init"

LEARNING: Final[dict[str, dict[str, Any]]] = {
    "learned": {"anytime_weight": 0.0},
    "anytime": {"method": "learned"},
    "elimination": {"anytime_weight": 0.0},
}
"""Learned masks, and what they change in ``[masks]``: for the last decision, or with the loss of the other stages."""

INPUT_ALONE: Final = ("anytime", "elimination", "window", "energy")
"""Methods that are not tried with masks that fall from layer to layer."""

METHODS: Final = (*LEARNING, "uniform", "first", "random", "window", "energy")
KEEPS: Final = (0.75, 0.5, 0.25)
LAYOUTS: Final = ("input", "hierarchical")

FALL: Final = 0.25
"""How far the first and the last layer's share lie from the mean one in a hierarchical mask, as a share of it."""


@dataclass(frozen=True)
class Variant:
    """One way to train.

    Parameters
    ----------
    base : {"plain", "without_rcs", "hoyer_init"}
        What is trained without masks.
    method : str
        Where masks come from; empty without masks. Masked networks go on from the base of the same seed.
    keep : float
        Mean share of the frames that the layers keep.
    layout : {"input", "hierarchical"}
        One mask for all layers, or shares that fall from layer to layer.

    Examples
    --------
    >>> Variant("plain", "learned", 0.5, "input").name, Variant("hoyer_init").name
    ('learned-0.50-input', 'hoyer_init')
    """

    base: str = PLAIN
    method: str = ""
    keep: float = 1.0
    layout: str = ""

    @property
    def name(self) -> str:
        """For files and tables."""
        if not self.method:
            return self.base
        prefix = "" if self.base == PLAIN else f"{self.base}-"
        return f"{prefix}{self.method}-{self.keep:.2f}-{self.layout}"

    @property
    def trained(self) -> str:
        """Which of the networks that the trainer leaves is meant."""
        return "masked" if self.method else "plain"

    def start(self) -> Variant | None:
        """The variant whose network this one goes on with."""
        return Variant(self.base) if self.method else None

    def config(self, recipe: RunConfig, seed: int) -> RunConfig:
        """The configuration of one training.

        Parameters
        ----------
        recipe : RunConfig
            Of the study.
        seed : int
            Of this training.

        Returns
        -------
        RunConfig
            With everything that the variant changes, and without what it does not have.
        """
        hoyer = (recipe.hoyer_init or HoyerInitConfig()) if self.base == HOYER_INIT else None
        cutoff = recipe.cutoff.model_copy(update={"rcs_weight": 0.0} if self.base == WITHOUT_RCS else {})
        masks = None
        if self.method:
            shares = layer_shares(self.keep, self.layout, len(recipe.network.layers) + 1)
            changes = {"method": self.method, "keep": shares, **LEARNING.get(self.method, {})}
            masks = (recipe.masks or MasksConfig()).model_copy(update=changes)
        return recipe.model_copy(update={"seed": seed, "hoyer_init": hoyer, "cutoff": cutoff, "masks": masks})


def layer_shares(keep: float, layout: str, layers: int) -> tuple[float, ...]:
    """Share of the frames for every layer, with the same mean in both layouts.

    Parameters
    ----------
    keep : float
        The mean.
    layout : {"input", "hierarchical"}
        Equal shares, or shares that fall evenly from ``1.25 keep`` at the input to ``0.75 keep`` at the output.
    layers : int
        Number of layers.

    Returns
    -------
    tuple of float
        One per layer, or one for all.

    Raises
    ------
    ConfigError
        If there is no such layout.

    Examples
    --------
    >>> layer_shares(0.5, "input", 3), layer_shares(0.5, "hierarchical", 3)
    ((0.5,), (0.625, 0.5, 0.375))
    """
    if layout not in LAYOUTS:
        raise unknown_name("mask layout", layout, LAYOUTS)
    if layout == "input" or layers == 1:
        return (keep,)
    return tuple(round(keep * (1 + FALL * (1 - 2 * layer / (layers - 1))), 6) for layer in range(layers))


def masked_variants(
    methods: Sequence[str] = METHODS, keeps: Sequence[float] = KEEPS, layouts: Sequence[str] = LAYOUTS
) -> tuple[Variant, ...]:
    """Every mask that is compared.

    Returns
    -------
    tuple of Variant
        Learned masks first.
    """
    return tuple(
        Variant(PLAIN, method, keep, layout)
        for layout in layouts
        for keep in keeps
        for method in methods
        if layout == "input" or method not in INPUT_ALONE
    )


CONTINUED: Final = Variant(PLAIN, "uniform", 1.0, "input")
"""Trained on like a masked network, with every frame: what of a gain comes from training longer."""

HEADLINE_MASK: Final = Variant(PLAIN, "learned", 0.5, "input")
"""The masks of the table that sets everything side by side: half of the frames, the ratio that was asked for."""

CONTROL_MASK: Final = Variant(PLAIN, "uniform", HEADLINE_MASK.keep, HEADLINE_MASK.layout)
"""What it is measured against there: as many frames, none of them learned."""

WINDOW_MASK: Final = Variant(PLAIN, "window", KEEPS[0], HEADLINE_MASK.layout)
"""The busiest frames in a row, most of them: what begins and ends a recording without telling anything is left out."""

ELIMINATION_MASK: Final = Variant(PLAIN, "elimination", HEADLINE_MASK.keep, HEADLINE_MASK.layout)
"""Half of the frames, those that the network misses most."""

HOYER_MASK: Final = Variant(HOYER_INIT, HEADLINE_MASK.method, HEADLINE_MASK.keep, HEADLINE_MASK.layout)
