"""Files that a verb is to write: refused before anything runs where they cannot be, or would replace what is read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from evsnn_lava._files import require_parent
from evsnn_lava.errors import ConfigError


def require_outputs(outputs: Mapping[str, Path | None], inputs: Iterable[Path | None]) -> None:
    """Refuse files that cannot be written, or that would replace one another or what is read.

    Parameters
    ----------
    outputs : mapping of str to Path or None
        By the option that names them; None where it is not given.
    inputs : iterable of Path or None
        What the verb reads.

    Raises
    ------
    ConfigError
        If so.
    """
    taken = {path.resolve(): "is read, too" for path in inputs if path is not None}
    for name, path in outputs.items():
        if path is None:
            continue
        _require_place(name, path)
        if path.resolve() in taken:
            raise ConfigError(f"{name} {path}: that file {taken[path.resolve()]}; choose another file name")
        taken[path.resolve()] = f"is what {name} writes"


def _require_place(name: str, path: Path) -> None:
    try:
        require_parent(path)
        place = path.parent.is_dir() and (path.is_file() or not path.exists())
    except OSError as error:  # such as a name that is too long
        raise ConfigError(f"{name} {path}: {error.strerror}; choose another file name") from error
    if not place:
        raise ConfigError(f"{name} {path}: it is no place for a file; choose another file name")
    if not os.access(path.parent, os.W_OK):
        raise ConfigError(f"{name} {path}: folder {path.parent} is not writable; choose another one")


def given_path(data: str | None) -> list[Path]:
    """What ``--data`` names, if that is a path and not a data set."""
    return [Path(data)] if data is not None and Path(data).exists() else []
