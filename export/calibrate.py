"""Fitting the cutoff on held-out data, on the integer network."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava.errors import ConfigError
from evsnn_lava.export.policies import Policy, TopKGap
from evsnn_lava.network import CutoffPolicy, NetworkDescription
from evsnn_lava.simulation.engine import Engine

IntArray = npt.NDArray[np.int64]


def calibrate_cutoff(
    network: NetworkDescription,
    frames: npt.NDArray[Any],
    labels: npt.NDArray[np.integer],
    epsilon: float,
    min_support: int = 50,
    scores: IntArray | None = None,
    policy: Policy | None = None,
) -> CutoffPolicy:
    """Fit a policy to a network.

    Parameters
    ----------
    network : NetworkDescription
        The integer network, with its frame masks.
    frames : numpy.ndarray of bool or int32, shape (N, C, H, W, T)
        Held-out samples before masking.
    labels : numpy.ndarray of int, shape (N,)
        Their classes.
    epsilon : float
        Tolerated share of wrong early stops, 0..1; of a given policy its own counts.
    min_support : int
        Samples that must exceed a threshold for it to be trusted; of a given policy its own counts.
    scores : numpy.ndarray of int64, shape (N, T', classes), optional
        What the network answers to these frames (:func:`~evsnn_lava.simulation.cumulative_scores`),
        where that is known already.
    policy : Policy, optional
        What to fit, see :mod:`evsnn_lava.export.policies`; it keeps what it found. The Top-K gap if not given.

    Returns
    -------
    CutoffPolicy
        One threshold per sent frame, with the hash of frames and labels where they have a part in it. Of a network
        that is sent a single frame it is ``never``: there is nothing to stop, and nothing is fitted.

    Raises
    ------
    CalibrationError
        If there are fewer samples than `min_support`.
    ConfigError
        If there is not one label per sample.
    """
    if len(labels) != len(frames):
        raise ConfigError(f"calibration has {len(frames)} samples and {len(labels)} labels; give one label per sample")
    if scores is None:
        scores = Engine(network).scores(frames)
    if network.masks.stream_steps == 1:
        return CutoffPolicy.never(1)
    fitted = (policy or TopKGap(epsilon, min_support)).fit(scores, labels).policy_
    return replace(fitted, calibration_hash=calibration_digest(frames, labels)) if fitted.calibration_hash else fitted


def calibration_digest(frames: npt.NDArray[Any], labels: npt.NDArray[np.integer]) -> str:
    """SHA-256 of calibration data: binary frames packed to bits, others as they are, then the labels.

    Parameters
    ----------
    frames : numpy.ndarray, shape (N, C, H, W, T)
        Samples before masking.
    labels : numpy.ndarray of int, shape (N,)
        Their classes.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    content = np.packbits(frames) if frames.dtype == np.bool_ else np.ascontiguousarray(frames)
    return hashlib.sha256(content.tobytes() + np.asarray(labels, np.int64).tobytes()).hexdigest()
