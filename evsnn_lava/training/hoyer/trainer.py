"""From a configuration with a ``[hoyer]`` table to a trained integer network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from evsnn_lava._torch import torch
from evsnn_lava.data import data_folder
from evsnn_lava.data.images import IMAGE_SETS, ImageSet, image_recipe, load_images
from evsnn_lava.errors import ConfigError, unknown_name
from evsnn_lava.network import InputRecipe
from evsnn_lava.training.batches import FrameBatches
from evsnn_lava.training.config import HoyerConfig, RunConfig
from evsnn_lava.training.fit import Progress, fit_stage
from evsnn_lava.training.hoyer.integers import IntegerNetwork, fold
from evsnn_lava.training.hoyer.network import HoyerNetwork
from evsnn_lava.training.hoyer.stages import FloatStage, IntegerStage

KEPT: Final = ("float_accuracy", "folded_accuracy", "val_accuracy")
"""Metrics that go into the provenance: of the float network, its fold, and the trained integers."""


@dataclass(frozen=True, eq=False)
class HoyerRun:
    """A Hoyer network between its stages.

    Parameters
    ----------
    config : RunConfig
        With a ``[hoyer]`` table.
    hoyer : HoyerConfig
        That table.
    recipe : InputRecipe
        How pictures become frames.
    train, validation : ImageSet
        The pictures.
    network : HoyerNetwork
        What is trained first.
    """

    config: RunConfig
    hoyer: HoyerConfig
    recipe: InputRecipe
    train: ImageSet
    validation: ImageSet
    network: HoyerNetwork

    def fit(self, folder: Path, progress: Progress, resume: bool) -> tuple[IntegerNetwork, dict[str, float]]:
        """Train both stages.

        Parameters
        ----------
        folder : pathlib.Path
            Folder of the run.
        progress : callable
            Called after each epoch.
        resume : bool
            Take up an interrupted run.

        Returns
        -------
        network : IntegerNetwork
            On the CPU.
        metrics : dict of str to float
            Validation accuracy of the float network, of the folded integers and of the trained ones.
        """
        pictures, held_out = (
            FrameBatches(part.frames(self.recipe), part.labels) for part in (self.train, self.validation)
        )
        brightest = self.recipe.value_range[1]
        floats = FloatStage(self.network, self.config, self.hoyer, brightest)
        metrics = {
            "float_accuracy": fit_stage(floats, "float", pictures, held_out, folder, progress, resume)["val_accuracy"]
        }
        integers = fold(self.network.cpu().eval(), brightest, self.recipe.steps)
        metrics["folded_accuracy"] = accuracy(integers, held_out)
        stage = IntegerStage(integers.train(), self.config, self.hoyer)
        metrics |= fit_stage(stage, "integer", pictures, held_out, folder, progress, resume)
        return integers.cpu().eval(), {name: metrics[name] for name in KEPT}

    def fingerprint(self) -> dict[str, str]:
        """Number and hash of the training pictures."""
        digest = hashlib.sha256(self.train.pixels.tobytes() + self.train.labels.tobytes())
        return {"train_samples": str(len(self.train)), "train_data_sha256": digest.hexdigest()}


def begin(config: RunConfig, hoyer: HoyerConfig) -> HoyerRun:
    """Load the pictures and draw the weights.

    Parameters
    ----------
    config : RunConfig
        The configuration.
    hoyer : HoyerConfig
        Its ``[hoyer]`` table.

    Returns
    -------
    HoyerRun
        Nothing is written yet.

    Raises
    ------
    ConfigError
        If the configuration asks for what such a network has not.
    """
    name = config.data.dataset
    if name not in IMAGE_SETS:
        raise unknown_name("set of pictures for [hoyer]", name, IMAGE_SETS)
    for table in ("masks", "hoyer_init"):
        if getattr(config, table) is not None:
            raise ConfigError(f"[{table}] and [hoyer] in one configuration: pictures have no frames; leave one out")
    if config.network.head != "spikes":
        raise ConfigError("network.head: the head of a [hoyer] network is always a sigma neuron; leave the key out")
    if not config.network.layers:
        raise ConfigError("network.layers is empty; a [hoyer] network needs a hidden layer, add one")
    recipe = image_recipe(name, config.data.steps or 1, hoyer.pixel_bits)
    train, validation = (load_images(name, split, data_folder()) for split in ("train", "validation"))
    network = HoyerNetwork(config.network, hoyer, recipe.input_shape, len(train.class_names))
    return HoyerRun(config, hoyer, recipe, train, validation, network)


def accuracy(network: IntegerNetwork, samples: FrameBatches) -> float:
    """Share of right decisions of an integer network."""
    network.eval()
    with torch.no_grad():
        right: list[Any] = [
            (network(frames)[0].argmax(1) == labels).numpy() for frames, labels in samples.loader(256, shuffle=False)
        ]
    return float(np.concatenate(right).mean())
