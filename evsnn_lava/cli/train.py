"""``evsnn train``: from a TOML file to trained models."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from evsnn_lava.cli.console import Output

if TYPE_CHECKING:
    from evsnn_lava.training.config import RunConfig
    from evsnn_lava.training.fit import EpochReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--config", type=Path, required=True, help="TOML file with the configuration")
    parser.add_argument("-o", "--output", type=Path, help="folder of the run (default: runs/NAME)")
    parser.add_argument("--plain", type=Path, metavar="FILE", help="begin the masks from this plain.pt")
    parser.add_argument("--resume", action="store_true", help="take up an interrupted run")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Train and print the names of the models."""
    from evsnn_lava.training.config import read_config  # here, because torch takes seconds to import

    config = read_config(options.config)
    folder = options.output or Path("runs") / config.name
    if (folder / "config.json").is_file() and not options.resume:
        output.note(f"replacing the run in {folder}")
    try:
        paths = train_with_progress(config, folder, output, options.resume, options.plain)
    except KeyboardInterrupt:
        output.note(f"go on with: evsnn train --config {options.config} -o {folder} --resume")
        raise
    for path in paths:
        output.show(f"wrote {path}")
    return 0


def train_with_progress(
    config: RunConfig, folder: Path, output: Output, resume: bool = False, plain: Path | None = None
) -> list[Path]:
    """Train and show the epochs.

    Parameters
    ----------
    config : RunConfig
        What to train.
    folder : pathlib.Path
        Folder of the run.
    output : Output
        Where to show progress.
    resume : bool
        Take up an interrupted run.
    plain : pathlib.Path, optional
        A plain network to begin the masks from.

    Returns
    -------
    list of pathlib.Path
        The trained models.
    """
    from evsnn_lava.training.trainer import train  # as above

    with output.progress("epochs") as progress:
        tasks = {}

        def report(epoch: EpochReport) -> None:
            if epoch.stage not in tasks:
                tasks[epoch.stage] = progress.add_task(epoch.stage, total=epoch.epochs, said="")
            loss, accuracy = (epoch.metrics.get(key, float("nan")) for key in ("train_loss", "val_accuracy"))
            said = f"loss {loss:.3f}, validation accuracy {100 * accuracy:.1f} %"
            progress.update(tasks[epoch.stage], completed=epoch.epoch, said=said)
            output.sign_of_life(f"{epoch.stage}: epoch {epoch.epoch} of {epoch.epochs}, {said}")

        return train(config, folder, report, resume, plain)
