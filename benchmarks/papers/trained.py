"""Training a network once: what is there and was made from the same configuration is taken as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evsnn_lava.training.config import RunConfig
from evsnn_lava.training.fit import EpochReport
from evsnn_lava.training.trainer import begun_with, train

Say = Callable[[str], None]


def is_trained(config: RunConfig, name: str, folder: Path) -> bool:
    """Whether a folder holds a network, of this configuration.

    Parameters
    ----------
    config : RunConfig
        The configuration.
    name : {"plain", "masked"}
        The network that is wanted.
    folder : pathlib.Path
        Where its run lies.
    """
    return begun_with(folder, config) and (folder / f"{name}.pt").is_file()


def train_network(config: RunConfig, folder: Path, start: Path | None = None, say: Say = print) -> None:
    """Train, or take up a training that was interrupted.

    Parameters
    ----------
    config : RunConfig
        What to train.
    folder : pathlib.Path
        Where the run lies.
    start : pathlib.Path, optional
        A trained network without masks to go on with.
    say : callable
        Where to say how far it is.
    """

    def report(epoch: EpochReport) -> None:
        accuracy = epoch.metrics.get("val_accuracy", float("nan"))
        say(f"  {epoch.stage} {epoch.epoch}/{epoch.epochs}: validation accuracy {100 * accuracy:.1f} %")

    (folder / "scores.npz").unlink(missing_ok=True)  # of the network that is replaced
    more = {} if start is None else {"plain": start}
    train(config, folder, report, resume=begun_with(folder, config), **more)


def same_config(found: Any, config: RunConfig) -> bool:
    """Whether a stored configuration is this one."""
    try:
        return RunConfig.model_validate(found) == config
    except ValidationError:
        return False


def said(text: str) -> None:
    """Say how far a training is, at once."""
    print(text, flush=True)
