"""The integer network on the validation and the test samples: everything that later tables need of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evsnn_lava._files import atomic_write
from evsnn_lava.cli.evaluation import joined
from evsnn_lava.cli.recordings import Samples, block_samples
from evsnn_lava.cli.study_stops import Priced
from evsnn_lava.data import bin_set, load
from evsnn_lava.export.placement import LoadMeter, place
from evsnn_lava.export.placement import joined as joined_loads
from evsnn_lava.export.policies.confidence import fit_temperature
from evsnn_lava.hw_profiles import load_hardware
from evsnn_lava.network import CutoffPolicy, NetworkDescription, RunResult
from evsnn_lava.simulation.counting import sources
from evsnn_lava.simulation.engine import Engine
from evsnn_lava.training.config import DataConfig
from evsnn_lava.training.trainer import recipe_of

CHIPS: Final = ("loihi2", "loihi1")
TRACED: Final = 16
"""Samples whose messages are held at once."""

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Change = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Part:
    """What a network answers to a part of its data.

    Parameters
    ----------
    labels : numpy.ndarray of int64, shape (N,)
        The right classes.
    scores : numpy.ndarray of int64, shape (N, T', classes)
        Scores after every frame that is sent.
    """

    labels: IntArray
    scores: IntArray

    @cached_property
    def temperature(self) -> float:
        """Softmax temperature under which the labels are likeliest; dear, and the same for every epsilon."""
        return fit_temperature(self.scores, self.labels)

    @property
    def steps(self) -> int:
        """Frames that are sent."""
        return self.scores.shape[1]

    def folds(self, number: int) -> list[tuple[Part, Part, BoolArray]]:
        """Cut into parts of equal size: the rest, one part, and which samples that are; always the same."""
        fold = np.random.default_rng(0).permutation(len(self.labels)) % number
        cuts = [fold == each for each in range(number)]
        return [(self._of(~cut), self._of(cut), cut) for cut in cuts]

    def _of(self, chosen: BoolArray) -> Part:
        return Part(self.labels[chosen], self.scores[chosen])


@dataclass(frozen=True, eq=False)
class Deployed:
    """A network, its answers, and one complete run of the test samples.

    Parameters
    ----------
    network : NetworkDescription
        Without a cutoff.
    validation, test : Part
        Answers.
    full : RunResult
        Every test sample to its last step.
    chips : tuple of Priced
        What the cores of each chip do in that run.
    seconds : float
        What all of it took.
    """

    network: NetworkDescription
    validation: Part
    test: Part
    full: RunResult
    chips: tuple[Priced, ...]
    seconds: float


def deploy(network: NetworkDescription, data: DataConfig, change: Change = lambda frames: frames) -> Deployed:
    """Run a network on its data set.

    Parameters
    ----------
    network : NetworkDescription
        The compiled network.
    data : DataConfig
        The data set, and how it was binned.
    change : callable
        What is done to frames before the network sees them, for masks that differ from sample to sample.

    Returns
    -------
    Deployed
        Everything.
    """
    begin = time.perf_counter()
    network = network.with_cutoff(CutoffPolicy.never(network.masks.stream_steps))
    validation, test = (_samples(data, split) for split in ("validation", "test"))

    def blocks(samples: Samples) -> Iterator[npt.NDArray[Any]]:
        return map(change, samples.blocks())

    parts = (answers_of(network, blocks(part), part.labels) for part in (validation, test))
    full, chips = full_run(network, blocks(test)), priced_chips(network, blocks(test))
    return Deployed(network, *parts, full, chips, time.perf_counter() - begin)


def answers_of(network: NetworkDescription, blocks: Iterable[npt.NDArray[Any]], labels: IntArray) -> Part:
    """What a network answers to frames that come block by block."""
    return Part(labels, np.concatenate(list(map(Engine(network).scores, blocks))))


def full_run(network: NetworkDescription, blocks: Iterable[npt.NDArray[Any]]) -> RunResult:
    """Every sample to its last step, with all counts; the network must not have a cutoff."""
    return joined(list(map(Engine(network).run, blocks)))


def priced_chips(network: NetworkDescription, blocks: Iterable[npt.NDArray[Any]]) -> tuple[Priced, ...]:
    """Every chip with the load of its cores; samples are traced once for all chips."""
    chips = [load_hardware(name) for name in CHIPS]
    meters = [LoadMeter(network, place(network, chip)) for chip in chips]
    engine, loads = Engine(network), []
    for block in blocks:
        for start in range(0, len(block), TRACED):
            sent = sources(network, engine.trace(block[start : start + TRACED]))
            loads.append([meter.count(sent) for meter in meters])
    return tuple(Priced(chip, joined_loads(load)) for chip, load in zip(chips, zip(*loads, strict=True), strict=True))


def _samples(data: DataConfig, split: str) -> Samples:
    events = load(data.dataset, split)
    recipe = recipe_of(data, events.sensor)

    def read(start: int, stop: int) -> npt.NDArray[Any]:
        return bin_set(events, recipe, range(start, stop))

    return Samples(read, events.labels, events.sample_id, block_samples(recipe), split, len(events))


def save_scores(path: Path, deployed: Deployed) -> None:
    """Keep all scores for studies of many splits; as small as numpy makes them."""
    arrays = {}
    for name, part in (("validation", deployed.validation), ("test", deployed.test)):
        small = np.int16 if np.abs(part.scores).max(initial=0) < 2**15 else np.int32
        arrays |= {f"{name}_labels": part.labels, f"{name}_scores": part.scores.astype(small)}
    with atomic_write(path, make_folders=True) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


def read_scores(path: Path) -> tuple[Part, Part]:
    """The validation and the test part of :func:`save_scores`."""
    with np.load(path) as found:
        validation, test = (
            Part(found[f"{name}_labels"], found[f"{name}_scores"].astype(np.int64)) for name in ("validation", "test")
        )
    return validation, test
