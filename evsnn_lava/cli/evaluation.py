"""Running samples on a back-end, block by block, with a progress display: shared by the verbs that run a network."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from evsnn_lava.cli.console import Output
from evsnn_lava.cli.recordings import Samples
from evsnn_lava.data import SPLITS, WHOLE
from evsnn_lava.errors import ConfigError
from evsnn_lava.network import CutoffPolicy, NetworkDescription, RunResult
from evsnn_lava.runtime.backends import BACKENDS, backend
from evsnn_lava.runtime.layout import MODELS

DEFAULT_BACKEND: Final = "engine"

BACKEND_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "threads": {"type": int, "metavar": "N", "help": "engine: threads (default: one per core)"},
    "slots": {
        "type": int,
        "metavar": "N",
        "help": "engine: samples in flight per thread (default: by the size of the network)",
    },
    "model": {"choices": tuple(MODELS), "help": "lava: a process per layer, or one for all (default: layers)"},
}
"""Options of the command line that are handed to the back-end."""


def add_run_arguments(parser: argparse.ArgumentParser, more: str = "") -> None:
    """Declare the options of a run.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Of the verb.
    more : str
        What else it takes for a back-end.
    """
    parser.add_argument("file", type=Path, help="a .net file")
    names = f"one of {', '.join(BACKENDS)}{more} (default: {DEFAULT_BACKEND})"
    parser.add_argument("--backend", default=DEFAULT_BACKEND, help=names)
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
    for name, settings in BACKEND_OPTIONS.items():
        parser.add_argument(f"--{name}", **settings)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def backend_options(options: argparse.Namespace) -> dict[str, Any]:
    """What the user tells the back-end.

    Parameters
    ----------
    options : argparse.Namespace
        Of a verb with the options of a run.

    Returns
    -------
    dict
        The options that were given.
    """
    given = {name: getattr(options, name) for name in BACKEND_OPTIONS}
    return {name: value for name, value in given.items() if value is not None}


def evaluate(
    network: NetworkDescription, samples: Samples, name: str, output: Output, cutoff: bool = True, **options: Any
) -> Iterator[RunResult]:
    """Run samples on a back-end, and show how far it is and how many samples it does per second.

    Parameters
    ----------
    network : NetworkDescription
        What to run.
    samples : Samples
        What to run it on.
    name : str
        Name of the back-end.
    output : Output
        Where to show progress.
    cutoff : bool
        Whether the network's cutoff may stop samples.
    **options
        For the back-end.

    Yields
    ------
    RunResult
        One for each block of samples.

    Raises
    ------
    ConfigError
        If there is to be no cutoff and the network's last layers are one.
    """
    network = network if cutoff else without_cutoff(network)
    steps, seconds, done = 0, 0.0, 0
    with output.progress("samples") as progress:
        task = progress.add_task(title(name, options), total=len(samples), said="")
        clock = _Clock()

        def report(done: int, _: int, steps: int) -> None:
            progress.update(task, completed=done, said=_said(clock.rate(done), steps))

        with closing(backend(name).evaluate(network, samples.blocks(), progress=report, **options)) as results:
            for result in results:
                done, seconds = done + result.samples, seconds + result.wall_time_s
                steps += int(result.steps.sum())
                progress.update(task, completed=done, said=_said(rate(done, seconds), steps))
                yield result


def without_cutoff(network: NetworkDescription) -> NetworkDescription:
    """The network that runs every sample to its last step.

    Parameters
    ----------
    network : NetworkDescription
        With any cutoff of the host.

    Returns
    -------
    NetworkDescription
        With none.

    Raises
    ------
    ConfigError
        If its last layers are its cutoff.
    """
    if network.cutoff.layers:
        raise ConfigError(
            f"network {network.name}: its last {network.cutoff.layers} layers are its cutoff, nothing runs without "
            "it; take the file with the cutoff of the host"
        )
    return network.with_cutoff(CutoffPolicy.never(network.masks.stream_steps))


def title(name: str, options: Mapping[str, Any]) -> str:
    """Name a back-end with its model, if that was chosen."""
    return " ".join([name, *(str(options[key]) for key in ("model",) if key in options)])


class _Clock:
    """Samples per second since the first word of the back-end, so that its start-up does not count."""

    def __init__(self) -> None:
        self._since: tuple[float, int] | None = None

    def rate(self, done: int) -> float | None:
        """Samples per second; None before there is anything to measure."""
        now = time.perf_counter()
        if self._since is None:
            self._since = now, done
        seconds, more = now - self._since[0], done - self._since[1]
        return more / seconds if more > 0 and seconds > 0 else None


def rate(samples: int, seconds: float) -> float:
    """Samples per second; infinite where the clock did not move."""
    return samples / seconds if seconds else float("inf")


def _said(per_second: float | None, steps: int) -> str:
    return f"{steps} steps" if per_second is None else f"{per_second:.1f} samples/s, {steps} steps"


def run_samples(
    network: NetworkDescription, samples: Samples, name: str, output: Output, cutoff: bool = True, **options: Any
) -> RunResult:
    """Run samples and keep every count of every step.

    Parameters
    ----------
    network, samples, name, output, cutoff, **options
        As of :func:`evaluate`.

    Returns
    -------
    RunResult
        Of all samples.
    """
    return joined(list(evaluate(network, samples, name, output, cutoff, **options)))


def joined(results: list[RunResult]) -> RunResult:
    """Put results of one network on one back-end together.

    Parameters
    ----------
    results : list of RunResult
        At least one.

    Returns
    -------
    RunResult
        Of all samples; the time is that of all runs.
    """
    names = [field.name for field in fields(RunResult) if field.name not in ("backend", "wall_time_s")]
    arrays = {name: np.concatenate([getattr(result, name) for result in results]) for name in names}
    return RunResult(results[0].backend, **arrays, wall_time_s=sum(result.wall_time_s for result in results))
