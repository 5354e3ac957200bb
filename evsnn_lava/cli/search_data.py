"""The three sets of a search: one fits thresholds, one compares, one is looked at when everything is chosen."""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt

from evsnn_lava.cli.recordings import Samples, load_samples
from evsnn_lava.cli.search_work import Part
from evsnn_lava.data import holds_frames, stratified_split
from evsnn_lava.errors import ConfigError
from evsnn_lava.network import NetworkDescription

NOTHING: npt.NDArray[np.int64] = np.zeros(0, np.int64)


def read_parts(network: NetworkDescription, options: argparse.Namespace) -> tuple[dict[str, Part], list[str]]:
    """Load the data of a search and cut the validation part in two.

    Parameters
    ----------
    network : NetworkDescription
        Says how recordings become frames.
    options : argparse.Namespace
        With ``data``, ``test_data``, ``limit`` and ``seed``.

    Returns
    -------
    parts : dict of str to Part
        ``selection``, half of which thresholds are fitted on, and ``test``.
    said : list of str
        What they are, for people.

    Raises
    ------
    ConfigError
        If a part is missing, a recording has no label, or the test part is what is searched on.
    """
    source = options.data or network.recipe.dataset
    other = options.test_data or source
    if source and other == source and holds_frames(source, network.recipe):
        raise ConfigError(f"{source} holds frames, which have no parts; give other frames with --test-data")
    search = _samples(network, options.data, "validation", options)
    test = _samples(network, options.test_data or options.data, "test", options)
    if len(search) < 2:
        raise ConfigError(f"search: {search}; at least two are needed to fit thresholds and to compare")
    fitted, judged = stratified_split(search.labels, len(search) // 2, options.seed)
    said = [
        f"{search}: {len(fitted)} to fit thresholds on, {len(judged)} to compare ways on, cut with seed {options.seed}",
        f"{test}: the Pareto set is measured on them, nothing is chosen with them",
    ]
    parts = {"selection": _part(search, fitted), "test": _part(test, NOTHING)}
    return parts, said + overlap(**parts)


def overlap(selection: Part, test: Part) -> list[str]:
    """Say that test samples are searched on, too; refuse if all are.

    Parameters
    ----------
    selection, test : Part
        The two parts; silent samples are alike without being the same, so they do not count.

    Returns
    -------
    list of str
        A sentence, or nothing.

    Raises
    ------
    ConfigError
        If no sample of the test part is new.
    """
    searched = {row.tobytes() for row in selection.packed}
    heard = [row.tobytes() for row in test.packed if row.any()]
    shared = sum(row in searched for row in heard)
    if shared and shared == len(heard):
        raise ConfigError(
            f"search: all {shared} test samples that hold events are searched on, too; give others with --test-data"
        )
    return [f"{shared} of {len(heard)} test samples are searched on, too: its figures are too good"] if shared else []


def _samples(network: NetworkDescription, data: str | None, split: str, options: argparse.Namespace) -> Samples:
    source = data or network.recipe.dataset
    frames = bool(source) and holds_frames(source, network.recipe)
    samples = load_samples(network, data, None if frames else split, options.limit)
    if samples.known is None:
        raise ConfigError(f"{source}: search needs the label of every sample of its {split} part; give labelled data")
    return samples


def _part(samples: Samples, fitted: npt.NDArray[np.int64]) -> Part:
    parts = [Part.of(frames, NOTHING, NOTHING) for frames in samples.blocks()]
    packed = np.concatenate([part.packed for part in parts])
    return Part(packed, parts[0].shape, samples.labels, fitted)
