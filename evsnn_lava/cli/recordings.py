"""Options and loading of recordings, shared by the verbs that run a network."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evsnn_lava._files import atomic_write
from evsnn_lava.cli.console import Output
from evsnn_lava.data import SPLITS, bin_set, load
from evsnn_lava.errors import ConfigError
from evsnn_lava.network import CutoffPolicy, NetworkDescription, RunResult
from evsnn_lava.runtime.backends import BACKENDS, backend


@dataclass(frozen=True, eq=False)
class Samples:
    """Frames and labels to run.

    Parameters
    ----------
    frames : numpy.ndarray of bool, shape (N, C, H, W, T)
        Input frames before masking.
    labels : numpy.ndarray of int64, shape (N,)
        Classes; -1 where the recording does not say.
    sample_id : numpy.ndarray of int64, shape (N,)
        Which recordings they are.
    """

    frames: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.int64]
    sample_id: npt.NDArray[np.int64]

    @property
    def known(self) -> npt.NDArray[np.int64] | None:
        """The labels, if every recording has one."""
        return self.labels if len(self.labels) and (self.labels >= 0).all() else None


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of a run."""
    parser.add_argument("file", type=Path, help="a .net file")
    parser.add_argument("--backend", default="reference", help=f"one of {', '.join(BACKENDS)} (default: reference)")
    parser.add_argument("--data", help="data set, event file or folder (default: the one the network was trained on)")
    parser.add_argument("--split", default="test", choices=SPLITS, help="part of the data set (default: test)")
    parser.add_argument("--limit", type=int, help="run the first samples only")
    parser.add_argument("--no-cutoff", action="store_true", help="run every sample to its last step")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def load_samples(network: NetworkDescription, data: str | None, split: str, limit: int | None) -> Samples:
    """Load recordings and bin them with the recipe of the network.

    Parameters
    ----------
    network : NetworkDescription
        Its recipe says how to bin, and which data set it was trained on.
    data : str or None
        Name or path; None takes the network's own data set.
    split : str
        Part of the data set.
    limit : int or None
        Number of samples to take at most.

    Returns
    -------
    Samples
        The frames.

    Raises
    ------
    ConfigError
        If there is nothing to run or the labels are not the network's classes.
    """
    if limit is not None and limit < 1:
        raise ConfigError(f"--limit is {limit}, it must be at least 1; leave it out to run everything")
    if data is None and not network.recipe.dataset:
        raise ConfigError(f"network {network.name} does not say what it was trained on; give --data")
    events = load(data or network.recipe.dataset, split)
    indices = range(len(events) if limit is None else min(limit, len(events)))
    if not len(indices):
        raise ConfigError(f"{data or network.recipe.dataset} has no recording in split {split}; choose another split")
    labels = events.labels[: len(indices)]
    if labels.max(initial=0) >= len(network.class_names):
        raise ConfigError(f"{events.name} has label {labels.max()}, the network {len(network.class_names)} classes")
    return Samples(bin_set(events, network.recipe, indices), labels, np.asarray(events.sample_id)[: len(indices)])


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
