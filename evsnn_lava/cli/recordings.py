"""Options and loading of recordings, shared by the verbs that run a network."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evsnn_lava._files import atomic_write
from evsnn_lava.cli.console import Output
from evsnn_lava.data import SPLITS, WHOLE, EventSet, bin_set, default_split, holds_frames, load, read_frames
from evsnn_lava.data.checks import UNKNOWN_LABEL
from evsnn_lava.errors import ConfigError
from evsnn_lava.network import CutoffPolicy, NetworkDescription, RunResult
from evsnn_lava.runtime.backends import BACKENDS, backend


@dataclass(frozen=True, eq=False)
class Samples:
    """Frames and labels to run.

    Parameters
    ----------
    frames : numpy.ndarray of bool or int32, shape (N, C, H, W, T)
        Input frames before masking.
    labels : numpy.ndarray of int64, shape (N,)
        Classes; -1 where the recording does not say.
    sample_id : numpy.ndarray of int64, shape (N,)
        Which recordings they are.
    split : str
        The part of the data set they are from; empty for frames and if not known.
    available : int
        How many recordings that part, or samples that file of frames, has.
    """

    frames: npt.NDArray[Any]
    labels: npt.NDArray[np.int64]
    sample_id: npt.NDArray[np.int64]
    split: str = ""
    available: int = 0

    @property
    def known(self) -> npt.NDArray[np.int64] | None:
        """The labels, if every recording has one."""
        return self.labels if len(self.labels) and (self.labels >= 0).all() else None


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of a run."""
    parser.add_argument("file", type=Path, help="a .net file")
    parser.add_argument("--backend", default="reference", help=f"one of {', '.join(BACKENDS)} (default: reference)")
    parser.add_argument(
        "--data",
        help="data set, event file, folder, or frames in an .npy or .npz (default: what the network was trained on)",
    )
    parser.add_argument(
        "--split",
        choices=(*SPLITS, WHOLE),
        help="part of the data set (default: test; all for a file or folder without parts of its own)",
    )
    parser.add_argument("--limit", type=int, help="run the first samples only")
    parser.add_argument("--no-cutoff", action="store_true", help="run every sample to its last step")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def load_samples(network: NetworkDescription, data: str | None, split: str | None, limit: int | None) -> Samples:
    """Load recordings and bin them with the recipe of the network, or load frames.

    Labels become the network's by the name of the class; labels of data without class names are taken as they
    are. Data that do not say how large their sensor is are taken for recordings of the network's sensor.

    Parameters
    ----------
    network : NetworkDescription
        Its recipe says how to bin, and which data set it was trained on.
    data : str or None
        Name or path; None takes the network's own data set. A network without binning takes files of frames only.
    split : str or None
        Part of the data set. None takes ``test``, or ``all`` of a path without parts of its own, unless it is
        the one the network was trained on.
    limit : int or None
        Number of samples to take at most.

    Returns
    -------
    Samples
        The frames.

    Raises
    ------
    ConfigError
        If there is nothing to run, the data have a class that the network does not know, or frames do not fit.
    FormatError
        If a file is broken, or events without a stated sensor lie outside the network's.
    """
    if limit is not None and limit < 1:
        raise ConfigError(f"--limit is {limit}, it must be at least 1; leave it out to run everything")
    if data is None and not network.recipe.dataset:
        kind = "a file of frames" if network.recipe.binning == "none" else "recordings"
        raise ConfigError(f"network {network.name} does not say what it was trained on; give {kind} with --data")
    source = data or network.recipe.dataset
    if holds_frames(source, network.recipe):
        return _frame_samples(network, source, split, limit)
    split = split or split_to_run(source, network.recipe.dataset)
    events = load(source, split)
    if "sensor" in events.assumed:
        events = replace(events, sensor=(network.recipe.sensor_height, network.recipe.sensor_width))
    indices = range(len(events) if limit is None else min(limit, len(events)))
    labels = network_labels(events, events.labels[: len(indices)], network.class_names)
    frames = bin_set(events, network.recipe, indices)
    return Samples(frames, labels, np.asarray(events.sample_id)[: len(indices)], split, len(events))


