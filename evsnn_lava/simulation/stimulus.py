"""Random frames for golden vectors, as dense and as strong as it takes to make the layers send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import CapacityError, ConfigError
from evsnn_lava.network import InputRecipe, NetworkDescription
from evsnn_lava.simulation.reference import simulate

DENSITIES: Final = (0.05, 0.2, 0.5, 0.01, 0.9)
"""Shares of values that are set, in the order in which they are tried: event frames are sparse."""

CEILINGS: Final = (15, 255, 4095)
"""Largest graded values that are tried: those of a wide input saturate a network; half of the ranges are signed."""


@dataclass(frozen=True)
class Strength:
    """How random frames are drawn.

    Parameters
    ----------
    density : float
        Share of values that are set.
    low, high : int
        What they are.
    """

    density: float
    low: int = 1
    high: int = 1

    def __str__(self) -> str:
        """In words."""
        values = "" if self.low == self.high == 1 else f" to {self.low}..{self.high}"
        return f"{self.density:.3g} of the values set{values}"

    def draw(self, shape: tuple[int, ...], seed: tuple[int, ...]) -> npt.NDArray[Any]:
        """Frames of a shape, bool or int32 as the values need it; the same for the same seed."""
        rng = np.random.default_rng(seed)
        frames = rng.random(shape) < self.density
        if self.low == self.high == 1:
            return frames
        return frames * rng.integers(self.low, self.high + 1, shape, dtype=np.int32)


def strengths(recipe: InputRecipe, density: float | None = None) -> Iterator[Strength]:
    """What is worth a try for an input.

    Parameters
    ----------
    recipe : InputRecipe
        Says what values a frame may have.
    density : float, optional
        The only one to try.

    Yields
    ------
    Strength
        From the first choice to the last.

    Raises
    ------
    ConfigError
        If the density is not above 0 and at most 1.

    Examples
    --------
    >>> print(*strengths(InputRecipe(8, 8, 5, 1000), density=0.1))
    0.1 of the values set
    """
    if density is not None and not 0 < density <= 1:
        raise ConfigError(f"density of golden frames is {density}, it must be above 0 and at most 1; correct it")
    low, high = recipe.value_range
    ceilings = dict.fromkeys(min(ceiling, high) for ceiling in (*CEILINGS, high))
    spans = [(1, 1)] if not recipe.message_bits else [(1, c) for c in ceilings if c] + [(low, high)]
    for share in DENSITIES if density is None else (density,):
        for span in spans:
            yield Strength(share, *span)


def waking_frames(
    network: NetworkDescription, samples: int, seed: int, density: float | None = None
) -> tuple[npt.NDArray[Any], tuple[Strength, ...]]:
    """Draw frames that make as many layers send as possible.

    Parameters
    ----------
    network : NetworkDescription
        Whose layers have to send.
    samples : int
        How many.
    seed : int
        The same seed gives the same frames.
    density : float, optional
        Share of values that are set, instead of several tries.

    Returns
    -------
    numpy.ndarray of bool or int32, shape (N, C, H, W, T)
        For each sample the first draw in which most layers send.
    tuple of Strength
        How each was drawn.

    Raises
    ------
    ConfigError
        If the density is out of range.
    CapacityError
        If every draw leaves the integers of the network.
    """
    drawn = [_most_awake(network, (seed, sample), density) for sample in range(samples)]
    kind: type[np.generic] = np.int32 if network.recipe.message_bits else np.bool_
    return np.stack([frames for frames, _ in drawn]).astype(kind), tuple(strength for _, strength in drawn)


def _most_awake(
    network: NetworkDescription, seed: tuple[int, int], density: float | None
) -> tuple[npt.NDArray[Any], Strength]:
    shape = (*network.input_shape, network.masks.steps)
    best, most, trouble = None, -1, None
    for strength in strengths(network.recipe, density):
        frames = strength.draw(shape, seed)
        try:
            awake = sum(bool(layer.any()) for layer in simulate(network, frames[None]).messages)
        except CapacityError as error:  # too strong for a convolution
            trouble = error
            continue
        if awake > most:
            best, most = (frames, strength), awake
        if awake == network.depth:
            break
    if best is None:
        raise CapacityError(f"no random frames fit; {trouble}") from trouble
    return best
