"""Finding and reading a hardware profile."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from evsnn_lava.errors import ConfigError, FormatError, unknown_name
from evsnn_lava.hw_profiles.schema import HardwareProfile

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_PACKAGE = "evsnn_lava.hw_profiles"


def profile_names() -> tuple[str, ...]:
    """Names of the built-in profiles.

    Returns
    -------
    tuple of str
        Sorted.

    Examples
    --------
    >>> "loihi2" in profile_names()
    True
    """
    entries = (entry.name for entry in files(_PACKAGE).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in entries if name.endswith(".toml")))


def load_profile(name_or_path: str | os.PathLike[str]) -> HardwareProfile:
    """Read a built-in profile by name or a user's profile by path.

    Parameters
    ----------
    name_or_path : path-like
        A name of :func:`profile_names`, or the path of a file that ends in ``.toml``.

    Returns
    -------
    HardwareProfile
        The checked profile.

    Raises
    ------
    ConfigError
        If the name is unknown, the file is missing, or a key or value in it is wrong.
    FormatError
        If the file is not TOML.

    Examples
    --------
    >>> load_profile("loihi1").energy.synop.value
    23.6
    """
    name = os.fspath(name_or_path)
    if name.endswith(".toml") or Path(name).name != name:
        return _parse(_read(Path(name)), name)
    if name not in profile_names():
        raise unknown_name("hardware profile", name, profile_names())
    return _parse(files(_PACKAGE).joinpath(f"{name}.toml").read_bytes(), f"{name}.toml")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        valid = ", ".join(profile_names())
        raise ConfigError(
            f"cannot read hardware profile {path}: {error.strerror}; give a .toml file or one of: {valid}"
        ) from error


def _parse(data: bytes, origin: str) -> HardwareProfile:
    try:
        content = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FormatError(f"{origin} is not a TOML file: {_one_line(str(error))}; write a profile as TOML") from error
    try:
        return HardwareProfile.model_validate(content)
    except ValidationError as error:
        raise ConfigError(_complaint(origin, error)) from error


def _complaint(origin: str, error: ValidationError) -> str:
    """The first problem in one line, and how many more there are.

    Unknown keys go first: a misspelt key is also a missing one, and only the former shows the spelling.
    """
    problems = sorted(error.errors(include_url=False), key=lambda problem: problem["type"] != "extra_forbidden")
    first = problems[0]
    where = [str(part) for part in first["loc"]]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    key = ".".join(where) or "profile"
    if first["type"] == "extra_forbidden":
        return f"{origin}: unknown key {key}{more}; choose one of: {', '.join(_valid_keys(where))}"
    if first["type"] == "missing":
        return f"{origin}: key {key} is missing{more}; add it"
    return f"{origin}: {key}: {_one_line(first['msg'].removeprefix('Value error, '))}{more}"


def _valid_keys(where: Sequence[str]) -> tuple[str, ...]:
    model: Any = HardwareProfile
    for part in where[:-1]:
        model = model.model_fields[part].annotation
    return tuple(model.model_fields) if issubclass(model, BaseModel) else ()


def _one_line(text: str) -> str:
    return " ".join(text.split())
