"""From the folder of a run to a network with masks, policy and golden vectors."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError, unknown_name
from evsnn_lava.export.calibrate import calibrate_cutoff
from evsnn_lava.export.calibration_file import CalibratedVariant, model_hash, read_calibration, trained_variants
from evsnn_lava.export.frontend import compile_file
from evsnn_lava.network import NetworkDescription
from evsnn_lava.simulation import record_golden
from evsnn_lava.simulation.engine import Engine

BoolArray = npt.NDArray[np.bool_]


def calibrate_variant(
    folder: Path, variant: str, frames: BoolArray, labels: npt.NDArray[np.integer], epsilon: float, min_support: int
) -> CalibratedVariant:
    """Calibrate the cutoff of one trained model on held-out frames.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.
    variant : str
        ``"plain"`` or ``"masked"``.
    frames : numpy.ndarray of bool, shape (N, C, H, W, T)
        Held-out samples before masking.
    labels : numpy.ndarray of int, shape (N,)
        Their classes.
    epsilon : float
        Tolerated share of wrong early stops.
    min_support : int
        Samples that a threshold needs.

    Returns
    -------
    CalibratedVariant
        The policy and how it does on these frames.
    """
    path = folder / f"{variant}.pt"
    network = compile_file(path)
    scores = Engine(network).scores(frames)
    policy = calibrate_cutoff(network, frames, labels, epsilon, min_support, scores)
    exit_step = policy.exit_step(scores)
    at_exit = scores[np.arange(len(scores)), exit_step - 1]
    full, cut = (float(np.mean(final.argmax(-1) == labels)) for final in (scores[:, -1], at_exit))
    return CalibratedVariant(model_hash(path), policy, full, cut, float(exit_step.mean()))


def assemble(folder: Path, variant: str | None, cutoff: bool, golden_frames: BoolArray | None) -> NetworkDescription:
    """Put together what ``evsnn export`` writes.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.
    variant : str or None
        Which model; None takes the masked one if there is one.
    cutoff : bool
        Compile the calibrated cutoff into the network.
    golden_frames : numpy.ndarray of bool, shape (N, C, H, W, T), or None
        Samples to record golden vectors of.

    Returns
    -------
    NetworkDescription
        The finished network.

    Raises
    ------
    ConfigError
        If the variant does not exist or is not calibrated.
    """
    chosen = choose_variant(folder, variant)
    network = compile_file(folder / f"{chosen}.pt")
    if cutoff:
        network = network.with_cutoff(read_calibration(folder, chosen))
    if golden_frames is None or not len(golden_frames):
        return network
    return replace(network, golden=record_golden(network, golden_frames))


def choose_variant(folder: Path, variant: str | None) -> str:
    """The variant that was asked for, or the last that was trained.

    Raises
    ------
    ConfigError
        If the run has no such variant.
    """
    trained = trained_variants(folder)
    if variant is not None and variant not in trained:
        raise unknown_name(f"variant of {folder}", variant, trained)
    if variant is None and "masked" not in trained and _asks_for_masks(folder):
        raise ConfigError(
            f"{folder} is not finished: its masked network is missing; run `evsnn train --resume` with its "
            "configuration, or export --variant plain"
        )
    return variant or trained[-1]


def _asks_for_masks(folder: Path) -> bool:
    """Whether the run was configured to train a masked network, too."""
    try:
        return json.loads((folder / "config.json").read_bytes())["masks"] is not None
    except (OSError, ValueError, LookupError, TypeError):
        return False


def require_folder(folder: Path) -> Path:
    """The folder of a run, if it is one.

    Raises
    ------
    ConfigError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise ConfigError(f"no folder {folder}; give the folder that `evsnn train` wrote")
    return folder
