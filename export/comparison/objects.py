"""What changed between two texts; JSON objects, such as a training configuration, are compared key by key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from evsnn_lava.export.comparison.fields import FieldChange, field_changes


def text_changes(what: str, before: str | None, after: str | None) -> Iterator[FieldChange]:
    """Compare two texts.

    Parameters
    ----------
    what : str
        Name of the text.
    before, after : str or None
        The texts; None where there is none.

    Yields
    ------
    Change
        One for each key that changed where both are JSON objects, else one for the whole.

    Examples
    --------
    >>> list(text_changes("config", '{"train": {"epochs": 3, "seed": 1}}', '{"train": {"epochs": 1, "seed": 1}}'))
    [Change(what='config: train.epochs', before='3', after='1')]
    """
    if before == after:
        return
    old, new = _leaves(before), _leaves(after)
    changes: list[FieldChange] = []
    if old is not None and new is not None:
        for path in dict.fromkeys([*old, *new]):
            changes += field_changes(f"{what}: {path}", old.get(path), new.get(path))
    yield from changes or field_changes(what, before, after)


def _leaves(text: str | None) -> dict[str, Any] | None:
    """The values of a JSON object by dotted path; None of anything else."""
    try:
        value = json.loads(text, parse_constant=str) if text else None
        return dict(_below("", value)) if isinstance(value, dict) and value else None
    except (ValueError, RecursionError):
        return None


def _below(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    items = value.items() if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else ()
    if not items:
        yield path, "null" if value is None else json.dumps(value) if isinstance(value, dict | list) else value
    for key, part in items:
        yield from _below(f"{path}.{key}".lstrip("."), part)
