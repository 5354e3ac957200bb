"""Finding and reading a hardware profile."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from evsnn_lava.errors import ConfigError, FormatError, unknown_name
from evsnn_lava.hw_profiles.costs import CostProfile, Named
from evsnn_lava.hw_profiles.faults import complaint
from evsnn_lava.hw_profiles.schema import Chip, HardwareProfile
from evsnn_lava.hw_profiles.variants import changed

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_PACKAGE: Final = "evsnn_lava.hw_profiles"
_LIMITS: Final = frozenset({"limits"})
_COSTS: Final = frozenset({"energy", "time", "static_power", "working_power", "unpriced"})
_VARIANT: Final = re.compile(r":[a-z0-9-]+$")
Made = TypeVar("Made", bound=Named)


def chip_names() -> tuple[str, ...]:
    """Names of the built-in chips of which is known what fits; their variants fit the same.

    Returns
    -------
    tuple of str
        Sorted.

    Examples
    --------
    >>> "loihi2" in chip_names(), "cpu-45nm" in chip_names()
    (True, False)
    """
    return tuple(name for name, keys in _built_ins().items() if _LIMITS & keys and ":" not in name)


def profile_names() -> tuple[str, ...]:
    """Names of the built-in profiles with costs, variants behind a colon.

    Returns
    -------
    tuple of str
        Sorted.

    Examples
    --------
    >>> "loihi1" in profile_names(), "loihi1:fitted" in profile_names()
    (True, True)
    """
    return tuple(name for name, keys in _built_ins().items() if _COSTS & keys)


def hardware_names() -> tuple[str, ...]:
    """Names of the built-in profiles that :func:`load_hardware` takes.

    Returns
    -------
    tuple of str
        Sorted.
    """
    return tuple(
        name for name, keys in _built_ins().items() if _COSTS & keys and _LIMITS & keys and "cores" not in keys
    )


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
        If the name is unknown, the file is missing, a key or value in it is wrong, or it has no limits.
    FormatError
        If the file is not TOML.

    Examples
    --------
    >>> load_chip("loihi2").limits.neurons_per_core.value
    4095.0
    """
    content, origin = _find(os.fspath(name_or_path), chip_names)
    if "limits" not in content and "name" in content:
        valid = ", ".join(chip_names())
        raise ConfigError(f"{origin}: it holds costs, but not what fits on the chip (limits); choose one of: {valid}")
    return _validated(HardwareProfile if _COSTS & content.keys() else Chip, content, origin)


def load_profile(name_or_path: str | os.PathLike[str]) -> CostProfile:
    """Read a built-in profile by name or a user's profile by path.

    Parameters
    ----------
    name_or_path : path-like
        A name of :func:`profile_names`, or the path of a file that ends in ``.toml``; a variant behind a colon.

    Returns
    -------
    CostProfile
        The checked profile; a :class:`HardwareProfile` if it also says what fits.

    Raises
    ------
    ConfigError
        If the name is unknown, the file is missing, a key or value in it is wrong, or the chip's costs are not known.
    FormatError
        If the file is not TOML.

    Examples
    --------
    >>> load_profile("loihi1").energy.synop.value, load_profile("loihi1:fitted").energy.synop.value
    (23.6, 35.5)
    """
    content, origin = _find(os.fspath(name_or_path), profile_names)
    if "name" in content and not _COSTS & content.keys():
        valid = ", ".join(profile_names())
        raise ConfigError(f"{origin}: it does not say what operations cost; choose one of: {valid}")
    return _validated(HardwareProfile if "limits" in content else CostProfile, content, origin)


def load_hardware(name_or_path: str | os.PathLike[str]) -> HardwareProfile:
    """Read a profile that says what fits, what it costs, and how a network lies on it.

    Parameters
    ----------
    name_or_path : path-like
        As for :func:`load_profile`.

    Returns
    -------
    HardwareProfile
        The checked profile.

    Raises
    ------
    ConfigError
        As for :func:`load_profile`, or if it is not known how a network is cut into its cores.
    FormatError
        If the file is not TOML.
    """
    found = load_profile(name_or_path)
    if not isinstance(found, HardwareProfile) or found.cores:
        valid = ", ".join(hardware_names())
        raise ConfigError(f"{found.name}: how a network is cut into its cores is not known; choose one of: {valid}")
    return found


