"""The calibration of a run: what ``evsnn calibrate`` found, kept for ``evsnn export``."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from evsnn_lava._files import atomic_write
from evsnn_lava.errors import ConfigError, FormatError
from evsnn_lava.network import CutoffPolicy

FILE_NAME: Final = "calibration.json"
VARIANTS: Final = ("plain", "masked")


class _Policy(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    model_sha256: str
    kind: str
    thresholds: list[int]
    epsilon: float
    calibration_hash: str
    calibration_samples: int
    accuracy_full: float
    accuracy_cutoff: float
    mean_exit_step: float


class _Calibration(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    variants: dict[str, _Policy]


@dataclass(frozen=True, eq=False)
class CalibratedVariant:
    """The policy of one trained model and how it did on the calibration data.

    Parameters
    ----------
    model_sha256 : str
        Hash of the file of the trained model.
    policy : CutoffPolicy
        What was fitted.
    accuracy_full, accuracy_cutoff : float
        Accuracy on the calibration data without and with the cutoff.
    mean_exit_step : float
        Mean exit step there.
    """

    model_sha256: str
    policy: CutoffPolicy
    accuracy_full: float
    accuracy_cutoff: float
    mean_exit_step: float


def model_hash(path: Path) -> str:
    """SHA-256 of a trained model's file.

    Raises
    ------
    ConfigError
        If there is no such file.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(f"no trained model {path}; run `evsnn train` first or give the folder of a run") from error


def trained_variants(folder: Path) -> list[str]:
    """Variants that a run has trained.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.

    Returns
    -------
    list of str
        Of ``VARIANTS``, in order.

    Raises
    ------
    ConfigError
        If there is none.
    """
    found = [name for name in VARIANTS if (folder / f"{name}.pt").is_file()]
    if not found:
        raise ConfigError(f"{folder} holds no trained model; run `evsnn train` first or give the folder of a run")
    return found


def write_calibration(folder: Path, variants: dict[str, CalibratedVariant]) -> Path:
    """Write the calibration of a run.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.
    variants : dict of str to CalibratedVariant
        What was found for each variant.

    Returns
    -------
    pathlib.Path
        The file.
    """
    content = {name: _as_json(variant) for name, variant in variants.items()}
    path = folder / FILE_NAME
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps({"variants": content}, indent=2) + "\n", encoding="utf-8")
    return path


def read_calibration(folder: Path, variant: str) -> CutoffPolicy:
    """Read the policy that was calibrated for one variant.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.
    variant : str
        Which of its models.

    Returns
    -------
    CutoffPolicy
        The policy.

    Raises
    ------
    ConfigError
        If the run is not calibrated, or the model was trained again since.
    FormatError
        If the file is broken.
    """
    path = folder / FILE_NAME
    try:
        content = _Calibration.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(
            f"{folder} is not calibrated; run `evsnn calibrate {folder}` or export --no-cutoff"
        ) from error
    except ValidationError as error:
        raise FormatError(f"{path} is not a calibration; run `evsnn calibrate {folder}` again") from error
    found = content.variants.get(variant)
    if found is None or found.model_sha256 != model_hash(folder / f"{variant}.pt"):
        raise ConfigError(f"{path} is not for the {variant} model of now; run `evsnn calibrate {folder}` again")
    try:
        return _as_policy(found)
    except ConfigError as error:
        raise FormatError(f"{path} is not a calibration; run `evsnn calibrate {folder}` again") from error


def _as_policy(found: _Policy) -> CutoffPolicy:
    return CutoffPolicy(
        found.kind,
        found.thresholds,  # type: ignore[arg-type]  # a list becomes an array
        found.epsilon,
        found.calibration_hash,
        found.calibration_samples,
    )


def _as_json(variant: CalibratedVariant) -> dict[str, object]:
    policy = variant.policy
    return {
        "model_sha256": variant.model_sha256,
        "kind": policy.kind,
        "thresholds": policy.thresholds.tolist(),
        "epsilon": policy.epsilon,
        "calibration_hash": policy.calibration_hash,
        "calibration_samples": policy.calibration_samples,
        "accuracy_full": variant.accuracy_full,
        "accuracy_cutoff": variant.accuracy_cutoff,
        "mean_exit_step": variant.mean_exit_step,
    }
