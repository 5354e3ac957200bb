"""``evsnn train``: from a TOML file to trained models."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from evsnn_lava.cli.console import Output
from evsnn_lava.reporting.network_tables import folded_mask

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
    for part in kept_frames(folder):
        output.show(part)
    for path in paths:
        output.show(f"wrote {path}")
    return 0


def kept_frames(folder: Path) -> list[str | Table]:
    """Which frames the masks of a run keep.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.

    Returns
    -------
    list of (str or rich.table.Table)
        A line where all layers keep the same, else a line and a table with a row per layer. Empty where the run has no
        ``masks.json``: it has no masks, or every sample has frames of its own.
    """
    from evsnn_lava.training.choosing import MASKS_FILE  # here: torch takes seconds to import

    path = folder / MASKS_FILE
    if not path.is_file():
        return []
    masks = ["".join(map(str, mask)) for mask in json.loads(path.read_bytes())["keep"]]
    kept = [f"{mask.count('1')} of {len(mask)}" for mask in masks]
    if len(set(masks)) == 1:
        return [f"masks: {kept[0]} frames kept, {masks[0]}; also in {path}"]
    table = Table("layer", f"frames 0..{len(masks[0]) - 1}", "kept", box=None)
    for layer, mask in enumerate(masks):
        table.add_row(str(layer + 1), folded_mask(mask), kept[layer])
    return [f"masks, also in {path}:", table]


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
