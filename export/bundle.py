"""From the folder of a run to a network with masks, policy and golden vectors."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError, unknown_name
from evsnn_lava.export.calibrate import calibrate_cutoff
from evsnn_lava.export.calibration_file import (
    CalibratedVariant,
    model_hash,
    read_calibration,
    read_certificate,
    trained_variants,
    with_guarantee,
)
from evsnn_lava.export.frontend import compile_file
from evsnn_lava.export.policies import Policy, TopKGap, decide, exit_summary
from evsnn_lava.network import CutoffPolicy, NetworkDescription
from evsnn_lava.simulation import record_golden
from evsnn_lava.simulation.engine import Engine

BoolArray = npt.NDArray[np.bool_]


def calibrate_variant(
    folder: Path,
    variant: str,
    frames: npt.NDArray[Any],
    labels: npt.NDArray[np.integer],
    epsilon: float = 0.01,
    min_support: int = 50,
    policy: Policy | None = None,
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
    policy : Policy, optional
        What to fit instead of the Top-K gap with these numbers.

    Returns
    -------
    CalibratedVariant
        The policy and how it does on these frames.
    """
    path = folder / f"{variant}.pt"
    network = compile_file(path)
    scores = Engine(network).scores(frames)
    fitting = replace(policy) if policy else TopKGap(epsilon, min_support)
    fitted = calibrate_cutoff(network, frames, labels, epsilon, min_support, scores, fitting)
    found, full = (decide(each, scores) for each in (fitted, CutoffPolicy.never(fitted.steps)))
    summary = exit_summary(found.exit_step, found.decision, labels, network.depth, full)
    return CalibratedVariant(model_hash(path), fitted, summary, getattr(fitting, "certificate_", None))


def assemble(folder: Path, variant: str | None, cutoff: bool, golden_frames: BoolArray | None) -> NetworkDescription:
    """Put together what ``evsnn export`` writes.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.
    variant : str or None
        Which model; None takes the masked one if there is one.
    cutoff : bool
        Compile the calibrated cutoff into the network; where a single frame is sent there is nothing to stop, so none
        is asked for.
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
    if cutoff and network.masks.stream_steps > 1:
        network = with_guarantee(
            network.with_cutoff(read_calibration(folder, chosen)), read_certificate(folder, chosen)
        )
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
