"""The calibration of a run: what ``evsnn calibrate`` found, kept for ``evsnn export``."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from evsnn_lava._files import atomic_write
from evsnn_lava.errors import ConfigError, FormatError
from evsnn_lava.export.policies import Certificate, ExitSummary
from evsnn_lava.network import CutoffPolicy, NetworkDescription
from evsnn_lava.network.policy import GUARANTEE

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
    softmax: list[int] = []
    summary: dict[str, float] | None = None
    certificate: dict[str, str | float] | None = None


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
    summary : ExitSummary
        Accuracy and steps on the calibration data.
    certificate : Certificate or None
        What is guaranteed on other data, if a guarantee was asked for.
    """

    model_sha256: str
    policy: CutoffPolicy
    summary: ExitSummary
    certificate: Certificate | None = None

    @property
    def accuracy_full(self) -> float:
        """Accuracy after all steps."""
        return self.summary.accuracy_full

    @property
    def accuracy_cutoff(self) -> float:
        """Accuracy at the exit."""
        return self.summary.accuracy

    @property
    def mean_exit_step(self) -> float:
        """Mean exit step."""
        return self.summary.mean_exit


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
    found = _read(folder, variant)
    try:
        return _as_policy(found)
    except ConfigError as error:
        raise FormatError(f"{folder / FILE_NAME} is not a calibration; run `evsnn calibrate {folder}` again") from error


def read_certificate(folder: Path, variant: str) -> str:
    """What the calibration of a variant guarantees, in a sentence; empty if no guarantee was asked for.

    Raises
    ------
    ConfigError, FormatError
        As :func:`read_calibration`.
    """
    return str((_read(folder, variant).certificate or {}).get("sentence", ""))


def with_guarantee(network: NetworkDescription, sentence: str) -> NetworkDescription:
    """The network with what is guaranteed of its cutoff in its provenance; as it is if the sentence is empty."""
    return replace(network, provenance={**network.provenance, GUARANTEE: sentence}) if sentence else network


def _read(folder: Path, variant: str) -> _Policy:
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
    return found


def _as_policy(found: _Policy) -> CutoffPolicy:
    return CutoffPolicy(
        found.kind,
        found.thresholds,  # type: ignore[arg-type]  # a list becomes an array
        found.epsilon,
        found.calibration_hash,
        found.calibration_samples,
        softmax=found.softmax,  # type: ignore[arg-type]
    )


def _as_json(variant: CalibratedVariant) -> dict[str, object]:
    policy, certificate = variant.policy, variant.certificate
    stated = certificate and {"certificate": {**asdict(certificate), "sentence": certificate.sentence}}
    table = {"softmax": policy.softmax.tolist()} if policy.softmax.size else {}
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
        "summary": asdict(variant.summary),
        **table,
        **(stated or {}),
    }