def load_any(name_or_path: str | os.PathLike[str]) -> Chip | CostProfile:
    """Read a profile whatever is in it: costs, limits, or both.

    Parameters
    ----------
    name_or_path : path-like
        As for :func:`load_profile`.

    Returns
    -------
    Chip or CostProfile
        A :class:`HardwareProfile` if it has both.

    Raises
    ------
    ConfigError
        If the name is unknown, the file is missing, or a key or value in it is wrong.
    FormatError
        If the file is not TOML.
    """
    content, origin = _find(os.fspath(name_or_path), built_in_names)
    return _validated(model_for(content), content, origin)


def model_for(content: Mapping[str, Any]) -> type[Chip] | type[CostProfile]:
    """What the content of a file describes, by its keys."""
    if "limits" not in content:
        return CostProfile
    return HardwareProfile if _COSTS & content.keys() else Chip


def read_content(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a user's file as it stands, with its variants and unchecked.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    dict
        Tables and values.

    Raises
    ------
    ConfigError
        If the file cannot be read.
    FormatError
        If it is not TOML.
    """
    return _content(_read(Path(path)), os.fspath(path))


def built_in_names() -> tuple[str, ...]:
    """Names of all built-in profiles, variants behind a colon; sorted."""
    return tuple(_built_ins())


def _built_ins() -> dict[str, frozenset[str]]:
    """Every built-in profile and variant by name, with the keys that it has."""
    found: dict[str, frozenset[str]] = {}
    for stem in _stems():
        content = _content(_built_in(stem), stem)
        keys = frozenset(content)
        found |= {stem: keys} | {f"{stem}:{name}": keys | set(own) for name, own in content.get("variants", {}).items()}
    return dict(sorted(found.items()))


def _stems() -> list[str]:
    names = (entry.name for entry in files(_PACKAGE).iterdir())
    return [name.removesuffix(".toml") for name in names if name.endswith(".toml")]


def _find(name: str, valid: Callable[[], tuple[str, ...]]) -> tuple[dict[str, Any], str]:
    """The content of a file, with what a variant changes of it, and the words for where it is from.

    ``valid`` names what could have been meant.
    """
    base, _, variant = name.rpartition(":") if _VARIANT.search(name) else (name, "", "")
    if base.endswith(".toml") or Path(base).name != base:
        content, origin = read_content(base), base
    elif base in _stems():
        content, origin = _content(_built_in(base), base), f"{base}.toml"
        if variant and variant not in content.get("variants", {}):
            raise unknown_name("hardware profile", name, valid())
    else:
        raise unknown_name("hardware profile", name, valid())
    if variant:
        return changed(content, variant, origin), origin
    return {key: value for key, value in content.items() if key != "variants"}, origin


def built_in_text(name: str) -> str:
    """The file of a built-in profile, to start one of your own from.

    Parameters
    ----------
    name : str
        A name of :func:`built_in_names`; of a variant, the file that it stands in.

    Returns
    -------
    str
        TOML.

    Raises
    ------
    ConfigError
        If the name is unknown.
    """
    if name not in built_in_names():
        raise unknown_name("hardware profile", name, built_in_names())
    return _built_in(name.partition(":")[0]).decode()


def _built_in(name: str) -> bytes:
    return files(_PACKAGE).joinpath(f"{name}.toml").read_bytes()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        valid = ", ".join(built_in_names())
        raise ConfigError(
            f"cannot read hardware profile {path}: {error.strerror}; give a .toml file or one of: {valid}"
        ) from error


def _content(data: bytes, origin: str) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:  # no text, no TOML, or a number or an array beyond all measure
        raise FormatError(
            f"{origin} is not a TOML file: {' '.join(str(error).split())}; write a profile as TOML"
        ) from error


def _validated(model: type[Made], content: dict[str, Any], origin: str) -> Made:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{origin}: {complaint(error)}") from error
