"""A part of any data set, of events or of pictures, as the frames of a network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evsnn_lava.data.frames import bin_set
from evsnn_lava.data.images import IMAGE_SETS, ImageSet, load_images
from evsnn_lava.data.recording import EventSet
from evsnn_lava.data.registry import data_folder, load
from evsnn_lava.errors import ConfigError
from evsnn_lava.network import InputRecipe

Part = EventSet | ImageSet


def load_part(name: str, split: str) -> Part:
    """Load one part of a data set.

    Parameters
    ----------
    name : str
        Of a set of pictures, or what :func:`~evsnn_lava.data.load` takes.
    split : str
        The part.

    Returns
    -------
    EventSet or ImageSet
        Both have ``labels``, ``class_names`` and ``sample_id``.

    Examples
    --------
    >>> len(load_part("digit_images", "test")), len(load_part("digits", "test"))
    (300, 300)
    """
    return load_images(name, split, data_folder()) if name in IMAGE_SETS else load(name, split)


def frames_of(part: Part, recipe: InputRecipe, indices: Iterable[int] | None = None) -> NDArray[Any]:
    """Frames of some samples.

    Parameters
    ----------
    part : EventSet or ImageSet
        The samples.
    recipe : InputRecipe
        How they become frames.
    indices : iterable of int, optional
        Which samples, in which order; all if not given.

    Returns
    -------
    numpy.ndarray of bool or int16, shape (N, C, H, W, T)

    Raises
    ------
    ConfigError
        If the samples do not fit the recipe.

    Examples
    --------
    >>> from evsnn_lava.data.images import image_recipe
    >>> frames_of(load_part("digit_images", "test"), image_recipe("digit_images", 2, 4), [0, 1]).shape
    (2, 1, 8, 8, 2)
    """
    if isinstance(part, EventSet):
        if recipe.binning == "none":
            raise ConfigError(f"{part.name} has events, the network takes frames as they are; give pictures or frames")
        return bin_set(part, recipe, indices)
    if recipe.binning != "none":
        raise ConfigError(f"{part.name} has pictures, the network takes events; choose another data set")
    chosen = np.arange(len(part)) if indices is None else np.array(list(indices), dtype=np.int64)
    return part.frames(recipe, chosen)
