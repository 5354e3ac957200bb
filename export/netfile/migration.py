"""Lifting the content of older files, version by version, to the newest form.

Versions 4 and 5 add to version 3 what only some networks need. A file of version 3 is of the newest form, and is
written wherever the network needs no more, so that what older code can compute it can also read.

A file is checked against the rules and the hash of its own version first, so nothing damaged is lifted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from evsnn_lava.errors import FormatError
from evsnn_lava.export.netfile.encoding import content_digest
from evsnn_lava.export.netfile.schema import (
    FIELDS,
    FORMAT_VERSION,
    HASH_PATH,
    NEWEST_VERSION,
    REMEDY,
    VERSION_PATH,
    Field,
    Tree,
    check_fields,
    field_of,
)
from evsnn_lava.export.netfile.values import take, take_word


@dataclass(frozen=True)
class Lifted:
    """The content of a file in the newest form.

    Parameters
    ----------
    tree : dict of str to numpy.ndarray
        Path -> array.
    version : int
        Version that the file had.
    changes : tuple of str
        What was changed, a line each; empty for a file of the newest form.
    """

    tree: Tree
    version: int
    changes: tuple[str, ...]


def lift(tree: Tree) -> Lifted:
    """Bring the content of a file to the newest form.

    Parameters
    ----------
    tree : dict of str to numpy.ndarray
        Content of a file, as stored.

    Returns
    -------
    Lifted
        The content with the hash of the newest form; that of a file of the newest form is not touched.

    Raises
    ------
    FormatError
        If the version is unknown, or an older file breaks the rules of its version.
    """
    found = _version(tree)
    version, changes = found, []
    while version < FORMAT_VERSION:
        step = _STEPS[version]
        check_fields(tree, step.fields)
        for path, words in step.words.items():
            for present in sorted(path.replace("<i>", number) for number in _numbers(tree, path)):
                take_word(tree, present, words)
        check_hash(tree)
        tree, said = step.lift(tree)
        version += 1
        tree[VERSION_PATH] = np.array(version, "<i8")
        tree[HASH_PATH] = np.array(content_digest(tree).encode())
        changes += [f"version {version}: {change}" for change in said]
    return Lifted(tree, found, tuple(changes))


def check_hash(tree: Tree) -> None:
    """Compare the stored hash with the content.

    Raises
    ------
    FormatError
        If they differ.
    """
    stored, computed = take(tree, HASH_PATH).item(), content_digest(tree)
    if stored != computed.encode():
        shown = stored[:12].decode("ascii", "replace")
        raise FormatError(f"content hash is {computed[:12]}..., /{HASH_PATH} says {shown!r}...; {REMEDY}")


def _version(tree: Tree) -> int:
    """Before anything else: a newer file may hold what this version does not know."""
    array = take(tree, VERSION_PATH)
    if array.shape != () or not field_of(VERSION_PATH).accepts(array.dtype):
        raise FormatError(f"/{VERSION_PATH} is not one 64-bit whole number; {REMEDY}")
    if (version := int(array[()])) > NEWEST_VERSION:
        raise FormatError(
            f"format version {version} is newer than {NEWEST_VERSION}, the newest known; update evsnn_lava"
        )
    if version < 1:
        raise FormatError(f"format version {version} does not exist, the first is 1; {REMEDY}")
    return version


def _numbers(tree: Tree, path: str) -> set[str]:
    """The layers that have a data set of a generic path; one empty number where the path has none."""
    if "<i>" not in path:
        return {""} if path in tree else set()
    numbers = {each.split("/")[1] for each in tree if each.startswith("layer/")}
    return {number for number in numbers if path.replace("<i>", number) in tree}


def _from_1(tree: Tree) -> tuple[Tree, list[str]]:
    """Version 2 can say whether frames are binary; in version 1 they were."""
    path = "evsnn/recipe/message_bits"
    return {**tree, path: np.array(0, "<i8")}, [f"/{path} is new, 0: frames are binary, as they were"]


def _from_2(tree: Tree) -> tuple[Tree, list[str]]:
    """Version 3 can say that the last layers decide; in version 2 the host did."""
    path = "evsnn/cutoff/layers"
    return {**tree, path: np.array(0, "<i8")}, [f"/{path} is new, 0: the host decides, as it did"]


def _fields_of_2() -> dict[str, Field]:
    added = {"evsnn/cutoff/layers", "evsnn/cutoff/softmax"}
    return {path: field for path, field in FIELDS.items() if path not in added}


def _fields_of_1() -> dict[str, Field]:
    added = {"weight/real", "weight/imag", "weight_rec", "delay", "neuron/sigma_output", "neuron/sinDecay"}
    absent = {f"layer/<i>/{name}" for name in added | {"neuron/cosDecay"}} | {"evsnn/recipe/message_bits"}
    ndims = {"weight": (2, 4), "bias": (1,), "neuron/iDecay": (0,), "neuron/vDecay": (0,)}
    narrower = {f"layer/<i>/{name}": allowed for name, allowed in ndims.items()}
    return {
        path: Field(field.kind, narrower.get(path, field.ndims), field.meaning)
        for path, field in _fields_of_2().items()
        if path not in absent
    }


@dataclass(frozen=True)
class _Step:
    """From one version to the next: the data sets and words that the older one had, and what becomes of them."""

    fields: dict[str, Field]
    words: dict[str, tuple[str, ...]]
    lift: Callable[[Tree], tuple[Tree, list[str]]]


_STEPS: Final = {
    1: _Step(
        _fields_of_1(),
        {
            "layer/<i>/type": ("input", "conv", "flatten", "dense"),
            "layer/<i>/neuron/type": ("CUBA",),
            "evsnn/recipe/binning": ("time", "count"),
        },
        _from_1,
    ),
    2: _Step(
        _fields_of_2(),
        {
            "layer/<i>/neuron/type": ("CUBA", "SDNN", "RF_PHASE", "RF_IZHIKEVICH"),
            "evsnn/cutoff/kind": ("topk_gap", "fixed", "never"),
        },
        _from_2,
    ),
}