def _frame_samples(network: NetworkDescription, source: str, split: str | None, limit: int | None) -> Samples:
    if split not in (None, WHOLE):
        raise ConfigError(f"--split {split} does nothing with frames, {source} has no parts; leave it out")
    found = read_frames(source, network.recipe, len(network.class_names))
    frames = found.frames[:limit]
    return Samples(frames, found.labels[:limit], np.arange(len(frames)), "", len(found.frames))


def split_to_run(source: str, trained_on: str) -> str:
    """Choose the part to run; what a network was trained on must not be run as a whole unasked.

    Parameters
    ----------
    source, trained_on : str
        Names or paths of data; `trained_on` is empty if not known.

    Returns
    -------
    str
        ``test`` or ``all``.
    """
    same = bool(trained_on) and Path(source).resolve() == Path(trained_on).resolve()
    return "test" if same else default_split(source)


def network_labels(events: EventSet, labels: npt.NDArray[np.int64], classes: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Translate labels of a set into labels of a network, by the names of the classes.

    Parameters
    ----------
    events : EventSet
        Says what its classes are called, or that they are mere numbers.
    labels : numpy.ndarray of int64, shape (N,)
        Labels of that set; -1 is not known, and stays so.
    classes : tuple of str
        Classes of the network.

    Returns
    -------
    numpy.ndarray of int64, shape (N,)
        Labels of the network.

    Raises
    ------
    ConfigError
        If a label has no class in the network.
    """
    numbers = "class_names" in events.assumed
    place = {name: index for index, name in reversed(list(enumerate(classes)))}
    known = dict(enumerate(range(len(classes))))
    if not numbers and events.class_names != classes:
        known = {label: place[name] for label, name in enumerate(events.class_names) if name in place}
    lost = sorted({int(label) for label in labels if label >= 0} - set(known))
    if lost:
        name = "" if numbers else f"class {events.class_names[lost[-1]]!r} as "
        raise ConfigError(
            f"{events.name} has {name}label {lost[-1]}, the network {len(classes)} classes: {', '.join(classes)}; "
            "rename or leave out what it does not know"
        )
    return np.array([known.get(int(label), UNKNOWN_LABEL) for label in labels], dtype=np.int64)


def run_samples(network: NetworkDescription, samples: Samples, name: str, cutoff: bool, output: Output) -> RunResult:
    """Run samples on a back-end and show progress.

    Parameters
    ----------
    network : NetworkDescription
        What to run.
    samples : Samples
        What to run it on.
    name : str
        Name of the back-end.
    cutoff : bool
        Whether the network's cutoff may stop samples.
    output : Output
        Where to show progress.

    Returns
    -------
    RunResult
        What came out.
    """
    chosen = backend(name)
    if not cutoff:
        network = network.with_cutoff(CutoffPolicy.never(network.masks.stream_steps))
    with output.progress("samples") as progress:
        task = progress.add_task(name, total=len(samples.frames), said="")

        def report(done: int, _: int, steps: int) -> None:
            progress.update(task, completed=done, said=f"{steps} steps")

        result = chosen.run(network, samples.frames, progress=report)
        progress.update(task, completed=result.samples, said=f"{int(result.steps.sum())} steps")
    if samples.available:
        what = f"recordings (split {samples.split})" if samples.split else "samples"
        output.note(f"{len(samples.frames)} of {samples.available} {what}")
    return result


def write_results(result: RunResult, samples: Samples, path: Path) -> None:
    """Write one row per sample to an npz file.

    Parameters
    ----------
    result : RunResult
        What came out.
    samples : Samples
        What was run.
    path : pathlib.Path
        File to write.
    """
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            sample_id=samples.sample_id,
            label=samples.labels,
            decision=result.decision,
            exit_step=result.exit_step,
            steps=result.steps,
            scores=result.scores,
            messages=result.messages.sum(axis=2),
            synops=result.synops.sum(axis=2),
        )
