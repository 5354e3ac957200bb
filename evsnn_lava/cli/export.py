"""``evsnn export``: compile a run into a ``.net`` file."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evsnn_lava.cli.console import Output
from evsnn_lava.data import bin_set, load
from evsnn_lava.errors import ConfigError
from evsnn_lava.network import NetworkDescription


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, help="folder of a run, as `evsnn train` wrote it")
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write, for example digits.net")
    parser.add_argument("--variant", help="plain or masked (default: masked if it was trained)")
    parser.add_argument("--no-cutoff", action="store_true", help="leave the calibrated cutoff out")
    parser.add_argument("--golden", type=int, default=3, help="golden samples to record (default: 3)")


def execute(options: argparse.Namespace, output: Output) -> int:
    """Compile, write and say what was written."""
    network = export_folder(
        options.folder, options.output, options.variant, cutoff=not options.no_cutoff, golden=options.golden
    )
    output.show(describe(network, options.output))
    return 0


def export_folder(
    folder: Path, path: Path, variant: str | None = None, cutoff: bool = True, golden: int = 3
) -> NetworkDescription:
    """Compile a run and write the file.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.
    path : pathlib.Path
        File to write.
    variant : str, optional
        Which trained model.
    cutoff : bool
        Compile the calibrated cutoff in.
    golden : int
        Number of golden samples, taken from the held-out data.

    Returns
    -------
    NetworkDescription
        What was written.

    Raises
    ------
    ConfigError
        If the run is incomplete or the number of samples negative.
    """
    from evsnn_lava.export.bundle import assemble, choose_variant, require_folder  # here: torch takes seconds to import
    from evsnn_lava.export.netfile.writer import write_net
    from evsnn_lava.training.artefact import load_model

    if golden < 0:
        raise ConfigError(f"--golden is {golden}, it must be at least 0; choose 0 to record none")
    model = load_model(require_folder(folder) / f"{choose_variant(folder, variant)}.pt")
    frames: npt.NDArray[np.bool_] | None = None
    if golden:
        held_out = load(model.config.data.dataset, "validation")
        frames = bin_set(held_out, model.recipe, range(min(golden, len(held_out))))
    network = assemble(folder, variant, cutoff, frames)
    write_net(network, path)
    return network


def describe(network: NetworkDescription, path: Path) -> str:
    """One line about a written file."""
    golden = 0 if network.golden is None else len(network.golden.frames)
    return (
        f"wrote {path}: {network.provenance.get('variant', 'network')}, {network.depth} layers, "
        f"{network.masks.stream_steps} of {network.masks.steps} frames sent, "
        f"cutoff {network.cutoff.kind}, {golden} golden samples, {path.stat().st_size} bytes"
    )
