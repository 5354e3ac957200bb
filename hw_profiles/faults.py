"""What is wrong with a profile: the first fault in one line, or every fault of a file and its variants."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from evsnn_lava.errors import ConfigError
from evsnn_lava.hw_profiles.costs import Energies, unexplained
from evsnn_lava.hw_profiles.quantity import count_fault, range_fault, unit_fault
from evsnn_lava.hw_profiles.schema import HardwareProfile
from evsnn_lava.hw_profiles.variants import TABLES, changed, explained_costs, given_costs

Problem = dict[str, Any]
"""One error of pydantic."""

DIMENSIONS: Final = {"energy": "energy", "time": "time", "limits": "count"}
"""What the numbers of a table are."""

POWERS: Final = ("static_power", "working_power")
UPDATES: Final = ("neuron_update_active", "neuron_update_idle")

WORDS: Final = {
    "missing": "it is missing; add it",
    "string_too_short": "it is empty; fill it in",
    "string_pattern_mismatch": "write lower-case letters, digits and hyphens",
}
"""What a type of problem is called, where the words of pydantic say less."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong with a file.

    Parameters
    ----------
    key : str
        Where, for example ``energy.synop.unit``; of a variant with ``variants.NAME.`` before it.
    words : str
        What, and what helps.
    """

    key: str
    words: str


def complaint(error: ValidationError) -> str:
    """The first fault in one line, and how many more there are.

    Unknown keys go first: a misspelt key is also a missing one, and only the former shows the spelling.

    Parameters
    ----------
    error : pydantic.ValidationError
        What a model said of a file.

    Returns
    -------
    str
        Key, fact and remedy.
    """
    problems: list[Problem] = [dict(problem) for problem in error.errors(include_url=False)]
    first = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        return f"unknown key {_key(first)}{more}; choose one of: {', '.join(_valid_keys(first['loc']))}"
    if first["type"] == "missing":
        return f"key {_key(first)} is missing{more}; add it"
    return f"{_key(first) or 'profile'}: {_words(first)}{more}"


def faults(content: Mapping[str, Any], model: type[BaseModel], origin: str) -> tuple[Fault, ...]:
    """Every fault of a file, also those that a model would not come to, and those of its variants.

    Parameters
    ----------
    content : mapping
        The file, unchecked.
    model : type of pydantic.BaseModel
        What it is to be.
    origin : str
        Where the file is from.

    Returns
    -------
    tuple of Fault
        By place, variants last; a variant does not repeat the faults of the profile.
    """
    found = _faults_of({key: value for key, value in content.items() if key != "variants"}, model)
    variants = content.get("variants", {})
    if not isinstance(variants, dict):
        return (*found, Fault("variants", "it is no table; write numbers below [variants.NAME]"))
    return (*found, *(fault for name in variants for fault in _variant_faults(content, name, model, origin, found)))


def _variant_faults(
    content: Mapping[str, Any], name: str, model: type[BaseModel], origin: str, known: Collection[Fault]
) -> Iterator[Fault]:
    """Those of a variant, but for what it takes over from the profile."""
    try:
        whole = _faults_of(changed(content, name, origin), model)
    except ConfigError as error:
        yield Fault(f"variants.{name}", str(error))
        return
    stated = tuple(f"{key}." for key in _stated(content["variants"][name]))
    for fault in whole:
        if fault not in known or f"{fault.key}.".startswith(stated):
            yield Fault(f"variants.{name}.{fault.key}", fault.words)


def _stated(changes: Mapping[str, Any]) -> Iterator[str]:
    """The keys that a variant itself gives: of a table that is merged the keys in it."""
    for key, value in changes.items():
        yield from (f"{key}.{entry}" for entry in value) if key in TABLES and isinstance(value, dict) else (key,)


def _faults_of(content: Mapping[str, Any], model: type[BaseModel]) -> list[Fault]:
    """Those of one profile, without its variants."""
    found = {*_field_faults(content, model), *_number_faults(content), *_update_faults(content.get("energy"))}
    if "unpriced" in model.model_fields:
        found |= {Fault(*words.split(" ", 1)) for words in unexplained(given_costs(content), explained_costs(content))}
    return sorted(found)


def _field_faults(content: Mapping[str, Any], model: type[BaseModel]) -> Iterator[Fault]:
    """What the model says of single keys.

    What it says of several keys together is left to the other checks here: it says so only if each key is right.
    """
    for problem in _problems(model, dict(content)):
        group, depth = str(next(iter(problem["loc"]), "")), len(problem["loc"])
        together = problem["type"] == "value_error" and (depth < 2 or group in (*DIMENSIONS, "ranges"))
        if not together:
            yield Fault(_key(problem), _words(problem))


def _update_faults(energy: Any) -> Iterator[Fault]:
    """What is wrong with the two prices of an update."""
    pair = {key: energy[key] for key in UPDATES if key in energy} if isinstance(energy, dict) else {}
    yield from (Fault("energy", _words(problem)) for problem in _problems(Energies, pair) if not problem["loc"])


def _problems(model: type[BaseModel], content: dict[str, Any]) -> list[Problem]:
    try:
        model.model_validate(content)
    except ValidationError as error:
        return [dict(problem) for problem in error.errors(include_url=False)]
    return []


def _number_faults(content: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with units and ranges, whatever else is wrong with a number."""
    for group, table in content.items():
        if not isinstance(table, dict):
            continue
        if group in POWERS:
            yield from _faults_of_number(group, table, "power")
        if group in (*DIMENSIONS, "ranges"):
            numbers = ((key, each) for key, each in table.items() if isinstance(each, dict))
            for key, number in numbers:
                yield from _faults_of_number(f"{group}.{key}", number, DIMENSIONS.get(group))


