"""Variants of a profile: other numbers for the same machine, in the same file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from evsnn_lava.errors import ConfigError, unknown_name

TABLES: Final = ("energy", "time", "limits", "ranges", "unpriced")
"""Tables of which a variant changes single entries; everything else it replaces."""


def changed(content: Mapping[str, Any], variant: str, origin: str) -> dict[str, Any]:
    """A profile with the numbers and reasons of a variant instead of its own.

    A number of the variant takes the place of a reason of the profile, and the other way round.

    Parameters
    ----------
    content : mapping
        The file, with its table ``variants``.
    variant : str
        Which one.
    origin : str
        Where the file is from, for the message.

    Returns
    -------
    dict
        The content of a profile without variants.

    Raises
    ------
    ConfigError
        If there is no such variant, or it is no table.

    Examples
    --------
    >>> off = {"unpriced": {"static_power": "off"}}
    >>> changed({"name": "mine", "static_power": {"value": 1}, "variants": {"off": off}}, "off", "mine.toml")
    {'name': 'mine:off', 'unpriced': {'static_power': 'off'}}
    """
    variants = content.get("variants", {})
    if not isinstance(variants, dict) or variant not in variants:
        names = tuple(variants) if isinstance(variants, dict) else ()
        if names:
            raise unknown_name(f"variant of {origin}", variant, names)
        raise ConfigError(f"{origin} has no variants; leave :{variant} out, or add a table variants.{variant}")
    changes = variants[variant]
    if not isinstance(changes, dict):
        raise ConfigError(f"{origin}: variants.{variant} is no table; write numbers below [variants.{variant}]")
    return _merged({key: value for key, value in content.items() if key != "variants"}, variant, changes)


def given_costs(content: Mapping[str, Any]) -> set[str]:
    """The dotted names of the costs that a file gives.

    Parameters
    ----------
    content : mapping
        The file, unchecked.

    Returns
    -------
    set of str
        For example ``energy.synop``.
    """
    tables = {group: content[group] for group in ("energy", "time") if isinstance(content.get(group), dict)}
    powers = {name for name in ("static_power", "working_power") if content.get(name) is not None}
    numbers = ((group, key, value) for group, table in tables.items() for key, value in table.items())
    return powers | {f"{group}.{key}" for group, key, value in numbers if value is not None}


def explained_costs(content: Mapping[str, Any]) -> set[str]:
    """The dotted names of the costs of which a file says why they are missing; as :func:`given_costs`."""
    unpriced = content.get("unpriced")
    return set(unpriced) if isinstance(unpriced, dict) else set()


def _merged(content: dict[str, Any], variant: str, changes: dict[str, Any]) -> dict[str, Any]:
    merged = {**content, "name": f"{content.get('name')}:{variant}"}
    for key, value in changes.items():
        both = key in TABLES and isinstance(value, dict) and isinstance(content.get(key), dict)
        merged[key] = {**content[key], **value} if both else value
    given, explained = given_costs(changes), explained_costs(changes)
    for name in explained - given:
        merged = _without(merged, name)
    for name in given - explained:
        merged = _without(merged, f"unpriced.{name}")
    return merged


def _without(content: dict[str, Any], name: str) -> dict[str, Any]:
    """The content less one entry of a table, or less one entry of its own."""
    table, _, entry = name.partition(".")
    if not isinstance(content.get(table), dict):
        return content
    if not entry:
        return {key: value for key, value in content.items() if key != table}
    return {**content, table: {key: value for key, value in content[table].items() if key != entry}}
