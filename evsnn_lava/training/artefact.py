"""What training leaves behind: one file per trained variant, read by the exporter."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava._files import atomic_write
from evsnn_lava._torch import torch
from evsnn_lava.errors import ConfigError, EvsnnError, FormatError
from evsnn_lava.network import InputRecipe
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.hoyer.integers import IntegerNetwork, fold
from evsnn_lava.training.hoyer.network import HoyerNetwork
from evsnn_lava.training.model import EventNetwork


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A trained network with everything needed to export it.

    Parameters
    ----------
    variant : str
        ``"plain"`` or ``"masked"``.
    config : RunConfig
        The configuration it was trained with.
    recipe : InputRecipe
        How recordings become frames.
    class_names : tuple of str
        One per output neuron.
    keep : numpy.ndarray of bool, shape (L, T)
        Hard frame masks; all ones for the plain variant.
    network : EventNetwork or IntegerNetwork
        The blocks with their weights; of a Hoyer network, the integers.
    facts : dict of str to str
        Versions, seeds and results, for the provenance.
    """

    variant: str
    config: RunConfig
    recipe: InputRecipe
    class_names: tuple[str, ...]
    keep: npt.NDArray[np.bool_]
    network: EventNetwork | IntegerNetwork
    facts: dict[str, str]

    @property
    def semantics(self) -> str:
        """What becomes of a dropped frame."""
        return self.config.masks.semantics if self.config.masks else "skip"


def save_model(model: TrainedModel, path: str | os.PathLike[str]) -> None:
    """Write a trained model.

    Parameters
    ----------
    model : TrainedModel
        What to write.
    path : path-like
        The file.
    """
    meta = {
        "variant": model.variant,
        "config": model.config.model_dump(mode="json"),
        "recipe": asdict(model.recipe),
        "class_names": list(model.class_names),
        "facts": model.facts,
    }
    content = {
        "meta": json.dumps(meta, sort_keys=True),
        "keep": torch.from_numpy(model.keep),
        "state": model.network.state_dict(),
    }
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)  # by name, torch would write the temporary name into the archive


def load_model(path: str | os.PathLike[str]) -> TrainedModel:
    """Read a trained model.

    Parameters
    ----------
    path : path-like
        A file that :func:`save_model` wrote.

    Returns
    -------
    TrainedModel
        The model, on the CPU.

    Raises
    ------
    ConfigError
        If there is no such file.
    FormatError
        If it is not a trained model.
    """
    file = Path(path)
    if not file.is_file():
        raise ConfigError(f"no trained model {file}; run `evsnn train` first or give the folder of a run")
    if not is_archive(file):  # torch would try older formats, with warnings
        raise FormatError(f"{file} is not a trained model of evsnn: it is no archive, or cut off; train again")
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
        return _rebuild(content)
    except (pickle.UnpicklingError, zipfile.BadZipFile, RuntimeError, EOFError, OSError) as error:
        raise FormatError(f"{file} is not a trained model of evsnn: {_first_line(error)}; train again") from error
    except (LookupError, TypeError, ValueError, AttributeError, EvsnnError) as error:
        raise FormatError(f"{file} lacks a part or holds a wrong one: {_first_line(error)}; train again") from error


def is_archive(file: Path) -> bool:
    """Whether a file is a whole zip archive, as torch writes them."""
    try:
        return zipfile.is_zipfile(file)
    except (OSError, zipfile.BadZipFile):
        return False


def _rebuild(content: dict[str, Any]) -> TrainedModel:
    meta = json.loads(content["meta"])
    config = RunConfig.model_validate(meta["config"])
    values = meta["recipe"]
    recipe = InputRecipe(**{**values, "crop": None if values["crop"] is None else tuple(values["crop"])})
    network = _empty_network(config, recipe, len(meta["class_names"]))
    network.load_state_dict(content["state"])
    _require_finite(network)
    keep = content["keep"].numpy().astype(bool)
    if keep.shape != (network.depth, recipe.steps):
        raise ValueError(f"masks of shape {keep.shape} for {network.depth} layers and {recipe.steps} frames")
    return TrainedModel(
        meta["variant"], config, recipe, tuple(meta["class_names"]), keep, network.eval(), dict(meta["facts"])
    )


def _empty_network(config: RunConfig, recipe: InputRecipe, classes: int) -> EventNetwork | IntegerNetwork:
    """The network of a configuration, before its weights are read."""
    if config.hoyer is None:
        return EventNetwork(config.network, recipe.input_shape, classes)
    floats = HoyerNetwork(config.network, config.hoyer, recipe.input_shape, classes)
    return fold(floats.eval(), recipe.value_range[1], recipe.steps)


def _require_finite(network: EventNetwork | IntegerNetwork) -> None:
    for name, values in network.state_dict().items():
        if not torch.isfinite(values).all():
            raise ValueError(f"{name} has values that are not finite numbers")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