def _faults_of_number(key: str, number: Mapping[str, Any], dimension: str | None) -> Iterator[Fault]:
    """A number of a dimension, or the bounds of a register, which have neither unit nor value."""
    unit = number.get("unit")
    low, value, high = (_as_float(number.get(name)) for name in ("low", "value", "high"))
    words = []
    if dimension is None:
        crossed = low is not None and high is not None and low > high
        words.append(f"low is {low:g}, high is {high:g}; exchange them" if crossed else "")
    else:
        words.append(unit_fault(unit, dimension) if isinstance(unit, str) else "")
        words.append(count_fault(value) if value is not None and dimension == "count" else "")
        words.append(_range_words(low, value, high, str(unit)))
    yield from (Fault(key, each) for each in words if each)


def _range_words(low: float | None, value: float | None, high: float | None, unit: str) -> str:
    if value is None:
        return ""
    return range_fault(value, value if low is None else low, value if high is None else high, unit)


def _as_float(value: Any) -> float | None:
    """A number that can be compared, or nothing."""
    if type(value) not in (int, float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _key(problem: Problem) -> str:
    return ".".join(str(part) for part in problem["loc"])


def _words(problem: Problem) -> str:
    """What is wrong and what helps, in one line."""
    if problem["type"] == "extra_forbidden":
        return f"unknown key; choose one of: {', '.join(_valid_keys(problem['loc']))}"
    if problem["type"] in WORDS:
        return WORDS[problem["type"]]
    return " ".join(problem["msg"].removeprefix("Value error, ").split())


def _valid_keys(where: Sequence[int | str]) -> tuple[str, ...]:
    model: Any = HardwareProfile
    for part in where[:-1]:
        model = _below(model, str(part))
    return tuple(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else ()


def _below(model: Any, part: str) -> Any:
    """The model of a key: of ``X | None`` and of the values of a table it is X."""
    fields = getattr(model, "model_fields", {})
    annotation = fields[part].annotation if part in fields else model
    kinds = (kind for kind in get_args(annotation) if kind is not str and kind is not type(None))
    found = next(kinds, annotation)
    return found.__origin__ if hasattr(found, "__metadata__") else found  # of Annotated[X, ...] it is X
