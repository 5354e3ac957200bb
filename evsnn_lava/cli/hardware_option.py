"""What ``--hw`` names: built-in profiles and TOML files between commas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from evsnn_lava.errors import ConfigError


def split_names(written: str, known: Sequence[str]) -> list[str]:
    """What stands between the commas of ``--hw``, each once.

    Parameters
    ----------
    written : str
        The option.
    known : sequence of str
        What may be named beside files, for the message.

    Returns
    -------
    list of str
        At least one.

    Raises
    ------
    ConfigError
        If nothing is named.
    """
    named = list(dict.fromkeys(filter(None, (name.strip() for name in written.split(",")))))
    if not named:
        raise ConfigError(f"--hw names no profile; choose of: {', '.join(known)} or TOML files")
    return named


def named_files(hardware: Iterable[str]) -> list[Path]:
    """The files among hardware profiles that may be names or paths, variants behind a colon."""
    paths = (Path(name.partition(".toml")[0] + ".toml") for name in hardware if ".toml" in name)
    return list(paths)
