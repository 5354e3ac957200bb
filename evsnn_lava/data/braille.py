"""Letters in Braille as a robot's fingertip feels them: spike trains of 24 channels."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evsnn_lava.data.recording import EventSet
from evsnn_lava.data.split import stratified_split
from evsnn_lava.errors import ConfigError, FormatError, unknown_name

FILE_NAME: Final = "braille_mn_spikes.npz"
CHANNELS: Final = 24
STEP_US: Final = 10_000
"""Length of a step of the file."""

APPROACH_STEPS: Final = 100
"""Steps before the finger touches: half of the recordings have their first spike in step 112 or later."""

SILENCE: Final = "Space"
"""Nothing is felt between two letters. It is the first class: the one that is taken when no output neuron fires."""

VALIDATION_PERCENT: Final = 15
SPLIT_SEED: Final = 0


def load_braille(folder: Path, split: str) -> EventSet:
    """Read one part of the Braille letters.

    A recording begins when the finger is about to touch: the first second, with 0.2 % of the spikes, is left out. Some
    recordings are silent all the same.

    Source: Müller-Cleve et al., Front. Neurosci. 16:951164, 2022; spikes of a Mihalas-Niebur encoder.

    Parameters
    ----------
    folder : pathlib.Path
        Holds ``braille_mn_spikes.npz``: per part the packed bits ``x_train`` of (N, steps, 24) and the labels
        ``y_train``, likewise for ``test``; ``shape_TC`` and ``classes``.
    split : {"train", "validation", "test", "all"}
        The part; ``validation`` is a seeded, stratified 15 % of the published training recordings.

    Returns
    -------
    EventSet
        On a sensor of 1 x 24 pixels, with one polarity.

    Raises
    ------
    ConfigError
        If the file is not there or the part unknown.
    FormatError
        If the file does not hold what it should.
    """
    file = folder / FILE_NAME
    if not file.is_file():
        raise ConfigError(f"braille: there is no file {file}; set EVSNN_DATA to the folder that holds {folder.name}")
    try:
        with np.load(file) as content:
            published = list(map(str, content["classes"]))
            names = sorted(published, key=lambda name: (name != SILENCE, name))
            number = np.array([names.index(name) for name in published])
            parts = {part: _felt(content, part, number) for part in ("train", "test")}
    except (OSError, ValueError, LookupError) as error:
        raise FormatError(f"{file} does not hold the Braille letters: {error}; get the file anew") from error
    spikes, labels, ids = _part(parts, split)
    sample, step, channel = np.nonzero(spikes)
    return EventSet(
        name="braille",
        sensor=(1, CHANNELS),
        class_names=tuple(names),
        t_us=step * STEP_US,
        x=channel,
        y=np.zeros_like(channel),
        p=np.ones_like(channel),
        offset=np.concatenate([[0], np.cumsum(np.bincount(sample, minlength=len(spikes)))]),
        label=labels,
        sample_id=ids,
        source="braille",
        silent=True,
    )


Part = tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]


def _felt(content: np.lib.npyio.NpzFile, part: str, number: NDArray[np.int64]) -> Part:
    """Spikes from the first touch on, shape (N, T, 24), labels and sample ids."""
    steps, channels = (int(size) for size in content["shape_TC"])
    bits = np.unpackbits(content[f"x_{part}"], axis=1)[:, : steps * channels]
    spikes = bits.reshape(-1, steps, channels)[:, APPROACH_STEPS:].astype(bool)
    return spikes, number[content[f"y_{part}"]], np.arange(len(spikes))


def _part(parts: dict[str, Part], split: str) -> Part:
    spikes, labels, ids = parts["train"]
    if split == "test":
        spikes, labels, own = parts["test"]
        return spikes, labels, own + len(ids)
    if split == "all":
        test = _part(parts, "test")
        return tuple(np.concatenate(both) for both in zip(parts["train"], test, strict=True))  # type: ignore[return-value]  # three, as they went in
    train, validation = stratified_split(labels, len(labels) * VALIDATION_PERCENT // 100, SPLIT_SEED)
    chosen = {"train": train, "validation": validation}
    if split not in chosen:
        raise unknown_name("split", split, (*chosen, "test", "all"))
    return spikes[chosen[split]], labels[chosen[split]], ids[chosen[split]]
