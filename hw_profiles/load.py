"""Finding and reading a hardware profile."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from evsnn_lava.errors import ConfigError, FormatError, unknown_name
from evsnn_lava.hw_profiles.schema import Chip, HardwareProfile

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_PACKAGE = "evsnn_lava.hw_profiles"
_COSTS = {"energy", "time", "static_power"}
Made = TypeVar("Made", bound=Chip)


def chip_names() -> tuple[str, ...]:
    """Names of the built-in chips, with costs or without.

    Returns
    -------
    tuple of str
        Sorted.

    Examples
    --------
    >>> "speck" in chip_names(), "speck" in profile_names()
    (True, False)
    """
    entries = (entry.name for entry in files(_PACKAGE).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in entries if name.endswith(".toml")))


def profile_names() -> tuple[str, ...]:
    """Names of the built-in chips whose costs are known.

    Returns
    -------
    tuple of str
        Sorted.

    Examples
    --------
    >>> "loihi2" in profile_names()
    True
    """
    return tuple(name for name in chip_names() if "energy" in _content(_built_in(name), name))


def load_chip(name_or_path: str | os.PathLike[str]) -> Chip:
    """Read what fits on a chip; costs in the file are read, too, if there are any.

    Parameters
    ----------
    name_or_path : path-like
        A name of :func:`chip_names`, or the path of a file that ends in ``.toml``.

    Returns
    -------
    Chip
        A :class:`HardwareProfile` if the file has costs.

    Raises
    ------
    ConfigError
        If the name is unknown, the file is missing, or a key or value in it is wrong.
    FormatError
        If the file is not TOML.

    Examples
    --------
    >>> load_chip("loihi2").limits.neurons_per_core.value
    4095.0
    """
    content, origin = _find(os.fspath(name_or_path))
    return _validated(HardwareProfile if _COSTS & content.keys() else Chip, content, origin)


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
        If the name is unknown, the file is missing, a key or value in it is wrong, or the chip's costs are not known.
    FormatError
        If the file is not TOML.

    Examples
    --------
    >>> load_profile("loihi1").energy.synop.value
    23.6
    """
    name = os.fspath(name_or_path)
    content, origin = _find(name)
    if name in chip_names() and not _COSTS & content.keys():
        valid = ", ".join(profile_names())
        raise ConfigError(f"hardware profile {name}: what its operations cost is not published; choose one of: {valid}")
    return _validated(HardwareProfile, content, origin)


def _find(name: str) -> tuple[dict[str, Any], str]:
    if name.endswith(".toml") or Path(name).name != name:
        return _content(_read(Path(name)), name), name
    if name not in chip_names():
        raise unknown_name("hardware profile", name, chip_names())
    return _content(_built_in(name), name), f"{name}.toml"


def _built_in(name: str) -> bytes:
    return files(_PACKAGE).joinpath(f"{name}.toml").read_bytes()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        valid = ", ".join(chip_names())
        raise ConfigError(
            f"cannot read hardware profile {path}: {error.strerror}; give a .toml file or one of: {valid}"
        ) from error


def _content(data: bytes, origin: str) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FormatError(f"{origin} is not a TOML file: {_one_line(str(error))}; write a profile as TOML") from error


def _validated(model: type[Made], content: dict[str, Any], origin: str) -> Made:
    try:
        return model.model_validate(content)
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
        model = _below(model, part)
    return tuple(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else ()


def _below(model: Any, part: str) -> Any:
    """The model of a key: of ``X | None`` and of the values of a table it is X."""
    fields = getattr(model, "model_fields", {})
    annotation = fields[part].annotation if part in fields else model
    return next((kind for kind in get_args(annotation) if kind is not str and kind is not type(None)), annotation)


def _one_line(text: str) -> str:
    return " ".join(text.split())
