"""Running one stage with Lightning: checkpoints, resume, TensorBoard, early stop, seeds."""

from __future__ import annotations

import logging
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import lightning
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger

from evsnn_lava._torch import torch
from evsnn_lava.errors import FormatError, RunError
from evsnn_lava.training.batches import FrameBatches
from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.draws import Draws

Progress = Callable[["EpochReport"], None]

QUIET: Final = (
    # Batches are ready in memory: workers would only copy them between processes.
    r".*does not have many workers.*",
    # A stage of a small data set has fewer batches than the logging interval.
    r".*number of training batches.*smaller than the logging interval.*",
    # Resuming a stage that was complete when it was interrupted.
    r".*You're resuming from a checkpoint that ended before the epoch ended.*",
    r".*Checkpoint directory .* exists and is not empty.*",
    # A run whose folder was moved; nothing that is needed lies in the old one.
    r".*The dirpath has changed from.*",
    # A GPU that is not asked for is not a mistake.
    r".*GPU available but not used.*",
    # Lightning's own use of parts of torch and of the standard library that they deprecate.
    r".*torch.jit.*is deprecated.*",
    r".*isinstance\(treespec, LeafSpec\).*",
)
"""Warnings of Lightning that a user of this package cannot act on, each with its reason."""


class Fittable(Protocol):
    """A stage: a Lightning module that knows its configuration and its length."""

    config: RunConfig
    epochs: int

    @property
    def patience(self) -> int:
        """Epochs without a better validation loss after which it ends; 0 never ends it early."""

    def parameters(self) -> Any:
        """What is learned."""


@dataclass(frozen=True)
class EpochReport:
    """How an epoch went.

    Parameters
    ----------
    stage : str
        Name of the stage.
    epoch, epochs : int
        Epoch that ended, from 1, and the length of the stage.
    metrics : mapping of str to float
        What was measured in it.
    """

    stage: str
    epoch: int
    epochs: int
    metrics: Mapping[str, float]


class _Reporter(Callback):
    def __init__(self, name: str, epochs: int, progress: Progress) -> None:
        self.name, self.epochs, self.progress = name, epochs, progress

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        metrics = {key: float(value) for key, value in trainer.callback_metrics.items()}
        self.progress(EpochReport(self.name, trainer.current_epoch + 1, self.epochs, metrics))


class _Patience(EarlyStopping):
    """Lightning's, which forgets in a run that is resumed that it had ended the stage."""

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if self.wait_count >= self.patience:
            trainer.should_stop = True


def fit_stage(
    stage: Fittable,
    name: str,
    train: FrameBatches,
    validation: FrameBatches,
    folder: Path,
    progress: Progress,
    resume: bool,
) -> dict[str, float]:
    """Fit one stage, or take it up where it was interrupted, with the random numbers of a run that was not.

    Parameters
    ----------
    stage : Fittable
        What to fit.
    name : str
        Name of the stage; its checkpoints and logs go to ``folder / name``.
    train, validation : FrameBatches
        The samples.
    folder : pathlib.Path
        Folder of the run.
    progress : callable
        Called with an :class:`EpochReport` after each epoch.
    resume : bool
        Continue from the stage's last checkpoint, if there is one.

    Returns
    -------
    dict of str to float
        Metrics of the last epoch.

    Raises
    ------
    RunError
        If the loss or a weight is no number any more.
    FormatError
        If the checkpoint to resume from is broken.
    """
    config, place, draws = stage.config.train, folder / name, Draws()
    held_out = validation.loader(256, shuffle=False)
    with quiet_lightning():
        trainer = lightning.Trainer(
            max_epochs=stage.epochs,
            accelerator=config.accelerator,
            devices=1,
            deterministic=True,
            logger=TensorBoardLogger(str(folder), name=name, version=""),
            callbacks=[draws, *_callbacks(stage, name, place, progress)],
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            gradient_clip_val=1.0,
        )
        with honest_interrupt():
            trainer.fit(
                stage,
                train.loader(config.batch_size, shuffle=True),
                held_out,
                ckpt_path=_checkpoint(place / "last.ckpt") if resume else None,
                weights_only=False,
            )
            if not trainer.callback_metrics:  # the stage was complete before
                trainer.validate(stage, held_out, verbose=False)
                draws.go_on()
    return _finished(trainer, stage, name)


def _callbacks(stage: Fittable, name: str, place: Path, progress: Progress) -> list[Callback]:
    callbacks: list[Callback] = [
        _Reporter(name, stage.epochs, progress),
        ModelCheckpoint(place, "last", save_top_k=1, save_on_train_epoch_end=True, enable_version_counter=False),
    ]
    if stage.patience:
        callbacks.append(_Patience("val_loss", patience=stage.patience, check_finite=False))
    return callbacks


def _checkpoint(path: Path) -> str | None:
    """The checkpoint to resume from, if there is one; it is read once beforehand, to refuse a broken one."""
    if not path.exists():
        return None
    try:
        torch.load(path, map_location="cpu", weights_only=False)
    except Exception as error:
        raise FormatError(f"checkpoint {path} is broken; delete it to begin its stage again") from error
    return str(path)


def _finished(trainer: lightning.Trainer, stage: Fittable, name: str) -> dict[str, float]:
    """Metrics of a fit that ran to its end; Lightning swallows Ctrl-C, so hand it on.

    The loss can stay a number when the weights are none any more: integer neurons swallow it.
    """
    if trainer.interrupted:
        raise KeyboardInterrupt
    metrics = {key: float(value) for key, value in trainer.callback_metrics.items()}
    if any(value != value for value in metrics.values()):
        raise RunError(f"stage {name}: the loss is not a number any more; lower train.learning_rate")
    if not all(bool(parameter.isfinite().all()) for parameter in stage.parameters()):
        raise RunError(f"stage {name}: the weights are not finite numbers any more; lower train.learning_rate")
    return metrics


@contextmanager
def honest_interrupt() -> Iterator[None]:
    """Hand Ctrl-C on; Lightning turns it into an exit with code 1 and ignores every later one."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as leaving:
        signal.signal(signal.SIGINT, handler)
        if isinstance(leaving.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Silence Lightning's notes while a stage runs; the command line shows progress itself."""
    loggers: list[Any] = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for message in QUIET:
                warnings.filterwarnings("ignore", message=message)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
