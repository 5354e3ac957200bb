"""A placement as data: parts of layers on cores."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evsnn_lava.export.placement.words import Words

Range = tuple[int, int]
"""Half-open: the first and one past the last."""


@dataclass(frozen=True)
class Tile:
    """The part of a layer that lies on one core.

    Parameters
    ----------
    channels, rows, columns : (int, int)
        Half-open ranges; a flat layer has its neurons in `channels`, and one row and column.

    Examples
    --------
    >>> Tile((0, 24), (0, 32), (4, 8)).neurons
    3072
    """

    channels: Range
    rows: Range = (0, 1)
    columns: Range = (0, 1)

    @property
    def neurons(self) -> int:
        """Neurons on the core."""
        return self.depth * self.places

    def members(self, image: tuple[int, int, int]) -> npt.NDArray[np.int64]:
        """Numbers of its neurons in a layer of shape ``(C, H, W)``, as the rows of a matrix count them."""
        numbers = np.arange(math.prod(image)).reshape(image)
        return numbers[slice(*self.channels), slice(*self.rows), slice(*self.columns)].reshape(-1)

    @property
    def depth(self) -> int:
        """Channels on the core."""
        return self.channels[1] - self.channels[0]

    @property
    def places(self) -> int:
        """Pixels on the core."""
        return (self.rows[1] - self.rows[0]) * (self.columns[1] - self.columns[0])


@dataclass(frozen=True)
class CorePlan:
    """One core.

    Parameters
    ----------
    layer : int
        Index of the layer; layers never share a core.
    tile : Tile
        Which of its neurons.
    words : Words
        What the core stores.
    """

    layer: int
    tile: Tile
    words: Words


@dataclass(frozen=True)
class LayerPlan:
    """All cores of one layer.

    Parameters
    ----------
    name : str
        Name of the layer.
    weight_bits : int
        Bits per weight, the most of its matrices; 0 without weights.
    blocks : int
        Groups of neurons on a core: the blocks of channels of a convolution, 1 for others.
    cores : tuple of CorePlan
        Tiles that do not overlap and cover the layer; none where the sender computes the layer.
    """

    name: str
    weight_bits: int
    blocks: int
    cores: tuple[CorePlan, ...]

    @property
    def neurons(self) -> int:
        """Neurons of the layer."""
        return sum(core.tile.neurons for core in self.cores)


@dataclass(frozen=True)
class Placement:
    """Where a network lies.

    Parameters
    ----------
    network : str
        Name of the network.
    hardware : str
        Name of the hardware profile.
    rule : str
        How the layers were cut.
    cores_per_chip : int
        Cores that the compiler uses of a chip.
    layers : tuple of LayerPlan
        From the input to the output.
    """

    network: str
    hardware: str
    rule: str
    cores_per_chip: int
    layers: tuple[LayerPlan, ...]

    @property
    def cores(self) -> tuple[CorePlan, ...]:
        """All cores in the order in which they are filled."""
        return tuple(core for layer in self.layers for core in layer.cores)

    @property
    def chips(self) -> int:
        """Chips that it takes."""
        return math.ceil(len(self.cores) / self.cores_per_chip)
