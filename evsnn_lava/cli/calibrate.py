"""``evsnn calibrate``: cutoff thresholds from held-out data."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.table import Table

from evsnn_lava.cli.console import Output
from evsnn_lava.data import bin_set, load
from evsnn_lava.errors import ConfigError
from evsnn_lava.network import NEVER


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, help="folder of a run, as `evsnn train` wrote it")
    parser.add_argument(
        "--epsilon", type=float, help="tolerated share of wrong early stops (default: the configuration's)"
    )
    parser.add_argument("--min-support", type=int, help="samples that a threshold needs (default: the configuration's)")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Calibrate every variant of the run and print how it did."""
    output.show(calibrate_folder(options.folder, output, options.epsilon, options.min_support))
    return 0


def calibrate_folder(
    folder: Path, output: Output, epsilon: float | None = None, min_support: int | None = None
) -> Table:
    """Calibrate every trained variant of a run and write ``calibration.json``.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.
    output : Output
        Where to say what is going on.
    epsilon, min_support : float and int, optional
        Instead of the configuration's.

    Returns
    -------
    rich.table.Table
        What came out on the held-out data.

    Raises
    ------
    ConfigError
        If the folder holds no trained model or a number is out of range.
    """
    from evsnn_lava.export.bundle import calibrate_variant, require_folder  # here: torch takes seconds to import
    from evsnn_lava.export.calibration_file import trained_variants, write_calibration
    from evsnn_lava.training.artefact import load_model

    variants = trained_variants(require_folder(folder))
    model = load_model(folder / f"{variants[0]}.pt")
    epsilon = model.config.cutoff.epsilon if epsilon is None else epsilon
    min_support = model.config.cutoff.min_support if min_support is None else min_support
    if not 0 <= epsilon <= 1 or min_support < 1:
        raise ConfigError(f"epsilon is {epsilon} and min_support {min_support}; they must be 0..1 and at least 1")
    held_out = load(model.config.data.dataset, "validation")
    frames = bin_set(held_out, model.recipe)
    output.note(f"calibrating on {len(frames)} held-out samples, epsilon {epsilon:g}")
    found = {name: calibrate_variant(folder, name, frames, held_out.labels, epsilon, min_support) for name in variants}
    output.note(f"wrote {write_calibration(folder, found)}")
    table = Table("variant", "frames sent", "accuracy, all steps", "accuracy, cutoff", "mean exit step", box=None)
    for name, variant in found.items():
        if (variant.policy.thresholds[:-1] == NEVER).all():
            output.note(f"{name}: no step reaches epsilon {epsilon:g}, so it never stops early; allow a larger one")
        row = (
            f"{100 * variant.accuracy_full:.1f} %",
            f"{100 * variant.accuracy_cutoff:.1f} %",
            f"{variant.mean_exit_step:.2f}",
        )
        table.add_row(name, f"{variant.policy.steps} of {model.recipe.steps}", *row)
    return table
