"""From a configuration to trained models: data, stages, artefacts."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any

import lightning
import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from evsnn_lava._files import atomic_write
from evsnn_lava._torch import torch
from evsnn_lava.data import EventSet, bin_set, default_recipe, load, names
from evsnn_lava.errors import ConfigError
from evsnn_lava.network import FrameMasks, InputRecipe
from evsnn_lava.training.artefact import TrainedModel, save_model
from evsnn_lava.training.batches import FrameBatches
from evsnn_lava.training.choosing import MASKS_FILE, choose_masks
from evsnn_lava.training.config import DataConfig, HoyerConfig, RunConfig
from evsnn_lava.training.fit import Progress, fit_stage
from evsnn_lava.training.gates import keep_counts
from evsnn_lava.training.hoyer.trainer import begin
from evsnn_lava.training.hoyer_init import HoyerStage
from evsnn_lava.training.mask_checks import check_recurrent, check_shares
from evsnn_lava.training.mask_controls import busiest_frames
from evsnn_lava.training.model import EventNetwork
from evsnn_lava.training.plain_start import PlainStart, find_plain, read_plain
from evsnn_lava.training.stages import HardStage, Stage

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FrameSets:
    """Binned training and validation samples.

    Parameters
    ----------
    recipe : InputRecipe
        How they were binned.
    class_names : tuple of str
        Names of the classes.
    train, validation : (numpy.ndarray of bool (N, C, H, W, T), numpy.ndarray of int (N,))
        Frames and labels.
    """

    recipe: InputRecipe
    class_names: tuple[str, ...]
    train: tuple[BoolArray, npt.NDArray[np.integer]]
    validation: tuple[BoolArray, npt.NDArray[np.integer]]

    def batches(self, masks: FrameMasks) -> tuple[FrameBatches, FrameBatches]:
        """The samples as the network gets them under some masks."""
        train, validation = (FrameBatches(masks.stream(f), labels) for f, labels in (self.train, self.validation))
        return train, validation

    def busiest(self, keep: int) -> FrameSets:
        """The `keep` busiest frames of each recording; the recipe says so, because nothing else makes such frames."""
        parts = [(busiest_frames(frames, keep), labels) for frames, labels in (self.train, self.validation)]
        name = f"{self.recipe.dataset} (the {keep} busiest of {self.recipe.steps} frames)"
        return replace(self, recipe=replace(self.recipe, steps=keep, dataset=name), train=parts[0], validation=parts[1])


def recipe_of(data: DataConfig, sensor: tuple[int, int]) -> InputRecipe:
    """Input recipe of a configuration: the data set's own, with what the configuration changes.

    Parameters
    ----------
    data : DataConfig
        The ``[data]`` table.
    sensor : (int, int)
        Height and width of the sensor, for a file, which has no recipe of its own.

    Returns
    -------
    InputRecipe
        The recipe.

    Raises
    ------
    ConfigError
        If the data set is a file and the configuration does not say how to bin it.
    """
    changes: dict[str, Any] = {
        key: value for key, value in (("steps", data.steps), ("dt_us", data.dt_us)) if value is not None
    }
    if data.dataset in names():
        return replace(default_recipe(data.dataset), **changes)
    for key in ("steps", "dt_us"):
        if key not in changes:
            raise ConfigError(f"data.{key} is missing; {data.dataset} is a path, which has no default, so set it")
    return InputRecipe(*sensor, dataset=data.dataset, **changes)


def read_frames(config: RunConfig) -> FrameSets:
    """Load and bin the training and validation samples of a configuration.

    Parameters
    ----------
    config : RunConfig
        The configuration.

    Returns
    -------
    FrameSets
        The frames.
    """
    sets: list[EventSet] = [load(config.data.dataset, split) for split in ("train", "validation")]
    recipe = recipe_of(config.data, sets[0].sensor)
    binned = [(bin_set(events, recipe), events.labels) for events in sets]
    return FrameSets(recipe, tuple(sets[0].class_names), binned[0], binned[1])


def train(
    config: RunConfig,
    folder: Path,
    progress: Progress = lambda _: None,
    resume: bool = False,
    plain: Path | None = None,
) -> list[Path]:
    """Train the network of a configuration: plain, and with frame masks if it asks for them.

    Parameters
    ----------
    config : RunConfig
        What to train.
    folder : pathlib.Path
        Folder of the run; checkpoints, logs and the trained models go there.
    progress : callable, optional
        Called with an :class:`~evsnn_lava.training.fit.EpochReport` after each epoch.
    resume : bool
        Take up an interrupted run.
    plain : pathlib.Path, optional
        ``plain.pt`` of another run with the same data and network; it is copied, and the plain stage left out.

    Returns
    -------
    list of pathlib.Path
        The trained models: ``plain.pt`` and, with masks, ``masked.pt``.

    Raises
    ------
    ConfigError
        If the configuration does not fit the data or the plain network, or if the folder holds another run.
    FormatError
        If `plain` is no trained model.
    RunError
        If training diverges.
    """
    if config.hoyer is not None:
        return [_train_hoyer(config, config.hoyer, folder, progress, resume, plain)]
    check_shares(config)
    frames = read_frames(config)
    _check_frames(config, frames)
    check_recurrent(config, frames.recipe.steps)
    begin = find_plain(plain, folder, resume)
    start = read_plain(begin, config, _fingerprint(frames)) if begin else None
    lightning.seed_everything(config.seed, verbose=False)
    network = EventNetwork(config.network, frames.recipe.input_shape, len(frames.class_names))
    claim_folder(folder, config, resume)
    run = _Run(config, folder, progress, resume, frames, network)
    paths = [run.given(start) if start else run.plain()]
    if config.masks:
        paths.append(run.masked(start))
    return paths


def _train_hoyer(
    config: RunConfig, hoyer: HoyerConfig, folder: Path, progress: Progress, resume: bool, plain: Path | None
) -> Path:
    """A network of pictures, in floats and then in integers."""
    if plain is not None:
        raise ConfigError(f"--plain {plain}: a [hoyer] network has no masked stage to begin; leave it out")
    lightning.seed_everything(config.seed, verbose=False)
    run = begin(config, hoyer)
    claim_folder(folder, config, resume)
    network, metrics = run.fit(folder, progress, resume)
    facts = {**_versions(), **_commit(), **run.fingerprint(), **{key: f"{value:.4f}" for key, value in metrics.items()}}
    keep = np.ones((network.depth, run.recipe.steps), dtype=bool)
    path = folder / "plain.pt"
    save_model(TrainedModel("plain", config, run.recipe, run.train.class_names, keep, network, facts), path)
    return path


def _check_frames(config: RunConfig, frames: FrameSets) -> None:
    """Refuse data that cannot be trained on, before anything is written."""
    name, classes = config.data.dataset, len(frames.class_names)
    if classes < 2:
        raise ConfigError(f"{name} has {classes} class, a decision needs at least 2; give data with more classes")
    labels = np.concatenate([frames.train[1], frames.validation[1]])
    if labels.min(initial=0) < 0:
        raise ConfigError(f"{name} has {np.count_nonzero(labels < 0)} recordings without a label; label or remove them")


def claim_folder(folder: Path, config: RunConfig, resume: bool) -> None:
    """Write the configuration into the run's folder, or refuse to mix two runs.

    Raises
    ------
    ConfigError
        When resuming with another configuration than the one the run began with.
    """
    file = folder / "config.json"
    if resume and file.is_file() and not begun_with(folder, config):
        raise ConfigError(f"{folder} was begun with another configuration; drop --resume or use that configuration")
    if not resume and file.is_file():
        _clear(folder)
    with atomic_write(file, make_folders=True) as temporary:
        temporary.write_text(config.model_dump_json(indent=2), encoding="utf-8")


def begun_with(folder: Path, config: RunConfig) -> bool:
    """Whether a folder holds a run of a configuration; keys that are new since then have their defaults."""
    try:
        return RunConfig.model_validate_json((folder / "config.json").read_bytes()) == config
    except (FileNotFoundError, ValidationError):
        return False


def _clear(folder: Path) -> None:
    """Remove what the run that `folder` belongs to left there: its models would be taken for ours."""
    for name in ("plain.pt", "masked.pt", MASKS_FILE, "calibration.json"):
        (folder / name).unlink(missing_ok=True)
    for name in ("float", "integer", "hoyer", "plain", "soft", "hard"):
        shutil.rmtree(folder / name, ignore_errors=True)


@dataclass(frozen=True, eq=False)
class _Run:
    """One run through the stages."""

    config: RunConfig
    folder: Path
    progress: Progress
    resume: bool
    frames: FrameSets
    network: EventNetwork

    def plain(self) -> Path:
        """The network without masks."""
        everything = self._everything()
        if self.config.hoyer_init:
            first = HoyerStage(self.network, self.config, self.config.hoyer_init)
            self._fit(first, "hoyer", everything)
            first.fold()
        stage = Stage(self.network, self.config, self.config.train.epochs)
        return self._save("plain", everything, self._fit(stage, "plain", everything))

    def given(self, start: PlainStart) -> Path:
        """A plain network that was trained before."""
        self.network.load_state_dict(start.model.network.state_dict())
        path = self.folder / "plain.pt"
        with atomic_write(path) as temporary:
            temporary.write_bytes(start.content)
        return path

    def masked(self, start: PlainStart | None = None) -> Path:
        """The network after the masks are chosen and the hard stage is over."""
        masks = self.config.masks
        if masks is None:
            raise ConfigError("the configuration has no [masks] table; add one to train with masks")
        counts = keep_counts(masks.keep, len(self.network.blocks), self.frames.recipe.steps)
        facts = {"plain_sha256": hashlib.sha256(start.content).hexdigest()} if start else {}
        if masks.method == "energy":
            shorter = replace(self, frames=self.frames.busiest(counts[0]))
            return shorter._trained_on(np.ones((len(counts), counts[0]), dtype=bool), masks.hard_epochs, facts)
        self._seed()
        train = FrameBatches(*self.frames.train)
        chosen = choose_masks(self.config, masks, self.network, counts, train, self._fit_soft)
        with atomic_write(self.folder / MASKS_FILE) as temporary:
            temporary.write_text(json.dumps(chosen.facts()) + "\n", encoding="utf-8")
        return self._trained_on(chosen.keep, masks.hard_epochs, facts)

    def _fit_soft(self, stage: Stage) -> None:
        self._fit(stage, "soft", self._everything())

    def _trained_on(self, keep: BoolArray, epochs: int, facts: dict[str, str]) -> Path:
        """The hard stage; it draws the same numbers whatever ran before: methods differ in their masks alone."""
        self._seed()
        masks = self._masks(keep)
        gates = np.stack([masks.gate(layer) for layer in range(len(keep))])
        hard = HardStage(self.network, self.config, epochs, gates)
        return self._save("masked", masks, self._fit(hard, "hard", masks), facts)

    def _seed(self) -> None:
        lightning.seed_everything(self.config.seed, verbose=False)

    def _everything(self) -> FrameMasks:
        return self._masks(np.ones((len(self.network.blocks), self.frames.recipe.steps), dtype=bool))

    def _masks(self, keep: BoolArray) -> FrameMasks:
        return FrameMasks(self.config.masks.semantics if self.config.masks else "skip", tuple(keep))

    def _fit(self, stage: Stage, name: str, masks: FrameMasks) -> dict[str, float]:
        train, validation = self.frames.batches(masks)
        return fit_stage(stage, name, train, validation, self.folder, self.progress, self.resume)

    def _save(
        self,
        variant: str,
        masks: FrameMasks,
        metrics: dict[str, float],
        facts: Mapping[str, str] = MappingProxyType({}),
    ) -> Path:
        model = TrainedModel(
            variant,
            self.config,
            self.frames.recipe,
            self.frames.class_names,
            np.stack(masks.keep),
            self.network.cpu(),
            {**_versions(), **_commit(), **_fingerprint(self.frames), **_accuracy(metrics), **facts},
        )
        path = self.folder / f"{variant}.pt"
        save_model(model, path)
        return path


def _versions() -> dict[str, str]:
    packages = ("evsnn-lava", "lava-dl", "lightning", "numpy", "torch")
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in packages}} | {
        "torch": torch.__version__
    }


def _commit() -> dict[str, str]:
    """The commit of the working folder, if it is one: which state of the user's project trained the network."""
    try:
        done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return {}
    return {"git_commit": done.stdout.strip()}


def _accuracy(metrics: dict[str, float]) -> dict[str, str]:
    """Validation accuracy of the last epoch; a stage that was already complete when resumed measured none."""
    return {"val_accuracy": f"{metrics['val_accuracy']:.4f}"} if "val_accuracy" in metrics else {}


def _fingerprint(frames: FrameSets) -> dict[str, str]:
    digest = hashlib.sha256(np.packbits(frames.train[0]).tobytes() + frames.train[1].tobytes())
    return {"train_samples": str(len(frames.train[1])), "train_data_sha256": digest.hexdigest()}
