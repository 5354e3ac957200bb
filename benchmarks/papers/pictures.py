"""What is measured of a network of one step, or a few, on pictures: accuracies, spikes, costs, the fold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.papers.deployed import Part, answers_of, full_run, priced_chips
from benchmarks.papers.figures import answers, costs_on
from evsnn_lava._torch import torch
from evsnn_lava.data import data_folder
from evsnn_lava.data.images import ImageSet, load_images
from evsnn_lava.export.frontend import compile_file
from evsnn_lava.network import CutoffPolicy, InputRecipe, NetworkDescription, RunResult
from evsnn_lava.training.artefact import TrainedModel, load_model
from evsnn_lava.training.config import RunConfig

PRICED: Final = 512
"""Test pictures whose messages are followed to the cores."""

BLOCK: Final = 512

FACTS: Final = ("float_accuracy", "folded_accuracy", "val_accuracy")
"""What training noted of the validation pictures: in floats, folded, and after training the integers."""


def measure_pictures(config: RunConfig, folder: Path) -> dict[str, Any]:
    """Everything that is measured of a trained Hoyer network.

    Parameters
    ----------
    config : RunConfig
        With a ``[hoyer]`` table.
    folder : pathlib.Path
        Where it was trained.

    Returns
    -------
    dict
        The content of its result.
    """
    model, network = load_model(folder / "plain.pt"), compile_file(folder / "plain.pt")
    network = network.with_cutoff(CutoffPolicy.never(network.masks.stream_steps))
    validation, test = (load_images(config.data.dataset, split, data_folder()) for split in ("validation", "test"))
    parts = [answers_of(network, _blocks(part, network.recipe), part.labels) for part in (validation, test)]
    run = full_run(network, _blocks(test, network.recipe))
    some = test.select(np.arange(min(PRICED, len(test))))
    chips = priced_chips(network, _blocks(some, network.recipe))
    return {
        "network": {
            "layers": [f"{layer.name} {'x'.join(map(str, layer.shape))}" for layer in network.layers],
            "depth": network.depth,
            "steps": network.masks.steps,
            "neurons": sum(layer.neurons for layer in network.layers),
        },
        "trained": {name: float(model.facts[name]) for name in FACTS if name in model.facts},
        "validation": answers(parts[0]),
        "test": answers(parts[1]),
        "unlike_training": _unlike(model, test, network.recipe, parts[1]),
        **_spikes(network, run),
        "chips": costs_on(network, chips, _first(run, len(some)), ("energy_j", "dynamic_j", "time_s")),
    }


def _blocks(images: ImageSet, recipe: InputRecipe) -> Iterator[npt.NDArray[Any]]:
    for start in range(0, len(images), BLOCK):
        yield images.frames(recipe, slice(start, start + BLOCK))


def _unlike(model: TrainedModel, images: ImageSet, recipe: InputRecipe, found: Part) -> int:
    """Pictures with a class score that is not the one that training computed: the fold is exact at 0."""
    model.network.eval()
    with torch.no_grad():
        scores = [model.network(torch.from_numpy(block).float())[0].numpy() for block in _blocks(images, recipe)]
    return int((np.concatenate(scores).astype(np.int64) != found.scores[:, -1]).any(axis=1).sum())


def _spikes(network: NetworkDescription, run: RunResult) -> dict[str, Any]:
    """Share of the hidden neurons that spike, per step, over all of them and layer by layer."""
    neurons = np.array([layer.neurons for layer in network.layers[:-1]])
    sent = run.messages[:, :-1].sum(axis=2).mean(axis=0) / network.masks.stream_steps
    return {"spiking": float(sent.sum() / neurons.sum()), "spiking_by_layer": (sent / neurons).tolist()}


def _first(run: RunResult, samples: int) -> RunResult:
    """The run of the first samples alone."""
    arrays = [field.name for field in fields(RunResult) if field.name not in ("backend", "wall_time_s")]
    return replace(run, **{name: getattr(run, name)[:samples] for name in arrays})
