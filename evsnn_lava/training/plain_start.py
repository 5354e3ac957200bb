"""Begin the masked stages from a plain network that exists, instead of training it again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evsnn_lava.errors import ConfigError
from evsnn_lava.training.artefact import TrainedModel, load_model
from evsnn_lava.training.config import RunConfig

MUST_MATCH = ("data", "network")
"""Tables of the configuration that the plain network must have been trained with."""


@dataclass(frozen=True, eq=False)
class PlainStart:
    """A trained plain network.

    Parameters
    ----------
    model : TrainedModel
        The network.
    content : bytes
        Its file, kept because the file may lie in the folder that the new run clears.
    """

    model: TrainedModel
    content: bytes


def find_plain(plain: Path | None, folder: Path, resume: bool) -> Path | None:
    """The plain network to begin with, if there is one.

    A run that began with one finds it again when it is resumed: its folder has ``plain.pt`` but no plain stage.

    Parameters
    ----------
    plain : pathlib.Path or None
        What the user named.
    folder : pathlib.Path
        Folder of the run.
    resume : bool
        Whether an interrupted run goes on.

    Returns
    -------
    pathlib.Path or None
        The file; None trains the plain stage.
    """
    own = folder / "plain.pt"
    if plain is None and resume and own.is_file() and not (folder / "plain").exists():
        return own
    return plain


def read_plain(path: Path, config: RunConfig, facts: dict[str, str]) -> PlainStart:
    """Read a plain network and check that it belongs to a configuration.

    Parameters
    ----------
    path : pathlib.Path
        ``plain.pt`` of another run.
    config : RunConfig
        The configuration of this run.
    facts : dict of str to str
        What identifies the training data of this run; compared with what the file says.

    Returns
    -------
    PlainStart
        The network and the content of its file.

    Raises
    ------
    ConfigError
        If the file is no plain network, if it was trained with other data or another network, or if the configuration
        has no masks.
    FormatError
        If it is no trained model.
    """
    if config.masks is None:
        raise ConfigError(f"nothing to train after {path}: the configuration has no [masks] table; add one")
    model = load_model(path)
    if model.variant != "plain":
        raise ConfigError(f"{path} is the {model.variant} variant of a network; give its plain.pt")
    for table in MUST_MATCH:
        if getattr(model.config, table) != getattr(config, table):
            raise ConfigError(f"{path} was trained with another [{table}] table; use its configuration, or train anew")
    for name, value in facts.items():
        if model.facts.get(name, value) != value:
            raise ConfigError(f"{path} was trained on other recordings: {name} differs; train it anew on this data")
    return PlainStart(model, path.read_bytes())
